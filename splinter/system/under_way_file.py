"""The file that says what a run does at this moment. It is news, not a record: nothing decides by it.

Whether that run still lives, the lock says, and not this file; see `locks.holder`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from splinter.model import layout, record_json
from splinter.model.under_way import UnderWay
from splinter.text.redact import Redactor


def write(folder: Path, now: UnderWay, redactor: Redactor) -> None:
    """Say what runs; `folder` is `.splinter/`. Readers never see half of it; a disk that takes no more is let be."""
    file = folder / layout.UNDER_WAY
    new = file.with_name(f".{file.name}.new")  # only who holds the lock writes it
    text = redactor.text(json.dumps(record_json.to_json(now)))  # all at once: it holds ids, and no text of others
    with suppress(OSError):  # without waiting for the disk: after a power cut nothing runs
        new.write_text(text, "utf-8")
        new.replace(file)


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
