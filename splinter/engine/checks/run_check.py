"""One check run on a commit in the work tree; what it changes on disk is reported and undone. It judges nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from splinter.engine.checks import judge_tree
from splinter.engine.steps import checkout_commands, command, hidden_checkout, python_places
from splinter.engine.tools import cases
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.git.command_line import WorkTree
from splinter.model.records import CheckRecord, Outcome
from splinter.model.workstream import Step

_FATAL = (Reason.INTERRUPTED, Reason.OVER_BUDGET, Reason.TOOL_MISSING)  # the check did not judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check said, and the last of what it printed."""

    record: CheckRecord
    output: str


def run(work: Work, check: Step, commit: str, *, name: str) -> Checked:
    """Run a check on a commit in a clean place, its log under `name`; raises StepError where it could not judge."""
    started = time.monotonic()
    try:
        tree = judge_tree.ready(work, commit)
        checkout_commands.refuse(work, check, tree)
        env = command.environment(work, command.profile_of(work.plan, check), tree)
        python_places.prove(work, check, tree, env)
    except StepError as error:
        if error.reason != Reason.PREFLIGHT:
            raise
        return _unready(work, check, error, started)
    checked = _run(work, check, tree, name)
    if checked.record.outcome == Outcome.FAILED:
        python_places.prove_shown(work, check, tree, env, said=checked.output)
        checked = _doubted(work, check, tree, checked)
    left = judge_tree.left(work.session.outside, tree)
    return replace(checked, record=replace(checked.record, notes=(*checked.record.notes, *left)))


def _doubted(work: Work, check: Step, tree: WorkTree, checked: Checked) -> Checked:
    """A failure of a check, with what it may have missed of the checkout."""
    record = checked.record
    said = "\n".join((checked.output, *(case.message for case in record.cases)))
    found = hidden_checkout.doubts(work, check, tree, said=said)
    return replace(checked, record=replace(record, notes=(*record.notes, *found), doubts=(*record.doubts, *found)))


def _unready(work: Work, check: Step, error: StepError, started: float) -> Checked:
    """A check whose place the commit does not let be made ready: what cannot be set up does not pass."""
    message = work.mask(f"the place for it could not be made ready: {error}")
    record = CheckRecord(
        workstream=work.plan.id, check=check.id, outcome=Outcome.FAILED, seconds=round(time.monotonic() - started, 3),
        reason=error.reason, message=message, command=check.action.label, exit_status=error.exit_status_of_child,
    )  # fmt: skip
    return Checked(record=record, output=message)


def _run(work: Work, check: Step, tree: WorkTree, name: str) -> Checked:
    started, began = time.monotonic(), work.session.outside.clock.now()
    acted = command.act(work, check, name, tree=tree)
    failure = acted.failure
    mask = work.session.outside.redactor.text
    masked = (replace(case, id=mask(case.id), message=mask(case.message)) for case in acted.cases)
    record = CheckRecord(
        workstream=work.plan.id,
        check=check.id,
        outcome=Outcome.FAILED if failure else Outcome.PASSED,
        started=began.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - started, 3),
        reason=failure.reason if failure else None,
        message=str(failure) if failure else "",
        command=check.action.label,
        exit_status=acted.ended.exit_status,
        cases=cases.settled(masked, ended_well=failure is None),
        log=work.session.outside.relative(work.log(name)),
        notes=(*acted.notes, *acted.doubts),
        doubts=acted.doubts,
    )
    if failure and failure.reason in _FATAL:
        failure.checks = (record,) if failure.reason == Reason.OVER_BUDGET else ()
        raise failure
    return Checked(record=record, output=acted.ended.output)
