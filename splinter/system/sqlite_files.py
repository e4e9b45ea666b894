"""Our sqlite files: a row is kept as soon as it is written, to look is to copy, a damaged file is moved aside.

It knows no table, and deletes nothing: a damaged file stays, under a name that says so. A file whose tables are not as
our own scripts make them is damaged: a view or a trigger in one that was handed over is somebody's program.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from splinter.errors import SplinterError, StorageError
from splinter.system import disk_errors

_SUFFIXES = ("", "-wal", "-shm")
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNSURE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_LARGEST_BYTES = 4_000_000_000  # of a file; that of a large repository's years is a tenth of it
_LONGEST_BYTES = 256_000_000  # of one value
_VERSION_AT, _WRITABLE = 18, 2  # where a header says who may write, and the last that sqlite does
_SHOWN = 200  # characters of names
_LONGEST_S, _STEPS = 60.0, 100_000  # for one statement; steps of sqlite's between two looks at the clock
_SMALL_BYTES = 4 * 1024 * 1024  # looked through at each opening; a larger one where its last writer was killed


def connect(file: Path, tables: str, *, shape: Sequence[str], may_move: bool) -> tuple[sqlite3.Connection, str]:
    """A file opened for writing, its tables made, and a sentence where a damaged one was moved aside for it.

    `shape` are the scripts that make a file, one for each version; its tables must be as the first of them leave it.
    `may_move` is for a holder of the run lock, as nobody else writes then. Raises StorageError where it cannot be used.
    """
    try:
        return _connected(file, tables, shape), ""
    except sqlite3.DatabaseError as error:
        if not may_move or _code(error) not in _DAMAGED:
            raise storage_error(file, error) from error
        first = error
    try:
        aside = _move_aside(file)
        found = f"{file} was damaged ({first}); it was moved to {aside.name}, and a new one begun."
        return _connected(file, tables, shape), found
    except sqlite3.DatabaseError as error:
        raise storage_error(file, error) from error
    except OSError as error:
        raise disk_errors.of(error, (file.parent,)) from error


class Connection(sqlite3.Connection):
    """One that runs nothing for long, whatever stands in its file, and calls no function there but sqlite's own."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        """As sqlite3.Connection is made."""
        super().__init__(*arguments, **more)
        self._begun = time.monotonic()
        self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_BYTES)
        self.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        self.set_progress_handler(self._is_too_long, _STEPS)
        super().execute("pragma trusted_schema=off")

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Begin a statement, which has its time from now."""
        self._begun = time.monotonic()
        return super().execute(*arguments)

    def executescript(self, script: str) -> sqlite3.Cursor:
        """Run statements, which have their time together."""
        self._begun = time.monotonic()
        return super().executescript(script)

    def _is_too_long(self) -> bool:
        return time.monotonic() - self._begun > _LONGEST_S


def copy_into(db: sqlite3.Connection, file: Path, *, shape: Sequence[str]) -> None:
    """Fill an empty database with what a file holds; changes no byte of it. Raises SplinterError for a damaged one."""
    try:
        with copied(file) as copy:
            if copy:
                source = sqlite3.connect(copy, factory=Connection)
                try:
                    _check_shape(source, shape, file)
                    source.backup(db)
                finally:
                    source.close()
                if copy.stat().st_size <= _SMALL_BYTES:
                    _check(db)
    except sqlite3.DatabaseError as error:
        raise SplinterError(
            f"{file} is damaged ({error}); the next doit moves it aside and begins a new one"
        ) from error


def copy_to(file: Path, to: Path) -> None:
    """Put what a file holds, with its log, into a new one; nothing where there is none. Raises SplinterError."""
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        with copied(file) as copy:
            if copy:
                with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(to)) as target:
                    source.backup(target)
    except sqlite3.DatabaseError as error:
        raise SplinterError(f"{file} is damaged ({error})") from error


@contextmanager
def copied(file: Path) -> Iterator[Path | None]:
    """A private copy of an sqlite file with its log, None where there is none: reading it changes no byte of ours.

    Opening a database whose writer was killed recovers its log, and so would alter the original.
    """
    if not file.exists():
        yield None
        return
    _refuse_large(file)
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
    if code == sqlite3.SQLITE_INTERRUPT:
        return StorageError(f"{file} cannot be used: one statement took more than {_LONGEST_S:.0f} s; move it away")
    if code in _DAMAGED:
        return StorageError(f"{file} is damaged ({error}); move it away (mv '{file}'* /tmp), then run doit again")
    return StorageError(f"{file} cannot be used: {error}")


def _connected(file: Path, tables: str, shape: Sequence[str]) -> sqlite3.Connection:
    _refuse_large(file)
    if refused := _refused(file):
        raise refused  # sqlite would open it for reading alone, and leave a log that nobody may write
    is_doubtful = Path(f"{file}-wal").exists() or (file.exists() and file.stat().st_size <= _SMALL_BYTES)
    db = sqlite3.connect(file, timeout=60, isolation_level=None, check_same_thread=False, factory=Connection)
    try:
        _check_shape(db, shape, file)
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
        raise damage(" ".join(found.split()))


def _check_shape(db: sqlite3.Connection, scripts: Sequence[str], file: Path) -> None:
    """Raise DatabaseError where a file's tables are not those of its version, StorageError for a later version."""
    if not Path(f"{file}-wal").exists() and _write_version(file) > _WRITABLE:
        raise damage("its header is of a format that sqlite only reads")
    try:
        (version,) = db.execute("pragma user_version").fetchone()
        found = _shape(db)
    except sqlite3.OperationalError as error:
        if _code(error) == sqlite3.SQLITE_ERROR:  # of these words no other than that its header is none
            raise damage(str(error)) from error
        raise
    if version > len(scripts):
        raise StorageError(
            f"{file} was written by a newer splinter (its version is {version}, this one knows"
            f" {len(scripts)}); update splinter, or move the file away"
        )
    if not found:
        return
    with closing(sqlite3.connect(":memory:")) as own:
        own.executescript(";".join(scripts[: max(version, 1)]))
        wanted = _shape(own)
    is_part = version == 0 and found <= wanted  # it was begun before files had versions
    if found != wanted and not is_part:
        names = sorted({name for _, name, *_ in found ^ wanted})
        raise damage(f"{', '.join(names)[:_SHOWN]} in it is not as splinter makes it")


def _write_version(file: Path) -> int:
    """Of its header, which a log that was not taken in yet may have anew; 0 of a file that is empty or none."""
    with suppress(FileNotFoundError), file.open("rb") as reader:
        return int.from_bytes(reader.read(_VERSION_AT + 1)[_VERSION_AT:])
    return 0


def _shape(db: sqlite3.Connection) -> frozenset[tuple[str, str, str, str]]:
    rows = db.execute("select type, name, tbl_name, sql from sqlite_schema").fetchall()
    return frozenset((kind, name, table, " ".join((sql or "").lower().split())) for kind, name, table, sql in rows)


def damage(why: str) -> sqlite3.DatabaseError:
    """What sqlite itself raises of a damaged file, for a reason of ours."""
    error = sqlite3.DatabaseError(why)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _refuse_large(file: Path) -> None:
    size = sum(part.stat().st_size for suffix in _SUFFIXES if (part := Path(f"{file}{suffix}")).exists())
    if size > _LARGEST_BYTES:
        raise StorageError(f"{file} is larger than {_LARGEST_BYTES // 1_000_000} MB; move it away, then run doit again")


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
