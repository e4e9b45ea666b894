"""Locks between processes: one run of a repository at a time, and one user of a file, which others wait for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from splinter.errors import LockedError
from splinter.system import disk_errors, process_tree

_LOOK_S = 0.2
_GLANCE_S, _AGAIN_S = 2.0, 0.02  # whoever only looks holds a lock for as long as that takes, and names nobody
_HOLDER = "splinter.holder.json"
_SAME_S = 60.0  # the clock may be set while a run works; an id is not given to another process so soon


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that holds the lock of a repository, `since` a time as ISO says it."""

    pid: int
    since: str


def holder(common: Path) -> Holder | None:
    """Who holds the lock, which is not touched; None where nobody does, or who did was killed.

    `common` is git's common directory. A process of another machine or container is not seen.
    """
    try:
        held = json.loads((common / _HOLDER).read_text("utf-8"))
        pid, since, started = int(held["pid"]), str(held["since"]), float(held["started"])
    except (OSError, ValueError, TypeError, LookupError):
        return None
    now = process_tree.started_at(pid)
    return Holder(pid=pid, since=since) if now is not None and abs(now - started) < _SAME_S else None


def taken_s(common: Path) -> float | None:
    """When the lock of a repository was taken, by the clock of its file system; None where nobody holds it."""
    try:
        return (common / _HOLDER).stat().st_mtime
    except OSError:
        return None


@contextmanager
def alone(file: Path, is_stopping: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock of that file, once nobody else on this machine does; `is_stopping` ends the wait without it."""
    from filelock import FileLock, Timeout

    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file)
    while not is_stopping():
        with suppress(Timeout):
            lock.acquire(timeout=_LOOK_S)
            break
    try:
        yield
    finally:
        lock.release()


class RunLock:
    """One run at a time in a repository, whatever checkout or clone of the tool it was started from."""

    def __init__(self, common: Path) -> None:
        """`common` is git's common directory."""
        from filelock import FileLock

        self._lock = FileLock(common / "splinter.lock")
        self._holder = common / _HOLDER

    def acquire(self, now: datetime) -> None:
        """Take the lock; raises LockedError naming who holds it, StorageError where it cannot be written."""
        from filelock import Timeout

        since = now.astimezone(UTC).isoformat(timespec="seconds")
        held = json.dumps({"pid": os.getpid(), "since": since, "started": process_tree.started_at(os.getpid())})
        with disk_errors.as_storage_errors(lambda: (self._holder.parent,)):
            try:
                try:
                    self._lock.acquire(timeout=0)
                except Timeout:
                    if holder(self._holder.parent):
                        raise
                    self._lock.acquire(timeout=_GLANCE_S, poll_interval=_AGAIN_S)
            except Timeout:
                raise LockedError(self._refusal()) from None
            try:
                self._holder.write_text(held, "utf-8")
            except OSError:
                self._lock.release()
                raise

    def release(self) -> None:
        """Give the lock back."""
        self._holder.unlink(missing_ok=True)
        self._lock.release()

    def _refusal(self) -> str:
        try:
            holder = json.loads(self._holder.read_text("utf-8"))
            who = f"pid {holder['pid']}, since {holder['since']}"
        except (OSError, ValueError, KeyError):
            who = "it has only just begun"
        return f"another run works on this repository ({who}); wait for it, or end it"
