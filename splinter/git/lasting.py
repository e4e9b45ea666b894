"""A git that lives as long as a run: one for each of a few repositories, for one thread at a time.

It ends with us, however we end, or where its place goes to another repository. What is said to it others know.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from splinter.git import call_environment, command_line
from splinter.git.command_line import Repository
from splinter.system import process
from splinter.system.conversation import Conversation

_MOST = 4  # at once: of the user's repository, of a simulated run, of submodules' clones


@dataclass(slots=True)
class Turn:
    """The turn of a thread; `seen` is what a look saw when the program began."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    talk: Conversation | None = None
    seen: object = None


class Lasting:
    """Programs of one kind, by repository."""

    def __init__(
        self, verb: str, *arguments: str, config: Sequence[str] = (), look: Callable[[Path], object] = lambda own: None
    ) -> None:  # fmt: skip
        """`config` are settings of such a call; where a `look` at our git directory sees another, it begins again."""
        self._verb, self._arguments, self._look = verb, arguments, look
        self._config = tuple(word for setting in config for word in ("-c", setting))
        self._turns: OrderedDict[tuple[str, ...], Turn] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, repository: Repository) -> Iterator[Turn]:
        """Wait until nobody else speaks with the program of a repository."""
        key = (str(repository.own), str(repository.kept_in), repository.environ.get("PATH", ""))
        with self._lock:
            found = self._turns.setdefault(key, Turn())
            self._turns.move_to_end(key)
            if len(self._turns) > _MOST:
                self._turns.popitem(last=False)  # its program ends with it
        with found.lock:
            yield found

    def begun(self, repository: Repository, turn: Turn) -> Conversation:
        """The program, a new one where it has ended, or another would be seen; raises OSError and StorageError."""
        own = command_line.own(repository, self._verb)
        seen = self._look(own)
        if turn.talk is None or not turn.talk.end.alive or turn.seen != seen:
            if turn.talk:
                turn.talk.end()
            argv = ("git", "--no-pager", *self._config, f"--git-dir={own}", self._verb, *self._arguments)
            turn.talk = process.converse(argv, env=call_environment.of_local_call(repository.environ))
            turn.seen = seen
        return turn.talk
