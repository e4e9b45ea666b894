"""The state that all tasks of one `doit` call share: the outside it works with, and what it has opened so far.

It never decides what runs; it is the one value that changes while tasks run, and it guards its changes by a lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from splinter.errors import Reason, StepError
from splinter.git.command_line import Repository
from splinter.model import layout
from splinter.model.fingerprints import definition, fingerprint
from splinter.model.plan import Plan
from splinter.model.ports import Clock, Snapshot
from splinter.model.records import ErrorRecord, Outcomes
from splinter.model.registry import REPORTING
from splinter.model.settings import Environment, Settings
from splinter.model.tool import Tool
from splinter.system import disk_errors, tool_versions
from splinter.system.budget import Account, Ledger
from splinter.system.history import History
from splinter.system.memory import Memory
from splinter.system.process import Processes
from splinter.text.redact import Redactor

DELIVERED = "delivered"  # a fact: who has a message that others were refused
REPORTED, PINGED = (
    "reported_run",
    "pinged_run",
)  # facts: the last run whose report was written, or told to the healthcheck


# the environment that lets git use a forge's token for a remote's URL, empty where there is none
Auth = Callable[[str, Environment], dict[str, str]]


@dataclass(kw_only=True, repr=False)  # `doit info` prints what a task holds: no secret may be read there
class Session:
    """Everything that tasks share; `state` is the folder of work trees, `plans` all workstreams by id.

    `made` are the commits that this call made and so need no look,
    `baselines` what checks said of a tree, by check and tree.
    `repairs` is what was put right when it began, `is_always` doit's `-a`; `unreached` says of each remote that was
    out of reach why. `errors` are those of this call;
    `taken_up` is the run before this call that it publishes, see `take_up`.
    """

    repository: Repository
    snapshot: Snapshot
    settings: Settings
    environment: Environment
    history: History
    memory: Memory
    processes: Processes
    ledger: Ledger
    clock: Clock
    redactor: Redactor
    state: Path
    plans: Mapping[str, Plan]
    auth: Auth
    is_always: bool = False
    uses_kept: bool = True
    made: set[str] = field(default_factory=set)
    indexes: dict[Path, str] = field(default_factory=dict)
    repairs: tuple[str, ...] = ()
    run: str | None = None
    baselines: dict[tuple[str, str], Outcomes] = field(default_factory=dict)
    only_publishes: bool = False
    taken_up: str | None = None
    errors: list[ErrorRecord] = field(default_factory=list)
    unreached: dict[str, str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _answers: dict[str, str | None] = field(default_factory=dict)
    _slots: dict[str, threading.BoundedSemaphore] = field(default_factory=dict)
    _mine: threading.local = field(default_factory=threading.local)
    _touched: set[str] = field(default_factory=set)

    def open_run(self) -> str:
        """The run under way; begun when the first task has something to do."""
        with self._lock:
            if self.run is None:
                killed, last = self.history.unfinished_runs(), self.history.latest_run()
                self.run = self.history.begin_run(self.clock.now())
                for run in killed:
                    self.history.finish_run(run, self.clock.now())
                    self.history.note(self.run, f"The run {run} did not finish; what it had done was kept.")
                for sentence in (*self.repairs, *self._left_untold(last)):
                    self.history.note(self.run, sentence)
            return self.run

    def _left_untold(self, run: str | None) -> tuple[str, ...]:
        """What a run could not report of itself: its mail, say, was refused after the report was written."""
        errors = self.history.run(run).open_errors if run else ()
        return tuple(f"In the run {run}, {one.task} failed: {one.message}" for one in errors if one.task in REPORTING)

    def take_up(self) -> None:
        """In a call that only publishes: what it does belongs to the last run, unless that was reported already."""
        last = self.history.latest_run(but=self.run)
        self.only_publishes = True
        self.taken_up = last if last and self.memory.fact(REPORTED) != last else None

    def reported_run(self) -> str | None:
        """The run that is reported: of this call, else the last with something to report, whatever the clock said."""
        return self.own_run() or self.history.latest_run()

    def own_run(self) -> str | None:
        """The run of this call: the one taken up, else the one begun, where it has something to report."""
        begun = self.run if self.run and self.history.has_news(self.run) else None
        return self.taken_up or begun

    def published_run(self) -> str:
        """The run that what is published now belongs to: the one taken up, else this call's own."""
        return self.taken_up or self.open_run()

    def touches_first(self, id: str) -> bool:
        """Whether this is the first time in this call that the workstream's work tree is touched."""
        with self._lock:
            is_first = id not in self._touched
            self._touched.add(id)
            return is_first

    @contextmanager
    def slot(self, tool: Tool | None) -> Iterator[None]:
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
            free = self._slots.setdefault(name, threading.BoundedSemaphore(slots))
        while not free.acquire(timeout=0.2):
            if self.processes.is_stopping:
                raise StepError(Reason.INTERRUPTED, f"interrupted while waiting for {what}")
        try:
            yield
        finally:
            free.release()

    def once(self, question: str, ask: Callable[[], str | None]) -> str | None:
        """The answer to a question that is asked once in a call."""
        with self._lock:
            if question not in self._answers:
                self._answers[question] = ask()
            return self._answers[question]

    def answer(self, question: str) -> str | None:
        """The answer to a question that was asked in this call, None where it was not."""
        return self._answers.get(question)

    def version(self, tool: Tool) -> str | None:
        """What a tool says its version is, asked once; empty where it says nothing, None where it is not there."""
        env = self.environment.child_environment(tool.env, hides=tool.hides) | dict(tool.variables)
        folder = self.state / layout.SCRATCH
        return self.once(f"version of {tool.name}", lambda: tool_versions.ask(self.processes, tool, env, folder))

    def tries_key(self, plan: Plan) -> str:
        """What tries and costs are counted by: definition and occurrence; with `-a` they count again from 0."""
        again = self.open_run() if self.is_always else ""
        return fingerprint({"definition": definition(plan), "occurrence": plan.occurrence, "again": again})

    def has_tries(self, plan: Plan) -> bool:
        """Whether a fix is still allowed in this occurrence, or none was ever."""
        allowed = plan.workstream.fix.attempts
        return not allowed or len(self.memory.attempts(plan.id, self.tries_key(plan))) < allowed

    def account(self, plan: Plan) -> Account:
        """What the workstream's commands are booked on."""
        return Account(
            run=self.open_run(), workstream=plan.id, tries_key=self.tries_key(plan), budget=plan.workstream.budget,
            until=plan.until,
        )  # fmt: skip

    def commits(self) -> frozenset[str]:
        """The ids of all commits that we made: what is ours, whatever its message says."""
        return self.history.commits() | self.memory.commits()

    def note(self, sentence: str) -> None:
        """Say something in the report that belongs to no workstream."""
        self.history.note(self.open_run(), sentence)

    def remote_auth(self, remote: str) -> dict[str, str]:
        """The environment that lets git use the token of a remote's forge, else nothing."""
        return self.auth(self.snapshot.remotes[remote], self.environment)

    def folders(self) -> tuple[Path, ...]:
        """Where this call may write."""
        return self.repository.common, self.history.folder, self.state, *disk_errors.temporary()

    def log(self, plan: Plan, name: str) -> Path:
        """Where a step's or check's output goes."""
        return self.history.run_folder(self.open_run()) / plan.id / f"{name}.log"

    def relative(self, path: Path) -> str:
        """A path as records hold it: from the repository's root, with `/`."""
        return path.relative_to(self.repository.root).as_posix()
