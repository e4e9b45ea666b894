"""What records say of themselves in words."""

from __future__ import annotations

import pytest

from splinter.model.record_words import amounts, cost, seconds
from splinter.model.records import RunRecord, Usage

TOKENS = {"counted": 1, "input_tokens": 2_400, "output_tokens": 68}


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        (Usage(calls=1, priced=1, usd=0.0137, **TOKENS), "$0.0137, 2,400 tokens read, 68 written"),
        (Usage(calls=1, priced=1, usd=1_234.5), "$1,234.50"),
        (Usage(calls=2, priced=1, usd=2), "at least $2.00"),
        (Usage(calls=1), "cost unknown"),
        (Usage(calls=1, **TOKENS), "cost unknown, 2,400 tokens read, 68 written"),
    ],
)
def test_a_cost_that_no_agent_says_is_unknown_and_not_0(usage: Usage, words: str) -> None:
    assert cost(usage) == words
    assert amounts(usage) == words.removeprefix("cost ")  # after a label that says it


@pytest.mark.parametrize(("finished", "took"), [("2026-11-23T02:00:11+00:00", 11), (None, None), ("nonsense", None)])
def test_a_run_took_from_its_begin_to_its_end(finished: str | None, took: float | None) -> None:
    run = RunRecord(run="r", started="2026-11-23T02:00:00+00:00", finished=finished)
    assert seconds(run) == took
