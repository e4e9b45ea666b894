"""What a call does at this moment, as another process may read it: names, times and sums, no text of others."""

from __future__ import annotations

from dataclasses import dataclass

from splinter.model.records import Usage

_HOW = {"base": "before the change", "again": "once more"}  # a check on other files, or another time on the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """A task that runs, `since` a time as ISO says it.

    `command` is what of it runs now, such as a check, by the name of its log, and `log` that file's path. `attempt`
    says which try it is, `waits_for` what keeps it; each is empty for nothing.
    """

    task: str
    since: str
    workstream: str = ""
    command: str = ""
    log: str = ""
    attempt: str = ""
    waits_for: str = ""

    @property
    def name(self) -> str:
        """The task, with what of it runs where that has another name: `lint:accept (tests)`."""
        of_task, command = self.task.partition(":")[2] or self.task, self.command.partition(".")[0]
        return f"{self.task} ({command})" if command not in ("", of_task) else self.task

    @property
    def how(self) -> tuple[str, ...]:
        """What else there is to say of it: on which files, which try, and what keeps it."""
        suffixes = self.command.split(".")[1:]
        found = [words for suffix, words in _HOW.items() if suffix in suffixes]
        waits = f"waits for {self.waits_for}" if self.waits_for else ""
        return tuple(filter(None, (*found, self.attempt, waits)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A workstream that has not come to its end and of which nothing runs; `waits_for` are others, none: a free job."""

    workstream: str
    waits_for: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """What it waits for, in words."""
        return f"waits for {', '.join(self.waits_for)}" if self.waits_for else "waits for a free job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the calls of a workstream have cost in this run."""

    workstream: str
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """A call of the process `pid`; `run` is None where it has not begun to record anything."""

    pid: int
    run: str | None = None
    doing: tuple[Doing, ...] = ()
    pending: tuple[Pending, ...] = ()
    spent: tuple[Spent, ...] = ()

    def usage(self, workstream: str) -> Usage:
        """What a workstream has cost."""
        return next((one.usage for one in self.spent if one.workstream == workstream), Usage())
