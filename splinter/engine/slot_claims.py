"""Claims on slots: of all runners that may push to a remote, one has a workstream's slot, and so it runs once.

A claim is a ref on the remote that moves only by compare-and-swap. It trusts none for anything but who goes first, and
starts nothing. Without `claim_slots` in the settings, and without a remote, nothing is claimed.
"""

from __future__ import annotations

import platform
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import timedelta

from splinter.engine import claim_commit, slots_seen
from splinter.engine.known import HeldClaim
from splinter.engine.session import Session
from splinter.engine.slots_seen import Seen
from splinter.errors import GitError, PublishError, SplinterError
from splinter.git import remotes
from splinter.git.remotes import Move
from splinter.model import layout, slot_claim
from splinter.model.slot_claim import Claim, Slot, State
from splinter.text import counts

_MADE = 5  # of our own that are remembered: one may be there whose answer was lost
_TRIES = 4  # two pushes at once may be in each other's way; each try asks again what is there
_PAUSE_S = 0.2
_RENEWED = 3  # times in a lease that a claim is renewed


def claim(session: Session, ids: Iterable[str], *, run: str = "", is_again: bool = False) -> None:
    """Claim the slots of due workstreams: `known.claims` has those that are ours then, `known.not_run` says why not.

    `run` is who holds them, this call's own unless it is named. `is_again`: also what was done. Raises PublishError
    where no claim can be made: then nobody has it.
    """
    every = slots_seen.slots(session)
    open_ones = {id: every[id] for id in ids if id in every}
    try:
        seen = slots_seen.look(session, open_ones) if open_ones else {}
        for tried in range(_TRIES):
            open_ones = _without_refused(session, open_ones, seen, is_again=is_again)
            if not open_ones:
                return
            session.processes.pause(tried * _PAUSE_S * (1 + secrets.randbelow(8) / 8))
            offers = _offers(session, open_ones, seen, run or session.run.open())
            refused = _push(session, [offer.move(seen[id].commit) for id, offer in offers.items()])
            seen = slots_seen.look(session, open_ones)
            won = [id for id, offer in offers.items() if seen[id].commit == offer.commit]
            session.known.claims.update((id, offers[id]) for id in won)
            open_ones = {id: slot for id, slot in open_ones.items() if id not in won}
    except GitError as error:
        raise _not_claimed(session, open_ones, str(error)) from error
    if open_ones:
        raise _not_claimed(session, open_ones, refused)


def _not_claimed(session: Session, left: Iterable[str], why: str) -> PublishError:
    """No claim, no run: what is left is not run, since another runner may be at it."""
    said = session.outside.redactor.text(why)
    for id in left:
        session.known.not_run[id] = "its slot could not be claimed"
    return PublishError(
        f"slots could not be claimed, so that what is due was not run: {said}\n"
        f"claim_slots needs a remote that is reached and takes pushes to {layout.SLOTS}/*; without it every runner "
        "runs all that it finds due"
    )


def _without_refused(
    session: Session, wanted: Mapping[str, Slot], seen: Mapping[str, Seen], *, is_again: bool
) -> dict[str, Slot]:  # fmt: skip
    """Those that may be had; of the others is noted why."""
    free = {}
    for id, slot in wanted.items():
        why = slots_seen.refusal(session, slot, seen[id], is_again=is_again)
        if why:
            session.known.not_run[id] = why
        else:
            free[id] = slot
    return free


def _offers(
    session: Session, wanted: Mapping[str, Slot], over: Mapping[str, Seen], run: str
) -> dict[str, HeldClaim]:  # fmt: skip
    """Claims as they are to be made, remembered before anybody can see them: a killed run finds its own again."""
    outside = session.outside
    claims = []
    for id, slot in wanted.items():
        before = over[id].claim
        claims.append(
            Claim(
                slot=slot,
                state=State.HELD,
                run=run,
                host=platform.node(),
                token=_token(),
                at=outside.clock.now(),
                lease_s=outside.settings.slot_lease_s,
                done=before.done if before else slot_claim.DoneSlots(),
            )
        )
    return {one.id: one for one in _made(session, claims)}


def _token() -> str:
    """What makes a claim another than any that says the same."""
    return secrets.token_hex(8)


