"""Who may go on: so many calls of a tool at once, and one at a time where two would do the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from splinter.engine.activity import Activity
from splinter.errors import Reason, StepError
from splinter.model.tool import Tool
from splinter.system.process import Processes

_WAKE_S = 0.2


class Slots:
    """The slots of one call; safe to use from several threads."""

    def __init__(self, processes: Processes, activity: Activity) -> None:
        """Whoever waits gives up where `processes` are being stopped; `activity` hears what is waited for."""
        self._processes, self._activity = processes, activity
        self._lock = threading.Lock()
        self._free: dict[str, threading.BoundedSemaphore] = {}
        self._mine = threading.local()

    @contextmanager
    def of(self, tool: Tool | None) -> Iterator[None]:
        """Wait until fewer than `at_once` calls of a tool are under way; raises StepError where the run is ended.

        Whoever has a slot already needs no second one.
        """
        mine = vars(self._mine).setdefault("slots", set())
        if tool is None or tool.at_once is None or tool.name in mine:
            yield
            return
        with self._one_of(tool.name, tool.at_once, f"a slot of {tool.name}"):
            mine.add(tool.name)
            try:
                yield
            finally:
                mine.discard(tool.name)

    @contextmanager
    def alone(self, task: str) -> Iterator[None]:
        """Wait until nobody else is at a task; raises StepError where the run is ended."""
        with self._one_of(f"alone: {task}", 1, "another workstream that does the same"):
            yield

    @contextmanager
    def _one_of(self, name: str, slots: int, what: str) -> Iterator[None]:
        with self._lock:
            free = self._free.setdefault(name, threading.BoundedSemaphore(slots))
        if not free.acquire(blocking=False):
            with self._activity.waiting_for(what):
                self._wait(free, what)
        try:
            yield
        finally:
            free.release()

    def _wait(self, free: threading.BoundedSemaphore, what: str) -> None:
        while not free.acquire(timeout=_WAKE_S):
            if self._processes.is_stopping:
                raise StepError(Reason.INTERRUPTED, f"interrupted while waiting for {what}")
