"""Where workstreams may write, by their patterns. It never looks at a tree: scope_check.py judges what was done.

A plain name may mean a file or all in a folder: whoever calls says which.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import PurePosixPath

from splinter.config.yaml_events import Keys
from splinter.model.guarded_paths import forbidden_patterns
from splinter.model.workstream import Workstream
from splinter.text import glob_overlap
from splinter.text.patterns import WILDCARDS, matches

MAX_PAIRS = 200_000  # of patterns that are compared; a repository with more gets fewer warnings
MAX_SEARCHES = 200  # of those, the ones that need more than a look


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two workstreams, neither after the other, that may write one path; `more` others may too.

    `keys` lead to the pattern in the later one's document, `other_keys` in the other's.
    """

    id: str
    keys: Keys
    other: str
    other_keys: Keys
    path: str
    more: int


@dataclass(frozen=True, slots=True)
class _Claim:
    """A pattern, and what its scope takes away from it; `is_file`: a single file."""

    pattern: str
    forbidden: tuple[str, ...]
    is_file: bool


def looks_like_a_file(name: str) -> bool:
    """Whether a plain name is one that files have and folders hardly ever, such as `package.json`."""
    return bool(PurePosixPath(name).suffix)


def overlaps(
    workstreams: Sequence[Workstream], *, is_file: Callable[[str], bool] = looks_like_a_file
) -> tuple[Overlap, ...]:
    """One overlap for each workstream that shares paths with one before it, each after its dependencies.

    Only patterns that a file itself gives count, and only workstreams that may start from one base. The order is that
    of their files. Bounded: past MAX_PAIRS and MAX_SEARCHES nothing more is found.
    """
    others = _unordered(workstreams)
    places = [_claims(workstream, is_file) for workstream in workstreams]
    owners: defaultdict[_Claim, int] = defaultdict(int)
    for index, claims in enumerate(places):
        for claim in claims:
            owners[claim] |= 1 << index
    meetings = _meetings(owners)
    by_source = sorted(range(len(workstreams)), key=lambda index: workstreams[index].source)
    found, before = [], 0
    for index in by_source:
        candidates = before & others[index]
        hits = [
            (claim, other, path, both)
            for claim in places[index]
            for other, path in meetings[claim].items()
            if (both := owners[other] & candidates)
        ]
        if hits:
            claim, other, path, both = hits[0]
            rival = next(rank for rank in by_source if both >> rank & 1)
            found.append(
                Overlap(
                    id=workstreams[index].id,
                    keys=places[index][claim],
                    other=workstreams[rival].id,
                    other_keys=places[rival][other],
                    path=path,
                    more=reduce(or_, (hit[3] for hit in hits)).bit_count() - 1,
                )
            )
        before |= 1 << index
    return tuple(found)


def _claims(workstream: Workstream, is_file: Callable[[str], bool]) -> dict[_Claim, Keys]:
    """What a workstream's file says it may write, each with its first place."""
    scope, claims = workstream.scope, dict[_Claim, Keys]()
    forbidden = tuple(sorted({*forbidden_patterns(scope), *scope.forbid}))
    for name in ("modify",) if scope.create == scope.modify else ("modify", "create"):
        patterns: tuple[str, ...] = getattr(scope, name)
        if patterns == ("**",):  # said nowhere, or saying nothing
            continue
        for index, pattern in enumerate(patterns):
            is_one = not WILDCARDS & set(pattern) and is_file(pattern)
            claims.setdefault(_Claim(pattern, forbidden, is_one), ("scope", name, index))
    return claims


def _unordered(workstreams: Sequence[Workstream]) -> list[int]:
    """For each workstream, as bits, those that neither depend on it, even indirectly, nor it on them."""
    number = {workstream.id: index for index, workstream in enumerate(workstreams)}
    before, after = [0] * len(workstreams), [0] * len(workstreams)
    for index, workstream in enumerate(workstreams):
        for name in number.keys() & {*workstream.depends_on}:
            before[index] |= before[number[name]] | 1 << number[name]
    for index in reversed(range(len(workstreams))):
        for name in number.keys() & {*workstreams[index].depends_on}:
            after[number[name]] |= after[index] | 1 << index
    by_base: defaultdict[str | None, int] = defaultdict(int)
    for index, workstream in enumerate(workstreams):
        by_base[workstream.base] |= 1 << index
    everybody = (1 << len(workstreams)) - 1
    return [
        (by_base[workstream.base] | by_base[None] if workstream.base else everybody)
        & ~(before[index] | after[index] | 1 << index)
        for index, workstream in enumerate(workstreams)
    ]


def _meetings(owners: Mapping[_Claim, int]) -> Mapping[_Claim, Mapping[_Claim, str]]:
    """For each claim those that share a path with it, itself included, each with such a path."""
    by_start: defaultdict[str, list[_Claim]] = defaultdict(list)
    for claim in owners:
        by_start[glob_overlap.literal(claim.pattern)].append(claim)
    meetings: dict[_Claim, dict[_Claim, str]] = {claim: {} for claim in owners}
    pairs, searches = 0, 0
    for claim, other in _candidates(by_start):
        pairs += 1
        if pairs > MAX_PAIRS or searches > MAX_SEARCHES:
            break
        is_alone = claim == other and owners[claim].bit_count() == 1
        if is_alone or not glob_overlap.may_meet(claim.pattern, other.pattern):
            continue
        both, forbidden = (claim.pattern, other.pattern), sorted({*claim.forbidden, *other.forbidden})
        file = next((one.pattern for one in (claim, other) if one.is_file), None)
        if file is not None:
            is_met = all(matches(one, file) for one in both) and not any(matches(one, file) for one in forbidden)
            path = file if is_met else None
        else:
            path = glob_overlap.guessed(both, forbidden)
            if path is None:
                searches += 1
                path = glob_overlap.shared(both, forbidden, undecided=None)
        if path is not None:
            meetings[claim][other] = meetings[other][claim] = path
    return meetings


def _candidates(by_start: Mapping[str, Sequence[_Claim]]) -> Iterator[tuple[_Claim, _Claim]]:
    """Pairs of which one's literal start begins the other's: all others cannot meet."""
    for start, claims in by_start.items():
        for index, claim in enumerate(claims):
            yield from ((claim, other) for other in claims[index:])
            for end in range(len(start)):
                yield from ((claim, other) for other in by_start.get(start[:end], ()))
