"""History: what a second look must find, whatever was drawn."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from splinter.errors import StorageError
from splinter.model.done import Attempt
from splinter.model.records import Usage
from splinter.system.database import Database
from splinter.system.history import History
from splinter.system.memory import Memory


def test_two_runs_of_one_second_never_share_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter(["cad2", "cad2", "cad2", "0b1e"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(draws))
    store, now = History(tmp_path / ".splinter"), datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert [store.begin_run(now), store.begin_run(now)] == ["20261123-020000-cad2", "20261123-020000-0b1e"]


def test_what_decides_and_what_only_tells_are_apart(tmp_path: Path) -> None:
    """Without the history tries and costs still count; without the memory reports are whole."""
    folder, now = tmp_path / ".splinter", datetime(2026, 11, 23, 2, tzinfo=UTC)
    memory, history = Memory(folder), History(folder)
    run = history.begin_run(now)
    memory.put_attempt("w", "m", 1, Attempt(begun_at="c", failing="f"))
    history.put_cost(run, 1, Usage(calls=1, priced=1, usd=0.5))
    memory.close(), history.close()
    (folder / "history.db").unlink()
    assert Memory(folder).attempts("w", "m") == (Attempt(begun_at="c", failing="f"),)
    history = History(folder)
    assert history.runs(5) == ()
    run = history.begin_run(now)
    history.put_cost(run, 1, Usage(calls=1, priced=1, usd=0.5))
    (folder / "memory.db").unlink()
    assert Memory(folder).attempts("w", "m") == ()
    assert history.run(run).usage.usd == 0.5


def test_a_file_of_a_newer_version_is_refused_and_one_of_an_older_brought_up(tmp_path: Path) -> None:
    file = tmp_path / ".splinter/x.db"
    old = Database(file, ["create table a (x)"])
    old._write("insert into a values (1)")
    old.close()
    new = Database(file, ["create table a (x)", "alter table a add column y default 2"])
    assert new._rows("select x, y from a") == [(1, 2)]
    new.close()
    with pytest.raises(StorageError, match=r"x\.db was written by a newer splinter .*update splinter"):
        Database(file, ["create table a (x)"])
    seen = Database(file, ["create table a (x)", "alter table a add column y default 2", "create table b (z)"],
                    is_read_only=True)  # fmt: skip
    assert seen._rows("select * from b") == []
    assert Database(file, ["", ""])._rows("pragma user_version") == [(2,)]  # looking changed nothing
