"""The file that says what a run does at this moment. It is news, not a record: nothing decides by it.

Whether that run still lives, the lock says, and not this file; see `locks.holder`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from splinter.model import layout, record_json
from splinter.model.under_way import UnderWay
from splinter.text.redact import Redactor

_SOON_S, _LAST_S = 0.1, 2.0


def write(folder: Path, now: UnderWay, redactor: Redactor) -> None:
    """Say what runs; `folder` is `.splinter/`. Readers never see half of it; a disk that takes no more is let be."""
    file = folder / layout.UNDER_WAY
    new = file.with_name(f".{file.name}.new")  # only who holds the lock writes it
    text = redactor.text(json.dumps(record_json.to_json(now)))  # all at once: it holds ids, and no text of others
    with suppress(OSError):  # without waiting for the disk: after a power cut nothing runs
        new.write_text(text, "utf-8")
        new.replace(file)


class Writer:
    """Writes it while a call lasts: that a workstream's task is begun before that does anything, else within a moment.

    So a call that is killed has said what it had begun, of which run, and commands that end at once cost no file.
    """

    def __init__(self, folder: Path, redactor: Redactor, now: Callable[[], UnderWay]) -> None:
        """`now` says what runs."""
        self._folder, self._redactor, self._now = folder, redactor, now
        self._lock, self._due, self._closed = threading.Lock(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name="under way", daemon=True)

    def __enter__(self) -> Writer:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing runs any more."""
        self._closed.set()
        self._due.set()
        self._thread.join(_LAST_S)
        with self._lock:
            remove(self._folder)

    def keep(self, begun: str = "") -> None:
        """Something changed, or a workstream's task is begun."""
        if begun:
            self._write()
        else:
            self._due.set()

    def _follow(self) -> None:
        while self._due.wait() and not self._closed.wait(_SOON_S):
            if self._due.is_set():
                self._write()

    def _write(self) -> None:
        with self._lock:
            self._due.clear()
            if not self._closed.is_set():
                write(self._folder, self._now(), self._redactor)


def remove(folder: Path) -> None:
    """Nothing runs any more."""
    with suppress(OSError):
        (folder / layout.UNDER_WAY).unlink(missing_ok=True)


def read(folder: Path, pid: int) -> UnderWay:
    """What the process of that id does; nothing where the file is another's, or cannot be read."""
    found = left(folder)
    return found if found and found.pid == pid else UnderWay(pid=pid)


def left(folder: Path) -> UnderWay | None:
    """What the file says, of whichever call; None where there is none, or it cannot be read."""
    try:
        return record_json.from_json(UnderWay, json.loads((folder / layout.UNDER_WAY).read_text("utf-8")))
    except (OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None
