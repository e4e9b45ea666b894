"""Secrets in what a step made: known values in any encoding, and tokens that an issuer's own prefix gives away.

Looks at the files of a diff and at their names, before they are committed. It never shows what it found, holds no large
file whole, and unpacks nothing.
"""

from __future__ import annotations

import functools
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

from splinter.git import blobs as objects
from splinter.git import command_line, line_counts
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.commands import RawChange
from splinter.text.counts import and_more
from splinter.text.redact import MASK, Redactor

_SHOWN = 5
_PIECE = 8 * 1024 * 1024  # bytes of a file that are looked at together
_BEFORE = 128  # bytes before a place that decide whether a token begins there
# ASCII as UTF-16 and UTF-32 write it, in either order; known values are looked for in these by themselves
_WIDE = re.compile(rb"(?:[\t\n\r -~]\0{1,3}+){20,}|(?:\0{1,3}+[\t\n\r -~]){20,}")


def found(repository: Repository, redactor: Redactor, changes: Sequence[RawChange]) -> tuple[str, ...]:
    """Paths, as people may read them, of files that hold a secret which was not in them before."""
    secrets = _secrets(repository, redactor, changes)
    leaking = []
    for change in changes:
        named = change.status != "D" and _is_in_name(redactor, change.path)
        if named or secrets.get(change.new_blob, frozenset()) - secrets.get(change.old_blob, frozenset()):
            leaking.append(_shown(redactor, change.path))
    return tuple(leaking)


def unmaskable(repository: Repository, redactor: Redactor, old: str, new: str) -> dict[str, str]:
    """The changed files of two trees whose secrets a patch would show although it is masked, with what to call them.

    Of a binary file a patch has the bytes compressed, and a name that only a `/` divides from a secret stays a name.
    """
    changes = git.diff(repository, old, new)
    binary = line_counts.binary(repository, old, new) if changes else frozenset()
    secrets = _secrets(repository, redactor, [change for change in changes if change.path in binary])
    hidden = (
        change.path
        for change in changes
        if _is_in_name(redactor, change.path) or any(map(secrets.get, (change.old_blob, change.new_blob)))
    )
    return {path: _shown(redactor, path) for path in hidden}


def summary(paths: Sequence[str]) -> str:
    """The finding as a sentence of bounded length."""
    return f"a secret stands in {and_more(paths, _SHOWN)}; nothing of the step is committed"


def _is_in_name(redactor: Redactor, path: str) -> bool:
    """Whether a path holds a secret, be it one that a `/` parts."""
    return bool(redactor.found(os.fsencode(path))) or _is_parted(redactor, path)


def _is_parted(redactor: Redactor, path: str) -> bool:
    return "/" in path and bool(_without_slashes(redactor).found(os.fsencode(path.replace("/", ""))))


@functools.lru_cache(maxsize=1)
def _without_slashes(redactor: Redactor) -> Redactor:
    return Redactor(tuple(secret.replace("/", "") for secret in redactor.secrets))


def _shown(redactor: Redactor, path: str) -> str:
    """A path without its secrets; the whole of one is masked where a `/` parts the secret in it."""
    is_whole = redactor.found(os.fsencode(path)) or not _is_parted(redactor, path)
    return redactor.text(git.printable(path)) if is_whole else MASK.decode()


def _secrets(
    repository: Repository, redactor: Redactor, changes: Sequence[RawChange]
) -> dict[str, frozenset[bytes]]:  # fmt: skip
    """The secrets of each blob of those changes that has some, as hashes."""
    blobs = {blob for change in changes for blob in (change.old_blob, change.new_blob) if not _is_none(change, blob)}
    found: dict[str, frozenset[bytes]] = {}
    if not blobs:
        return found
    with tempfile.TemporaryFile() as listing:
        objects.write(repository, sorted(blobs), listing)
        listing.seek(0)
        while head := listing.readline():
            blob, kind, *size = head.decode().split()
            command_line.left_s(repository)
            if kind == "blob":
                found[blob] = frozenset(_in_file(redactor, listing, int(size[0])))
                listing.readline()
    return {blob: secrets for blob, secrets in found.items() if secrets}


def _is_none(change: RawChange, blob: str) -> bool:
    return set(blob) == {"0"} or change.is_repository


def _in_file(redactor: Redactor, file: IO[bytes], size: int) -> Iterator[bytes]:
    """The secrets in the next `size` bytes of a file, read in pieces that overlap by the longest secret."""
    margin = redactor.reach
    data, left, start = b"", size, 0
    while left or data:
        piece = file.read(min(left, _PIECE))
        left = left - len(piece) if piece else 0
        data += piece
        stop = len(data) - margin if left else len(data)
        if stop > start or not left:
            yield from redactor.found(data, start=start, stop=stop)
            yield from _in_wide_text(redactor, data)
            gone = max(0, stop - _BEFORE) if left else len(data)
            data, start = data[gone:], stop - gone


def _in_wide_text(redactor: Redactor, data: bytes) -> Iterator[bytes]:
    for run in _WIDE.finditer(data) if b"\0" in data else ():
        yield from redactor.found(run[0].replace(b"\0", b""))
