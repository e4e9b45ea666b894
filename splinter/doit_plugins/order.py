"""What is begun next where more is ready than may run at once: the longest expected path first.

What is begun goes before what is not, so that workstreams end one after another. Else doit's own order stays.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from splinter.engine.session import Session
from splinter.model import shards

_WORTH_S = 10.0  # less of a difference is worth no other order than that of the files


def paths(session: Session, ids: Collection[str]) -> dict[str, int]:
    """How long it takes from a workstream's begin to the end of all that waits for it, in steps of ten seconds."""
    past = {id: session.history.durations(id, latest=shards.LATEST) for id in ids}
    after = {id: plan.workstream.depends_on for id, plan in session.plans.items() if id in past}
    return {id: int(seconds // _WORTH_S) for id, seconds in shards.paths(shards.expected_s(past), after).items()}


def selected(names: Sequence[str], longest: Mapping[str, int]) -> list[str]:
    """The tasks of a call, its workstreams in their order; all others stay in their places."""
    ranked = iter(sorted((name for name in names if name in longest), key=lambda name: -longest[name]))
    return [next(ranked) if name in longest else name for name in names]


class Ready:
    """The nodes that doit's dispatcher may go on with, in place of its queue."""

    def __init__(self, longest: Mapping[str, int], begun: Collection[str]) -> None:
        """`begun` are the workstreams of which a task ran, now or later."""
        self._longest, self._begun = longest, begun
        self._numbers, self._nodes = itertools.count(), list[tuple[float, bool, int, Any]]()

    def append(self, node: Any) -> None:
        """A node can be gone on with; one that only stands for others, or is no workstream's, comes first."""
        workstream = (node.task.meta or {}).get("workstream")
        path = self._longest.get(workstream, 0) if workstream and node.task.actions else float("inf")
        heapq.heappush(self._nodes, (-path, workstream not in self._begun, next(self._numbers), node))

    def popleft(self) -> Any:
        """The node to go on with."""
        return heapq.heappop(self._nodes)[-1]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._nodes)
