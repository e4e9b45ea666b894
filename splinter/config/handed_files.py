"""Files of the repository that workstreams are made of beside their own: what they hold is handed over, as text.

They are named by a path from the root, and read here alone; agents find them nowhere in what they may change.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from splinter.config import bounded_read, yaml_documents
from splinter.config.yaml_documents import Document, Problem
from splinter.config.yaml_events import Keys
from splinter.model.workstream import FILE_OPTIONS
from splinter.text import values
from splinter.text.patterns import path_problem, shown

_MOST_LINKS = 40  # as many as Linux follows


def named(data: Any) -> Iterator[tuple[Keys, str, str]]:
    """Each of a document: where it is named, what it is, and its path; prompts first."""
    if not isinstance(data, dict):
        return
    listed = data.get("steps")
    steps: list[tuple[Keys, dict[str, Any]]] = [
        (("steps", index), entry)
        for index, entry in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(entry, dict)
    ]
    for keys, entry in steps:
        if isinstance(entry.get("prompt_file"), str):
            yield (*keys, "prompt_file"), "prompt file", entry["prompt_file"]
    found = data.get("instructions")
    for index, path in enumerate(found if isinstance(found, list) else ()):
        if isinstance(path, str):
            yield ("instructions", index), "instructions", path
    for keys, entry in (((), data), *steps):
        options = entry.get("options")
        given = options if isinstance(options, dict) else {}
        yield from (
            ((*keys, "options", name), f"{name} file", given[name])
            for name in FILE_OPTIONS
            if isinstance(given.get(name), str)
        )


def read(root: Path, document: Document, texts: dict[str, str]) -> Iterator[Problem]:
    """Put texts of instructions and options to `texts`, by their paths; what is wrong with one is told at its key."""
    for keys, what, path in named(document.data):
        if what == "prompt file" or path_problem(path) or values.references(path):
            continue
        held, why = (texts[path], None) if path in texts else text(root, path)
        if why:
            yield document.problem(keys, f"{what} {shown(path)} {why}")
        else:
            texts[path] = held


def text(root: Path, path: str) -> tuple[str, str | None]:
    """What a file holds, or why it is not taken."""
    raw = bounded_read.read(root, root / path)
    if isinstance(raw, str):
        return "", raw
    if len(raw) > yaml_documents.MAX_BYTES:
        return "", f"is larger than {yaml_documents.MAX_BYTES:,} bytes"
    try:
        held = raw.decode("utf-8").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    except UnicodeDecodeError:
        return "", "is not UTF-8 text"
    if "\0" in held or not held.strip():
        return "", "holds the NUL character" if held.strip() else "is empty"
    return held, None


def guarded(root: Path, every: Iterable[Any]) -> tuple[str, ...]:
    """The paths of all of them, of all documents: what one workstream makes of them would be another's orders."""
    paths = {path for data in every for _, _, path in named(data) if not path_problem(path)}
    return tuple(sorted({one for path in paths for one in _reached(root.resolve(), path)}))


def _reached(root: Path, path: str) -> Iterator[str]:
    """A path, each link of the repository that it leads through, and the file behind them."""
    yield path
    for _ in range(_MOST_LINKS):
        parts = Path(path).parts
        count = next((count for count in range(1, len(parts) + 1) if root.joinpath(*parts[:count]).is_symlink()), None)
        if count is None:
            return
        link = root.joinpath(*parts[:count])
        yield "/".join(parts[:count])
        target = os.path.normpath(link.parent.joinpath(link.readlink(), *parts[count:]))
        path = os.path.relpath(target, root)
        if path.split("/")[0] == "..":
            return
        yield path
