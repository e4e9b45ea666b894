"""What the terminal shows of a run: doit's lines, an outcome after each task that did something, one verdict.

It shows no traceback but for our own defects, and every text with its secrets masked.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Set
from typing import Any

from doit.exceptions import UnmetDependency
from doit.reporter import ConsoleReporter

from splinter.doit_plugins import live, slot_tasks, summary
from splinter.doit_plugins.rows import WorkstreamFailed
from splinter.doit_plugins.terminal import inert, takes_colour
from splinter.engine import prospects
from splinter.engine.steps import only_if
from splinter.errors import Reason, SplinterError
from splinter.git import worktree
from splinter.model import record_words
from splinter.model.records import RunRecord
from splinter.text.counts import and_more, plural
from splinter.text.redact import Masked, Redactor

_OURS = {"session", "workstream", "wait_only"}  # keys of the tasks that we make, groups included
_SHOWN = 5
_NOTHING_SIMULATED = "simulated: no workstream was named, so there is nothing to publish"
_COLOURS = {"failed": "31", "changed": "32", "blocked": "33", "interrupted": "33"}
# around an outcome of ours until the rest of its line is made harmless; of what others write they colour a word at most
_BEGIN, _END = "\ue000", "\ue001"
_OUTCOME = re.compile(f"{_BEGIN}({'|'.join(_COLOURS)}){_END}")


def _in_colour(found: re.Match[str]) -> str:
    return f"\x1b[{_COLOURS[found[1]]}m{found[1]}\x1b[0m"


def published(run: RunRecord) -> str:
    """What there is to say of a run in which no workstream took part."""
    count = len(run.pull_requests)
    if count:
        return f"{plural(count, 'pull request')} published"
    return "no new result" if run.finished else "no workstream ended"


def with_errors(said: str, run: RunRecord) -> str:
    """The same, and how many of the run's tasks ended in an error."""
    return ", ".join(filter(None, (said, record_words.errors_in_words(run))))


