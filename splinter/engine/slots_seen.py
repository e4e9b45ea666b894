"""What is there on workstreams' slots: which slot each is due for, and what the remote was seen to say of it.

It claims none. What was seen is remembered with the time of this clock, for a claim's lease counts from there.
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from splinter.engine import claim_commit
from splinter.engine.branch import last_success
from splinter.engine.known import HeldClaim
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import GitError
from splinter.git import remotes
from splinter.model import fingerprints, layout, plan, schedule, slot_claim
from splinter.model.fingerprints import fingerprint
from splinter.model.plan import choose_remote
from splinter.model.slot_claim import Claim, Slot, State
from splinter.model.workstream import Workstream
from splinter.text import counts

_FACT = "slot/"  # by workstream: the claim as last seen, since when on this clock, and those that we made
_TRIES = 4  # two pushes at once may be in each other's way
_AT_ONCE = 100  # refs in one command line
_SHOWN = 3  # refs in one sentence

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is there on a workstream's slot: the commit, empty for none, what it says, and since when we know it.

    `made` are those that we made last, `where`: on which machine and in which repository; `is_lost`: somebody took over
    what we held, so that nothing made with it is published.
    """

    commit: str = ""
    claim: Claim | None = None
    at: datetime
    made: tuple[str, ...] = ()
    where: str = ""
    is_lost: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether we made it."""
        return bool(self.commit) and self.commit in self.made


def place(outside: Outside) -> tuple[str, dict[str, str]] | None:
    """Where slots are claimed: where branches are pushed to; None where they are not."""
    remote = choose_remote(outside.settings, outside.snapshot) if outside.settings.claim_slots else None
    return outside.pushed_to(remote) if remote else None


def slots(session: Session) -> dict[str, Slot]:
    """The slot that each workstream is due for now; `always`, and what builds on such a one, has none."""
    found: dict[str, Slot] = {}
    for id, one in session.plans.items():  # each after those it depends on
        workstream = one.workstream
        if workstream.when == "always" or not all(other in found for other in workstream.depends_on):
            continue
        below = {other: found[other].made_of for other in workstream.depends_on}
        made_of = fingerprint(fingerprints.workstream_inputs(one, below))
        rule = _rule(session, workstream)
        found[id] = Slot(workstream=id, made_of=made_of, occurrence=one.occurrence, rule=rule)
    return found


def remembered(session: Session, id: str) -> Seen:
    """What was seen last on a workstream's slot, without asking."""
    fact, now = session.memory.json_fact(f"{_FACT}{id}"), session.outside.clock.now()
    try:
        at = datetime.fromisoformat(fact["at"])
        commit, made = str(fact["commit"]), tuple(map(str, fact["made"]))
        lease_s = session.outside.settings.slot_lease_s
        claim = slot_claim.from_json(id, fact["claim"], lease_s=lease_s) if commit else None
        # a clock that was put back did not see it in the future
        where, is_lost = str(fact["where"]), bool(fact["lost"])
        return Seen(commit=commit, claim=claim, at=min(at, now), made=made, where=where, is_lost=is_lost)
    except (ValueError, TypeError, LookupError):
        return Seen(at=now)


def remember(session: Session, id: str, seen: Seen) -> None:
    """Keep it for later calls."""
    said = slot_claim.to_json(seen.claim) if seen.claim else {}
    session.memory.set_json_fact(f"{_FACT}{id}", {
        "commit": seen.commit, "claim": said, "at": seen.at.isoformat(), "made": seen.made, "where": seen.where,
        "lost": seen.is_lost,
    })  # fmt: skip


def look(session: Session, ids: Collection[str]) -> dict[str, Seen]:
    """Ask the remote what is there on the slots of workstreams, and remember it; raises GitError."""
    where = place(session.outside)
    assert where
    repository = session.outside.repository
    for _ in range(_TRIES):
        there = {id: where_it_is for id, where_it_is in _listed(session, where).items() if id in ids}
        known = {id: remembered(session, id) for id in ids}
        news = [id for id, commit in there.items() if commit != known[id].commit]
        for some in parts([id for id in news if there[id] not in known[id].made]):
            with suppress(GitError):  # one that moved meanwhile is asked for again
                remotes.fetch_objects(repository, where[0], [ref(id) for id in some], where[1])
        said = dict(zip(news, claim_commit.read(session.outside, [there[id] for id in news]), strict=True))
        if None not in said.values():
            break
    else:
        lacking = counts.and_more([ref(id) for id, fields in said.items() if fields is None], _SHOWN)
        raise GitError(f"what claims on slots say could not be fetched: {lacking}")
    now, lease_s = session.outside.clock.now(), session.outside.settings.slot_lease_s
    for id in ids:
        if id not in there and known[id].commit:
            known[id] = replace(known[id], commit="", claim=None, at=now)
        elif id in said:
            claim = slot_claim.from_json(id, said[id] or {}, lease_s=lease_s)
            is_lost = known[id].is_lost or (_is_held(known[id]) and there[id] not in known[id].made)
            known[id] = replace(known[id], commit=there[id], claim=claim, at=now, is_lost=is_lost)
        else:
            continue
        remember(session, id, known[id])
    return known


