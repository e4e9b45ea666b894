"""Warnings of scopes that overlap, in words, each at a pattern. Of a disk it only asks which names are files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from splinter.config import rules, scope_overlaps
from splinter.config.dependencies import One
from splinter.config.scope_overlaps import Overlap
from splinter.config.yaml_documents import Problem, warning
from splinter.model.workstream import Workstream
from splinter.text.counts import plural
from splinter.text.patterns import shown

MAX_OVERLAPS = 20


def found(root: Path, workstreams: Sequence[Workstream], by_id: Mapping[str, One]) -> Iterator[Problem]:
    """A warning at the later one of two that may write the same path, unless one waits for the other.

    Of the members of a matrix the first is named.
    """

    def is_file(name: str) -> bool:
        place = root / name
        return place.is_file() or (scope_overlaps.looks_like_a_file(name) and not place.is_dir())

    running = [one for one in workstreams if one.enabled]  # whoever names another sees to it
    overlapping = scope_overlaps.overlaps(running, is_file=is_file)
    first = {(by_id[one.id].file.document.path, one.keys): one for one in reversed(overlapping)}
    overlaps = [one for one in overlapping if first[by_id[one.id].file.document.path, one.keys] is one]
    for index, one in enumerate(overlaps[: MAX_OVERLAPS + 1]):
        document = by_id[one.id].file.document
        if index == MAX_OVERLAPS:
            rest = plural(len(overlaps) - MAX_OVERLAPS, "more workstream")
            yield warning(document.problem(one.keys, f"here and in {rest} scopes overlap; they are not shown"))
            return
        yield warning(document.problem(one.keys, _overlap(one, by_id)))


def _overlap(one: Overlap, by_id: Mapping[str, One]) -> str:
    mine, other = by_id[one.id], by_id[one.other]
    own, theirs = (
        shown(rules.value_at(whose.filled.data if whose.filled else None, keys))
        for whose, keys in ((mine, one.keys), (other, one.other_keys))
    )
    more = f", and scopes of {plural(one.more, 'other workstream')}" if one.more else ""
    if mine.file is other.file:
        return (
            f"{own} of {one.id} overlaps {theirs} of {one.other}{more}; fill in what tells members apart, "
            "or keep their scopes apart"
        )
    place = other.file.document.place(one.other_keys)
    return (
        f"{own} overlaps {theirs} of {other.file.document.path}:{place.line}:{place.column}{more}; "
        "let one depend on the other, or keep their scopes apart"
    )
