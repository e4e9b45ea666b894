"""The end of a log that may still be written to; logs are masked when they are written. Nothing here changes one."""

from __future__ import annotations

import os
from pathlib import Path

from splinter.text.redact import plain

_LOOK_BYTES = 4096
_LONGEST = 300


def last_line(log: Path) -> str:
    """The last line that says something, made harmless for a terminal; empty where there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _LOOK_BYTES))
            text = plain(stream.read(_LOOK_BYTES).decode("utf-8", "replace"))
    except OSError:
        return ""
    return next((line.strip()[:_LONGEST] for line in reversed(text.splitlines()) if line.strip()), "")
