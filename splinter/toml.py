"""TOML files to documents whose keys know their line and column. It never judges what a document says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from splinter.documents import MAX_BYTES, Document, Problem, lines_of, unreadable
from splinter.events import Keys, Span

LINE = re.compile(r"^[ \t]*(?:\[\[?[ \t]*(?P<table>[^\]\n]+?)[ \t]*\]|(?P<key>[^\s=#\[][^=\n]*?)[ \t]*=)", re.MULTILINE)
WORD = re.compile(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)")
ERROR_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$| \(at end of document\)$")


def read(file: Path, table: tuple[str, ...]) -> Document:
    """One table of a TOML file, `()` for all of it; not readable where it does not parse or has no such table."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        return unreadable(file.name, f"cannot be read: {error.strerror}")
    if len(raw) > MAX_BYTES:
        return unreadable(file.name, f"the file is larger than {MAX_BYTES:,} bytes")
    try:
        text = raw.decode("utf-8").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
        data: Any = tomllib.loads(text)
    except UnicodeDecodeError:
        return unreadable(file.name, "the file is no UTF-8")
    except tomllib.TOMLDecodeError as error:
        return _broken(file.name, text, str(error))
    except RecursionError:
        return unreadable(file.name, "nested too deeply")
    for key in table:
        data = data.get(key) if isinstance(data, dict) else None
    keys = _key_spans(text, table)
    return Document(
        path=file.name,
        text=text,
        data=data,
        is_readable=data is not None,
        spans=keys,
        key_spans=keys,
        line_starts=lines_of(text),
    )


def _broken(path: str, text: str, error: str) -> Document:
    place = ERROR_PLACE.search(error)
    lines = text.splitlines()
    line, column = (int(place[1]), int(place[2])) if place and place[1] else (max(1, len(lines)), 1)
    source_line = lines[line - 1] if line <= len(lines) else ""
    message = f"invalid TOML: {error[: place.start()] if place else error}"
    problem = Problem(path=path, line=line, column=column, message=message, source_line=source_line)
    return Document(path=path, text=text, problems=(problem,), is_readable=False)


def _key_spans(text: str, table: tuple[str, ...]) -> dict[Keys, Span]:
    """Where keys and table headers stand, first come: tomllib tells no places, and these are good enough to show."""
    spans: dict[Keys, Span] = {}
    current: Keys = ()
    for found in LINE.finditer(text):
        group = "table" if found["table"] else "key"
        words: Keys = tuple("".join(word) for word in WORD.findall(found[group]))
        current, keys = (words, words) if group == "table" else (current, current + words)
        if keys[: len(table)] == table:
            spans.setdefault(keys[len(table) :], found.span(group))
    return spans
