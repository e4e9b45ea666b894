"""`doit` and `doit run` for projects of ours; in any other project it is doit's own, to the letter.

It takes the lock, ends a run on signals, and cuts what only publishes loose from what would have to run first.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from doit import cmd_run
from doit.cmd_base import DodoTaskLoader
from doit.control import TaskControl
from doit.doit_cmd import DoitMain
from doit.exceptions import InvalidCommand, InvalidDodoFile
from doit.task import Stream

from splinter.doit_plugins import command_help, options, plan_file, printing, pull_request_trial, selection
from splinter.doit_plugins.database import READ_ONLY
from splinter.doit_plugins.locked import locked, signals
from splinter.doit_plugins.nothing_due import recall
from splinter.doit_plugins.terminal import exit_status_of
from splinter.errors import InputError, SplinterError, StorageError

_DRY_RUN = {
    "name": "dry_run", "short": "", "long": "dry-run", "type": bool, "default": False,
    "help": "say what each task would do; change nothing, start no tool",
}  # fmt: skip

_NO_CACHE = {
    "name": "no_cache", "short": "", "long": "no-cache", "type": bool, "default": False,
    "help": "call agents again, whatever results are kept",
}  # fmt: skip

_SIMULATE = {
    "name": "simulate", "short": "", "long": "simulate", "type": bool, "default": False,
    "help": "run it all, with recorded patches in the place of agents; publish nothing, count nothing as done",
}  # fmt: skip


class Run(cmd_run.Run):
    """doit's run command, extended by what workstreams need."""

    name = "run"

    def __init__(self, task_loader: Any, **kwargs: Any) -> None:
        """A plain dodo loader is exchanged for ours where `dodo.py` speaks of splinter."""
        if type(task_loader) is DodoTaskLoader and _speaks_of_us(Path("dodo.py")):
            from splinter.doit_plugins.loader import Loader

            ours = Loader()
            ours.cmd_names, ours.config = task_loader.cmd_names, task_loader.config
            task_loader = ours
        self._knows_us = hasattr(task_loader, "session")
        self._is_dry_run, self._uses_kept = False, True
        self._has_plugins = False
        self._call: dict[str, Any] = {"words": (), "asked": None, "began_ns": 0}
        super().__init__(task_loader=task_loader, **kwargs)

    def get_options(self) -> list[Any]:
        """Doit's options, and ours in a project of ours."""
        if self._knows_us:
            ours = (_DRY_RUN, _NO_CACHE, _SIMULATE, plan_file.PLAN, plan_file.SHARD)
            self.cmd_options = (*cmd_run.Run.cmd_options, *ours)
        return list(super().get_options())

    def help(self) -> str:
        """What it does, its options, and examples."""
        self._look_for_plugins()
        return str(super().help() if not self._knows_us else command_help.of_run(self, super().help))

    def get_backends(self) -> Any:
        """Doit's backends, and the one that only reads."""
        if not self._has_plugins:
            return {}
        from splinter.doit_plugins.database import ReadOnlyDatabase

        backends = super().get_backends()
        if self._knows_us:
            backends[READ_ONLY] = ReadOnlyDatabase
        return backends

    def get_reporters(self) -> Any:
        """Doit's reporters, and those of plugins."""
        return super().get_reporters() if self._has_plugins else {}

    def _look_for_plugins(self) -> None:
        """Only now: all that is installed is asked for them, which is long for a call that has nothing to do."""
        self._has_plugins = True
        self._backends, self.reporters = self.get_backends(), self.get_reporters()

    def parse_execute(self, in_args: list[str]) -> int:
        """Let options stand anywhere, and find the project from any folder below it."""
        if self._knows_us:
            began_ns, asked = time.time_ns(), recall.call(self.config, self.opt_vals)
            ended: list[int] = []
            with signals(ended.append):  # a remote takes its time
                said = recall.line(in_args, asked, lambda: bool(ended))
            if ended:
                return 128 + ended[0]
            if said:
                sys.stdout.write(f"{said}\n")
                return 0
            self._call = {"words": tuple(in_args), "asked": asked, "began_ns": began_ns}
        self._look_for_plugins()
        if not self._knows_us:
            above = _project_above(Path.cwd())
            if above is None:
                return self._as_doits(in_args)
            return _in_folder(above, in_args)
        if options.asks_for_help(in_args):
            named = [word for word in in_args if not word.startswith("-")]
            return int(DoitMain().run(["help", *named[:1]])) if named else options.show_help(self)
        return int(super().parse_execute(options.first(in_args, self.cmdparser.options, has_tasks=True)) or 0)

    def _as_doits(self, in_args: list[str]) -> int:
        """Doit's own command; where there is nothing for it to run, a sentence says how to begin with us."""
        try:
            return int(super().parse_execute(in_args) or 0)
        except InvalidDodoFile as error:
            if Path("dodo.py").exists() or "not find" not in str(error):
                raise
            raise InvalidDodoFile(f"{error}\n`doit init` sets a repository up for splinter.") from error

    def execute(self, params: Any, args: list[str]) -> int:
        """Run, with every error of ours as one message and its exit status."""
        if not self._knows_us:
            return int(super().execute(params, args) or 0)
        if params["simulate"] and (params["dry_run"] or pull_request_trial.is_asked(args)):
            other = "--dry-run" if params["dry_run"] else "pr --test"
            sys.stderr.write(f"--simulate and {other} do not go together: leave out one of them\n")
            return InputError.exit_status
        if pull_request_trial.is_asked(args):
            return exit_status_of(lambda: pull_request_trial.run(args, locked, is_dry_run=params["dry_run"]))
        self._is_dry_run, self._uses_kept = params["dry_run"], not params["no_cache"]
        if self._is_dry_run:
            params["backend"] = READ_ONLY
        return exit_status_of(lambda: self._execute_locked(params, args))

    def _execute_locked(self, params: Any, args: list[str]) -> int:
        from splinter.doit_plugins.database import Database

        with nullcontext() if self._is_dry_run else locked():
            Database.holds_lock = not self._is_dry_run
            return int(super().execute(params, args) or 0)

    def _execute(  # the names are doit's options
        self, outfile: Any, verbosity: int | None = None, always: bool = False, continue_: bool = False,
        reporter: Any = "console", num_process: int = 0, par_type: str = "process", single: bool = False,
        auto_delayed_regex: bool = False, force_verbosity: bool = False, failure_verbosity: int = 0,
        pdb: bool = False,
    ) -> int:  # fmt: skip
        session = getattr(self.loader, "session", None)
        if session is None:
            return int(super()._execute(
                outfile, verbosity, always, continue_, reporter, num_process, par_type, single, auto_delayed_regex,
                force_verbosity, failure_verbosity, pdb,
            ))  # fmt: skip
        from splinter.doit_plugins import tasks
        from splinter.maintenance import crash_recovery

        if not session.plans and not self.sel_tasks:
            self.outstream.write(f"{tasks.NOBODY}\n")
            return 0
        selected = self.sel_tasks or None
        if session.outside.is_simulated and self.sel_default_tasks:  # of the user's own there is none
            there = {task.name for task in self.task_list}
            selected = [one for one in selected or () if one in there] or tasks.default_tasks(session)
        self.control = TaskControl(self.task_list, auto_delayed_regex=auto_delayed_regex)
        with command_help.explained([*(task.name for task in self.task_list), *self.loader.cmd_names]):
            self.control.process(selected)
        selection.cut_wait_only(self.control, is_single=single)
        if not self._is_dry_run:
            crash_recovery.end_interrupted(session)
        if not selection.starts_workstreams(self.control):
            session.run.take_up()
        session.is_always, session.uses_kept = always, self._uses_kept and not always
        if self._is_dry_run:
            from splinter.doit_plugins.dry_run import show

            named = () if self.sel_default_tasks else self.sel_tasks
            return show(session, self.control, self.dep_manager, self.outstream, is_always=always, named=named)
        return self._run(session, Stream(verbosity, force_verbosity), reporter, failure_verbosity, continue_, always,
                         max(1, int(num_process)), outfile)  # fmt: skip

    def _run(
        self, session: Any, stream: Any, reporter: Any, failure_verbosity: int, continue_: bool, always: bool,
        jobs: int, outfile: Any,
    ) -> int:  # fmt: skip
        from splinter.doit_plugins import live, slot_tasks
        from splinter.doit_plugins.runner import Runner, is_test
        from splinter.engine import night, simulation
        from splinter.git import packing
        from splinter.maintenance import crash_recovery, schema_copies
        from splinter.publish import life_signs

        out = _out(outfile)
        shown = self._reporter(reporter)(out, {"failure_verbosity": failure_verbosity})
        shown.session, shown.is_simulated = session, session.outside.is_simulated
        shown.shows_fresh = stream.verbosity > 1
        if shown.is_simulated:
            shown.write(f"{simulation.HEADING}\n")
        else:
            schema_copies.put(session.outside.repository.root)
        session.ledger.jobs = jobs
        found = getattr(self.dep_manager.backend, "repair", "")
        said = (*simulation.notes(session.outside.repository), *filter(None, (found,)))
        session.run.repairs = (*said, *crash_recovery.make(self.loader.project, session))
        life_signs.begin(session, [one for one in self.control.selected_tasks if not is_test(self.control.tasks[one])])
        runner = Runner(session, self.dep_manager, shown, continue_, always, stream, jobs)
        call = selection.called(self.control)
        live_lines = live.shown(session, shown, selection.workstreams(self.control))
        claimed = slot_tasks.claimed(session, self.control, self.dep_manager, shown, call, is_all=always)
        with claimed as (dispatcher, unclaimed), signals(runner.interrupt), live_lines:
            status = _status_of(lambda: runner.run_all(dispatcher)) or unclaimed
        if not self._uses_kept and not always and hasattr(shown, "say_none_was_asked"):
            shown.say_none_was_asked([] if self.sel_default_tasks else self.sel_tasks)
        if session.run.id:
            with suppress(SplinterError, OSError):  # a full disk, say: without it the clock decides
                night.keep(session, session.run.id)
            if runner.signal is None:
                _finish(session, is_reported=status == StorageError.exit_status)
                packing.tidy(session.outside.repository, session.outside.settings.branch_prefix)
        self._close(session, getattr(shown, "nothing_due", "") if status == 0 and runner.signal is None else "")
        if isinstance(outfile, str):
            out.close()
        return 128 + runner.signal if runner.signal else int(status)

    def _close(self, session: Any, nothing_due: str) -> None:
        """Close what a call has open, and leave behind that nothing was due where nothing else was said."""
        from splinter.doit_plugins.nothing_due import keep
        from splinter.system import removal

        removal.finish()
        is_all = nothing_due and printing.has_printed_only(nothing_due)
        until = keep.until(session) if is_all else None
        session.history.close()
        session.memory.close()
        if until:
            keep.keep(session, keep.Call(**self._call), nothing_due, until)

    def _reporter(self, reporter: Any) -> Any:
        """The class of a reporter that is named, or given."""
        if isinstance(reporter, str) and reporter not in self.reporters:
            from splinter.text.patterns import did_you_mean

            raise InvalidCommand(f'there is no reporter "{reporter}"{did_you_mean(reporter, self.reporters)}')
        return self.reporters[reporter] if isinstance(reporter, str) else reporter


