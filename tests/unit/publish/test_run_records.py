"""What is said of a workstream that took no part in a run: how it ended last, as far as that is known."""

from __future__ import annotations

import pytest

from splinter.model.records import Outcome
from splinter.publish import run_records

LAST = {
    None: "it never ran",
    ("run-1", Outcome.FAILED): "it ended as failed in run run-1",
    ("run-1", None): "how it ended in run run-1 cannot be read",
}


@pytest.mark.parametrize("last", LAST)
def test_how_it_ended_last(last: tuple[str, Outcome | None] | None) -> None:
    assert run_records._ended(last) == LAST[last]
