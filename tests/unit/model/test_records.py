"""Records as JSON and back; those that an earlier version stored are read too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from splinter.model import records
from splinter.model.records import CaseRecord, CheckRecord, Comparison

CHECK = CheckRecord(
    workstream="w", check="tests", outcome="failed", seconds=1.0, exit_status=1, doubts=("in doubt",),
    cases=(CaseRecord(id="a", outcome="passed", seconds=0.5, attempts=("failed",)),),
    compared=Comparison(before="passed", itself="broken", broken=("tests",), unstable=("a[1]",)),
)  # fmt: skip


def test_a_check_comes_back_from_json_as_it_was() -> None:
    assert records.check_from_json(json.loads(json.dumps(records.to_json(CHECK)))) == CHECK


@pytest.mark.parametrize("itself", ["broken", "failing_before", "fixed", "flaky"])
def test_a_check_that_an_earlier_version_stored_is_read(itself: str) -> None:
    """It kept the check among its cases, under its own id, and knew neither attempts nor doubts."""
    old: dict[str, Any] = records.to_json(CHECK)
    del old["doubts"]
    old["cases"] = [{"id": "a", "outcome": "passed", "seconds": 0.0, "message": ""}]
    names = ("broken", "failing_before", "fixed", "flaky", "vanished", "newly_skipped")
    old["compared"] = {"before": "failed", **{name: ["tests", "b"] if name == itself else [] for name in names}}
    read = records.check_from_json(json.loads(json.dumps(old)))
    assert read.cases == (CaseRecord(id="a", outcome="passed", seconds=0.0),)
    compared: dict[str, Any] = {itself: ("b",)}
    assert read.compared == Comparison(before="failed", itself=itself, **compared)
    assert read.doubts == ()


@pytest.mark.parametrize(
    ("outcome", "attempts", "is_flaky"),
    [("passed", (), False), ("passed", ("passed",), False), ("passed", ("failed",), True), ("passed", ("rerun",), True),
     ("failed", ("passed",), False), ("error", ("failed", "error"), False)],
)  # fmt: skip
def test_a_case_is_flaky_where_it_passed_only_when_it_was_tried_again(
    outcome: str, attempts: tuple[str, ...], is_flaky: bool
) -> None:
    assert CaseRecord(id="a", outcome=outcome, attempts=attempts).is_flaky is is_flaky