def _made(session: Session, claims: Sequence[Claim]) -> list[HeldClaim]:
    """The commits of claims, remembered as ours."""
    if not claims:
        return []
    said = {
        f"splinter: {one.slot.workstream}, {one.slot.shown} is {one.state}": slot_claim.to_json(one) for one in claims
    }
    commits = claim_commit.make(session.outside, said, at=session.outside.clock.now())
    made = [
        HeldClaim(ref=slots_seen.ref(one.slot.workstream), commit=commit, claim=one)
        for one, commit in zip(claims, commits, strict=True)
    ]
    for one in made:
        before = slots_seen.remembered(session, one.id)
        mine = (one.commit, *before.made)[:_MADE]
        slots_seen.remember(session, one.id, replace(before, made=mine, where=slots_seen.here(session), is_lost=False))
    return made


def _push(session: Session, moves: Sequence[Move]) -> str:
    """Move each by itself, as far as that is possible; returns what git says where one was not moved."""
    where = slots_seen.place(session.outside)
    assert where
    said = ""
    for some in slots_seen.parts(moves):
        try:
            remotes.move(session.outside.repository, where[0], some, auth=where[1], timeout_s=remotes.SHORT_TIMEOUT_S)
        except GitError as error:  # what is there then says who has it; only the answer may have been lost
            said = str(error)
    return said


def claim_for_others(session: Session, due: Collection[str], *, run: str, is_again: bool = False) -> None:
    """Claim the slots of those for the jobs of a run, whatever the settings say; raises PublishError for none."""
    outside, known = session.outside, session.known
    session.outside = replace(outside, settings=replace(outside.settings, claim_slots=True))
    if slots_seen.place(session.outside) is None:
        return
    try:
        claim(session, due, run=run, is_again=is_again)
    except PublishError:
        give_back(session, done=(), kept=())
        raise
    leave_out_dependents(session, due)
    give_back(session, done=(), kept=known.claims.keys() - known.not_run.keys())


def leave_out_dependents(session: Session, due: Collection[str]) -> None:
    """What builds on what is not run is not run; its own slot is free again."""
    not_run = session.known.not_run
    for id in session.plans:  # each after those it depends on
        below = [other for other in session.plans[id].workstream.depends_on if other in not_run]
        if id in due and below and id not in not_run:
            not_run[id] = f"it builds on {counts.and_more(below, 3)}"


def adopt(session: Session, claims: Mapping[str, str], *, run: str) -> list[str]:
    """Go on with claims that another job of a run made, by their commits; raises GitError.

    One that is another run's by now is lost: what was made with it is not pushed. One that this run gave back is taken
    up: a job was started again, and may have succeeded. Returns a sentence on each that was not known to be lost.
    """
    told: list[str] = []
    if not claims:
        return told
    outside = session.outside
    session.outside = replace(outside, settings=replace(outside.settings, claim_slots=True))
    before = {id: slots_seen.remembered(session, id).is_lost for id in claims}
    for id, there in slots_seen.look(session, claims).items():
        if there.claim and (there.commit == claims[id] or there.claim.run == run):
            made = (there.commit, *there.made)[:_MADE]
            slots_seen.remember(session, id, replace(there, made=made, is_lost=False))
            claim = there.claim.held_again() if there.claim.run == run else there.claim
            session.known.claims[id] = HeldClaim(ref=slots_seen.ref(id), commit=there.commit, claim=claim)
        elif there.claim:
            slots_seen.remember(session, id, replace(there, is_lost=True))
            told += [] if before[id] else [_taken_over(id, there)]
    return told


def _taken_over(id: str, seen: Seen) -> str:
    who = seen.claim.holder if seen.claim else "somebody"
    return f"{id} was not pushed: {who} has taken its slot over; what was made here stays here"


def renew(session: Session) -> None:
    """Say again that we hold what we hold, where a third of the lease is over: whoever waits counts it from then.

    Not while something is pushed with one. Where it fails it is tried again in a while; the push finds out the rest.
    """
    known, now = session.known, session.outside.clock.now()
    after = timedelta(seconds=session.outside.settings.slot_lease_s / _RENEWED)
    held = {id: one for id, one in known.claims.items() if one.claim.state == State.HELD and one.claim.at}
    old = {id: one for id, one in held.items() if one.claim.at and now - one.claim.at >= after}
    if not old or (known.renewed and now - known.renewed < after / 4) or not known.claiming.acquire(blocking=False):
        return
    known.renewed = now
    try:
        with suppress(SplinterError):
            made = _made(session, [replace(one.claim, at=now, token=_token()) for one in old.values()])
            if _push(session, [new.move(old[new.id].commit) for new in made]):
                there = slots_seen.look(session, [*old])
                made = [new for new in made if there[new.id].commit == new.commit]
            for new in made:
                _settled(session, new)
    finally:
        known.claiming.release()


