"""doit's database on sqlite: a row is durable as soon as its task has finished, and two processes lose nothing.

doit's own backends write at the very end, so that a kill loses the whole run. It never interprets a row. A row that was
removed stays as an empty one: what failed or was forgotten is not what was lost.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidCommand

from splinter.errors import SplinterError, StorageError

_SCHEMA = "create table if not exists doit (task_id text primary key, task_data text not null) without rowid"
_FORGOTTEN = "*"  # a row of this name: every task was forgotten
READ_ONLY = "splinter-read-only"  # the backend's name where nothing may change
_FEW = 32  # rows that are looked up one by one before all are read
_TOGETHER = 1000  # rows that are decoded in one call, which keeps each name in them once
_LAST_KEY = "deps:"  # the last key that doit's save_success sets


class UnwritableError(StorageError, InvalidCommand):
    """The database cannot be written; doit's own commands show it without a traceback."""


class Database:
    """The interface that doit 0.37 asks of a backend; values are JSON's types.

    `repair` says what opening it repaired, `refusal` why it can only be read.
    """

    desc = "sqlite in WAL mode, one row committed per finished task"
    holds_lock = False  # whether this process holds the run lock, and so may move a damaged file aside

    def __init__(self, name: str, codec: object, *, module_name: str | None = None) -> None:
        """`name` is the file; `codec` is not used, rows are JSON."""
        self.name = name
        self._lock = threading.RLock()
        self._rows: dict[str, dict[str, Any]] = {}
        self._dirty: set[str] = set()
        self._asked = 0  # rows that were looked up one by one
        self.repair = ""
        self.refusal: UnwritableError | None = None
        self._db: Any = self._open(name) if self._is_there() else None

    def open_now(self) -> None:
        """Make the file where it is not there; where that cannot be, what is written next is refused."""
        with self._lock:
            self._db = self._db or self._open(self.name)

    def _is_there(self) -> bool:
        return Path(self.name).exists()

    def _open(self, name: str) -> Any:
        """The file; what it holds in memory where it may only be read, which ends the first call that writes."""
        from splinter.system import sqlite_files

        try:
            db, self.repair = sqlite_files.connect(Path(name), _SCHEMA, shape=[_SCHEMA], may_move=self.holds_lock)
        except StorageError as error:
            self.refusal = UnwritableError(str(error))
        else:
            return db
        try:
            return _in_memory(Path(name))
        except (SplinterError, OSError) as error:
            sys.stderr.write(f"{error}\n")
            return _in_memory(None)

    def get(self, task_id: str, dependency: str) -> Any:
        """One value of a task's row, None where there is none."""
        return self._row(task_id).get(dependency)

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Change one value; the row is written when its last key is set."""
        with self._lock:
            if dependency == "_values_:":  # a success begins: what an earlier one said of other files goes
                kept = {*self._row(task_id).get("deps:", ()), "ignore:", "checker:", "result:", "deps:"}
                self._rows[task_id] = {key: old for key, old in self._row(task_id).items() if key in kept}
            self._row(task_id)[dependency] = value
            self._dirty.add(task_id)
            if dependency == _LAST_KEY:
                self._write(task_id)

    def in_(self, task_id: str) -> bool:
        """Whether anything is known of a task."""
        return bool(self._row(task_id))

    def is_lost(self, task_id: str) -> bool:
        """Whether there never was a row of a task: neither a success, nor one that was taken back."""
        query = "select 1 from doit where task_id in (?, ?)"
        return not self._row(task_id) and not self._found(query, task_id, _FORGOTTEN)

    def bring_back(self, rows: Mapping[str, dict[str, Any]], *, is_kept: bool) -> None:
        """Take rows that were lost, whole, by task; those that are not kept are gone with this process."""
        with self._lock:
            self._rows.update(rows)
            if is_kept and rows:
                self._execute("begin immediate")
                for task_id in rows:
                    self._write(task_id)
                self._execute("commit")

    def stored(self, tasks: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The rows that there are, an empty one where a success was taken back."""
        found = {name: self._found("select task_data from doit where task_id = ?", name) for name in tasks}
        return {name: _decoded(row[0]) for name, row in found.items() if row}

    def remove(self, task_id: str) -> None:
        """Forget a task."""
        with self._lock:
            self._rows[task_id] = {}
            self._write(task_id)

    def remove_all(self) -> None:
        """Forget every task."""
        with self._lock:
            self._rows = {_FORGOTTEN: {}}
            self._dirty.clear()
            self._write(_FORGOTTEN)
            self._execute("delete from doit where task_id <> ?", _FORGOTTEN)

    def dump(self) -> None:
        """Write what is left and close."""
        with self._lock:
            for task_id in sorted(self._dirty):
                self._write(task_id)
            if self._db:
                self._db.close()

    def _row(self, task_id: str) -> dict[str, Any]:
        with self._lock:
            if task_id not in self._rows:
                self._asked += 1
                if self._asked == _FEW:
                    self._take_all()
            if task_id not in self._rows:
                found = self._found("select task_data from doit where task_id = ?", task_id)
                self._rows[task_id] = _decoded(found[0]) if found else {}
            return self._rows[task_id]

    def _take_all(self) -> None:
        """Read what has not been read yet in one go: where many rows are asked for, one call each is most of the time.

        Only what sqlite finds to be one JSON text each is decoded together, so that none can run into the next.
        """
        if not self._db:
            return
        found = self._execute("select task_id, task_data from doit where json_valid(task_data)")
        while some := found.fetchmany(_TOGETHER):
            rows = json.loads(f"[{','.join(data for _, data in some)}]")
            for (task_id, _), row in zip(some, rows, strict=True):
                self._rows.setdefault(task_id, _checked(row))

    def _found(self, query: str, *values: str) -> Any:
        with self._lock:
            return self._execute(query, *values).fetchone() if self._db else None

    def _write(self, task_id: str) -> None:
        data = json.dumps(self._rows[task_id], sort_keys=True, default=list)
        self._dirty.discard(task_id)
        try:
            # groups 'run' every time and are saved each time: an unchanged row is not written again
            self._execute(
                "insert into doit values (?, ?) on conflict do update set task_data = excluded.task_data"
                " where task_data <> excluded.task_data",
                task_id, data,
            )  # fmt: skip
        except StorageError:
            del self._rows[task_id]  # what is not on disk counts for nobody
            raise

    def _execute(self, sql: str, *values: str) -> Any:
        import sqlite3

        from splinter.system import sqlite_files

        self.open_now()
        if self.refusal and not sql.startswith("select"):
            raise self.refusal
        try:
            return self._db.execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise UnwritableError(str(sqlite_files.storage_error(Path(self.name), error))) from error


class ReadOnlyDatabase(Database):
    """The same rows for a dry run: changes stay in memory, and the file is not even opened, only copied."""

    desc = "what the database holds, for commands that change nothing"

    def _is_there(self) -> bool:
        return True  # a copy, empty where there is no file

    def _open(self, name: str) -> Any:
        return _in_memory(Path(name))


def _in_memory(file: Path | None) -> Any:
    """A database in memory, filled from a file where one is named."""
    import sqlite3

    from splinter.system import sqlite_files

    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, factory=sqlite_files.Connection)
    if file:
        sqlite_files.copy_into(db, file, shape=[_SCHEMA])
    db.execute(_SCHEMA)
    return db


def _decoded(data: str) -> dict[str, Any]:
    """A row; one that a power cut tore, or that is none of doit's, says nothing."""
    try:
        row = json.loads(data)
    except (ValueError, TypeError, RecursionError):
        return {}
    return _checked(row)


def _checked(row: Any) -> dict[str, Any]:
    is_one = isinstance(row, dict) and isinstance(row.get("_values_:", {}), dict)
    return row if is_one and isinstance(row.get("deps:", []), list) else {}
