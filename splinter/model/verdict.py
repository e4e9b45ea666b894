"""What became of a check beyond what its cases say, such as a crash. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Itself(StrEnum):
    """How the check itself stands against before, `AS_ITS_CASES` where they say it all."""

    AS_ITS_CASES = ""
    BROKEN = "broken"
    FAILING_BEFORE = "failing_before"
    FIXED = "fixed"
    FLAKY = "flaky"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How a check ended, and its cases by id.

    `is_unexplained` where it failed for more than its cases say: it crashed, hung, or contradicts itself.
    """

    check: str
    cases: Mapping[str, str] = field(default_factory=dict)
    exit_status: int | None = None
    is_unexplained: bool = False
    flaky: tuple[str, ...] = ()
