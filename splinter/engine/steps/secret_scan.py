"""Secrets in what a step made: known values in any encoding, and tokens that an issuer's own prefix gives away.

Looks at the files of a diff and at their names, before they are committed. It never shows what it found.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence

from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.commands import RawChange
from splinter.text.counts import and_more
from splinter.text.redact import Redactor

_SHOWN = 5


def found(repository: Repository, redactor: Redactor, changes: Sequence[RawChange]) -> tuple[str, ...]:
    """Paths, as people may read them, of files that hold a secret which was not in them before."""
    blobs = {blob for change in changes for blob in (change.old_blob, change.new_blob) if not _is_none(change, blob)}
    secrets = {blob: secret for blob, data in _contents(repository, sorted(blobs)) if (secret := redactor.found(data))}
    leaking = []
    for change in changes:
        named = change.status != "D" and redactor.found(os.fsencode(change.path))
        if named or secrets.get(change.new_blob, frozenset()) - secrets.get(change.old_blob, frozenset()):
            leaking.append(redactor.text(git.printable(change.path)))
    return tuple(leaking)


def summary(paths: Sequence[str]) -> str:
    """The finding as a sentence of bounded length."""
    return f"a secret stands in {and_more(paths, _SHOWN)}; nothing of the step is committed"


def _is_none(change: RawChange, blob: str) -> bool:
    return set(blob) == {"0"} or change.is_repository


def _contents(repository: Repository, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Each blob with its bytes; one at a time in memory."""
    if not blobs:
        return
    with tempfile.TemporaryFile() as listing:
        git.write_blobs(repository, blobs, listing)
        listing.seek(0)
        while head := listing.readline():
            blob, kind, *size = head.decode().split()
            if kind == "blob":
                yield blob, listing.read(int(size[0]))
                listing.readline()
