"""Occurrences as pure functions of a rule and a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.errors import InputError
from splinter.model import schedule


def at(rule: str, now: str, zone: str = "UTC") -> str | None:
    return schedule.occurrence(rule, now=datetime.fromisoformat(now), zone=schedule.zone(zone))


@pytest.mark.parametrize(
    ("rule", "now", "zone", "expected"),
    [
        ("daily", "2026-11-23T02:00:00+00:00", "UTC", "2026-11-23"),
        ("daily", "2026-11-23T23:30:00+00:00", "Europe/Berlin", "2026-11-24"),
        ("weekly", "2026-11-23T00:00:00+00:00", "UTC", "2026-11-23"),  # a Monday
        ("weekly", "2026-11-29T23:59:59+00:00", "UTC", "2026-11-23"),
        ("weekly", "2026-11-23T03:00:00+00:00", "America/New_York", "2026-11-16"),  # still Sunday there
        ("monthly", "2026-11-30T12:00:00+00:00", "UTC", "2026-11-01"),
        ("0 2 * * *", "2026-11-23T02:00:00+00:00", "UTC", "2026-11-23T02:00+00:00"),
        ("0 2 * * *", "2026-11-23T01:59:59+00:00", "UTC", "2026-11-22T02:00+00:00"),
        ("0 2 * * *", "2026-11-23T02:00:00.500+00:00", "UTC", "2026-11-23T02:00+00:00"),
        ("30 6 * * MON", "2026-11-26T00:00:00+00:00", "Europe/Berlin", "2026-11-23T05:30+00:00"),
        ("0 0 29 2 *", "2026-11-23T00:00:00+00:00", "UTC", "2024-02-29T00:00+00:00"),
    ],
)
def test_an_occurrence_is_the_latest_time_that_has_come(rule: str, now: str, zone: str, expected: str) -> None:
    assert at(rule, now, zone) == expected


@pytest.mark.parametrize("rule", ["once", "always", "on-change"])
def test_rules_that_time_does_not_matter_to_have_none(rule: str) -> None:
    assert at(rule, "2026-11-23T02:00:00+00:00") is None


def occurrences(rule: str, zone: str, start: str, hours: int) -> list[str]:
    """The different occurrences that a clock sees, looking every ten minutes."""
    first = int(datetime.fromisoformat(start).timestamp())
    seen: dict[str, None] = {}
    for second in range(first, first + hours * 3600, 600):
        found = schedule.occurrence(rule, now=datetime.fromtimestamp(second, UTC), zone=schedule.zone(zone))
        assert found
        seen[found] = None
    return list(seen)


def test_a_time_that_a_clock_change_skips_counts_once() -> None:
    # Berlin has no 02:30 on 2026-03-29
    found = occurrences("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+00:00", 36)
    assert len(found) == 2
    assert found[0] == "2026-03-28T01:30+00:00"


def test_a_time_that_a_clock_change_repeats_counts_once() -> None:
    # Berlin has 02:30 twice on 2026-10-25
    found = occurrences("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+00:00", 36)
    assert len(found) == 2
    assert found[0] == "2026-10-24T00:30+00:00"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@given(
    second=st.integers(1_600_000_000, 1_900_000_000),
    rule=st.sampled_from(["0 2 * * *", "*/15 * * * *", "30 2 * * SUN", "0 0 1 * *"]),
)
def test_a_cron_occurrence_has_passed_and_never_goes_back(zone: str, second: int, rule: str) -> None:
    now, later = (datetime.fromtimestamp(moment, UTC) for moment in (second, second + 3600))
    first = schedule.occurrence(rule, now=now, zone=schedule.zone(zone))
    after = schedule.occurrence(rule, now=later, zone=schedule.zone(zone))
    assert first is not None
    assert after is not None
    assert datetime.fromisoformat(first) <= now
    assert datetime.fromisoformat(first) <= datetime.fromisoformat(after)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("hourly", "is not one of daily, weekly, monthly, on-change, once, always, nor five cron fields"),
        ("0 25 * * *", "is not a cron rule: Bad hour"),
        ("0 0 30 2 *", "is not a cron rule: Bad day-of-month"),
        ("0 0 * * * *", "is not one of daily, weekly, monthly, on-change, once, always, nor five cron fields"),
    ],
)
def test_what_is_no_rule_is_reported(rule: str, told: str) -> None:
    assert schedule.cron_problem(rule) == told


def test_an_impossible_date_is_reported_and_not_searched_for() -> None:
    assert schedule.cron_problem("0 0 31 4,6,9,11 *") is not None


def test_an_unknown_time_zone_is_reported() -> None:
    with pytest.raises(InputError, match='unknown time zone "Mars/Olympus"; use an IANA name such as "Europe/Berlin"'):
        schedule.zone("Mars/Olympus")


@pytest.mark.parametrize(
    ("zone", "changes"),
    [("Europe/Berlin", ("2026-03-29", "2026-10-25")), ("Australia/Lord_Howe", ("2026-04-05", "2026-10-04"))],
)
@pytest.mark.parametrize("rule", ["daily", "30 2 * * *", "*/30 1-3 * * *", "15 * * * *"])
def test_occurrences_follow_each_other_through_both_changes_of_the_clock(
    zone: str, changes: tuple[str, str], rule: str
) -> None:
    here = schedule.zone(zone)
    for change in changes:
        first = datetime.fromisoformat(f"{change}T00:00:00+00:00") - timedelta(days=1)
        times = [first + timedelta(minutes=10 * number) for number in range(3 * 24 * 6)]
        seen = list(dict.fromkeys(schedule.occurrence(rule, now=time, zone=here) for time in times))
        assert seen == sorted(seen, key=str)
        followed = [seen[0]]
        while followed[-1] and (following := schedule.first_after(rule, followed[-1], now=times[-1], zone=here)):
            followed.append(following)
        assert followed == seen


def test_what_is_due_every_hour_is_due_in_time_in_the_hour_that_comes_twice() -> None:
    found = occurrences("15 * * * *", "Europe/Berlin", "2026-10-25T00:20:00+00:00", 2)
    assert found == ["2026-10-25T00:15+00:00", "2026-10-25T01:15+00:00"]
    at = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    assert schedule.occurrence("15 * * * *", now=at, zone=schedule.zone("Europe/Berlin")) == "2026-10-25T01:15+00:00"


def test_the_hour_that_comes_twice_brings_no_earlier_day_back() -> None:
    """A runner that called in that hour ran yesterday's slot again, and today's a second time after it."""
    times = [datetime(2026, 10, 25, 0, 40, tzinfo=UTC) + timedelta(minutes=30 * number) for number in range(6)]
    found = {schedule.occurrence("30 2 * * *", now=time, zone=schedule.zone("Europe/Berlin")) for time in times}
    assert found == {"2026-10-25T00:30+00:00"}


@pytest.mark.parametrize(
    ("rule", "done", "following"),
    [
        ("daily", "2026-11-22", "2026-11-23"),
        ("daily", "2026-11-25", None),
        ("daily", "2026-11-28", None),
        ("weekly", "2026-11-09", "2026-11-16"),
        ("monthly", "2026-08-01", "2026-09-01"),
        ("0 2 * * *", "2026-11-22T02:00+00:00", "2026-11-23T02:00+00:00"),
        ("daily", "2026-11-22T02:00+00:00", None),
        ("0 2 * * *", "2026-11-22", None),
        ("daily", "abc", None),
    ],
)
def test_the_first_missed_occurrence_follows_the_last_that_was_done(
    rule: str, done: str, following: str | None
) -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert schedule.first_after(rule, done, now=now, zone=schedule.zone("UTC")) == following


@pytest.mark.parametrize(
    ("rule", "now", "has_passed"),
    [
        ("daily", "2026-10-25T22:59:00+00:00", False),  # a day of 25 hours, to its last minute
        ("weekly", "2026-10-19T22:00:00+00:00", True),
        ("weekly", "2026-10-19T21:59:00+00:00", False),
        ("0 2 * * 1", "2026-10-20T00:00:00+00:00", True),
        ("0 2 * * 1", "2026-10-19T23:59:00+00:00", False),
    ],
)
def test_a_slot_has_passed_a_day_after_it_began(rule: str, now: str, has_passed: bool) -> None:
    time, zone = datetime.fromisoformat(now), schedule.zone("Europe/Berlin")
    latest = schedule.occurrence(rule, now=time, zone=zone)
    assert latest
    assert schedule.has_passed(rule, latest, now=time, zone=zone) == has_passed
