"""What one run asked of the outside and decided, as a value that travels: between jobs, and to the run's later calls.

Pure. Whoever reads one takes it for a list of what to do: it says nothing of scope, guards, or what may be pushed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from splinter.errors import InputError
from splinter.text.patterns import did_you_mean, ref_problem, shown

VERSION = 1
LARGEST = 20_000_000  # bytes of its file; one of 10,000 workstreams has four million
MOST_SHARDS = 256  # as many jobs as GitHub lets a matrix have


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedBase:
    """A branch of a remote with the commit that it was at; `is_default`: it is what the remote's HEAD names."""

    remote: str
    name: str
    commit: str
    is_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBranch:
    """Whether a remote has a branch of ours."""

    remote: str
    branch: str
    is_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMerge:
    """What the forge said of a branch, at a commit: the address of the pull request that merged it, empty for none."""

    head: str
    base: str
    tip: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One workstream: which occurrence it is for, whether it is due, and in which shard (0: in none).

    `slot` is the fingerprint of its definition and occurrence. `claim` is the commit of our claim on it, empty where
    none was made; `held_by` is who else has it. `seconds` is how long it is expected to take.
    """

    id: str
    occurrence: str
    is_due: bool
    slot: str
    shard: int = 0
    seconds: float = 0.0
    claim: str = ""
    held_by: str = ""

    @property
    def is_run(self) -> bool:
        """Whether it is to be run by whoever has its shard."""
        return self.is_due and not self.held_by


@dataclass(frozen=True, slots=True, kw_only=True)
class NightPlan:
    """All of it: `run` is the run that every job's records belong to, `at` the time that decides, in UTC.

    `commit` is the one whose workstreams were read, empty where there was none yet. `notes` are for the report, `call`
    is the UUID by which the healthcheck heard that the run begins, empty where it did not.
    """

    run: str
    at: datetime
    commit: str
    shards: int = 1
    bases: tuple[PinnedBase, ...] = ()
    branches: tuple[SeenBranch, ...] = ()
    merged: tuple[SeenMerge, ...] = ()
    workstreams: tuple[Planned, ...] = ()
    notes: tuple[str, ...] = ()
    call: str = ""

    @property
    def by_id(self) -> Mapping[str, Planned]:
        """The workstreams by their ids."""
        return {one.id: one for one in self.workstreams}

    def part(self, shard: int | None) -> frozenset[str]:
        """The ids of those that are run in a shard, or in all of them for None."""
        return frozenset(one.id for one in self.workstreams if one.is_run and shard in (None, one.shard))


def to_text(plan: NightPlan) -> str:
    """The plan as its JSON file, the same for the same plan; raises InputError where nobody would read it again."""
    fields = {**asdict(plan), "at": plan.at.astimezone(UTC).isoformat(timespec="seconds")}
    text = json.dumps({"version": VERSION, **fields}, indent=1, ensure_ascii=False) + "\n"
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        raise InputError(
            f"a plan of {len(plan.workstreams):,} workstreams is larger than {LARGEST // 1_000_000} MB, which no job "
            "reads; plan fewer of them at once"
        )
    return text


def parse(data: Mapping[str, Any]) -> NightPlan:
    """The plan that such a file holds, which its schema found nothing wrong with; raises InputError for the rest."""
    plan = NightPlan(
        run=data["run"],
        at=_time(data["at"]),
        commit=data["commit"],
        shards=data["shards"],
        bases=tuple(PinnedBase(**one) for one in data["bases"]),
        branches=tuple(SeenBranch(**one) for one in data["branches"]),
        merged=tuple(SeenMerge(**one) for one in data["merged"]),
        workstreams=tuple(Planned(**one) for one in data["workstreams"]),
        notes=tuple(data["notes"]),
        call=data.get("call", ""),
    )
    _check(plan)
    return plan


def shard_of(text: str, plan: NightPlan) -> int:
    """The shard that `2/8` names; raises InputError where it is none of the plan's."""
    number, slash, whole = text.partition("/")
    if not (slash and number.isascii() and number.isdecimal() and whole.isascii() and whole.isdecimal()):
        raise InputError(f"--shard takes a number and how many there are, such as 2/8, not {shown(text)}")
    if int(whole) != plan.shards:
        raise InputError(
            f"--shard {text}: the plan has {plan.shards} of them; doit plan --write FILE --shards {whole} makes another"
        )
    if not 1 <= int(number) <= plan.shards:
        raise InputError(f"--shard {text}: the first is 1/{plan.shards}, the last {plan.shards}/{plan.shards}")
    return int(number)


def refuse_unknown(plan: NightPlan, known: Mapping[str, str]) -> None:
    """Raise InputError for a plan of other workstreams; `known` is the slot of each that is there, by its id."""
    for one in plan.workstreams:
        if one.id not in known:
            raise InputError(f'the plan is of other workstreams: it has "{one.id}"{did_you_mean(one.id, known)}')
        if one.slot != known[one.id]:
            raise InputError(f"the plan is of other workstreams: what {one.id} says is not what was planned")
    if lacking := known.keys() - plan.by_id.keys():
        raise InputError(f"the plan is of other workstreams: it does not have {min(lacking)}")


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        if found.utcoffset() is None:
            raise ValueError
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f'"at" in the plan is no time in UTC: {shown(text)}') from error


def _check(plan: NightPlan) -> None:
    """What the schema cannot say."""
    if len(plan.by_id) != len(plan.workstreams):
        raise InputError("the plan names a workstream twice")
    named = [(one.remote, one.name) for one in plan.bases]
    defaults = [one.remote for one in plan.bases if one.is_default]
    if len(set(named)) != len(named) or len(set(defaults)) != len(defaults):
        raise InputError("the plan names a base twice")
    for name in (*(name for one in named for name in one), *(one.branch for one in plan.branches)):
        if why := ref_problem(name):
            raise InputError(f"the plan names a branch {shown(name)}, which {why}")
    for one in plan.workstreams:
        if one.shard > plan.shards or one.is_run != bool(one.shard):
            raise InputError(f"the plan has {one.id} in shard {one.shard} of {plan.shards}")
