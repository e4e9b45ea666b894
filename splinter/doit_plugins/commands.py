"""The commands that only look: `doit check`, `doit plan`, `doit history`. They change nothing and take no lock."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doit.cmd_base import Command, DoitCmdBase
from doit.exceptions import InvalidDodoFile

from splinter.errors import InputError, SplinterError

_JSON = {"name": "as_json", "short": "", "long": "json", "type": bool, "default": False, "help": "print JSON"}


class Check(Command):
    """All problems of all files."""

    name = "check"
    doc_purpose = "show all problems of all workstreams and settings"
    doc_usage = ""
    cmd_options = (
        {
            "name": "format", "short": "", "long": "format", "type": str, "default": "text",
            "choices": (("text", "for people"), ("json", "for machines")), "help": "how problems are printed",
        },
    )  # fmt: skip

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print every problem; exit status 3 where one is an error."""
        return _told(lambda: self._check(opt_values["format"]))

    def _check(self, format: str) -> int:
        from splinter import collection, git, settings

        top = git.toplevel(Path.cwd(), settings.environment().variables)
        found = collection.read(top, settings.read(top))
        errors = sum(problem.level == "error" for problem in found.problems)
        if format == "json":
            print(json.dumps([problem.to_json() for problem in found.problems], indent=2))
        else:
            for problem in found.problems:
                print(problem.text())
            files = len({problem.path for problem in found.problems})
            print(f"{len(found.problems)} problems in {files} files" if found.problems
                  else f"{len(found.workstreams)} workstreams, no problem")  # fmt: skip
        return InputError.exit_status if errors else 0


class Plan(DoitCmdBase):
    """What is due, and why."""

    name = "plan"
    doc_purpose = "show for each workstream whether it is due, and why"
    doc_usage = "[WORKSTREAM ...]"
    doc_description = None
    cmd_options = (_JSON,)

    def get_backends(self) -> Any:
        """Doit's backends, and the one that only reads."""
        from splinter.doit_plugins.database import ReadOnlyDatabase

        backends = super().get_backends()
        backends["splinter-read-only"] = ReadOnlyDatabase
        return backends

    def parse_execute(self, in_args: list[str]) -> int:
        """Let options stand anywhere."""
        from splinter.doit_plugins.run import options_first

        return int(super().parse_execute(options_first(in_args, self.cmdparser.options)) or 0)

    def execute(self, params: Any, args: list[str]) -> int:
        """Print a line a workstream."""
        params["backend"] = "splinter-read-only"
        return _told(lambda: int(super(Plan, self).execute(params, args) or 0))

    def _execute(self, as_json: bool, pos_args: list[str]) -> int:
        from splinter import tasks

        session = getattr(self.loader, "session", None)
        if session is None or not session.plans:
            print(tasks.NOBODY)
            return 0
        wanted = pos_args or list(session.plans)
        unknown = [id for id in wanted if id not in session.plans]
        if unknown:
            raise InputError(f'"{unknown[0]}" is no workstream; "doit list" names them')
        by_name = {task.name: task for task in self.task_list}
        told = self._dues(session, by_name)
        rows = [{"workstream": id, "due": bool(told[id]), "why": told[id]} for id in wanted]
        if as_json:
            print(json.dumps(rows, indent=2))
        else:
            width = max(map(len, wanted))
            for row in rows:
                print(f"{row['workstream']:<{width}}  {'due' if row['due'] else 'up to date'}"
                      f"{'  ' if row['why'] else ''}{row['why']}")  # fmt: skip
        return 0

    def _dues(self, session: Any, by_name: dict[str, Any]) -> dict[str, str]:
        """For each workstream, in the order of dependencies, why it is due; empty where it is not."""
        told: dict[str, str] = {}
        for id, plan in session.plans.items():
            others = [other for other in plan.workstream.depends_on if told.get(other)]
            told[id] = f"if the result of {', '.join(others)} changes" if others else ""
            for name in plan.tasks:
                if self.dep_manager.get_status(by_name[name], by_name).status != "up-to-date":
                    told[id] = _why(self.dep_manager.get_values(name), session.materials.get(name, {}), name, id)
                    break
        return told


class History(Command):
    """Past runs."""

    name = "history"
    doc_purpose = "show past runs, their outcomes and durations"
    doc_usage = ""
    cmd_options = (
        {"name": "limit", "short": "n", "long": "limit", "type": int, "default": 20, "help": "how many runs"},
        _JSON,
    )

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print a line a run, the newest first."""
        return _told(lambda: self._show(opt_values["limit"], as_json=opt_values["as_json"]))

    def _show(self, limit: int, *, as_json: bool) -> int:
        from splinter import git, records, settings
        from splinter.store import Store

        environment = settings.environment()
        repository = git.open_repository(git.toplevel(Path.cwd(), environment.variables), environment.variables)
        runs = Store(repository.root / ".splinter", is_read_only=True).runs(limit)
        if as_json:
            print(json.dumps([records.to_json(run) for run in runs], indent=2))
            return 0
        for run in runs:
            counts = {one.outcome: run.count(one.outcome) for one in run.workstreams}
            told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
            seconds = sum(one.seconds for one in run.workstreams)
            ended = "" if run.finished else "  (ended before its time)"
            print(f"{run.run}  {run.started}  {seconds:8.1f} s  {told or 'nothing recorded'}{ended}")
        if not runs:
            print("No run is recorded yet.")
        return 0


def _why(values: dict[str, Any], made_of: dict[str, Any], name: str, id: str) -> str:
    step = name.split(":")[1]
    before = values.get("made_of")
    if not before:
        return "never succeeded" if step == "prepare" else f"{step} has not succeeded yet"
    keys = sorted(key for key in before.keys() | made_of.keys() if before.get(key) != made_of.get(key))
    if not keys:
        return "its definition was edited" if step == "prepare" else "its branch, or the commit it made, is gone"
    return "; ".join(f"{step}: {_difference(key, before.get(key), made_of.get(key))}" for key in keys)


def _difference(key: str, before: Any, now: Any) -> str:
    is_short = all(
        isinstance(value, str) and len(value) < 40 and not value.startswith("sha256:") for value in (before, now)
    )
    return f"{key} was {before}, is {now}" if is_short else f"{key} changed"


def _told(call: Callable[[], int]) -> int:
    try:
        return call()
    except InvalidDodoFile as error:
        sys.stderr.write(f"{error}\n")
        return InputError.exit_status
    except SplinterError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