class Reporter(ConsoleReporter):
    """doit's console reporter, for tasks of ours; the user's own tasks are shown as doit shows them."""

    desc = "workstreams with their outcomes"

    def __init__(self, outstream: Any, options: dict[str, Any]) -> None:
        """`options` are doit's."""
        super().__init__(outstream, options)
        self.display: Callable[[str], object] = outstream.write
        self._is_coloured = takes_colour(outstream)
        self._noted: set[str] = set()
        self._has_errors = self._has_run_steps = self._has_told = False
        self.session: Any = None
        self.is_simulated = False
        self.shows_fresh = True  # a line for each task that is up to date
        self.nothing_due = ""  # what was said of a call in which nothing was, and nothing else had to be said
        self._fresh: dict[Any, list[Any]] = {}  # those not told, by workstream

    def write(self, text: str) -> None:
        """Print it, above what shows the tasks that run."""
        self.display(text)

    def tell(self, task: str, said: str) -> None:
        """What a task says while it runs."""
        self._line(task, "", said)

    def say_running(self) -> None:
        """A line for each task that has run for a while; in a public log none of what it printed."""
        for line in live.still_running(self.session, with_last_line=not self.session.outside.hides_transcripts):
            self._say(f"   still running: {line}")

    def execute_task(self, task: Any) -> None:
        """A task that begins."""
        if task.actions:
            self._begins_with(task)
        super().execute_task(task)
        self._has_run_steps |= (task.meta or {}).get("step") not in (None, "accept")

    def skip_uptodate(self, task: Any) -> None:
        """A task that had nothing to do: of ours it is told where another of its workstream has, or with `-v 2`."""
        meta = task.meta or {}
        if self.shows_fresh or not _OURS.intersection(meta):
            self._has_told = True
            super().skip_uptodate(task)
        elif "step" in meta:
            self._fresh.setdefault(meta["workstream"], []).append(task)

    def found_done(self) -> list[str]:
        """The workstreams that this call found done to their end, and told nothing of."""
        return [id for id, tasks in self._fresh.items() if any(task.meta["step"] == "accept" for task in tasks)]

    def tell_error(self, said: str) -> None:
        """An error before the first task."""
        self._has_errors = self._has_told = True
        self._line(slot_tasks.TASK, "error", said)

    def leave_out(self, task: Any, why: str) -> None:
        """A task of a workstream that is due, and whose slot is not to be had: told here, or as a note of the run."""
        if task.meta["step"] == "prepare" and not self.session.known.claims:
            self._has_told = True
            id = task.meta["workstream"]
            group = self.session.plans[id].workstream.group
            alike = [other for other, said in self.session.known.not_run.items() if said == why]
            if not group or len(alike) == 1:
                self._line(id, "not run", why)
            elif id == alike[0]:  # the others of its matrix with it
                self._line(group, "not run", f"{plural(len(alike), 'workstream')}: {why}")

    def skip_ignore(self, task: Any) -> None:
        """A task that is ignored; what only waits for one that is left out needs no line."""
        if not (self.session and slot_tasks.waits_for_left_out(self.session, task)):
            super().skip_ignore(task)

    def _begins_with(self, task: Any) -> None:
        """Before the first line of a task: what of its workstream was done already."""
        self._has_told = True
        for fresh in self._fresh.pop((task.meta or {}).get("workstream"), ()):
            super().skip_uptodate(fresh)

    def add_success(self, task: Any) -> None:
        """What came of a task that was executed."""
        meta, values = task.meta or {}, task.values or {}
        if meta.get("step") and values.get("outcome"):
            self._line(
                task.name, values["outcome"], self._why_skipped(meta) if values.get("outputs", 0) is None else ""
            )
        elif values.get("where"):
            self._line(task.name, values.get("action", ""), values["where"])
            for note in values.get("notes", ()):
                if note not in self._noted:  # such as why nothing was pushed, which is so for each
                    self._say(f"     {note}")
                self._noted.add(note)

    def _why_skipped(self, meta: dict[str, Any]) -> str:
        steps = self.session.plans[meta["workstream"]].workstream.steps if self.session else ()
        return next((f"only_if: {only_if.label(step)}" for step in steps if step.id == meta["step"]), "")

    def add_failure(self, task: Any, fail: Any) -> None:
        """Why a task failed, once; what only waited for it is folded into one line a workstream."""
        self._begins_with(task)
        meta = task.meta or {}
        if isinstance(fail, UnmetDependency):
            self._blocked(task, meta)
        elif isinstance(fail, WorkstreamFailed):
            is_ended = fail.reason == Reason.INTERRUPTED
            said = fail.message.removeprefix(f"{fail.reason}: ") if is_ended else fail.message
            self._line(task.name, fail.reason if is_ended else "failed", said)
            if "workstream" in meta:  # `rehearse` is nobody's
                self._evidence(meta["workstream"])
        elif _OURS.intersection(meta) and not fail.traceback:
            self._has_errors = True
            self._line(task.name, "error", fail.message)
        else:
            super().add_failure(task, fail)

    def complete_run(self) -> None:
        """The verdict of the run, as it is recorded."""
        super().complete_run()
        if not self.session:
            return
        if not self.session.run.id or not self.session.history.has_news(self.session.run.id):
            notes = (*self._left_by_a_signal(), *self.session.run.repairs)
            if not self._has_told:
                said = (
                    _NOTHING_SIMULATED if self.is_simulated else prospects.nothing_due(self.session, self.found_done())
                )
                self._say(said)
                self.nothing_due = "" if notes else said
            self._say_all(notes)
            return
        record = self.session.history.run(self.session.run.id)
        counts = {one.outcome: record.count(one.outcome) for one in record.workstreams}
        outcomes = ", ".join(f"{number} {self._coloured(outcome)}" for outcome, number in counts.items())
        if outcomes or record.pull_requests or record.errors or not self._has_errors:
            cost = f"; {record_words.cost(record.usage)}" if record.usage.calls else ""
            self._say(f"run {record.run}: {with_errors(outcomes or published(record), record)}{cost}")
        for line in summary.lines(record):
            self._line(*line)
        ended = {one.workstream for one in record.workstreams}
        self._say_all((*self._left_by_a_signal(ended), *record.notes, *record_words.waiting(record)))

    def _left_by_a_signal(self, ended: Set[str] = frozenset()) -> Iterator[str]:
        """What a call that a signal ended had not come to."""
        now = self.session.activity.now()
        left = dict.fromkeys(one.workstream for one in (*now.doing, *now.pending) if one.workstream not in ended)
        if self.session.processes.is_stopping and (ids := [*filter(None, left)]):
            yield f"ended by a signal; not come to: {and_more(ids, _SHOWN)}"

    def say_none_was_asked(self, selected: Iterable[str]) -> None:
        """Say of a call with `--no-cache` that it had nothing to do; `selected` are the tasks that it named."""
        if not self._has_run_steps:
            call = " ".join(("doit -a", *selected))
            self._say(f'nothing due, so --no-cache asked no agent again; "{call}" runs what is up to date too')

    def _say_all(self, notes: Iterable[str]) -> None:
        for note in notes:
            self._say(f"   {note}")

    def runtime_error(self, msg: str) -> None:
        """Doit's own errors go to stderr."""
        sys.stderr.write(f"{msg}\n")

    def _blocked(self, task: Any, meta: dict[str, Any]) -> None:
        """One line a workstream; what else waited for it is a consequence, but for the user's own tasks."""
        if meta.get("step") == "prepare":
            waits = " ".join(sorted({name.split(":")[0] for name in task.task_dep}))
            self._line(task.name.split(":")[0], "blocked", f"by {waits}")
        elif not meta:
            self._line(task.name, "blocked", "by a task that failed")

    def _evidence(self, workstream: str) -> None:
        """Where what was made is kept, and what was printed."""
        try:
            run, record = self.session.history.last_workstream(workstream) or (None, None)
        except SplinterError:  # what cannot be read cannot be shown, and ends nothing
            return
        if record is None or run != self.session.run.id:
            return
        for test in record_words.failing_tests(record):
            self._say(f"     {test}")
        for what, path in record_words.evidence(record):
            self._say(f"     {what}: {self.session.outside.shown(path) if self.is_simulated else path}")
        if record.ref:
            self._say(f"     Commit of what was made: {record.ref}")
            self._say(f"     To see it: {record_words.diff_command(record)}")
        tree = worktree.locate(self.session.outside.state, workstream).path
        if tree.is_dir():
            self._say(f"     Work tree: cd {shlex.quote(str(tree))}")
        if record.files:
            self._say(f"     Files: {and_more([file.path for file in record.files], _SHOWN)}")

    def _line(self, name: str, outcome: str, rest: str) -> None:
        first, *more = rest.split("\n")
        simulated = "simulated" if self.is_simulated else ""
        self._say("   " + "  ".join(filter(None, (name, simulated, self._coloured(outcome), first))))
        for line in more:
            self._say(f"     {line}")

    def _coloured(self, outcome: str) -> str:
        return f"{_BEGIN}{outcome}{_END}" if outcome in _COLOURS and self._is_coloured else outcome

    def _say(self, line: str) -> None:
        """Print a line; what others wrote in it steers no terminal, and is no command of a runner of GitHub Actions."""
        redactor = self.session.outside.redactor if self.session else Redactor(())
        text = inert(redactor.text(f"{line}\n"))
        self._show(Masked(_OUTCOME.sub(_in_colour, text)) if self._is_coloured else text)

    def _show(self, text: Masked) -> None:
        self.write(text)
