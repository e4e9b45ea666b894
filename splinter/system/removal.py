"""What is in nobody's way any more, deleted by a thread: a disk may take milliseconds for each folder.

It is moved aside at once: its place is free when a call returns. What a kill leaves aside goes with that folder.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
from pathlib import Path

from splinter.system import disk

_LAST_S = 60.0  # to delete what is left; the next run deletes the rest
_waiting: queue.SimpleQueue[Path | threading.Event] = queue.SimpleQueue()
_numbers = itertools.count()
_threads: list[threading.Thread] = []
_lock = threading.Lock()


def soon(path: Path, aside: Path) -> str | None:
    """Delete a folder by way of another on the same disk, or anything at once; returns why it is still there."""
    gone = aside / f"gone-{os.getpid()}-{next(_numbers)}"
    try:
        if not disk.is_folder(path):
            return disk.remove(path)
        aside.mkdir(parents=True, exist_ok=True)
        path.rename(gone)
    except OSError:  # another disk, or a folder that nobody may write in
        return disk.remove(path)
    _waiting.put(gone)
    _start()
    return None


def finish() -> None:
    """Wait until all that was given before is gone."""
    if _threads:
        done = threading.Event()
        _waiting.put(done)
        _start()
        done.wait(_LAST_S)


def _start() -> None:
    with _lock:
        if not (_threads and _threads[0].is_alive()):  # none yet, or that of the process that forked us
            _threads[:] = [threading.Thread(target=_delete, name="removal", daemon=True)]
            _threads[0].start()


def _delete() -> None:
    while True:
        one = _waiting.get()
        if isinstance(one, threading.Event):
            one.set()
        else:
            disk.remove(one)
