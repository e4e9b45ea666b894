"""Our sqlite files: a row is kept as soon as it is written, to look is to copy, a damaged file is moved aside.

It knows no table, and deletes nothing: a damaged file stays, under a name that says so.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from splinter.errors import SplinterError, StorageError
from splinter.system import disk_errors

_SUFFIXES = ("", "-wal", "-shm")
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNSURE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_SMALL_BYTES = 4 * 1024 * 1024  # looked through at each opening; a larger one where its last writer was killed


def connect(file: Path, tables: str, *, may_move: bool) -> tuple[sqlite3.Connection, str]:
    """A file opened for writing, its tables made, and a sentence where a damaged one was moved aside for it.

    `may_move` is for a holder of the run lock, as nobody else writes then. Raises StorageError where it cannot be used.
    """
    try:
        return _connected(file, tables), ""
    except sqlite3.DatabaseError as error:
        if not may_move or _code(error) not in _DAMAGED:
            raise storage_error(file, error) from error
        first = error
    try:
        aside = _move_aside(file)
        found = f"{file} was damaged ({first}); it was moved to {aside.name}, and a new one begun."
        return _connected(file, tables), found
    except sqlite3.DatabaseError as error:
        raise storage_error(file, error) from error
    except OSError as error:
        raise disk_errors.of(error, (file.parent,)) from error


def copy_into(db: sqlite3.Connection, file: Path) -> None:
    """Fill an empty database with what a file holds; changes no byte of it. Raises SplinterError for a damaged one."""
    try:
        with copied(file) as copy:
            if copy:
                source = sqlite3.connect(copy)
                try:
                    source.backup(db)
                finally:
                    source.close()
                if copy.stat().st_size <= _SMALL_BYTES:
                    _check(db)
    except sqlite3.DatabaseError as error:
        raise SplinterError(
            f"{file} is damaged ({error}); the next doit moves it aside and begins a new one"
        ) from error


@contextmanager
def copied(file: Path) -> Iterator[Path | None]:
    """A private copy of an sqlite file with its log, None where there is none: reading it changes no byte of ours.

    Opening a database whose writer was killed recovers its log, and so would alter the original.
    """
    if not file.exists():
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="splinter-") as folder:
        copy = Path(folder) / file.name
        for _ in range(20):
            before = _stamps(file)
            for suffix in ("", "-wal"):
                if (source := Path(f"{file}{suffix}")).exists():
                    shutil.copyfile(source, f"{copy}{suffix}")
            if before == _stamps(file):
                break
        yield copy


def storage_error(file: Path, error: sqlite3.DatabaseError) -> StorageError:
    """What sqlite says of a file, with why and how to fix it."""
    code = _code(error)
    if code == sqlite3.SQLITE_FULL:
        return StorageError(disk_errors.sentence(file, OSError(errno.ENOSPC, str(error))))
    if code in _UNSURE:
        why = disk_errors.probe(file.parent)
        return _refused(file) or StorageError(disk_errors.sentence(file, why or OSError(None, str(error))))
    if code in _DAMAGED:
        return StorageError(f"{file} is damaged ({error}); move it away (mv '{file}'* /tmp), then run doit again")
    return StorageError(f"{file} cannot be used: {error}")


def _connected(file: Path, tables: str) -> sqlite3.Connection:
    if refused := _refused(file):
        raise refused  # sqlite would open it for reading alone, and leave a log that nobody may write
    is_doubtful = Path(f"{file}-wal").exists() or (file.exists() and file.stat().st_size <= _SMALL_BYTES)
    db = sqlite3.connect(file, timeout=60, isolation_level=None, check_same_thread=False)
    try:
        db.execute("pragma journal_mode=wal")
        db.execute("pragma synchronous=normal")
        if is_doubtful:
            _check(db)
        db.executescript(tables)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    """Look through a whole database; raises DatabaseError where it is damaged."""
    found = db.execute("pragma quick_check(1)").fetchone()[0]
    if found != "ok":
        error = sqlite3.DatabaseError(" ".join(found.split()))
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _refused(file: Path) -> StorageError | None:
    """Which part of a database may not be written, and why; None where all may."""
    for part in (Path(f"{file}{suffix}") for suffix in _SUFFIXES):
        if part.exists() and not os.access(part, os.R_OK | os.W_OK):
            return StorageError(
                disk_errors.sentence(part, disk_errors.probe(file.parent) or PermissionError(errno.EACCES, ""))
            )
    return None


def _move_aside(file: Path) -> Path:
    """Give a database another name, its log with it; returns the new path."""
    aside = file.with_name(f"{file.name}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")
    for suffix in _SUFFIXES:
        if (part := Path(f"{file}{suffix}")).exists():
            part.replace(f"{aside}{suffix}")
    return aside


def _code(error: sqlite3.DatabaseError) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _stamps(file: Path) -> tuple[object, ...]:
    found = [Path(f"{file}{suffix}") for suffix in ("", "-wal")]
    return tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in found if path.exists())
