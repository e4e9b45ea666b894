"""What this call does at this moment: kept for who shows it, and written down for other processes that ask.

It decides nothing, and costs one small file where a workstream begins, and one for all that changes within a moment.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Protocol

from splinter.model.ports import Clock
from splinter.model.records import Usage
from splinter.model.under_way import Doing, Pending, Spent, UnderWay

Tell = Callable[[str, str], None]


_KEEP_S = 1.0  # between two writings of a cost that grows


def _nothing(*said: object) -> None:
    """Nobody listens."""


class Keep(Protocol):
    """Whoever writes down what runs."""

    def __call__(self, begun: str = "") -> None:
        """Something changed: to be written soon, but before anything follows that a workstream is begun."""


def _kept_by_nobody(begun: str = "") -> None:
    """Nobody writes it down."""


@dataclass(slots=True)
class Command:
    """A command under way; `usage` is what it cost, as far as it has said."""

    workstream: str
    keep: Callable[[], None]
    usage: Usage | None = None
    _kept: float = -math.inf

    def spend(self, usage: Usage) -> None:
        """It says what it cost so far; written down now and then."""
        self.usage = usage
        if time.monotonic() - self._kept >= _KEEP_S:
            self._kept = time.monotonic()
            self.keep()


class Activity:
    """The tasks that run; safe to use from several threads, each of which works on one task."""

    def __init__(self, clock: Clock, run: Callable[[], str | None]) -> None:
        """`run` says which run it is by now. `keep` hears of each change, `tell` a task and what there is to say."""
        self.keep: Keep = _kept_by_nobody
        self.tell: Tell = _nothing
        self._clock, self._run = clock, run
        self._lock = threading.RLock()
        self._doing: dict[str, Doing] = {}
        self._pending: dict[str, tuple[str, ...]] = {}
        self._spent: dict[str, Usage] = {}
        self._commands: list[Command] = []
        self._mine = threading.local()

    def plan(self, depends_on: Mapping[str, tuple[str, ...]]) -> None:
        """These workstreams are to come to an end in this call, each after those that it depends on."""
        with self._lock:
            self._pending = dict(depends_on)

    def settle(self, workstream: str) -> None:
        """A workstream has come to its end, whatever it was."""
        with self._lock:
            self._pending.pop(workstream, None)

    @contextmanager
    def task(self, name: str, workstream: str = "") -> Iterator[None]:
        """A task runs in this thread."""
        since = self._clock.now().astimezone(UTC).isoformat(timespec="seconds")
        self._mine.task = name
        self._put(Doing(task=name, workstream=workstream, since=since), begun=workstream)
        try:
            yield
        finally:
            with self._lock:
                self._doing.pop(name, None)
            self.keep()

    @contextmanager
    def command(self, workstream: str, name: str, log: str) -> Iterator[Command]:
        """A command of this thread's task runs, its output in `log`."""
        command = Command(workstream, self.keep)
        with self._lock:
            self._commands.append(command)
        self._change(command=name, log=log, waits_for="")
        try:
            yield command
        finally:
            with self._lock:
                self._commands = [other for other in self._commands if other is not command]
                self._spent[workstream] = self._spent.get(workstream, Usage()) + (command.usage or Usage())
            self._change(command="")

    @contextmanager
    def waiting_for(self, what: str) -> Iterator[None]:
        """The task of this thread waits."""
        self._change(waits_for=what)
        try:
            yield
        finally:
            self._change(waits_for="")

    def say(self, attempt: str, said: str) -> None:
        """The task of this thread begins another try: which, in a word or two, and a line for people."""
        self._change(attempt=attempt)
        self.tell(getattr(self._mine, "task", ""), said)

    def close(self) -> None:
        """From now on nobody is told; threads that a signal left behind say nothing more."""
        with self._lock:
            self.keep, self.tell = _kept_by_nobody, _nothing

    def now(self) -> UnderWay:
        """What runs, what waits, and what was spent."""
        with self._lock:
            doing = tuple(self._doing.values())
            busy = {one.workstream for one in doing}
            pending = tuple(
                Pending(workstream=id, waits_for=tuple(other for other in others if other in self._pending))
                for id, others in self._pending.items()
                if id not in busy
            )
            sums = dict(self._spent)
            for command in self._commands:
                sums[command.workstream] = sums.get(command.workstream, Usage()) + (command.usage or Usage())
            spent = tuple(Spent(workstream=id, usage=usage) for id, usage in sums.items() if usage.calls)
            return UnderWay(pid=os.getpid(), run=self._run(), doing=doing, pending=pending, spent=spent)

    def _change(self, **fields: str) -> None:
        found = self._doing.get(getattr(self._mine, "task", ""))
        if found:
            self._put(replace(found, **fields))

    def _put(self, doing: Doing, *, begun: str = "") -> None:
        with self._lock:
            self._doing[doing.task] = doing
        self.keep(begun)
