"""What our index for a work tree holds, read from its bytes; one in another form git is asked for. It changes none."""

from __future__ import annotations

import hashlib
import os
import struct
import threading
from collections import OrderedDict
from dataclasses import dataclass

from splinter.git import command_line
from splinter.git.command_line import Repository, WorkTree

_LINK, _LINK_MODE = b"160000", 0o160000
_LEFT_OUT = (b"link", b"sdir")  # extensions by which an index does not name all of its files
_EXTENDED = 0x4000
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
    try:
        data = tree.index.read_bytes()
    except FileNotFoundError:
        return ()
    digest = hashlib.sha256(data).hexdigest()
    with _lock:
        if digest in _known:
            _known.move_to_end(digest)
            return _known[digest]
    found = _parsed(data, id_bytes=32 if repository.format.objects == "sha256" else 20)
    if found is None:
        listing = command_line.call(repository, "ls-files", "--stage", "-z", worktree=tree).stdout
        found = tuple(_entry(line) for line in listing.split(b"\0") if line)
    with _lock:
        _known[digest] = found
        while len(_known) > _MOST:
            _known.popitem(last=False)
    return found


def _parsed(data: bytes, *, id_bytes: int) -> tuple[Entry, ...] | None:
    """The entries as gitformat-index(5) has them, None for what is not of version 2 or 3, whole, or well formed."""
    try:
        signature, version, count = struct.unpack_from(">4sII", data)
        if signature != b"DIRC" or version not in (2, 3):
            return None
        found, place, head = [], 12, 40 + id_bytes + 2
        for _ in range(count):
            mode, flags = (
                struct.unpack_from(">I", data, place + 24)[0],
                struct.unpack_from(">H", data, place + head - 2),
            )
            start = place + head + (2 if flags[0] & _EXTENDED else 0)
            end = data.index(b"\0", start)
            id = data[place + 40 : place + 40 + id_bytes].hex()
            found.append(Entry(os.fsdecode(data[start:end]), id, mode == _LINK_MODE))
            place += (end - place + 8) & ~7
        return tuple(found) if _names_all(data, place, len(data) - id_bytes) else None
    except (struct.error, ValueError):
        return None


def _names_all(data: bytes, place: int, end: int) -> bool:
    """Whether what stands behind the entries is whole, and says of no other file, nor of a folder for its files."""
    while place < end:
        name, size = struct.unpack_from(">4sI", data, place)
        if name in _LEFT_OUT:
            return False
        place += 8 + size
    return place == end


def _entry(line: bytes) -> Entry:
    head, _, path = line.partition(b"\t")
    return Entry(os.fsdecode(path), head.split()[1].decode(), head.startswith(_LINK))
