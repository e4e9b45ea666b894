"""What is to be expected of a workstream: whether it runs by itself, when again, and what it cost last.

It asks nobody and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from splinter.engine import proposed
from splinter.engine.session import Session
from splinter.model import record_words, schedule
from splinter.model.plan import Plan
from splinter.model.records import Usage
from splinter.text import markdown
from splinter.text.counts import plural


def enabled(session: Session) -> list[str]:
    """The ids of the workstreams that run without being named: neither they nor what they depend on is disabled.

    With a plan it says which.
    """
    if session.part is not None:
        return [id for id in session.plans if id in session.part]
    on: list[str] = []
    for id, one in session.plans.items():  # each after those it depends on
        if one.workstream.enabled and all(other in on for other in one.workstream.depends_on):
            on.append(id)
    return on


def groups(session: Session) -> dict[str, tuple[str, ...]]:
    """The members of each matrix by the id of its file, in the matrix's order."""
    found: dict[str, list[Plan]] = {}
    for one in session.plans.values():
        if one.workstream.group:
            found.setdefault(one.workstream.group, []).append(one)
    return {
        group: tuple(one.id for one in sorted(members, key=lambda one: one.workstream.number))
        for group, members in found.items()
    }


def in_groups(session: Session, ids: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Ids in their order, those of one matrix together under its id where the first of them stands; else under none."""
    wanted = dict.fromkeys(ids)
    for id in list(wanted):
        if id not in wanted:
            continue
        group = session.plans[id].workstream.group
        members = [other for other in wanted if session.plans[other].workstream.group == group] if group else [id]
        for other in members:
            del wanted[other]
        yield group, members


def is_enabled(session: Session, plan: Plan) -> bool:
    """Whether it is one of those."""
    known = session.known.enabled  # or groups that wait for groups would be asked again and again
    if plan.id not in known:
        before = (session.plans[other] for other in plan.workstream.depends_on)
        known[plan.id] = plan.workstream.enabled and all(is_enabled(session, other) for other in before)
    return known[plan.id]


def disabled(session: Session, plan: Plan) -> str:
    """That it does not run by itself, and what runs it; empty for one that does."""
    if is_enabled(session, plan):
        return ""
    before = [other for other in plan.workstream.depends_on if not is_enabled(session, session.plans[other])]
    why = "disabled" if not plan.workstream.enabled else f"disabled with {', '.join(before)}"
    return f"{why}; only doit {plan.id} runs it"


def next_time(session: Session, plan: Plan) -> datetime | None:
    """When the clock makes it due again, in the time zone of the settings; None where no time does."""
    settings = session.outside.settings
    return schedule.next_time(plan.workstream.when, now=session.outside.clock.now(), zone=settings.zone)


def last_cost(session: Session, plan: Plan) -> Usage | None:
    """What its tools reported of the latest run it took part in, None where it has prompts and never ran, or none."""
    found = session.history.last_workstream(plan.id) if plan.workstream.has_prompts else None
    return found[1].usage if found else None


def sentences(session: Session, plan: Plan, *, is_due: bool) -> Iterator[str]:
    """All of it in words, what says nothing left out."""
    if off := disabled(session, plan):
        yield off
    elif plan.waits_at:
        yield f"its pull request waits at {plan.waits_at}"
    following = next_time(session, plan)
    if following and not off and not is_due and not plan.waits_at:
        yield f"next: {following:%Y-%m-%d %H:%M %Z}"
    usage = last_cost(session, plan)
    if usage and usage.calls:
        yield f"last cost: {record_words.amounts(usage)}"


def left_out(session: Session) -> Mapping[str, str]:
    """What is due and not run, by the plan that this call was given or by what it found out, with the reason."""
    if session.night:
        return {one.id: markdown.one_line(one.held_by) for one in session.night.workstreams if one.held_by}
    return session.known.not_run


def idle(session: Session, fresh: int = 0) -> str:
    """What is said of a call in which nothing was run; `fresh` workstreams of it were looked at and are up to date."""
    if left := left_out(session):
        return f"nothing ran: {plural(len(left), 'workstream')} left out"
    waiting = sum(id in session.plans for id in proposed.places(session.memory))
    said = [f"{plural(fresh, 'workstream')} up to date"] if fresh else []
    said += [f"{plural(waiting, 'proposal')} {'waits' if waiting == 1 else 'wait'}"] if waiting else []
    return ": ".join(filter(None, ("nothing due", ", ".join(said))))


def nothing_due(session: Session, seen: Iterable[str]) -> str:
    """The same for whoever looks on, with when that will be otherwise.

    `seen` are the workstreams that the call found done; one whose proposal is waited for is not up to date.
    """
    plans = [session.plans[id] for id in enabled(session) if not session.history.has_failed(id)]  # that is due already
    times = [(time, one.id) for one in plans if (time := next_time(session, one))]
    said = [idle(session, sum(not session.plans[id].waits_at for id in seen))]
    if times:
        time, id = min(times)
        said.append(f"next: {id} at {time:%Y-%m-%d %H:%M %Z}")
    return "; ".join(said)
