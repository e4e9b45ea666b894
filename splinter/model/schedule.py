"""Which day, week or cron time a workstream is due for: pure functions of a rule and a clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from splinter.errors import InputError
from splinter.text.patterns import shown

RULES = ("daily", "weekly", "monthly", "on-change", "once", "always")
_UNTIMED = ("on-change", "once", "always")


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
    here = now.astimezone(zone).replace(microsecond=0)
    found = _latest(rule, here)
    while here.fold:  # the clock was put back: what it named before that has passed, whatever it shows now
        here = (here.astimezone(UTC) - timedelta(minutes=1)).astimezone(zone)
        found = max(found, _latest(rule, here), key=_in_utc) if not here.fold else found
    return found.astimezone(UTC).isoformat(timespec="minutes")


def _latest(rule: str, here: datetime) -> datetime:
    """The last time that cron fields name up to a time, by what the clock there shows."""
    from cronsim import CronSim

    # cronsim's reverse iterator excludes the very second it starts from: a run at 02:00:00 sharp is that occurrence.
    # Added in UTC: what is added to a time of a zone is the first of two that the clock shows alike.
    after = (_in_utc(here) + timedelta(seconds=1)).astimezone(here.tzinfo)
    found: datetime = next(CronSim(rule, after, reverse=True))
    return found


def _in_utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


def is_timed(rule: str) -> bool:
    """Whether a rule names times."""
    return rule not in _UNTIMED


def first_after(rule: str, done: str, *, now: datetime, zone: ZoneInfo) -> str | None:
    """The first occurrence of `rule` behind `done`, one of its own, that has passed; None where there is none."""
    latest = occurrence(rule, now=now, zone=zone)
    try:
        time = begin(rule, done, zone=zone)
    except ValueError:  # an occurrence of another rule
        return None
    while latest is not None and done < latest:
        following = next_time(rule, now=time, zone=zone)
        if following is None or following > now:
            return None
        # a time that a clock change skips or repeats is one occurrence, and named as it is when it has passed
        found = occurrence(rule, now=following, zone=zone)
        if found is not None and found > done:
            return found
        time = following
    return None


def begin(rule: str, occurrence: str, *, zone: ZoneInfo) -> datetime:
    """When an occurrence of a timed `rule` began, in `zone`; raises ValueError for what is none."""
    time = datetime.fromisoformat(occurrence)
    is_day = len(occurrence) == len("2026-11-23")
    if is_day != (rule in RULES) or is_day == (time.tzinfo is not None):
        raise ValueError(f"{occurrence} is no occurrence of {rule}")
    return time.replace(tzinfo=zone) if is_day else time.astimezone(zone)


def has_passed(rule: str, occurrence: str, *, now: datetime, zone: ZoneInfo) -> bool:
    """Whether an occurrence began more than a day ago, as the clock on the wall counts days."""
    # both in one zone: compared as they are read there, so that a day of 25 hours is one
    return now.astimezone(zone).replace(fold=0) >= begin(rule, occurrence, zone=zone) + timedelta(days=1)


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
