"""doit's loader for projects of ours: the user's own tasks of `dodo.py`, and beside them the workstreams.

It knows the command and its options before it makes tasks, so that looking works where running would not.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from doit.cmd_base import DodoTaskLoader
from doit.exceptions import InvalidCommand, InvalidDodoFile
from doit.loader import generate_tasks

from splinter.doit_plugins import command_help, options, printing
from splinter.doit_plugins.database import READ_ONLY
from splinter.doit_plugins.terminal import read_project
from splinter.errors import InputError, SplinterError

# what of doit's configuration decides how a success is kept
_VERSION = "0.37.0"  # in this form alone doit reads one
_KEEPERS = ("backend", "check_file_uptodate", "dep_file")
_ALLOCATED = 20_000  # objects more than freed, before cycles are looked for: some megabytes at the most
_OF_ONE_TASK = ("help", "info")  # of doit's commands: they tell of a group's own task


class Loader(DodoTaskLoader):
    """Adds our tasks to those of `dodo.py`; another project's `dodo.py` is loaded as doit loads it."""

    def __init__(self) -> None:
        """The session is opened when tasks are asked for."""
        super().__init__()
        # what is imported and read stays: at Python's 700, looking through it again took a twelfth of a start
        gc.set_threshold(_ALLOCATED)
        printing.guard()  # before doit's commands take the streams to print to
        options.explain()
        command_help.explain()
        self.project: Any = None
        self.session: Any = None
        self._options: dict[str, Any] = {}

    def setup(self, opt_values: dict[str, Any]) -> None:
        """Load `dodo.py`, and remember the options."""
        self._options = opt_values
        super().setup(opt_values)

    @property
    def is_ours(self) -> bool:
        """Whether this `dodo.py` imports our tasks."""
        return "task_splinter" in self.namespace

    def load_doit_config(self) -> dict[str, Any]:
        """Ours, and over it what `dodo.py` sets; our database lies in the main checkout, wherever we were called."""
        config: dict[str, Any] = super().load_doit_config()
        if not self.is_ours:
            return config
        from splinter.doit_plugins.tasks import DOIT_CONFIG
        from splinter.engine import simulation
        from splinter.model.layout import DATABASE
        from splinter.system import processors
        from splinter.system.files import exclude_from_git

        _refuse_unfit(config)
        self._refuse_others(config, DOIT_CONFIG)
        try:
            self.project = read_project()
            if self._options.get("simulate"):
                self.project.collection.check()
        except InputError as error:
            raise InvalidDodoFile(str(error)) from error
        if self._options.get("simulate"):
            self._refuse_real()
            self.project = simulation.begin(self.project)
        elif not self._options.get("dry_run"):
            with suppress(OSError):  # commands that look do so on a read-only disk too
                exclude_from_git(self.project.repository.common, f"{DATABASE}*")
        settings = {"num_process": self.project.settings.jobs or processors.available()}
        return {**settings, **DOIT_CONFIG, **config, "dep_file": str(self.project.repository.root / DATABASE)}

    def _refuse_others(self, config: dict[str, Any], ours: dict[str, Any]) -> None:
        """Raise InvalidDodoFile where what keeps our tasks' success is to be another; else it would be lost."""
        for name in _KEEPERS:
            if config.get(name, ours[name]) != ours[name]:
                raise InvalidDodoFile(
                    f"DOIT_CONFIG in dodo.py sets {name}, by which splinter knows what succeeded: leave it out, "
                    "and it stays as splinter sets it"
                )
        for name in ("backend", "check_file_uptodate"):  # --db-file may name another file of the same kind
            is_chosen = name in getattr(self._options, "_non_default_keys", ())
            if is_chosen and self._options[name] not in (ours[name], READ_ONLY):
                raise InvalidDodoFile(
                    f"--{name} cannot be used here: by it splinter knows what succeeded; leave it out"
                )

    def _refuse_real(self) -> None:
        """Raise InvalidDodoFile where a simulated run is asked for what is no part of one."""
        if "dep_file" in getattr(self._options, "_non_default_keys", ()):
            raise InvalidDodoFile("--simulate has a database of its own: leave out --db-file")

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Any]:
        """The user's own tasks, then ours; raises InvalidDodoFile where what we read cannot be run."""
        if not cmd.execute_tasks:
            _refuse_options(cmd, pos_args)
        if not self.is_ours:
            return list(super().load_tasks(cmd, pos_args))
        from splinter.doit_plugins import plan_file, tasks
        from splinter.engine import project, prospects
        from splinter.engine.session import nobody
        from splinter.publish import plugins

        runs, is_simulated = self._runs(cmd), bool(self._options.get("simulate"))
        writes_plan = bool(self._options.get("write"))
        only_publishes = cmd.execute_tasks and _only_publishes(pos_args)
        if runs and (refusal := getattr(cmd.dep_manager.backend, "refusal", None)):
            raise refusal
        try:
            asks = (runs or writes_plan) and not is_simulated
            self._check(is_run=cmd.execute_tasks or writes_plan, is_asked_again=asks)
            if runs and hasattr(cmd.dep_manager.backend, "open_now"):
                cmd.dep_manager.backend.open_now()
            self.session = project.open_session(
                self.project, auth=plugins.auth, merged=nobody if is_simulated else plugins.merged,
                is_hosted=plugins.is_hosted, is_read_only=not runs,
                may_fetch=asks, given=plan_file.given(self._options),
                only_publishes=only_publishes,
            )  # fmt: skip
            if not (cmd.execute_tasks or getattr(cmd, "tells_errors", False)):
                self.session.history.look()  # doit's own commands show no later error without a traceback
            if cmd.name not in _OF_ONE_TASK:
                pos_args[:] = _members(prospects.groups(self.session), pos_args, self.session.part)
            plan_file.refuse_others(self.session, _names(pos_args), is_shard=bool(self._options.get("shard")))
        except InputError as error:
            raise InvalidDodoFile(str(error)) from error
        except (SplinterError, OSError) as error:
            if cmd.execute_tasks:
                raise
            raise InvalidDodoFile(str(error)) from error  # doit's own commands show no other without a traceback
        return self._beside_the_users(cmd, pos_args, list(generate_tasks("splinter", tasks.to_dicts(self.session))))

    def _beside_the_users(self, cmd: Any, pos_args: list[str], ours: list[Any]) -> list[Any]:
        """The user's own tasks, then ours, made again where the remote's default branch is another by now."""
        from splinter.doit_plugins import tasks

        runs, is_simulated = self._runs(cmd), bool(self._options.get("simulate"))
        self.namespace.pop("task_splinter")
        own = list(super().load_tasks(cmd, pos_args))
        follows = runs and not is_simulated and self._follows_default_branch(cmd, pos_args, ours)
        if is_simulated:
            own = _left_alone(own, pos_args)
        elif follows or (self._options.get("write") and self._follows()):
            ours = list(generate_tasks("splinter", tasks.to_dicts(self.session)))
        defaults = tasks.default_tasks(self.session)
        names = {task.name for task in own if not task.subtask_of}
        tasks.DOIT_CONFIG["default_tasks"][:] = [*(task.name for task in own if task.name in names), *defaults]
        return [*own, *ours]

    def _runs(self, cmd: Any) -> bool:
        return bool(cmd.execute_tasks and not self._options.get("dry_run"))

    def _follows_default_branch(self, cmd: Any, pos_args: list[str], ours: list[Any]) -> bool:
        """Ask the remote for its default branch where something is due; whether the tasks are others now."""
        from splinter.doit_plugins import tasks
        from splinter.engine import project

        if _only_publishes(pos_args):
            # only publishes what is there; a job that was handed its refs knows no default branch by them
            is_asked = "pr" in _names(pos_args) and project.must_ask_to_publish(self.session)
            return is_asked and project.follow_default_branch(self.session)
        if not self.session.asks or not project.rests_on_default_branch(self.session):
            return False
        try:
            is_due = self._options.get("always") or tasks.is_something_due(self.session, cmd.dep_manager, ours)
        except InputError as error:
            raise InvalidDodoFile(str(error)) from error
        return bool(is_due) and self._follows()

    def _follows(self) -> bool:
        """Ask the remote for its default branch; whether the tasks are others now."""
        from splinter.engine import project

        try:
            return project.follow_default_branch(self.session)
        except InputError as error:
            raise InvalidDodoFile(str(error)) from error

    def _check(self, *, is_run: bool, is_asked_again: bool) -> None:
        """Problems end a run; a command that only looks shows what can be read, and says what cannot."""
        try:
            self.project.collection.check(is_asked_again=is_asked_again)
        except InputError as error:
            if is_run:
                raise
            sys.stderr.write(f"{error}\n")


