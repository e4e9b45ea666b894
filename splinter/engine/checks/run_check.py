"""One check run on a commit in the work tree; what it changes on disk is thrown away and told. It judges nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from splinter.engine.session import Session
from splinter.engine.steps import command
from splinter.git import commands as git
from splinter.git import submodules, worktree
from splinter.model.plan import Plan
from splinter.model.records import CheckRecord
from splinter.model.workstream import Step
from splinter.text.counts import plural

_FATAL = ("interrupted", "over_budget", "tool_missing")  # the check did not judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check said, and the last of what it printed."""

    record: CheckRecord
    output: str


def run(session: Session, plan: Plan, check: Step, commit: str, *, name: str) -> Checked:
    """Run a check on the commit that lies in the work tree, its log under `name`.

    Raises StepError where it could not judge.
    """
    tree = command.locate(session, plan)
    checked = _run(session, plan, check, name)
    worktree.guard(tree)
    after = worktree.measure(session.repository, tree)
    changes = git.diff(session.repository, commit, after)
    if not changes and not submodules.changed(session.repository, tree):
        return checked
    worktree.place(session.repository, tree, commit, keep_ignored=True)
    what = (
        f"{plural(len(changes), 'file')} ({git.printable(changes[0].path)} first)"
        if changes
        else "files of a submodule"
    )
    note = f"it changed {what}; thrown away"
    return replace(checked, record=replace(checked.record, notes=(*checked.record.notes, note)))


def _run(session: Session, plan: Plan, check: Step, name: str) -> Checked:
    started = time.monotonic()
    acted = command.act(session, plan, check, name)
    failure = acted.failure
    if failure and failure.reason in _FATAL:
        raise failure
    mask = session.redactor.text
    record = CheckRecord(
        workstream=plan.id,
        check=check.id,
        outcome="failed" if failure else "passed",
        seconds=round(time.monotonic() - started, 3),
        reason=failure.reason if failure else None,
        message=str(failure) if failure else "",
        command=command.label(check),
        exit_status=acted.ended.exit_status,
        cases=tuple(replace(case, id=mask(case.id), message=mask(case.message)) for case in acted.cases),
        log=session.relative(session.log(plan, name)),
        notes=acted.notes,
    )
    return Checked(record=record, output=acted.ended.output)
