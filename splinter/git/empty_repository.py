"""A new repository without an object, as git makes it there: git is asked once for each kind and each file system.

What git finds out of the file system (modes, links, names) stands in the first one's config, and is copied with it.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from splinter.errors import GitError
from splinter.git import command_line
from splinter.git.command_line import Repository
from splinter.system import disk


@dataclass(frozen=True, slots=True)
class _Template:
    """What lies in a fresh `.git`: folders, parents first, and files with what they hold."""

    folders: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...]


_templates: dict[tuple[str, int], _Template] = {}
_lock = threading.Lock()


def make(repository: Repository, private: Path) -> None:
    """Make a git directory, with the user's repository's kind of ids: it becomes a work tree's `.git`."""
    kind = (repository.format.objects, private.parent.stat().st_dev)
    with _lock:
        if kind not in _templates:
            _templates[kind] = _init(repository, private)
        template = _templates[kind]
    for folder in ("", *template.folders):
        (private / folder).mkdir()
    for name, held in template.files:
        (private / name).write_bytes(held)


def _read(made: Path) -> _Template:
    folders, files = [], []
    for path in sorted(disk.below(made, most=1_000)):
        name = path.relative_to(made).as_posix()
        if disk.is_folder(path):
            folders.append(name)
        else:
            files.append((name, path.read_bytes()))
    return _Template(tuple(folders), tuple(files))


def _init(repository: Repository, folder: Path) -> _Template:
    """What git makes in a folder that is not there yet, nor afterwards."""
    words = ("init", "--quiet", "--template=", f"--object-format={repository.format.objects}")
    config = ("init.defaultRefFormat=files",)
    command_line.call(repository, *words, str(folder), is_elsewhere=True, more_config=config)
    found = _read(folder / ".git")
    if why := disk.remove(folder):
        raise GitError(why)
    return found


def config_file(repository: Repository, file: Path) -> dict[str, str]:
    """What stands in one file of git's config, keys in git's canonical case."""
    listing = command_line.call(repository, "config", f"--file={file}", "--list", "-z", is_elsewhere=True).stdout
    return dict(entry.partition("\n")[::2] for entry in os.fsdecode(listing).split("\0") if entry)