def _left_alone(own: list[Any], words: list[str]) -> list[Any]:
    """No task of the user's own: it would run for real. Raises InvalidCommand where one is asked for."""
    asked = {word.partition(":")[0] for word in words} & {task.name for task in own}
    if asked:
        raise InvalidCommand(f'"{min(asked)}" is a task of your own, which a simulated run leaves alone')
    return []


def _members(
    groups: Mapping[str, Sequence[str]], words: list[str], part: frozenset[str] | None
) -> Iterator[str]:  # fmt: skip
    """The words of a call with the members of a matrix for its id, `pr:ID` too; of a plan's part those that it runs."""
    for word in words:
        task, colon, id = word.rpartition(":")
        members = [one for one in groups.get(id, ()) if part is None or one in part]
        yield from (f"{task}{colon}{member}" for member in members or groups.get(id, (id,)))


def _names(words: list[str]) -> list[str]:
    """What of a call's arguments are tasks, without their parts."""
    return [word.split(":")[0] for word in words if not word.startswith("-")]


def _only_publishes(words: list[str]) -> bool:
    """Whether a call names nothing but what comes after workstreams."""
    from splinter.doit_plugins import final_tasks

    names = _names(words)
    return bool(names) and set(names) <= set(final_tasks.NAMES)


def _refuse_unfit(config: dict[str, Any]) -> None:
    """Raise InvalidDodoFile for a value in DOIT_CONFIG that doit itself would meet with a traceback."""
    version, jobs = config.get("minversion", (0, 0, 0)), config.get("num_process", 0)
    parts = version.split(".") if isinstance(version, str) else version
    if not isinstance(parts, list | tuple) or len(parts) != len(_VERSION.split(".")):
        raise InvalidDodoFile(f'DOIT_CONFIG in dodo.py sets minversion to {version!r}; write it as "{_VERSION}"')
    try:
        int(jobs)
    except (TypeError, ValueError):
        raise InvalidDodoFile(f"DOIT_CONFIG in dodo.py sets num_process to {jobs!r}; write a number") from None


def _refuse_options(cmd: Any, words: list[str]) -> None:
    """Raise InvalidCommand for an option behind a task, which doit takes for a task."""
    behind = [word for word in words if word.startswith("-")]
    if behind:
        known = {f"--{one.long}" for one in cmd.cmdparser.options if one.long}
        known |= {f"-{one.short}" for one in cmd.cmdparser.options if one.short}
        name = behind[0].partition("=")[0]
        from splinter.text.patterns import did_you_mean

        where = f"stands before the tasks: doit {cmd.name} {behind[0]} {words[0]}" if name in known else "is not known"
        hint = "" if name in known else did_you_mean(name, known) or f'; "doit help {cmd.name}" names those that are'
        raise InvalidCommand(f"option {name} {where}{hint}")
