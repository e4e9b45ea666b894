"""A run's end names each workstream, the failed ones first, with what to call next."""

from __future__ import annotations

from splinter.doit_plugins import summary
from splinter.errors import Reason
from splinter.model.records import (
    Action,
    CheckRecord,
    Outcome,
    PullRequestRecord,
    RunRecord,
    WorkstreamRecord,
)


def ended(id: str, outcome: Outcome, **more: object) -> WorkstreamRecord:
    return WorkstreamRecord(workstream=id, title=id, outcome=outcome, **more)  # type: ignore[arg-type]


def run(*workstreams: WorkstreamRecord, **pull_requests: str) -> RunRecord:
    published = (PullRequestRecord(workstream=id, action=Action.OPENED, where=url) for id, url in pull_requests.items())
    return RunRecord(run="r", started="", finished="", workstreams=workstreams, pull_requests=tuple(published))


def told(record: RunRecord) -> list[str]:
    return ["  ".join(filter(None, line)) for line in summary.lines(record)]


def test_each_is_named_with_what_comes_next() -> None:
    check = CheckRecord(workstream="speed", check="tests", outcome=Outcome.FAILED, seconds=1, log="tests.log")
    record = run(
        ended("lint", Outcome.CHANGED),
        ended("docs", Outcome.CHANGED),
        ended("same", Outcome.UNCHANGED),
        ended("later", Outcome.BLOCKED, message="speed did not succeed"),
        ended("ended", Outcome.INTERRUPTED),
        ended("speed", Outcome.FAILED, reason=Reason.CHECK_FAILED, checks=(check,)),
        ended("moved", Outcome.FAILED, reason=Reason.CONFLICT),
        lint="https://forge.example/pull/3",
    )
    assert told(record) == [
        "speed  failed  (check_failed)  doit log speed",
        "moved  failed  (conflict)  doit why moved",
        "ended  interrupted  doit ended",
        "later  blocked  speed did not succeed",
        "lint   changed  https://forge.example/pull/3",
        "docs   changed  doit diff docs",
        "same   unchanged",
    ]


def test_one_pull_request_of_all_is_each_ones() -> None:
    record = run(ended("lint", Outcome.CHANGED), together="https://forge.example/pull/4")
    assert told(record) == ["lint  changed  https://forge.example/pull/4"]


def test_many_are_bounded_and_the_failed_ones_stay() -> None:
    many = [ended(f"w{number}", Outcome.CHANGED) for number in range(30)]
    lines = told(run(*many, ended("bad", Outcome.FAILED)))
    assert len(lines) == 21
    assert lines[0].split() == ["bad", "failed", "doit", "why", "bad"]
    assert lines[-1] == "and 11 workstreams more: doit show r"
