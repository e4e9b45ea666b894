"""Records as JSON and back; those that an earlier version stored are read too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from splinter.errors import Reason
from splinter.model import record_json
from splinter.model.records import (
    CaseRecord,
    CheckRecord,
    Comparison,
    ErrorRecord,
    FileChange,
    LeftOut,
    LeftOutReason,
    Outcome,
    RehearsalRecord,
    RunRecord,
    StepRecord,
    Usage,
    WorkstreamRecord,
)
from splinter.model.verdict import Itself

CHECK = CheckRecord(
    workstream="w", check="tests", outcome=Outcome.FAILED, seconds=1.0, exit_status=1, doubts=("in doubt",),
    cases=(CaseRecord(id="a", outcome=Outcome.PASSED, seconds=0.5, attempts=("failed",)),),
    compared=Comparison(before="passed", itself=Itself.BROKEN, broken=("tests",), unstable=("a[1]",)),
)  # fmt: skip


def test_a_check_comes_back_from_json_as_it_was() -> None:
    assert record_json.from_json(CheckRecord, json.loads(json.dumps(record_json.to_json(CHECK)))) == CHECK


def test_what_another_version_stored_is_read_as_far_as_it_is_understood() -> None:
    """An earlier one lacks fields, a later one has more, and words that nobody knows here."""
    other: dict[str, Any] = json.loads(json.dumps(record_json.to_json(CHECK)))
    del other["doubts"], other["seconds"], other["compared"]["itself"]
    other |= {"mood": "good", "reason": "too_late", "cases": [{"id": "a", "outcome": "melted", "colour": "red"}]}
    read = record_json.from_json(CheckRecord, other)
    assert (read.check, read.outcome, read.reason) == (CHECK.check, CHECK.outcome, None)
    assert (read.seconds, read.doubts) == (0.0, ())
    assert read.cases == (CaseRecord(id="a", outcome=Outcome.ERROR),)
    assert read.compared == Comparison(before="passed", broken=("tests",), unstable=("a[1]",))
    other["compared"]["itself"] = "melted"
    assert record_json.from_json(CheckRecord, other).compared == read.compared


@pytest.mark.parametrize(
    ("stored", "reason"), [("depends_on", "depends_on"), ("melted", "unknown"), (None, "unknown"), ([], "unknown")]
)
def test_why_a_branch_was_left_out_is_one_of_what_we_know(stored: object, reason: str) -> None:
    left: list[dict[str, Any]] = [{"workstream": "w", "reason": stored}]
    (read,) = record_json.from_json(RehearsalRecord, {"left_out": left}).left_out
    assert read == LeftOut(workstream="w", reason=LeftOutReason(reason))


def test_a_whole_run_comes_back_from_json_as_it_was() -> None:
    step = StepRecord(workstream="w", step="s", outcome=Outcome.CHANGED, started="", seconds=1.0, usage=Usage(calls=1))
    failed = WorkstreamRecord(
        workstream="w", title="W", outcome=Outcome.FAILED, reason=Reason.CHECK_FAILED, steps=(step,), checks=(CHECK,),
        metadata={"key": ["a", 1]}, files=(FileChange(status="M", path="a"),),
    )  # fmt: skip
    run = RunRecord(run="r", started="s", workstreams=(failed,), errors=(ErrorRecord(task="pr:w", message="m"),))
    assert record_json.from_json(RunRecord, json.loads(json.dumps(record_json.to_json(run)))) == run


@pytest.mark.parametrize(
    ("outcome", "attempts", "is_flaky"),
    [("passed", (), False), ("passed", ("passed",), False), ("passed", ("failed",), True), ("passed", ("rerun",), True),
     ("failed", ("passed",), False), ("error", ("failed", "error"), False)],
)  # fmt: skip
def test_a_case_is_flaky_where_it_passed_only_when_it_was_tried_again(
    outcome: str, attempts: tuple[str, ...], is_flaky: bool
) -> None:
    assert CaseRecord(id="a", outcome=outcome, attempts=attempts).is_flaky is is_flaky
