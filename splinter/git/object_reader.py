"""Objects read without a git process for each: new ones by their files, all others by one `git cat-file` that lives on.

Whatever it cannot say for sure it leaves to a call of git's: what is damaged, large, promised by a remote, or gone.
It follows no name but those that git resolves, and writes nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import zlib
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from splinter.git import command_line, users_config
from splinter.git.command_line import Repository
from splinter.git.lasting import Lasting
from splinter.system.conversation import Conversation, SilentError

MISSING = "missing"
ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LARGEST = 1_000_000  # bytes of an object that is read here
_MOST_KEPT, _LARGEST_KEPT = 200, 16_000
_HEAD = 64  # bytes that hold a loose object's kind and size
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Object:
    """An object: its id and kind, how many bytes it holds, and these where they were asked for."""

    id: str
    kind: str
    size: int
    data: bytes = b""


_kept: OrderedDict[tuple[str, str], Object] = OrderedDict()  # what an id names it names for ever
_lock = threading.Lock()


def read(repository: Repository, id: str) -> Object | None:
    """The whole object of an id; None where only git can tell."""
    return _of_id(repository, id, is_whole=True)


def info(repository: Repository, id: str) -> Object | None:
    """The same without what it holds, however large it is."""
    return _of_id(repository, id, is_whole=False)


def named(repository: Repository, name: str, *, is_whole: bool) -> Object | None:
    """The object that a name stands for, with the kind MISSING where it stands for none; None as above."""
    found = None if "\n" in name else _told(repository, name, is_whole=is_whole)
    is_elsewhere = repository.objects is not None and not name.startswith("refs/")
    return None if found and found.kind == MISSING and is_elsewhere else found


def _of_id(repository: Repository, id: str, *, is_whole: bool) -> Object | None:
    if not ID.fullmatch(id):
        return None
    key = (str(repository.common), id)
    with _lock:
        if is_whole and key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = _loose(repository, id, is_whole=is_whole) or _told(repository, id, is_whole=is_whole)
    if found is None or found.kind == MISSING:
        return None
    with _lock:
        if is_whole and found.size <= _LARGEST_KEPT:
            _kept[key] = found
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return found


def tree_of(repository: Repository, id: str) -> str | None:
    """The tree of a commit, or a tree's own id; None where only git can tell."""
    found = read(repository, id)
    if found is None or found.kind == "tree":
        return id if found else None
    is_commit = found.kind == "commit" and found.data.startswith(b"tree ")
    return found.data[5 : 5 + len(id)].decode("ascii", "replace") if is_commit else None


def _loose(repository: Repository, id: str, *, is_whole: bool) -> Object | None:
    """An object that lies apart, where nothing names it yet; one that is not what its id says is none."""
    if not repository.objects:
        return None
    try:
        with open(f"{repository.objects}/{id[:2]}/{id[2:]}", "rb", buffering=0) as file:  # noqa: PTH123
            unpack = zlib.decompressobj()
            data = unpack.decompress(file.read(_LARGEST), _LARGEST if is_whole else _HEAD)
    except (OSError, zlib.error):
        return None
    head, end, held = data.partition(b"\0")
    kind, _, size = head.partition(b" ")
    if not end or not size.isdigit():
        return None
    if is_whole and (len(held) != int(size) or not unpack.eof or digest(data, len(id)) != id):
        return None
    return Object(id, kind.decode("ascii", "replace"), int(size), held if is_whole else b"")


def is_sound(whole: Object) -> bool:
    """Whether a whole object is what its id says: git does not look each time."""
    return digest(f"{whole.kind} {whole.size}\0".encode() + whole.data, len(whole.id)) == whole.id


def digest(data: bytes | bytearray, length: int) -> str:
    """The hash that git names things by, of so many digits: of an object with kind and size before what it holds."""
    return (hashlib.sha1(data, usedforsecurity=False) if length == 40 else hashlib.sha256(data)).hexdigest()


def _told(repository: Repository, name: str, *, is_whole: bool) -> Object | None:
    """What the conversation says, which is begun again once where it is over; None where it says nothing."""
    if users_config.promising(repository.reaching) and not repository.copy:
        return None  # git fetches what such a clone lacks
    with _reader.turn(repository) as turn:
        for _ in range(2):
            with suppress(SilentError, OSError):
                return _answer(repository, _reader.begun(repository, turn), name, is_whole=is_whole)
            command_line.left_s(repository)
    return None


def _times(path: str) -> tuple[int, ...]:
    """By what a file is known, through a link; nothing of one that is not there."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def _packed(own: Path) -> object:
    """What packs and packed refs are like; git would go on to read of a pack that is gone.

    Of packed refs it sees no change that keeps inode and size within a second.
    """
    return _times(f"{own}/objects/pack"), _times(f"{own}/packed-refs")


_reader = Lasting("cat-file", "--batch-command", look=_packed)


def _answer(repository: Repository, talk: Conversation, name: str, *, is_whole: bool) -> Object | None:
    """What git says of one name; None for what is too large here or ambiguous."""

    def line() -> bytes:
        return talk.line(timeout_s=_TIMEOUT_S, is_stopping=repository.is_stopping)

    asked = os.fsencode(name)
    talk.ask(b"info " + asked + b"\n")
    said = line()
    words = said.split(b" ")
    if said == asked + b" missing":
        return Object("", MISSING, 0)
    if len(words) != 3 or not words[2].isdigit():
        return None
    found = Object(words[0].decode(), words[1].decode(), int(words[2]))
    if not is_whole:
        return found
    if found.size > _LARGEST:
        return None
    talk.ask(b"contents " + words[0] + b"\n")
    if line() != said:
        talk.end()
        return None
    data = talk.exactly(found.size + 1, timeout_s=_TIMEOUT_S, is_stopping=repository.is_stopping)
    return Object(found.id, found.kind, found.size, data[:-1])
