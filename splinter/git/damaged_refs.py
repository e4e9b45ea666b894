"""Refs whose file names nothing, as a power cut leaves it: git takes one for none, and lets nobody move it.

It says so, with the command that brings it back. It mends nothing: what the ref held may be a person's.
"""

from __future__ import annotations

import re
import shlex

from splinter.errors import StorageError
from splinter.git.command_line import Repository
from splinter.system import disk

_BROKEN = re.compile(r"unable to resolve reference '(refs/[^'\n]+)': reference broken")
_ID = re.compile(rb"^[0-9a-f]{40,64} ([0-9a-f]{40,64}) ", re.MULTILINE)
_MOST = 64 * 1024 * 1024  # bytes of a log


def refuse(repository: Repository, said: str) -> None:
    """Raise StorageError where git refused to move refs since one is damaged; `said` are its words."""
    found = _BROKEN.search(said)
    if found:
        raise of(repository, found[1])


def refuse_torn_head(repository: Repository) -> None:
    """The same where HEAD names no commit, though the file of its branch is there: git then knows neither."""
    said = disk.beginning(repository.common / "HEAD", _MOST).decode("utf-8", "replace")
    ref = said.removeprefix("ref: ").strip()
    if repository.format.refs == "files" and ref.startswith("refs/") and disk.seen_file(repository.common / ref):
        raise of(repository, ref)


def of(repository: Repository, ref: str) -> StorageError:
    """What to say of a damaged ref: where it lies, and what its log says that it held."""
    held = _ID.findall(disk.beginning(repository.common / "logs" / ref, _MOST))
    back = f" && git update-ref {shlex.quote(ref)} {held[-1].decode()}" if held and set(held[-1]) != {ord("0")} else ""
    command = f"rm {shlex.quote(str(repository.common / ref))}{back}"
    how = "restores what its log says that it held" if back else "clears it, and it is made again"
    return StorageError(f'{ref} is damaged, as a power cut leaves it; "{command}" {how}')