def _out(outfile: Any) -> Any:
    """Where a run is shown; the default was taken from Python before printing was made safe."""
    if isinstance(outfile, str):
        return printing.Sound(open(outfile, "w", encoding="utf-8"))  # noqa: PTH123
    return sys.stdout if outfile is None or outfile is sys.__stdout__ else outfile


def _status_of(run: Callable[[], int]) -> int:
    """How a run ended; a defect in the middle of one is an error, not doit's 3, by which nothing was run."""
    try:
        return int(run())
    except (SplinterError, OSError):
        raise
    except Exception:
        sys.stderr.write(f"this is a defect of splinter's; please report it\n{traceback.format_exc()}")
        return SplinterError.exit_status


def _finish(session: Any, *, is_reported: bool) -> None:
    """Close the run; an error in writing that is raised only where no task has reported it already."""
    try:
        session.history.finish_run(session.run.id, session.outside.clock.now())
    except StorageError:
        if not is_reported:
            raise


def _speaks_of_us(dodo: Path) -> bool:
    try:
        return b"splinter" in dodo.read_bytes()
    except OSError:
        return False


def _project_above(start: Path) -> Path | None:
    """The folder of a project of ours that `start` lies below; a `dodo.py` nearer by belongs to somebody else."""
    for folder in (start, *start.parents):
        if (folder / "dodo.py").exists():
            return folder if folder != start and _speaks_of_us(folder / "dodo.py") else None
        if (folder / ".git").exists():
            return None
    return None


def _in_folder(folder: Path, arguments: list[str]) -> int:
    """Call doit again from a project's root, where its own configuration is read."""
    words = plan_file.absolute(arguments)
    os.chdir(folder)
    return int(DoitMain().run(words))
