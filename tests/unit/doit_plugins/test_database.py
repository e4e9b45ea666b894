"""doit's database: many rows are read in one go, and none is taken for another's."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from splinter.doit_plugins import database
from splinter.doit_plugins.database import Database

COUNT = 3 * database._FEW


def filled(folder: Path) -> Database:
    made = Database(str(folder / "x.db"), None)
    for number in range(COUNT):
        made.set(f"t{number}", "_values_:", {"number": number})
        made.set(f"t{number}", "deps:", [])
    made.dump()
    return Database(str(folder / "x.db"), None)


def numbers(rows: Database) -> list[object]:
    return [(rows.get(f"t{number}", "_values_:") or {}).get("number") for number in range(COUNT)]


def test_many_rows_take_few_statements_and_few_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, statements, texts = filled(tmp_path), [], []
    ask, loads = rows._execute, json.loads
    monkeypatch.setattr(rows, "_execute", lambda *words: statements.append(words) or ask(*words))
    monkeypatch.setattr(database.json, "loads", lambda text: texts.append(text) or loads(text))
    assert numbers(rows) == [*range(COUNT)] == numbers(rows)
    assert len(statements) == len(texts) == database._FEW


def test_what_a_call_changed_stays_when_the_others_are_read(tmp_path: Path) -> None:
    rows = filled(tmp_path)
    rows.set("t5", "_values_:", {"number": "mine"})
    rows.remove("t6")
    assert numbers(rows) == [*range(5), "mine", None, *range(7, COUNT)]


@pytest.mark.parametrize("odd", ['{"a": [1', "{},{}", "", "NaN", "[" * 5000, '{"_values_:": {"number": 1}}]'])
def test_a_row_that_is_no_text_of_json_of_its_own_moves_no_other(tmp_path: Path, odd: str) -> None:
    rows = filled(tmp_path)
    rows.dump()
    with sqlite3.connect(tmp_path / "x.db") as db:
        db.execute("update doit set task_data = ? where task_id = 't40'", (odd,))
        db.execute("update doit set task_data = '2]}' where task_id = 't41'")
    db.close()
    found = numbers(Database(str(tmp_path / "x.db"), None))
    assert found == [*range(40), None, None, *range(42, COUNT)]


# 56: there its version is
@pytest.mark.parametrize(("at", "count"), [(18, 1), *((at, 8) for at in range(0, 96, 8) if at != 56)])
def test_whatever_is_wrong_with_its_header_a_run_opens_it_or_moves_it_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, count: int
) -> None:
    """A look says "the next doit moves it aside"; sqlite calls some of these damages by other names."""
    filled(tmp_path).dump()
    file = tmp_path / "x.db"
    data = file.read_bytes()
    file.write_bytes(data[:at] + b"\xff" * count + data[at + count :])
    monkeypatch.setattr(Database, "holds_lock", True)
    for number in (1, 2):
        rows = Database(str(file), None)
        assert rows.refusal is None
        rows.set("again", "deps:", [])
        assert bool(rows.repair) == (number == 1 and bool(list(tmp_path.glob("*.damaged-*"))))
        rows.dump()
