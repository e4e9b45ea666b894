"""What became of a check beyond what its cases say, such as a crash. Values only."""

from __future__ import annotations

from enum import StrEnum


class Itself(StrEnum):
    """How the check itself stands against before, `AS_ITS_CASES` where they say it all."""

    AS_ITS_CASES = ""
    BROKEN = "broken"
    FAILING_BEFORE = "failing_before"
    FIXED = "fixed"
    FLAKY = "flaky"
