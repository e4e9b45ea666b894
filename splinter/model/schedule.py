"""Which day, week or cron time a workstream is due for: pure functions of a rule and a clock."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from splinter.errors import InputError
from splinter.text.patterns import shown

RULES = ("daily", "weekly", "monthly", "on-change", "once", "always")


def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name; raises InputError for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f'unknown time zone {shown(name)}; use an IANA name such as "Europe/Berlin"') from error


def cron_problem(rule: str) -> str | None:
    """What is wrong with five cron fields, None where nothing is."""
    if len(rule.split()) != 5:
        return f"is not one of {', '.join(RULES)}, nor five cron fields"
    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(rule, datetime(2000, 1, 1)))
    except CronSimError as error:
        return f"is not a cron rule: {error}"
    except StopIteration:
        return "is a cron rule that never comes"
    return None


def occurrence(rule: str, *, now: datetime, zone: ZoneInfo) -> str | None:
    """The latest time that `rule` named, as text; None where time does not matter.

    daily: today's date; weekly: the latest Monday; monthly: the latest first; cron: the latest time that has
    passed, in UTC, so that a new rule is due at once and several missed ones count once. `now` is aware.
    """
    today = now.astimezone(zone).date()
    if rule == "daily":
        return today.isoformat()
    if rule == "weekly":
        return (today - timedelta(days=today.weekday())).isoformat()
    if rule == "monthly":
        return today.replace(day=1).isoformat()
    if rule in RULES:
        return None
    from cronsim import CronSim

    # cronsim's reverse iterator excludes the very second it starts from: a run at 02:00:00 sharp is that occurrence
    start = now.astimezone(zone).replace(microsecond=0) + timedelta(seconds=1)
    latest: datetime = next(CronSim(rule, start, reverse=True))
    return latest.astimezone(ZoneInfo("UTC")).isoformat(timespec="minutes")


def next_time(rule: str, *, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When `rule` names its next time after `now`, aware, in `zone`; None where time does not matter."""
    today = now.astimezone(zone).date()
    days = {
        "daily": today + timedelta(days=1),
        "weekly": today + timedelta(days=7 - today.weekday()),
        "monthly": (today.replace(day=1) + timedelta(days=32)).replace(day=1),
    }
    if rule in days:
        return datetime.combine(days[rule], time(), tzinfo=zone)
    if rule in RULES:
        return None
    from cronsim import CronSim

    found: datetime = next(CronSim(rule, now.astimezone(zone).replace(microsecond=0)))
    return found


def is_nightly(rule: str) -> bool:
    """Whether a rule names a time every working day, at the least."""
    if rule in RULES:
        return rule in ("daily", "always")
    if cron_problem(rule):
        return False
    from cronsim import CronSim

    days = [datetime(2001, 1, number) for number in range(1, 6)]  # a week that begins on its Monday
    return all(next(CronSim(rule, day - timedelta(minutes=1))).date() == day.date() for day in days)
