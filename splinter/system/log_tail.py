"""The end of a log that may still be written to; logs are masked when they are written. Nothing here changes one."""

from __future__ import annotations

import os
from pathlib import Path

from splinter.text import excerpts
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


def last_lines(log: Path, *, lines: int, look: int = 64 * 1024) -> tuple[str, bool]:
    """The last lines that say something, made harmless, and whether there is more before them; of none an empty text.

    Long lines lose their middle; no more than the last `look` bytes are read.
    """
    try:
        with log.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - look))
            text = plain(stream.read(look).decode("utf-8", "replace"))
    except OSError:
        return "", False
    shown = excerpts.last_lines(text, lines)
    return shown, size > look or len([one for one in text.splitlines() if one.strip()]) > lines