def is_lost(session: Session, id: str) -> bool:
    """Whether somebody took our slot over before its result was published: it is not pushed any more."""
    return slots_seen.place(session.outside) is not None and slots_seen.remembered(session, id).is_lost


def publish(session: Session, ids: Sequence[str], branch: Sequence[Move], *, remote: str) -> None:
    """Push a branch, and with it that the slots of `ids` are done: all or nothing.

    Raises PublishError where somebody else had one of them last, GitError where the push fails otherwise.
    """
    with session.known.claiming if slots_seen.place(session.outside) else nullcontext():
        _publish(session, ids, branch, remote=remote)


def _publish(session: Session, ids: Sequence[str], branch: Sequence[Move], *, remote: str) -> None:
    outside = session.outside
    ours = _fenced(session, ids) if slots_seen.place(outside) else []
    new = _made(session, [_published(one.claim) for one in ours])
    moves = [*branch, *(after.move(before.commit) for before, after in zip(ours, new, strict=True))]
    if not moves:
        return
    where, auth = outside.pushed_to(remote)
    try:
        remotes.move(outside.repository, where if new else remote, moves, auth=auth, is_atomic=bool(new))
    except GitError:
        if new:
            slots_seen.look(session, [one.id for one in new])
            for one in new:
                session.known.claims.pop(one.id, None)  # what the remote says counts
            _fenced(session, [one.id for one in new])
        raise
    for one in new:
        _settled(session, one)


def _published(claim: Claim) -> Claim:
    """What is said of a slot whose result is published: done, or for an earlier slot's what was said already."""
    return claim.finished() if claim.state == State.HELD else replace(claim, token=_token())


def _fenced(session: Session, ids: Iterable[str]) -> list[HeldClaim]:
    """Our claims on those slots; raises PublishError where one is somebody else's. One without any claim is free."""
    known, mine = session.known.claims, set(slots_seen.slots(session))
    wanted = [id for id in ids if id in mine]
    unseen = [id for id in wanted if id not in known and not slots_seen.remembered(session, id).commit]
    if unseen:
        slots_seen.look(session, unseen)
    found = []
    for id in wanted:
        seen = slots_seen.remembered(session, id)
        if id in known:
            found.append(known[id])
        elif seen.is_lost or (seen.commit and not seen.is_ours):
            slots_seen.remember(session, id, replace(seen, is_lost=True))
            raise PublishError(_taken_over(id, seen))
        elif seen.commit and seen.claim:
            found.append(HeldClaim(ref=slots_seen.ref(id), commit=seen.commit, claim=seen.claim))
    return found


def _settled(session: Session, new: HeldClaim) -> None:
    """From now on this is what is there, as far as we know."""
    id = new.id
    if id in session.known.claims:
        session.known.claims[id] = new
    seen = replace(
        slots_seen.remembered(session, id), commit=new.commit, claim=new.claim, at=session.outside.clock.now()
    )
    slots_seen.remember(session, id, seen)


def give_back(session: Session, *, done: Collection[str], kept: Collection[str]) -> None:
    """At the end of a call: what is `done` says so, what is `kept` waits to be published, all else is free again."""
    held = {id: one for id, one in session.known.claims.items() if one.claim.state == State.HELD and id not in kept}
    made = _made(session, [(one.claim.finished if id in done else one.claim.released)() for id, one in held.items()])
    said = _push(session, [new.move(held[new.id].commit) for new in made])
    if not said:
        for one in made:
            _settled(session, one)
        return
    try:
        there = slots_seen.look(session, [one.id for one in made])
        left = [id for id, one in there.items() if one.commit not in {new.commit for new in made}]
    except GitError as error:
        said, left = str(error), [one.id for one in made]
        there = {}
    for id in left:
        other = there[id].claim if id in there and not there[id].is_ours else None
        why = f"{other.holder} has taken it over" if other else f"it stays until its lease ends: {said}"
        session.run.note(session.outside.redactor.text(f"{id} did not give its slot back: {why}"))
