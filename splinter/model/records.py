"""What happened: frozen records that are stored, reported and published. They never say what was only planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from splinter.errors import Reason
from splinter.model.registry import REPORTING
from splinter.model.usage import Usage as Usage
from splinter.model.verdict import Itself


class Outcome(StrEnum):
    """How something ended: a workstream or a step, a check (passed or failed), a test of a check."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    CACHED = "cached"
    FAILED = "failed"
    BLOCKED = "blocked"
    INTERRUPTED = "interrupted"
    SKIPPED = "skipped"
    DISABLED = "disabled"
    PASSED = "passed"
    ERROR = "error"


class Action(StrEnum):
    """What was done to a pull request; `adopted` is one that a person had opened, `written` one that is a file."""

    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ADOPTED = "adopted"
    CLOSED = "closed"
    WRITTEN = "written"
    NONE = "none"


# of a workstream, in the order in which they are counted
OUTCOMES = (
    Outcome.CHANGED, Outcome.UNCHANGED, Outcome.FAILED, Outcome.BLOCKED, Outcome.INTERRUPTED, Outcome.SKIPPED,
    Outcome.DISABLED,
)  # fmt: skip
NO_PART = (Outcome.SKIPPED, Outcome.DISABLED)  # of a workstream that took none in a run
BAD = (Outcome.FAILED, Outcome.ERROR)  # outcomes of cases
FAILURES = (Outcome.FAILED, Outcome.INTERRUPTED, Outcome.BLOCKED)  # in the order in which a reader wants them
PUBLISHING = ("pr", *REPORTING)
REASONS = tuple(reason for reason in Reason if reason is not Reason.INTERRUPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One path of a diff: status A, M, D or T as git's raw diff says, path with `/`."""

    status: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """One test of a check, as its JUnit file says: outcome passed, failed, error or skipped.

    The id is its own within the check. `seconds` is None where they are unknown. `attempts` are the outcomes of
    earlier attempts, `rerun` where the runner does not tell how one ended; the last attempt is the case's outcome.
    """

    id: str
    outcome: Outcome
    seconds: float | None = None
    message: str = ""
    attempts: tuple[str, ...] = ()

    @property
    def is_flaky(self) -> bool:
        """Whether it passed only when it was tried again."""
        return self.outcome == Outcome.PASSED and any(attempt != Outcome.PASSED for attempt in self.attempts)


def usage_of(parts: Iterable[StepRecord]) -> Usage:
    """What steps cost together."""
    return sum((part.usage for part in parts if part.usage), Usage())


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One step that ran, was interrupted or failed; `step` may be `prepare`, `fix-1` and so on.

    `started` is ISO 8601 in UTC; `log` and `patch` are paths from the repository's root, with `/`. `usage` is None
    where no agent was called; `model` and `agent_session` are what the agent called them, `said` is what it said last.
    `applied_run` is the run that made the kept result which was applied, `outputs` what the step wrote for later ones.
    """

    workstream: str
    step: str
    outcome: Outcome
    started: str
    seconds: float
    reason: Reason | None = None
    message: str = ""
    tool: str | None = None
    command: str = ""
    exit_status: int | None = None
    commit: str | None = None
    files: tuple[FileChange, ...] = ()
    log: str | None = None
    patch: str | None = None
    notes: tuple[str, ...] = ()
    usage: Usage | None = None
    model: str | None = None
    agent_session: str | None = None
    said: str = ""
    applied_run: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A check held against the same check on the commit that the change begins at, where it ended as `before`.

    `itself` is what became of the check where its cases do not say it all. All others are ids of cases. `broken` did
    not fail before. `unstable` are names that the earlier commit does not give again either; as many like them ran now.
    """

    before: str
    itself: Itself = Itself.AS_ITS_CASES
    broken: tuple[str, ...] = ()
    failing_before: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    newly_skipped: tuple[str, ...] = ()
    unstable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRecord:
    """One acceptance test that ran: outcome `passed` or `failed`; `cases` only where it left JUnit results.

    `compared` is None where it was not held against what was before. `doubts` say why its cases may not be all.
    """

    workstream: str
    check: str
    outcome: Outcome
    seconds: float
    started: str = ""
    reason: Reason | None = None
    message: str = ""
    command: str = ""
    exit_status: int | None = None
    cases: tuple[CaseRecord, ...] = ()
    compared: Comparison | None = None
    log: str | None = None
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """How many of its cases ended as `outcome`."""
        return sum(case.outcome == outcome for case in self.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestRecord:
    """What publishing one workstream did; `where` is the pull request's URL, or the file's path from the root.

    `unfinished` is what of it could not be done, and is the next run's to do: after `waits_until`, where it waits for
    the limit that `waits_for` names.
    """

    workstream: str
    action: Action
    where: str
    number: int | None = None
    notes: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    waits_for: str = ""
    waits_until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkstreamRecord:
    """The end of one workstream in one run.

    `result` is the hash of the raw diff from `base_commit` to `tip`; `files` is that diff's paths. Of a failure they
    are of what its steps had made, which `ref` holds, and `patch`, a path from the repository's root, shows.
    """

    workstream: str
    title: str
    outcome: Outcome
    reason: Reason | None = None
    step: str | None = None
    message: str = ""
    objective: str = ""
    base: str = ""
    base_commit: str | None = None
    branch: str = ""
    tip: str | None = None
    result: str | None = None
    files: tuple[FileChange, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    depends_on: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)
    ref: str | None = None
    patch: str | None = None

    @property
    def seconds(self) -> float:
        """Wall seconds of its steps and checks together."""
        return sum(step.seconds for step in self.steps) + sum(check.seconds for check in self.checks)

    @property
    def usage(self) -> Usage:
        """What its steps' agents cost together."""
        return usage_of(self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two workstreams whose branches do not merge, and the paths that conflict."""

    one: str
    other: str
    paths: tuple[str, ...]


class LeftOutReason(StrEnum):
    """Why a workstream's change is not in a union."""

    CONFLICT = "conflict"
    CHECK_FAILED = "check_failed"
    DEPENDS_ON = "depends_on"
    UNKNOWN = "unknown"  # to this version


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A workstream whose change is not in the union."""

    workstream: str
    reason: LeftOutReason
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalRecord:
    """The finished branches of one base brought together, to see whether they fit.

    `workstreams` are those of the largest union found whose checks pass: `commit` holds it, on `base_commit`, and
    `checks` judged it. `unions` is how many were judged.
    """

    base: str
    base_commit: str
    commit: str
    workstreams: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    clashes: tuple[Clash, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    unions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRecord:
    """A task of a run that ended in an error: a push was refused, a mail server was down.

    `task` is its name, such as `pr:docs` or `email`. `settled` is when it was done after all, ISO 8601 in UTC. What the
    other side puts off has the name of its limit in `waits_for`, and in `waits_until` a time of day, in words.
    """

    task: str
    message: str
    settled: str | None = None
    waits_for: str = ""
    waits_until: str = ""

    @property
    def is_publishing(self) -> bool:
        """Whether something did not reach people."""
        return self.task.partition(":")[0] in PUBLISHING


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run: everything that was due in it; `finished` is None for one that was killed.

    `usage` is what was called in this run: steps that stood from an earlier one do not count. `errors` are of tasks
    that are no workstream's own.
    """

    run: str
    started: str
    finished: str | None = None
    workstreams: tuple[WorkstreamRecord, ...] = ()
    pull_requests: tuple[PullRequestRecord, ...] = ()
    rehearsals: tuple[RehearsalRecord, ...] = ()
    notes: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    errors: tuple[ErrorRecord, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """How many of its workstreams ended as `outcome`."""
        return sum(record.outcome == outcome for record in self.workstreams)

    @property
    def failures(self) -> tuple[WorkstreamRecord, ...]:
        """Its workstreams that want a look, in the order in which a reader wants them."""
        return tuple(record for outcome in FAILURES for record in self.workstreams if record.outcome == outcome)

    @property
    def open_errors(self) -> tuple[ErrorRecord, ...]:
        """What is still not done."""
        return tuple(error for error in self.errors if not error.settled)

    @property
    def incomplete(self) -> frozenset[str]:
        """The tasks whose pull requests are there, and lack something."""
        return frozenset(f"pr:{one.workstream}" for one in self.pull_requests if one.unfinished)
