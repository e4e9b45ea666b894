"""Why a workstream is due, or is not: what its last success was made of against what it is made of now.

It reads rows and git, starts nothing but version calls, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from splinter.engine import bases
from splinter.engine.branch import last_success
from splinter.engine.due import way_out
from splinter.engine.session import Session
from splinter.git import commands as git
from splinter.model import differences, fingerprints
from splinter.model.differences import Difference
from splinter.model.fingerprints import Values
from splinter.model.plan import Plan
from splinter.text.redact import masked

_PAST = {"failed": "failed", "blocked": "was blocked", "interrupted": "was interrupted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Whether a workstream is due, and the sentences that say why; `also` differs too, but is no reason to run.

    `stale` is its first task that is not up to date, `due_before` those of what it depends on that are due.
    """

    workstream: str
    is_due: bool
    reasons: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    also: tuple[Difference, ...] = ()
    stale: str | None = None
    due_before: tuple[str, ...] = ()


def explain(
    session: Session, plan: Plan, *, values: Callable[[str], Values], stale: str | None, due_before: tuple[str, ...]
) -> Due:
    """Explain one workstream.

    `stale` is its first task that is not up to date, `due_before` those of what it depends on that are due themselves;
    `values` gives the values of a task's last success, empty where there is none.
    """
    if stale is None and not due_before:
        return Due(workstream=plan.id, is_due=False)
    maybe = tuple(f"{other} is due, and its result may change" for other in due_before)
    if stale is None:
        return Due(workstream=plan.id, is_due=True, reasons=maybe)
    last = _last_rows(session, plan)
    if "inputs" not in last:
        return Due(workstream=plan.id, is_due=True, reasons=(_never(session, plan, values, stale), *maybe))
    results = {other: values(f"{other}:accept").get("result", "") for other in plan.workstream.depends_on}
    known = {other: result for other, result in results.items() if other not in due_before}
    now = masked(fingerprints.workstream_inputs(plan, results), session.redactor)  # as they are kept
    found = tuple(
        _with_paths(session, plan, one, last)
        for one in differences.differences(last["inputs"], now)
        if one.kind != "dependency" or one.key in known
    )
    failure = _failure(session, plan, values, stale)
    reasons = tuple(one.text() for one in found) or (_without_difference(session, plan, last, stale),)
    if failure:
        reasons = (*(one.text() for one in found), failure)
    return Due(workstream=plan.id, is_due=True, reasons=(*reasons, *maybe), differences=found)


def versions(session: Session, plan: Plan) -> tuple[Difference, ...]:
    """Tools that say another version than at the last success: told, but no reason to run."""
    before: Mapping[str, str] = _last_rows(session, plan).get("versions", {})
    now = {name: session.version(tool) or "" for name, tool in plan.tools.items() if name in before}
    return tuple(
        Difference(kind="version", key=name, was=before[name], now=version)
        for name, version in now.items()
        if version != before[name]
    )


def _with_paths(session: Session, plan: Plan, one: Difference, last: Values) -> Difference:
    """An `on-change` occurrence as the paths that differ between the base then and the base now."""
    if one.kind != "occurrence" or plan.workstream.when != "on-change":
        return one
    base = bases.last_seen(session, plan.base)
    if base is None or not git.existing(session.repository, [last["base"]]):
        return one
    scope = plan.workstream.scope
    patterns = (*plan.workstream.inputs, *(scope.modify + scope.create if scope.is_declared else ())) or ("**",)
    changes = git.diff(session.repository, last["base"], base, [f":(glob){pattern}" for pattern in patterns])
    return Difference(kind="inputs", key="inputs", was=(), now=[git.printable(change.path) for change in changes])


def _last_rows(session: Session, plan: Plan) -> Values:
    """The values of the last success as git remembers them, empty where there was none."""
    last = last_success.last(session, plan)
    return {**last.rows, "tip": last.tip} if last else {}


def _never(session: Session, plan: Plan, values: Callable[[str], Values], stale: str) -> str:
    latest = session.store.last_workstream(plan.id)
    if latest is None:
        return "it never ran"
    if failure := _failure(session, plan, values, stale):
        return f"it never succeeded: {failure}"
    return f"nothing is left of its last success, in run {latest[0]}, to compare with"


def _failure(session: Session, plan: Plan, values: Callable[[str], Values], stale: str) -> str:
    """How the latest run ended where that was no success, and what can be done about it; empty where all was well."""
    latest = session.store.last_workstream(plan.id)
    past = _PAST.get(latest[1].outcome) if latest else None
    if not latest or not past:
        return ""
    run, record = latest
    where = f" at {record.step}" if record.step else ""
    reason = f" ({record.reason})" if record.step and record.reason else ""
    told = f"in run {run} it {past}{where}{reason}"
    if record.outcome != "failed":
        return told
    prepare = plan.task("prepare")
    return f"{told}; {way_out.since(session, plan, values(prepare), is_prepared=stale != prepare)}"


def _without_difference(session: Session, plan: Plan, last: Values, stale: str) -> str:
    if git.resolve(session.repository, f"refs/heads/{plan.branch}") is None and last.get("tip") != last.get("start"):
        return f"its branch {plan.branch} is gone"
    return f"{stale.split(':', 1)[1]} is no longer recorded as done"
