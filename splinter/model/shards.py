"""Cuts what is due into shards: what depends on each other stays together, and the longest is placed first.

Pure: the same workstreams, durations and number of shards give the same shards, whatever order they come in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

DEFAULT_S = 60.0  # of a workstream, where nothing is known of any
LATEST = 5  # successes whose durations count


def expected_s(past: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The seconds that each workstream is expected to take, by those of its past successes.

    One that never succeeded is taken for one in the middle of the others.
    """
    succeeded = {id: some for id, some in past.items() if some}
    if not succeeded:
        return dict.fromkeys(past, DEFAULT_S)
    import statistics  # large, and of no use to a first run

    known = {id: statistics.median(some) for id, some in succeeded.items()}
    other = statistics.median(known.values())
    return {id: round(known.get(id, other), 3) for id in past}


def cut(seconds: Mapping[str, float], depends_on: Mapping[str, Collection[str]], *, shards: int) -> dict[str, int]:
    """The shard of each workstream in `seconds`, counted from 1.

    What connects two of them is a dependency between workstreams that are in `seconds` both: what is done already is
    there for every shard.
    """
    loads = dict.fromkeys(range(1, shards + 1), 0.0)
    cut: dict[str, int] = {}
    parts = ((sum(seconds[id] for id in part), part) for part in _connected(sorted(seconds), depends_on))
    for together_s, part in sorted(parts, key=lambda one: (-one[0], one[1])):
        shard = min(loads, key=lambda number: (loads[number], number))
        loads[shard] += together_s
        cut |= dict.fromkeys(part, shard)
    return cut


def paths(seconds: Mapping[str, float], depends_on: Mapping[str, Collection[str]]) -> dict[str, float]:
    """How long it takes at least from each workstream's begin until all that waits for it has ended.

    `depends_on` names each workstream after those that it depends on.
    """
    longest = dict.fromkeys(seconds, 0.0)  # of what waits for it
    for id in reversed([one for one in depends_on if one in seconds]):
        longest[id] += seconds[id]
        for other in depends_on[id]:
            if other in longest:
                longest[other] = max(longest[other], longest[id])
    return longest


def _connected(ids: Sequence[str], depends_on: Mapping[str, Collection[str]]) -> list[tuple[str, ...]]:
    beside: dict[str, set[str]] = {id: set() for id in ids}
    for id in ids:
        for other in depends_on.get(id, ()):
            if other in beside:
                beside[id].add(other)
                beside[other].add(id)
    parts, seen = [], set[str]()
    for id in ids:
        if id in seen:
            continue
        part, todo = set[str](), [id]
        while todo:
            one = todo.pop()
            if one not in part:
                part.add(one)
                todo.extend(beside[one])
        seen |= part
        parts.append(tuple(sorted(part)))
    return parts
