"""Who has a workstream's slot: what a claim on the remote says, and whether the slot may be had. No clock, no git.

A claim proves only that somebody who may push made it. What it says is bounded, and decides nothing but who waits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from splinter.text import markdown

LONGEST_LEASE_S = 7 * 86_400.0
_MOST_DONE = 20  # slots of one occurrence that are remembered: edits of a file, within a day or a week
_LONGEST = 200
_SKEW = timedelta(days=1)  # by which no two clocks differ


class State(StrEnum):
    """What became of a claim."""

    HELD = "held"
    DONE = "done"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One time that a workstream is due: `made_of` is the hash of what it is to do then, what is below it included.

    Occurrences of the same `rule` follow each other as their texts do; without one they have no order.
    """

    workstream: str
    made_of: str
    occurrence: str
    rule: str = ""

    @property
    def shown(self) -> str:
        """For people: which slot."""
        return f"the slot {self.occurrence}" if self.rule else "its slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneSlots:
    """The last slots that were done, all of one occurrence, and the run that did the latest."""

    occurrence: str = ""
    rule: str = ""
    slots: tuple[str, ...] = ()
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a claim says; `at` is None where it says nothing that can be read, and so holds nothing but its lease."""

    slot: Slot
    state: State
    run: str
    host: str
    token: str
    at: datetime | None
    lease_s: float
    done: DoneSlots = DoneSlots()

    @property
    def holder(self) -> str:
        """For people: who made it."""
        host = f" on {self.host}" if self.host else ""
        return f"run {self.run}{host}" if self.run else "somebody whose claim cannot be read"

    def is_over(self, slot: Slot, *, now: datetime, seen: datetime) -> bool:
        """Whether its lease has ended on the clock of whoever asks, who saw it first at `seen`.

        By its own word it ends too; of the same slot a day later, since clocks differ, of another at once: nothing
        runs twice then.
        """
        lease = timedelta(seconds=self.lease_s)
        if now - seen >= lease:
            return True
        allowance = _SKEW if slot.made_of == self.slot.made_of else timedelta()
        return self.at is not None and now >= self.at + lease + allowance

    def finished(self) -> Claim:
        """The same with its slot done."""
        slot, before = self.slot, self.done
        is_same = (before.occurrence, before.rule) == (slot.occurrence, slot.rule)
        earlier = tuple(one for one in before.slots if one != slot.made_of) if is_same else ()
        slots = (*earlier, slot.made_of)[-_MOST_DONE:]
        done = DoneSlots(occurrence=slot.occurrence, rule=slot.rule, slots=slots, run=self.run)
        return replace(self, state=State.DONE, done=done)

    def released(self) -> Claim:
        """The same given back."""
        return replace(self, state=State.RELEASED)

    def held_again(self) -> Claim:
        """The same, held where it was given back."""
        return replace(self, state=State.HELD) if self.state == State.RELEASED else self


def refusal(claim: Claim | None, slot: Slot, *, now: datetime, seen: datetime, is_again: bool = False) -> str:
    """Why a slot may not be had, by the claim that is there; empty where it may. `is_again`: though it was done."""
    if claim is None:
        return ""
    done = claim.done
    if not is_again and slot.made_of in done.slots:
        return f"{slot.shown} was done by run {done.run}"
    if not is_again and slot.rule and slot.rule == done.rule and slot.occurrence < done.occurrence:
        return f"a later slot than {slot.occurrence} was done by run {done.run}: {done.occurrence}"
    if claim.state != State.HELD or claim.is_over(slot, now=now, seen=seen):
        return ""
    since = f" since {claim.at:%Y-%m-%d %H:%M} UTC" if claim.at else ""
    return f"{claim.slot.shown} is held by {claim.holder}{since}"


def to_json(claim: Claim) -> dict[str, Any]:
    """A claim as its commit's message holds it."""
    done = claim.done
    return {
        "workstream": claim.slot.workstream, "slot": claim.slot.made_of, "occurrence": claim.slot.occurrence,
        "rule": claim.slot.rule, "state": claim.state, "run": claim.run, "host": claim.host, "token": claim.token,
        "at": claim.at.isoformat(timespec="seconds") if claim.at else "", "lease": claim.lease_s,
        "done": {"occurrence": done.occurrence, "rule": done.rule, "slots": list(done.slots), "run": done.run},
    }  # fmt: skip


def from_json(id: str, data: Mapping[str, Any], *, lease_s: float) -> Claim:
    """What a claim on a workstream's slot says, bounded; what cannot be read holds it for `lease_s`."""
    try:
        done = dict(data["done"])
        slots = tuple(_text(one) for one in list(done["slots"])[-_MOST_DONE:])
        return Claim(
            slot=Slot(
                workstream=id,
                made_of=_text(data["slot"]),
                occurrence=_text(data["occurrence"]),
                rule=_text(data["rule"]),
            ),
            state=State(data["state"]),
            run=_text(data["run"]),
            host=_text(data["host"]),
            token=_text(data["token"]),
            at=_time(data["at"]) if data["at"] else None,
            lease_s=_lease_s(data["lease"]),
            done=DoneSlots(
                occurrence=_text(done["occurrence"]), rule=_text(done["rule"]), slots=slots, run=_text(done["run"])
            ),
        )
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
        unknown = Slot(workstream=id, made_of="", occurrence="")
        return Claim(slot=unknown, state=State.HELD, run="", host="", token="", at=None, lease_s=lease_s)


def _time(value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None or not 2000 < at.year < 9000:
        raise ValueError("no time that can be counted with")
    return at.astimezone(UTC)


def _lease_s(value: Any) -> float:
    seconds = float(value)
    if not math.isfinite(seconds):
        raise ValueError("no number of seconds")
    return min(max(seconds, 0.0), LONGEST_LEASE_S)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    return markdown.one_line(value)[:_LONGEST]
