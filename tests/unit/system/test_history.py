"""History: what a second look must find, whatever was drawn."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from splinter.errors import SplinterError, StorageError
from splinter.model import record_words
from splinter.model.done import Attempt
from splinter.model.records import Outcome, Usage, WorkstreamRecord
from splinter.system import sqlite_files
from splinter.system.database import Database
from splinter.system.history import History
from splinter.system.memory import Memory


def test_two_runs_of_one_second_never_share_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter(["cad2", "cad2", "cad2", "0b1e"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(draws))
    store, now = History(tmp_path / ".splinter"), datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert [store.begin_run(now), store.begin_run(now)] == ["20261123-020000-cad2", "20261123-020000-0b1e"]


def test_a_killed_run_lasted_until_it_last_wrote(tmp_path: Path) -> None:
    store, began = History(tmp_path / ".splinter"), datetime(2026, 11, 23, 2, tzinfo=UTC)
    folder, later = store.run_folder(run := store.begin_run(began)), began + timedelta(hours=12)
    (folder / "tidy").mkdir()
    (folder / "tidy" / "edit.log").write_text("begun")
    for file, minutes in ((folder, 1), (folder / "tidy", 2), (folder / "tidy" / "edit.log", 3)):
        os.utime(file, (seconds := (began + timedelta(minutes=minutes)).timestamp(), seconds))
    assert store.last_sign(run, later) == began + timedelta(minutes=3)
    assert store.last_sign(run, began) == began
    assert store.last_sign("20261123-020000-none", later) == later


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
    both = ["create table a (x)", "alter table a add column y default 2"]
    assert Database(file, both)._rows("pragma user_version") == [(2,)]  # looking changed nothing


ENDLESS = """drop table runs; create view runs as with recursive n(x) as (select 1 union all select x + 1 from n)
    select 'r' as run, '' as started, null as finished, '[]' as notes from n where x < 0"""
FORGED = {
    "a view that never ends": ENDLESS,
    "a trigger": "create trigger t after insert on runs begin delete from steps; end",
    "another table": "create table more (x)",
    "another column": "alter table runs add column more",
    "a table of a module": "create virtual table more using fts5(x)",
    "a missing table": "drop table steps",
}


@pytest.mark.parametrize("what", FORGED)
def test_a_file_of_another_shape_is_moved_aside_and_never_asked(tmp_path: Path, what: str) -> None:
    folder, now = tmp_path / ".splinter", datetime(2026, 11, 23, 2, tzinfo=UTC)
    store = History(folder)
    store.begin_run(now)
    store.close()
    forge = sqlite3.connect(folder / "history.db")
    forge.executescript(FORGED[what])
    forge.close()
    with pytest.raises(SplinterError, match="in it is not as splinter makes it"):
        History(folder, is_read_only=True).look()
    store = History(folder)
    assert "in it is not as splinter makes it); it was moved to history.db.damaged-" in store.repair
    assert store.runs(5) == ()
    store.close()
    assert History(folder).repair == ""


@pytest.mark.parametrize("script", [*FORGED.values(), ""])
def test_a_version_that_nobody_knows_lets_nothing_be_asked_of_the_file(tmp_path: Path, script: str) -> None:
    """Else it would spare a forged file the look at its shape."""
    file, doits = tmp_path / "x.db", "create table doit (task_id text primary key, task_data text) without rowid"
    forge = sqlite3.connect(file)
    forge.executescript(f"{doits}; create table runs (x); create table steps (x); {script}; pragma user_version = 9")
    forge.close()
    with closing(sqlite3.connect(":memory:")) as db, pytest.raises(StorageError, match="by a newer splinter"):
        sqlite_files.copy_into(db, file, shape=[doits])
    with pytest.raises(StorageError, match="by a newer splinter"):
        sqlite_files.connect(file, "", shape=[doits], may_move=True)


def test_a_statement_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splinter.system.sqlite_files._LONGEST_S", 0.2)
    store = History(tmp_path / ".splinter")
    with pytest.raises(StorageError, match="one statement took more than"):
        store._rows("with recursive n(x) as (select 1 union all select x + 1 from n) select 1 from n where x < 0")
    assert store.runs(1) == ()


@pytest.mark.parametrize("run", ["../../../elsewhere", "", "a b", "x/y"])
def test_a_run_whose_id_could_lead_elsewhere_is_refused(tmp_path: Path, run: str) -> None:
    """Its folder would be removed as that of a run with nothing to report."""
    folder = tmp_path / ".splinter"
    store = History(folder)
    store._write("insert into runs values (?, '', null, '[]')", run)
    store.close()
    with pytest.raises(StorageError, match="a run whose id is none of ours"):
        History(folder)


@pytest.mark.parametrize(
    "text", ["", "5", "[1]", '{"tip": 5}', "[" * 100_000, '{"steps": [5]}', '{"checks": {"a": 1}}']
)
def test_a_row_that_holds_no_record_is_left_out(tmp_path: Path, text: str) -> None:
    store, now = History(tmp_path / ".splinter"), datetime(2026, 11, 23, 2, tzinfo=UTC)
    run = store.begin_run(now)
    for table in ("workstreams", "errors"):
        store._write(f"insert into {table} values (?, 'w', ?)", run, text)
    found = store.run(run)
    assert not any(one.tip or one.title or one.steps or one.checks for one in found.workstreams), found
    store._write("insert into steps values (?, 'w', 's', ?)", run, text)
    assert (store.commits(), store.commits_of("w", latest=5), store.has_failed("w")) == (frozenset(), (), False)
    assert store.last_result("w", "c") is None


def test_a_run_lasts_as_long_as_was_measured_not_as_whole_seconds_say(tmp_path: Path) -> None:
    history, begun = History(tmp_path / ".splinter"), datetime(2026, 11, 23, 2, 0, 0, 900_000, tzinfo=UTC)
    run = history.begin_run(begun)
    history.note(run, "news")
    history.finish_run(run, begun + timedelta(seconds=0.25))
    assert record_words.seconds(history.run(run)) == 0.25


def test_how_each_of_many_workstreams_ended_last_is_one_question(tmp_path: Path) -> None:
    asked: list[str] = []
    store = History(tmp_path / ".splinter")
    for run, (outcome, others) in {"run-1": ("changed", "unchanged"), "run-2": ("failed", "")}.items():
        store.begin_run(datetime(2026, 11, 23, 2, tzinfo=UTC), run)
        store.put_workstream(run, WorkstreamRecord(workstream="w", title="W", outcome=Outcome(outcome)))
        if others:
            store.put_workstream(run, WorkstreamRecord(workstream="it's", title="V", outcome=Outcome(others)))
    for id, text in {"torn": '{"outcome": "cha', "later": '{"outcome": "of a later version"}'}.items():
        store._write("insert into workstreams values ('run-2', ?, ?)", id, text)
    store._db.set_trace_callback(asked.append)
    assert store.last_outcomes(["w", "it's", "never ran", "torn", "later"]) == {
        "w": ("run-2", Outcome.FAILED), "it's": ("run-1", Outcome.UNCHANGED),
        "torn": ("run-2", None), "later": ("run-2", None),
    }  # fmt: skip
    assert len(asked) == 1
    assert store.last_outcomes([]) == {}


QUESTIONS = {
    "the latest run": lambda store: store.latest_run(),
    "what a run came to": lambda store: store.run("run-7"),
    "whether it has news": lambda store: store.has_news("run-7"),
    "the hash of a run": lambda store: store.hash_of("run-7", but_errors_of=()),
    "whether one failed": lambda store: store.has_failed("w"),
    "how one ended": lambda store: store.last_workstream("w"),
    "how each of many ended": lambda store: store.last_outcomes(["v", "w"]),
    "how long one took": lambda store: store.durations("w", latest=5),
    "the last step": lambda store: store.last_step("w", "s", "c"),
}


@pytest.mark.parametrize("what", QUESTIONS)
def test_no_question_of_a_call_reads_all_earlier_runs(tmp_path: Path, what: str) -> None:
    """Each statement of it, as sqlite plans it, looks rows up; of `runs` alone it may go from the newest on."""
    store, asked = History(tmp_path / ".splinter"), []
    store.begin_run(datetime(2026, 11, 23, 2, tzinfo=UTC), "run-7")
    store._db.set_trace_callback(asked.append)
    QUESTIONS[what](store)
    store._db.set_trace_callback(None)
    assert asked
    for statement in asked:
        plan = [row[3] for row in store._db.execute(f"explain query plan {statement}")]
        scans = [step for step in plan if step.startswith("SCAN")]
        assert scans in ([], ["SCAN runs"], ["SCAN asked VIRTUAL TABLE INDEX 1:"]), (statement, plan)
        assert "SCAN runs" not in scans or statement.endswith("order by rowid desc limit 1")
    store.close()


def test_what_is_opened_for_reading_is_copied_when_it_is_asked(tmp_path: Path) -> None:
    History(tmp_path / ".splinter").close()
    (tmp_path / ".splinter/history.db").write_bytes(b"no database" * 500)
    store = History(tmp_path / ".splinter", is_read_only=True)
    with pytest.raises(SplinterError, match="is damaged"):
        store.latest_run()
