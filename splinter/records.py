"""What happened: frozen records that are stored, reported and published. They never say what was only planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

OUTCOMES = ("changed", "unchanged", "failed", "blocked", "interrupted", "skipped")
REASONS = (
    "exit_code", "timed_out", "stalled", "out_of_scope", "check_failed", "oscillating", "over_budget",
    "no_change", "missing_artifact", "conflict", "tool_missing", "agent_error", "secret_in_result", "preflight",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One path of a diff: status A, M, D or T as git's raw diff says, path with `/`."""

    status: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """One test of a check, as its JUnit file told: outcome passed, failed, error or skipped."""

    id: str
    outcome: str
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One step that ran, was interrupted or failed; `step` may be `prepare`, `fix-1` and so on.

    `started` is ISO 8601 in UTC; `log` and `patch` are paths from the repository's root, with `/`.
    """

    workstream: str
    step: str
    outcome: str
    started: str
    seconds: float
    reason: str | None = None
    message: str = ""
    tool: str | None = None
    command: str = ""
    exit_status: int | None = None
    commit: str | None = None
    files: tuple[FileChange, ...] = ()
    log: str | None = None
    patch: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRecord:
    """One acceptance test that ran: outcome `passed` or `failed`; `cases` only where it left JUnit results."""

    workstream: str
    check: str
    outcome: str
    seconds: float
    reason: str | None = None
    message: str = ""
    command: str = ""
    exit_status: int | None = None
    cases: tuple[CaseRecord, ...] = ()
    log: str | None = None
    notes: tuple[str, ...] = ()

    def count(self, outcome: str) -> int:
        """How many of its cases ended as `outcome`."""
        return sum(case.outcome == outcome for case in self.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestRecord:
    """What publishing one workstream did.

    `action` is opened, updated, unchanged, closed, adopted, written (the page as a file) or none;
    `where` is the pull request's URL or the page's path from the repository's root.
    """

    workstream: str
    action: str
    where: str
    number: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkstreamRecord:
    """The end of one workstream in one run.

    `result` is the hash of the raw diff from `base_commit` to `tip`; `files` is that diff's paths.
    """

    workstream: str
    title: str
    outcome: str
    reason: str | None = None
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

    @property
    def seconds(self) -> float:
        """Wall seconds of its steps and checks together."""
        return sum(step.seconds for step in self.steps) + sum(check.seconds for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run: everything that was due in it; `finished` is None for one that was killed."""

    run: str
    started: str
    finished: str | None = None
    workstreams: tuple[WorkstreamRecord, ...] = ()
    pull_requests: tuple[PullRequestRecord, ...] = ()
    notes: tuple[str, ...] = ()

    def count(self, outcome: str) -> int:
        """How many of its workstreams ended as `outcome`."""
        return sum(record.outcome == outcome for record in self.workstreams)


def to_json(record: Any) -> dict[str, Any]:
    """A record as JSON's types."""
    return asdict(record)


def step_from_json(data: Mapping[str, Any]) -> StepRecord:
    """The inverse of `to_json`."""
    return StepRecord(**{**data, "files": _files(data), "notes": tuple(data["notes"])})


def check_from_json(data: Mapping[str, Any]) -> CheckRecord:
    """The inverse of `to_json`."""
    cases = tuple(CaseRecord(**case) for case in data["cases"])
    return CheckRecord(**{**data, "cases": cases, "notes": tuple(data["notes"])})


def pull_request_from_json(data: Mapping[str, Any]) -> PullRequestRecord:
    """The inverse of `to_json`."""
    return PullRequestRecord(**{**data, "notes": tuple(data["notes"])})


def workstream_from_json(data: Mapping[str, Any]) -> WorkstreamRecord:
    """The inverse of `to_json`."""
    return WorkstreamRecord(
        **{
            **data,
            "files": _files(data),
            "steps": tuple(step_from_json(step) for step in data["steps"]),
            "checks": tuple(check_from_json(check) for check in data["checks"]),
            "depends_on": tuple(data["depends_on"]),
            "notes": tuple(data["notes"]),
        }
    )


def _files(data: Mapping[str, Any]) -> tuple[FileChange, ...]:
    return tuple(FileChange(**change) for change in data["files"])
