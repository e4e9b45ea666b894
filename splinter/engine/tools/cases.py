"""Cases as a list in which each test stands once, under an id of its own. Pure, and it judges nothing.

Cases of one id are attempts of one test where the runner tells so, or where its command ended well with the last of
them; else they are tests that are named alike, and numbered in the file's order. So nothing fails unseen: of tests
that are named alike, one that broke is not excused by another that passes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace

from splinter.model.records import BAD, CaseRecord, Outcome

_LONGEST = 500  # characters of an id
_SHORTENED = re.compile(r"… [0-9a-f]{32}$")
_NUMBERED = re.compile(r" \(\d+\)$")


def merged(found: Iterable[CaseRecord], *, shows_reruns: bool = True) -> list[CaseRecord]:
    """Cases of one id made one: the last counts, the others are attempts before it.

    Without `shows_reruns` the runner writes an attempt that failed as if it had passed, as pytest-rerunfailures does;
    what passes behind one that did not is then another test, whose name is written alike.
    """
    alike: dict[str, list[CaseRecord]] = {}
    for case in found:
        alike.setdefault(case.id, []).append(case)
    made: list[CaseRecord] = []
    for same in alike.values():
        is_one_test = shows_reruns or same[-1].outcome in BAD or all(case.outcome == Outcome.PASSED for case in same)
        made += [_last_attempt(same, shows_reruns=shows_reruns)] if is_one_test else same
    return made


def _last_attempt(same: list[CaseRecord], *, shows_reruns: bool) -> CaseRecord:
    earlier: list[str] = []
    for case in same[:-1]:
        is_hidden = case.outcome == Outcome.PASSED and not shows_reruns
        earlier += [*case.attempts, "rerun" if is_hidden else case.outcome]
    return replace(same[-1], attempts=(*earlier, *same[-1].attempts))


def settled(found: Iterable[CaseRecord], *, ended_well: bool) -> tuple[CaseRecord, ...]:
    """Every test once, by an id that is its own and not too long; `ended_well` is of the command that ran them."""
    alike: dict[str, list[CaseRecord]] = {}
    for case in found:
        id = _bounded(case.id)
        alike.setdefault(id, []).append(replace(case, id=id))
    return tuple(case for same in alike.values() for case in _distinguished(same, ended_well=ended_well))


def _distinguished(same: list[CaseRecord], *, ended_well: bool) -> list[CaseRecord]:
    if ended_well and same[-1].outcome == Outcome.PASSED and any(case.outcome in BAD for case in same):
        same = merged(same)
    is_numbered = _NUMBERED.search(same[0].id) is not None  # by its own name: `a (2)` is not the second `a`
    first = replace(same[0], id=f"{same[0].id} (1)") if is_numbered else same[0]
    return [first, *(replace(case, id=f"{case.id} ({number})") for number, case in enumerate(same[1:], 2))]


def _bounded(id: str) -> str:
    """An id within the limit; what is cut off stands in it as a hash, so that no two are taken for one."""
    if len(id) <= _LONGEST and not _SHORTENED.search(id):
        return id
    digest = hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{id[: _LONGEST - 34]}… {digest}"
