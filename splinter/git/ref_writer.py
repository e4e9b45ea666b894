"""Refs that nobody but us names, set by one `git update-ref` that lives on; what it does not do, git is called for.

Branches and whatever is moved from a known place go by a call of their own, with their word in the log of the ref.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from splinter.git import command_line
from splinter.git.command_line import Repository
from splinter.system import process
from splinter.system.conversation import Conversation, SilentError

_MOST = 4  # conversations at once
_MOST_BYTES = 16_000  # of a question; a pipe holds more
_TIMEOUT_S = 60.0
_NO_WAIT = ("-c", "core.filesRefLockTimeout=1000")  # who waits for a lock is the call that is made then
_WORD = "splinter"


@dataclass(slots=True)
class _Writer:
    lock: threading.Lock = field(default_factory=threading.Lock)
    talk: Conversation | None = None


_writers: OrderedDict[tuple[str, ...], _Writer] = OrderedDict()
_lock = threading.Lock()


def set_all(repository: Repository, refs: Mapping[str, str]) -> bool:
    """Let refs name ids, all or none; false where git is to be called, and then perhaps it is done."""
    script = "".join(["start\n", *(f"update {ref} {id}\n" for ref, id in refs.items()), "prepare\ncommit\n"]).encode()
    if repository.format.refs != "files" or len(script) > _MOST_BYTES:
        return False
    writer = _writer(repository)
    with writer.lock, suppress(SilentError, OSError):
        own = command_line.own(repository, "update-ref")
        if writer.talk is None or not writer.talk.end.alive:
            argv = ("git", "--no-pager", *_NO_WAIT, f"--git-dir={own}", "update-ref", "-m", _WORD, "--stdin")
            writer.talk = process.converse(argv, env=command_line.environment(repository.environ))
        talk = writer.talk
        talk.ask(script)
        for said in (b"start: ok", b"prepare: ok", b"commit: ok"):
            if talk.line(timeout_s=_TIMEOUT_S, is_stopping=lambda: False) != said:
                talk.end()
                return False
        return True
    return False


def _writer(repository: Repository) -> _Writer:
    key = (str(repository.own), str(repository.kept_in), repository.environ.get("PATH", ""))
    with _lock:
        found = _writers.setdefault(key, _Writer())
        _writers.move_to_end(key)
        if len(_writers) > _MOST:
            _writers.popitem(last=False)  # its program ends with it
        return found
