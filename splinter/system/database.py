"""One of our sqlite files under `.splinter/`: opened, brought to the version of this code, read and written.

It knows no table. Text of others is masked before it is written; opened for reading, it writes no byte.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from splinter.model import record_json
from splinter.model.record_json import Record
from splinter.system import sqlite_files
from splinter.system.files import make_ignored_folder
from splinter.text.redact import Masked, Redactor


class Database:
    """A file of tables; safe to use from several threads."""

    def __init__(
        self, file: Path, migrations: Sequence[str], *, redactor: Redactor | None = None, is_read_only: bool = False
    ) -> None:
        """`migrations` are scripts, each of which brings a file of its number to the next: the last made this version.

        The folder is made, with its own `.gitignore`, unless opened for reading. What is written is masked by
        `redactor`. `repair` says what opening it repaired, empty for nothing. Raises OSError or StorageError where
        nothing can be written, or a later version wrote the file. Opened for reading, the file is only copied when
        something is asked, and that raises: years of runs are not copied for a look that needs none of them.
        """
        self.file, self.folder, self._redactor = file, file.parent, redactor or Redactor(())
        self.is_read_only = is_read_only
        self._lock = threading.RLock()
        self._migrations = migrations
        self.repair = ""
        self._opened: sqlite3.Connection | None = None
        if not is_read_only:
            make_ignored_folder(self.folder)
            self._opened, self.repair = sqlite_files.connect(file, "", shape=migrations, may_move=True)
            self._begin()

    def close(self) -> None:
        """Write the log back into the database file."""
        if self._opened:
            self._opened.close()

    def look(self) -> None:
        """Read the file now, where that was not done; raises SplinterError for one that cannot be used."""
        with self._lock:
            if self._opened is None:
                db = sqlite3.connect(":memory:", check_same_thread=False, factory=sqlite_files.Connection)
                sqlite_files.copy_into(db, self.file, shape=self._migrations)
                self._opened = db
                self._begin()

    @property
    def _db(self) -> sqlite3.Connection:
        self.look()
        assert self._opened
        return self._opened

    def _begin(self) -> None:
        """What is done once the file is open."""
        self._migrate(self._migrations)

    def _migrate(self, migrations: Sequence[str]) -> None:
        (version,) = self._rows("pragma user_version")[0]
        for number, script in enumerate(migrations[version:], version + 1):
            try:
                self._db.executescript(f"begin immediate; {script}; pragma user_version = {number}; commit;")
            except sqlite3.DatabaseError as error:
                raise sqlite_files.storage_error(self.file, error) from error

    def _json(self, record: object) -> Masked:
        return self._redactor.json(record_json.to_json(record))

    def _keep(self, sql: str, *keys: str | int | None, record: Masked) -> int:
        """Write one row whose last value is a record, after its keys; returns its number."""
        return self._write(sql, *keys, record)

    def _write(self, sql: str, *values: object) -> int:
        """Write one row, which holds no text of others; returns its number."""
        try:
            with self._lock:
                return self._db.execute(sql, values).lastrowid or 0
        except sqlite3.DatabaseError as error:
            raise sqlite_files.storage_error(self.file, error) from error

    def _rows(self, sql: str, *values: object) -> list[Any]:
        try:
            with self._lock:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise sqlite_files.storage_error(self.file, error) from error

    def _text(self, sql: str, *values: object) -> str | None:
        rows = self._rows(sql, *values)
        return str(rows[0][0]) if rows else None


def read(kind: type[Record], text: str) -> tuple[Record, ...]:
    """The record that a row holds; none where it holds no record, as somebody else may have written it."""
    try:
        return (record_json.from_json(kind, json.loads(text)),)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return ()