def parts(whole: Sequence[Part]) -> Iterator[Sequence[Part]]:
    """In parts that fit into a command line."""
    return (whole[start : start + _AT_ONCE] for start in range(0, len(whole), _AT_ONCE))


def refusal(session: Session, slot: Slot, seen: Seen, *, is_again: bool = False) -> str:
    """Why a slot is not to be had, by what was seen; empty where it is."""
    claim, now = seen.claim, session.outside.clock.now()
    # what a killed run of this very repository holds is ours; in CI others may have been handed the same memory
    is_here = seen.where == here(session) and not session.outside.environment.is_in_ci
    if claim and is_here and _is_held(seen):
        claim = claim.released()
    return slot_claim.refusal(claim, slot, now=now, seen=seen.at, is_again=is_again)


def here(session: Session) -> str:
    """What tells this machine's repository from a copy of it."""
    return f"{platform.node()}:{session.outside.repository.root}"


def refusals(session: Session, *, claims: bool = True) -> dict[str, str]:
    """Why workstreams that were due would not be run, as far as is known without asking; by `claims` of others too."""
    found = {id: passed(session, id) for id, one in session.plans.items() if one.has_passed}
    if claims and place(session.outside):
        for id, slot in slots(session).items():
            why = refusal(session, slot, remembered(session, id))
            if why and id not in found:
                found[id] = f"{why}, as last seen"
    return found


def passed(session: Session, id: str) -> str:
    """What is said of one whose slot is not caught up with."""
    occurrence = session.plans[id].occurrence
    return f"its slot {occurrence} began more than a day ago (catch_up: none); doit -a {id} runs it"


def held(session: Session, id: str) -> HeldClaim | None:
    """The claim by which we have a slot, as far as is known without asking: what was made is not published yet."""
    seen = remembered(session, id)
    return HeldClaim(ref=ref(id), commit=seen.commit, claim=seen.claim) if _is_held(seen) and seen.claim else None


def _is_held(seen: Seen) -> bool:
    """Whether we had it: what was made with it was not published yet."""
    return seen.is_ours and seen.claim is not None and seen.claim.state == State.HELD


def _listed(session: Session, where: tuple[str, Mapping[str, str]]) -> dict[str, str]:
    found = remotes.refs(session.outside.repository, where[0], [f"{layout.SLOTS}/*"], where[1])
    return {ref.removeprefix(f"{layout.SLOTS}/"): id for ref, id in found.items() if ref.startswith(f"{layout.SLOTS}/")}


def ref(id: str) -> str:
    """The ref of a workstream's slot."""
    return f"{layout.SLOTS}/{id}"


def look_for_missed(session: Session, workstreams: Iterable[Workstream]) -> None:
    """Ask the remote which slots were done last, where all missed ones are caught up with; told where it is silent."""
    ids = [one.id for one in _catching_up(session, workstreams)]
    if ids and place(session.outside):
        with suppress(GitError):  # a claim, without which nothing is run, says so
            look(session, ids)


def reached(session: Session, workstreams: Iterable[Workstream]) -> dict[str, str]:
    """The occurrence that was done last, here or as the remote was seen to say, of those that catch up with all."""
    found = {}
    some = {one.id: one for one in _catching_up(session, workstreams)}
    for id, success in last_success.of_all(session.outside, some.values()).items():
        if success.inputs.get("when") == some[id].when:
            found[id] = str(success.inputs.get(fingerprints.OCCURRENCE, ""))
    if place(session.outside):
        for id, workstream in some.items():
            claim = remembered(session, id).claim
            if claim and claim.done.rule == _rule(session, workstream):
                found[id] = max(found.get(id, ""), claim.done.occurrence)
    return found


def _catching_up(session: Session, workstreams: Iterable[Workstream]) -> Iterator[Workstream]:
    settings = session.outside.settings
    return (
        one for one in workstreams if schedule.is_timed(one.when) and plan.catch_up(one, settings) == "all"
    )  # fmt: skip


def _rule(session: Session, workstream: Workstream) -> str:
    """By what the times of one follow each other; empty where no time counts."""
    timezone = session.outside.settings.timezone
    return f"{workstream.when} {timezone}" if schedule.is_timed(workstream.when) else ""
