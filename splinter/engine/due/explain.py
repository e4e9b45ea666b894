"""Why a workstream is due, or is not: what its last success was made of against what it is made of now.

It reads rows and git, starts nothing but version calls, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from splinter.engine import bases
from splinter.engine.branch import last_success
from splinter.engine.branch.last_success import Success
from splinter.engine.work import Work
from splinter.git import commands as git
from splinter.model import differences, fingerprints
from splinter.model.differences import Difference, Kind
from splinter.model.records import Outcome
from splinter.text import counts
from splinter.text.redact import masked

_LISTED = 3
_PAST = {"failed": "failed", "blocked": "was blocked", "interrupted": "was interrupted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Whether a workstream is due, and the sentences that say why; `also` differs too, but is no reason to run.

    `stale` is its first task that is not up to date, `due_before` those of what it depends on that are due.
    `is_left_out`: it has something to do, and no slot for it.
    """

    workstream: str
    is_due: bool
    reasons: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    also: tuple[Difference, ...] = ()
    stale: str | None = None
    due_before: tuple[str, ...] = ()
    is_left_out: bool = False


def explain(
    work: Work, *, stale: str | None, due_before: tuple[str, ...], edited: tuple[str, ...] = (),
    accepted: Callable[[], Mapping[str, Success]],
) -> Due:  # fmt: skip
    """Explain one workstream, with what its tasks came to last.

    `accepted` is asked for the last successes where one is due: those of all in one call of git.
    `stale` is its first task that is not up to date, `edited` the files that make it so, `due_before` those of what it
    depends on that are due themselves.
    """
    id, depends_on = work.plan.id, work.plan.workstream.depends_on
    if stale is None and not due_before:
        return Due(workstream=id, is_due=False)
    maybe = _may_change(due_before)
    if stale is None:
        return Due(workstream=id, is_due=True, reasons=maybe)
    last = accepted().get(id)
    if last is None or not last.inputs:
        return Due(workstream=id, is_due=True, reasons=(_never(work, stale), *maybe))
    known = {other for other in depends_on if other not in due_before}
    now = masked(
        fingerprints.workstream_inputs(work.plan, work.results), work.session.outside.redactor
    )  # as they are kept
    found = tuple(
        _with_paths(work, one, last)
        for one in differences.differences(last.inputs, now)
        if one.kind != Kind.DEPENDENCY or one.key in known
    )
    failure = _failure(work, stale)
    reasons = tuple(one.text() for one in found) or _without_difference(work, last, stale, due_before, edited)
    if failure:
        reasons = (*(one.text() for one in found), failure)
    return Due(workstream=id, is_due=True, reasons=(*reasons, *maybe), differences=found)


def _may_change(due_before: tuple[str, ...]) -> tuple[str, ...]:
    """What is said of those before it that are due; of a whole matrix not one by one."""
    if len(due_before) <= _LISTED:
        return tuple(f"{other} is due, and its result may change" for other in due_before)
    return (f"{counts.and_more(due_before, _LISTED)} are due, and their results may change",)


def ignored(id: str) -> str:
    """Why one is left out that `doit ignore` was told of, or that depends on it."""
    return f"ignored, as doit ignore {id} asked; doit forget {id} ends that"


def versions(work: Work) -> tuple[Difference, ...]:
    """Tools that say another version than at the last success: told, but no reason to run."""
    session, plan = work.session, work.plan
    last = last_success.last(session.outside, plan)
    before = last.versions if last else {}
    now = {name: session.version(tool) or "" for name, tool in plan.tools.items() if name in before}
    return tuple(
        Difference(kind=Kind.VERSION, key=name, was=before[name], now=version)
        for name, version in now.items()
        if version != before[name]
    )


def _with_paths(work: Work, one: Difference, last: Success) -> Difference:
    """An `on-change` occurrence as the paths that differ between the base then and the base now."""
    if one.kind != Kind.OCCURRENCE or work.plan.workstream.when != "on-change":
        return one
    base = bases.last_seen(work.session, work.plan.base)
    if base is None or not git.existing(work.repository, [last.base]):
        return one
    changes = git.diff(work.repository, last.base, base, work.plan.workstream.watched)
    return Difference(kind=Kind.INPUTS, key="inputs", was=(), now=[git.printable(change.path) for change in changes])


def _never(work: Work, stale: str) -> str:
    latest = work.session.history.last_workstream(work.plan.id)
    if latest is None:
        return "it never ran"
    if failure := _failure(work, stale):
        return f"it never succeeded: {failure}"
    return f"nothing is left of its last success, in run {latest[0]}, to compare with"


def _failure(work: Work, stale: str) -> str:
    """How the latest run ended where that was no success, and what can be done about it; empty where all was well."""
    latest = work.session.history.last_workstream(work.plan.id)
    past = _PAST.get(latest[1].outcome) if latest else None
    if not latest or not past:
        return ""
    run, record = latest
    where = f" at {record.step}" if record.step else ""
    reason = f" ({record.reason})" if record.step and record.reason else ""
    told = f"in run {run} it {past}{where}{reason}"
    if record.outcome != Outcome.FAILED:
        return told
    from splinter.engine.due import way_out

    return f"{told}; {way_out.since(work, work.prepared, is_prepared=stale != work.plan.task('prepare'))}"


def _without_difference(
    work: Work, last: Success, stale: str, due_before: tuple[str, ...], edited: tuple[str, ...]
) -> tuple[str, ...]:
    """Why it is due though nothing differs; empty where what it depends on is reason enough."""
    branch = work.plan.branch
    if last.outcome == Outcome.CHANGED and git.resolve(work.repository, f"refs/heads/{branch}") is None:
        return (f"its branch {branch} is gone",)
    if edited:
        return tuple(f"{path} changed" for path in edited)
    return () if due_before else (f"{stale.split(':', 1)[1]} is no longer recorded as done",)
