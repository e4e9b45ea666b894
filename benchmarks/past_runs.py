"""A history that is as long as one likes: past runs like the last one of a project."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.databases import HISTORY, NAMES, columns_of, read
from benchmarks.project import Place


def add(place: Place, runs: int) -> None:
    """Past runs like the last one, of its first ten workstreams, an hour apart and before it, each with its folder."""
    [(last,)] = read(place, HISTORY, "select max(run) from runs")
    ended = datetime.strptime(last[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    times = {f"{then:%Y%m%d-%H%M%S}-{number:04x}": then.isoformat(timespec="seconds")
             for number in range(runs) for then in [ended - timedelta(hours=runs - number)]}  # fmt: skip
    for database in NAMES[1:]:
        with sqlite3.connect(place.project / database) as db:
            for (table,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
                _add_rows(db, table, last, times)
    source = place.project / ".splinter/runs" / last
    for run in times:
        (source.parent / run).mkdir()
        (source.parent / run / "plan.json").write_bytes((source / "plan.json").read_bytes()[:2_000])


def _add_rows(db: sqlite3.Connection, table: str, last: str, times: dict[str, str]) -> None:
    """Those of the last run once for each of the others, before its own."""
    columns = columns_of(db, table)
    if "run" not in columns:
        return
    own, spelt = columns.index("run"), ", ".join(columns)
    kept = db.execute(f"select {spelt} from {table}").fetchall()
    named = [columns.index("workstream")] if "workstream" in columns else []
    first = set(sorted({row[named[0]] for row in kept})[:10]) if named else set()
    found = [row for row in kept if row[own] == last and (not named or row[named[0]] in first)]

    def told(row: tuple[Any, ...], run: str, at: str) -> list[Any]:
        more = {"started": at, "finished": at} if table == "runs" else {}
        return [more.get(name, one.replace(last, run) if isinstance(one, str) else one)
                for name, one in zip(columns, row, strict=True)]  # fmt: skip

    db.execute(f"delete from {table}")
    past = (told(row, run, at) for run, at in times.items() for row in found)
    for rows in (past, kept):
        db.executemany(f"insert into {table} ({spelt}) values ({', '.join('?' * len(columns))})", rows)
