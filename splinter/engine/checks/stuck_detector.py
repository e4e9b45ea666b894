"""When a fix loop makes no progress: pure functions of the results that were judged, in their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

STALLED_OVER = 3  # results with the same failures
_VARYING = re.compile(r"0x[0-9a-f]+|\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One result: the tree that was judged, and a hash of what failed in it."""

    tree: str
    failing: str


def trip(results: Sequence[Tried]) -> str | None:
    """Why a further attempt makes no sense after the last of `results`, None where it may."""
    *earlier, last = results
    if last.tree in {one.tree for one in earlier}:
        return "came back to a result that had failed before"
    latest = results[-STALLED_OVER:]
    if len(latest) == STALLED_OVER and len({one.failing for one in latest}) == 1:
        return f"left the same failures in {STALLED_OVER} results one after another"
    return None


def essence(output: str) -> str:
    """An output with what differs from run to run taken out: numbers, such as seconds and addresses."""
    return _VARYING.sub("#", output)
