"""What objects hold, by their ids or names. It reads, and follows nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO

from splinter.git import command_line, object_reader
from splinter.git.command_line import Repository

_SYMLINK = "120000"
_MOST_ASKED = 50  # objects one by one; more are one call of git's


def content(repository: Repository, blob: str, *, most: int) -> bytes | None:
    """What one object holds, None for one that is larger than `most` bytes."""
    size = command_line.call(repository, "cat-file", "-s", blob).stdout
    return command_line.call(repository, "cat-file", "blob", blob).stdout if int(size) <= most else None


def within(repository: Repository, names: Sequence[str], *, most: int) -> list[str]:
    """Those of the names whose objects hold no more than so many bytes."""
    listing = "".join(f"{name}\n" for name in names).encode()
    done = command_line.call(repository, "cat-file", "--batch-check=%(objectsize)", stdin=listing) if names else None
    sizes = done.stdout.splitlines() if done else []
    return [name for name, size in zip(names, sizes, strict=True) if size.isdigit() and int(size) <= most]


def sizes(repository: Repository, ids: Sequence[str]) -> dict[str, int]:
    """The bytes of those objects, by their ids; one that is missing is left out."""
    known = [object_reader.info(repository, id) for id in ids[:_MOST_ASKED]]
    if len(known) == len(ids) and None not in known:
        return {one.id: one.size for one in known if one}
    listing = "".join(f"{id}\n" for id in ids).encode()
    words = ("cat-file", "--batch-check=%(objectname) %(objectsize)")
    lines = command_line.call(repository, *words, stdin=listing).stdout.decode().splitlines() if ids else []
    return {id: int(size) for id, size in (line.split(" ", 1) for line in lines) if size.isdigit()}


def contents(repository: Repository, names: Sequence[str]) -> list[bytes | None]:
    """What each of those objects holds, in one call; None for one that is no blob."""
    listing = "".join(f"{name}\n" for name in names).encode()
    data = command_line.call(repository, "cat-file", "--batch", stdin=listing, may_fetch=True).stdout if names else b""
    found: list[bytes | None] = []
    place = 0
    while place < len(data):
        end = data.index(b"\n", place)
        words = data[place:end].split(b" ")
        size = int(words[2]) if len(words) == 3 and words[1] in (b"blob", b"tree", b"commit") else None
        found.append(data[end + 1 : end + 1 + size] if size is not None and words[1] == b"blob" else None)
        place = end + 1 if size is None else end + 2 + size
    return found


def texts(repository: Repository, commit: str, paths: Sequence[str], *, most: int) -> tuple[str, ...]:
    """What files of a commit hold; of what is no file there, or has more bytes, nothing."""
    names = within(repository, [f"{commit}:{path}" for path in paths], most=most)
    found = contents(repository, names)
    return tuple(data.decode("utf-8", "replace") for data in found if data is not None)


def links(repository: Repository, tree: str) -> dict[str, str]:
    """The symlinks of a tree or commit, by path, with what they point to."""
    listing = command_line.call(repository, "ls-tree", "-r", "-z", tree).stdout.split(b"\0")
    rows = [line.partition(b"\t") for line in listing if line.startswith(_SYMLINK.encode())]
    targets = contents(repository, [head.split()[2].decode() for head, _, _ in rows])
    pairs = zip(rows, targets, strict=True)
    return {os.fsdecode(path): os.fsdecode(target) for (_, _, path), target in pairs if target is not None}


def write(repository: Repository, ids: Sequence[str], output: IO[bytes]) -> None:
    """The contents of blobs as `git cat-file --batch` gives them: `<id> blob <size>`, the bytes, a line end."""
    known = [object_reader.read(repository, blob) for blob in ids[:_MOST_ASKED]]
    if len(known) < len(ids) or None in known:
        listing = "".join(f"{blob}\n" for blob in ids).encode()
        command_line.call(repository, "cat-file", "--batch", stdin=listing, stdout=output, may_fetch=True)
        return
    for one in filter(None, known):
        output.write(f"{one.id} {one.kind} {one.size}\n".encode() + one.data + b"\n")
