"""doit's memory and actions as we use them: rows that count, files by their meaning, calls that tear no output."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doit.action import BaseAction
from doit.exceptions import BaseFail, TaskError, TaskFailed
from doit.globals import Globals

from splinter import collection, git, storage
from splinter.engine import Values
from splinter.errors import SplinterError, StepError
from splinter.plan import Plan
from splinter.session import Session


class MeaningChecker:
    """doit's view of files: a workstream's file changed when what it says changed, any other when its bytes did."""

    CheckerError = OSError

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return Path(path).exists()

    def info(self, path: str) -> os.stat_result:
        """Its stat; raises OSError where there is none."""
        return Path(path).stat()

    def check_modified(self, path: str, stat: os.stat_result, state: list[Any]) -> bool:
        """Whether its meaning differs; equal time and size are taken for no change, as git does."""
        return [stat.st_mtime_ns, stat.st_size] != state[:2] and collection.meaning(Path(path)) != state[2]

    def get_state(self, path: str, current: list[Any] | None) -> list[Any] | None:
        """What is kept of it after a success."""
        stat = Path(path).stat()
        if current and [stat.st_mtime_ns, stat.st_size] == current[:2]:
            return None
        return [stat.st_mtime_ns, stat.st_size, collection.meaning(Path(path))]


class Act(BaseAction):
    """A call of ours as doit's action; it neither captures nor swaps stdout, so that threads do not tear it."""

    def __init__(self, call: Callable[[Any], Values | None]) -> None:
        """`call` takes doit's task and returns the values to keep."""
        self._call = call
        self.task: Any = None
        self.out = self.err = self.result = None
        self.values: Values = {}

    def execute(self, out: object = None, err: object = None) -> BaseFail | None:
        """Call it; a failure of a workstream is a failed task, any other error of ours an error."""
        try:
            self.values = self._call(self.task) or {}
        except StepError as error:
            return TaskFailed(f"{error.reason}: {error}")
        except SplinterError as error:
            return TaskError(str(error))
        except OSError as error:
            session = (getattr(self.task, "meta", None) or {}).get("session")
            return TaskError(str(storage.of(error, session.folders() if session else ())))
        except Exception as error:  # our own bug: shown whole, and only this task fails
            return TaskError("this is a defect of splinter's; please report it", error)
        return None

    def __str__(self) -> str:
        """What `doit clean` and `doit info` print."""
        return getattr(self._call, "__name__", "splinter")


class Rows:
    """doit's rows as far as they count: a row whose commit is gone tells of nothing."""

    def __init__(self, session: Session) -> None:
        """`session` gives the plans whose rows are looked at."""
        self._session = session
        self._held: frozenset[str] | None = None

    def values(self, task: str) -> Values:
        """The values of a task's last success, empty where there is none that counts."""
        values: Values = Globals.dep_manager.get_values(task)
        commits = _commits(values)
        unsure = commits - self._session.made
        return values if not unsure or unsure <= self._known() else {}

    def _known(self) -> frozenset[str]:
        """Which of all recorded commits exist: one git call for the whole run."""
        if self._held is None:
            names = [name for one in self._session.plans.values() for name in one.tasks]
            commits = {commit for name in names for commit in _commits(Globals.dep_manager.get_values(name))}
            self._held = git.existing(self._session.repository, commits)
        return self._held


def follow_rename(one: Plan, task: Any, values: Values) -> None:
    """A workstream's file that only got another name keeps its row: doit knows files by their paths."""
    old, new = values.get("source"), one.workstream.source
    if not old or old == new:
        return
    rows = Globals.dep_manager
    paths = {str(path).removesuffix(new) + old: path for path in task.file_dep if str(path).endswith(new)}
    for before, after in paths.items():
        state = rows._get(task.name, before)
        if state and not Path(before).exists():
            rows._set(task.name, "_values_:", {**values, "source": new})
            rows._set(task.name, after, state)
            rows._set(task.name, "deps:", [after if dep == before else dep for dep in rows._get(task.name, "deps:")])


def _commits(values: Values) -> frozenset[str]:
    return frozenset(values[key] for key in ("commit", "tip", "start") if values.get(key))
