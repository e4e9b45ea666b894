"""A new repository without an object, as git makes it there: git is asked once for each kind and each file system.

What git finds out of the file system (modes, links, names) stands in the first one's config, and is copied with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from splinter.system import disk


@dataclass(frozen=True, slots=True)
class _Template:
    """What lies in a fresh `.git`: folders, parents first, and files with what they hold."""

    folders: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...]


_templates: dict[tuple[str, int], _Template] = {}
_lock = threading.Lock()


def make(objects: str, path: Path, *, ask: Callable[[], None]) -> None:
    """Make `.git` in an existing folder; `objects` is the object format, `ask` has git do it."""
    kind = (objects, path.stat().st_dev)
    with _lock:
        if kind not in _templates:
            ask()
            _templates[kind] = _read(path / ".git")
            return
        template = _templates[kind]
    (path / ".git").mkdir()
    for folder in template.folders:
        (path / ".git" / folder).mkdir()
    for name, held in template.files:
        (path / ".git" / name).write_bytes(held)


def _read(made: Path) -> _Template:
    folders, files = [], []
    for path in sorted(disk.below(made, most=1_000)):
        name = path.relative_to(made).as_posix()
        if disk.is_folder(path):
            folders.append(name)
        else:
            files.append((name, path.read_bytes()))
    return _Template(tuple(folders), tuple(files))
