"""Refs that nobody but us names, set by one `git update-ref` that lives on; what it does not do, git is called for.

Branches and whatever is moved from a known place go by a call of their own, with their word in the log of the ref.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from splinter.git.command_line import Repository
from splinter.git.lasting import Lasting
from splinter.system.conversation import SilentError

_MOST_BYTES = 16_000  # of a question; a pipe holds more
_TIMEOUT_S = 60.0
_writer = Lasting(
    "update-ref", "-m", "splinter", "--stdin",
    config=("core.filesRefLockTimeout=1000",),  # who waits for a lock is the call that is made then
)  # fmt: skip


def set_all(repository: Repository, refs: Mapping[str, str]) -> bool:
    """Let refs name ids, all or none; false where git is to be called, and then perhaps it is done."""
    script = "".join(["start\n", *(f"update {ref} {id}\n" for ref, id in refs.items()), "prepare\ncommit\n"]).encode()
    if repository.format.refs != "files" or len(script) > _MOST_BYTES:
        return False
    with _writer.turn(repository) as turn, suppress(SilentError, OSError):
        talk = _writer.begun(repository, turn)
        talk.ask(script)
        for said in (b"start: ok", b"prepare: ok", b"commit: ok"):
            if talk.line(timeout_s=_TIMEOUT_S, is_stopping=lambda: False) != said:
                talk.end()
                return False
        return True
    return False
