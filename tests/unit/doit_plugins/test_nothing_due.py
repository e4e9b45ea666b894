"""What is left behind by a call that had nothing to do: when it counts, and for which calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from splinter.doit_plugins.nothing_due import keep, look, recall
from splinter.model import schedule

RULES = ("daily", "weekly", "monthly", "once", "always", "on-change", "30 2 * * *", "*/20 * * * *", "0 0 1 * *",
         "59 23 * * 0", "15 3 29 2 *")  # fmt: skip
ZONES = ("UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu", "America/New_York")


@given(
    st.sampled_from(RULES),
    st.sampled_from(ZONES),
    st.floats(0, 1),
    st.datetimes(datetime(2025, 1, 1), datetime(2029, 1, 1)),
)
@example("30 2 * * *", "Europe/Berlin", 0.99, datetime(2026, 10, 24, 23, 50))
@example("*/20 * * * *", "Europe/Berlin", 0.99, datetime(2026, 3, 29, 0, 41))
@example("daily", "America/Havana", 0.99, datetime(2026, 11, 1, 3, 50))
def test_until_then_each_rule_names_the_time_that_it_named(rule: str, zone: str, part: float, at: datetime) -> None:
    now, where = at.replace(tzinfo=UTC), ZoneInfo(zone)
    until = keep.steady_until([rule], now=now, zone=where)
    assert now <= until <= now + timedelta(days=1)
    later = now + (until - now) * part * 0.999999
    assert schedule.occurrence(rule, now=later, zone=where) == schedule.occurrence(rule, now=now, zone=where)


def test_it_counts_up_to_the_next_time() -> None:
    now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert keep.steady_until(["once", "0 5 * * *"], now=now, zone=ZoneInfo("UTC")) == now.replace(hour=5)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("", ""), ("lint docs", "lint docs"), ("-n 4", ""), ("-n4 lint", "lint"), ("lint --process=2", "lint"),
        ("lint:fix", "lint:fix"), ("w*", "w*"), ("pr report", "pr report"), ("--process 2 a -n 3 b", "a b"),
    ],
)  # fmt: skip
def test_a_call_that_only_names_tasks_is_plain(words: str, named: str) -> None:
    assert recall.tasks(words.split()) == tuple(named.split())


@pytest.mark.parametrize(
    "words",
    [
        "-a",
        "-a lint",
        "-s lint",
        "-v 2",
        "-v2",
        "-o out.txt",
        "-r json",
        "--db-file x",
        "--backend dbm",
        "-f x.py",
        "-c",
        "--dry-run",
        "--simulate",
        "--no-cache",
        "--plan p.json",
        "--shard 1/2",
        "email --test",
        "--pdb",
        "-n",
        "-n x",
        "-n=2",
        "-n 1111111111",
        "--process2",
        "--process= 2",
        "-nx",
        "-P thread",
        "--help",
        "lint -h",
        "--",
        "-n=-1",
    ],
)
def test_any_other_option_takes_a_full_look(words: str) -> None:
    assert recall.tasks(words.split()) is None


@pytest.mark.parametrize(
    "said", ["a\x1b[2Jb", "two\nlines", "::warning::x", "##[error]x", "\N{BULLET}", "x" * 401, "a secret-value b"]
)
def test_a_line_that_somebody_forged_steers_nothing(said: str) -> None:
    assert not (recall.is_harmless(said, ["TOKEN"], {"TOKEN": "secret-value"}) and recall.is_line(said))
    assert recall.is_harmless(
        "nothing due: 1,000 workstreams up to date, 2 proposals wait; next: a at 2026-11-30 00:00 UTC",
        ["TOKEN"],
        {"TOKEN": "secret-value"},
    )


def test_what_is_as_new_as_the_look_may_change_unseen() -> None:
    second = 1_000_000_000
    assert (
        look.newest_ns([("a",), ("b", 7 * second + 1, 7 * second + 1, 1, 1, 1)], 9 * second) == 7 * second + 20_000_001
    )
    assert (
        look.newest_ns([("b", 7 * second, 7 * second, 1, 1, 1)], 9 * second) == 9 * second
    )  # a clock of whole seconds
    assert look.newest_ns([("b", 99 * second, 7 * second + 1, 1, 1, 1)], 9 * second) == 7 * second + 20_000_001
