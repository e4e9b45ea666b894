"""The databases that a project has, read and written row by row, whatever their tables are."""

from __future__ import annotations

import sqlite3
from typing import Any

from benchmarks.project import Place

HISTORY = ".splinter/history.db"
NAMES = (".doit.db", HISTORY, ".splinter/memory.db")


def read(place: Place, database: str, query: str) -> list[Any]:
    """Rows of one of the databases."""
    with sqlite3.connect(place.project / database) as db:
        return db.execute(query).fetchall()


def columns_of(db: sqlite3.Connection, table: str) -> list[str]:
    """All but a number that sqlite gives."""
    return [row[1] for row in db.execute(f"pragma table_info({table})") if (row[1], row[5]) != ("id", 1)]
