"""What our index for a work tree holds. Git is asked once for an index of the same bytes; it is never changed here."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from splinter.git import command_line
from splinter.git.command_line import Repository, WorkTree

_LINK = b"160000"
_MOST = 32  # indexes
_known: OrderedDict[str, tuple[Entry, ...]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of an index and its id; `is_repository`: the id is a commit of another repository."""

    path: str
    id: str
    is_repository: bool


def entries(repository: Repository, tree: WorkTree) -> tuple[Entry, ...]:
    """The entries, in git's order; none where there is no index."""
    digest = _digest(tree.index)
    with _lock:
        if digest in _known:
            _known.move_to_end(digest)
            return _known[digest]
    listing = command_line.call(repository, "ls-files", "--stage", "-z", worktree=tree).stdout
    found = tuple(_entry(line) for line in listing.split(b"\0") if line)
    with _lock:
        _known[digest] = found
        while len(_known) > _MOST:
            _known.popitem(last=False)
    return found


def _entry(line: bytes) -> Entry:
    head, _, path = line.partition(b"\t")
    return Entry(os.fsdecode(path), head.split()[1].decode(), head.startswith(_LINK))


def _digest(index: Path) -> str:
    try:
        with index.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
