"""What a claim says of a slot: who waits, until when, and what is bounded of what others wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from splinter.model import slot_claim
from splinter.model.slot_claim import Claim, Slot, State

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
MONDAY = Slot(workstream="w", made_of="m", occurrence="2026-11-23", rule="daily UTC")
TUESDAY = replace(MONDAY, made_of="t", occurrence="2026-11-24")
EDITED = replace(MONDAY, made_of="e")
HELD = Claim(
    slot=MONDAY, state=State.HELD, run="r", host="h", token="t", at=AT, lease_s=6 * 3600.0
)  # fmt: skip


def refusal(
    claim: Claim | None, slot: Slot, *, after: timedelta = HOUR, seen: timedelta = HOUR, again: bool = False
) -> str:
    return slot_claim.refusal(claim, slot, now=AT + after, seen=AT + seen, is_again=again)


def test_what_nobody_has_may_be_had() -> None:
    assert refusal(None, MONDAY) == refusal(HELD.released(), MONDAY) == ""


def test_what_is_held_is_told_with_its_holder() -> None:
    told = "the slot 2026-11-23 is held by run r on h since 2026-11-23 02:00 UTC"
    assert refusal(HELD, MONDAY) == refusal(HELD, MONDAY, again=True) == refusal(HELD, TUESDAY) == told


@pytest.mark.parametrize(
    ("slot", "after", "seen", "is_free"),
    [
        (MONDAY, 7 * HOUR, 2 * HOUR, False),  # its lease ends on the clock of whoever waits, from when they saw it
        (MONDAY, 8 * HOUR, 2 * HOUR, True),
        (MONDAY, -50 * HOUR, -50 * HOUR, False),  # a clock that is days behind
        (MONDAY, -44 * HOUR, -50 * HOUR, True),
        (MONDAY, 29 * HOUR, 29 * HOUR, False),  # seen for the first time, long after
        (MONDAY, 30 * HOUR, 30 * HOUR, True),
        (TUESDAY, 7 * HOUR, 7 * HOUR, True),  # another slot: nothing runs twice
        (TUESDAY, 5 * HOUR, 5 * HOUR, False),
    ],
)
def test_a_lease_ends(slot: Slot, after: timedelta, seen: timedelta, is_free: bool) -> None:
    assert (refusal(HELD, slot, after=after, seen=seen) == "") == is_free


def test_what_was_done_is_not_done_again_whoever_claims_between() -> None:
    done = HELD.finished()
    assert refusal(done, MONDAY) == "the slot 2026-11-23 was done by run r"
    assert refusal(done, MONDAY, again=True) == refusal(done, TUESDAY) == refusal(done, EDITED) == ""
    failed = replace(HELD, slot=TUESDAY, run="s", done=done.done).released()
    assert refusal(failed, MONDAY) == "the slot 2026-11-23 was done by run r"
    assert refusal(failed, TUESDAY) == ""


def test_an_edit_and_its_undoing_are_each_done_once() -> None:
    """As a job has it that is started again with the files of then."""
    edited = replace(HELD, slot=EDITED, run="s", done=HELD.finished().done).finished()
    assert refusal(edited, MONDAY) == refusal(edited, EDITED) == "the slot 2026-11-23 was done by run s"
    next_day = replace(HELD, slot=TUESDAY, done=edited.done).finished()
    assert next_day.done.slots == ("t",)
    many = HELD
    for number in range(40):
        many = replace(many, slot=replace(MONDAY, made_of=str(number))).finished()
    assert len(many.done.slots) == 20


def test_a_clock_that_is_behind_runs_no_earlier_slot() -> None:
    done = replace(HELD, slot=TUESDAY).finished()
    assert refusal(done, MONDAY) == "a later slot than 2026-11-23 was done by run r: 2026-11-24"
    weekly = replace(MONDAY, rule="weekly UTC")
    assert refusal(done, weekly) == ""  # their texts have no order


@pytest.mark.parametrize(
    "change",
    [
        {}, {"state": "other"}, {"at": "yesterday"}, {"at": "2026-11-23"}, {"at": "9999-12-31T23:59:59+00:00"},
        {"lease": float("nan")}, {"lease": "x"}, {"lease": float("inf")}, {"done": []}, {"done": {"slots": [1]}}, {"slot": 7},
        {"run": None},
    ],
)  # fmt: skip
def test_what_cannot_be_read_holds_a_slot_for_one_lease_of_ours(change: dict[str, Any]) -> None:
    data = {**slot_claim.to_json(HELD), **change} if change else {}
    read = slot_claim.from_json("w", data, lease_s=60.0)
    assert refusal(read, MONDAY, after=HOUR, seen=HOUR) == "its slot is held by somebody whose claim cannot be read"
    assert refusal(read, MONDAY, after=HOUR + timedelta(minutes=1), seen=HOUR) == ""


def test_a_claim_is_read_as_it_was_written_and_within_bounds() -> None:
    done = replace(HELD, done=replace(HELD, slot=TUESDAY).finished().done)
    assert slot_claim.from_json("w", slot_claim.to_json(done), lease_s=1.0) == done
    loud = {**slot_claim.to_json(HELD), "host": "\x1b[31mh\n" + "x" * 999, "lease": 1e12}
    read = slot_claim.from_json("w", loud, lease_s=1.0)
    assert (read.host, read.lease_s) == ("h " + "x" * 198, 7 * 86_400.0)
