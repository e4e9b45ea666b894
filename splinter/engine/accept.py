"""The end of one workstream: it is judged and fixed, artifacts are looked for, the branch settles, the record is kept.

It never records an end that was not reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from splinter.engine import evidence
from splinter.engine.branch import move_branch
from splinter.engine.checks import fix_loop
from splinter.engine.checks.judge import Judged
from splinter.engine.due import way_out
from splinter.engine.session import Session
from splinter.engine.steps import command, run_step, setup
from splinter.errors import StepError
from splinter.git import commands as git
from splinter.git import worktree
from splinter.model import fingerprints
from splinter.model.fingerprints import Values
from splinter.model.plan import Plan
from splinter.model.records import CheckRecord, StepRecord, WorkstreamRecord
from splinter.text.redact import masked


def accept(
    session: Session, plan: Plan, *, prepared: Values, before: str, fingerprint: str, tasks: Mapping[str, Values]
) -> Values:
    """Judge the last step's commit and move the branch to it; returns the values that doit keeps, raises StepError.

    `tasks` is what git is to remember of the tasks before this one.
    """
    judged = Judged(commit=before)
    try:
        setup.touch(session, plan, command.locate(session, plan), before)
        judged = fix_loop.fixed(session, plan, start=prepared["start"], before=before)
        _look_for_artifacts(session, plan, judged.commit)
        result = git.result(session.repository, prepared["start"], judged.commit)
        rows = {
            "fingerprint": fingerprint,
            "inputs": masked(fingerprints.workstream_inputs(plan, _results(session, plan)), session.redactor),
            "versions": prepared.get("versions", {}),
            "result": result,
            "base": prepared["base"],
            "start": prepared["start"],
        }
        tasks = {**tasks, "accept": {"commit": judged.commit}}
        settled = move_branch.settle(
            session, plan, start=prepared["start"], judged=judged.commit, rows=rows, tasks=tasks
        )
    except StepError as error:
        error.checks, error.commit = error.checks or judged.checks, error.commit or judged.commit
        raise
    session.made.add(settled.tip)
    outcome = "changed" if settled.is_changed else "unchanged"
    record = describe(session, plan, outcome, prepared=prepared, checks=judged.checks)
    changes = git.diff(session.repository, prepared["start"], settled.tip)
    record = replace(
        record, tip=settled.tip, result=result, files=git.files(changes), notes=record.notes + settled.notes
    )
    session.store.put_workstream(session.open_run(), record)
    _end_occurrence(session, plan)
    return {**rows, "tip": settled.tip, "commit": judged.commit, "outcome": outcome}


def _results(session: Session, plan: Plan) -> dict[str, str]:
    depends_on = plan.workstream.depends_on
    return {other: session.values.get(f"{other}:accept", {}).get("result", "") for other in depends_on}


def fail(session: Session, plan: Plan, step: str, error: Exception, *, prepared: Values | None = None) -> None:
    """Record that a workstream failed, or was interrupted, at one of its tasks."""
    reason = error.reason if isinstance(error, StepError) else None
    checks = error.checks if isinstance(error, StepError) else ()
    outcome = "interrupted" if reason == "interrupted" else "failed"
    record = describe(session, plan, outcome, prepared=prepared, checks=checks)
    made = evidence.of_failure(session, plan, step, error, prepared=prepared)
    record = replace(
        record,
        files=made.files,
        ref=made.ref,
        patch=made.patch,
        reason=None if outcome == "interrupted" else reason,
        step=_failing_step(step, reason, checks),
        message=session.redactor.text(str(error)),
    )
    if reason and outcome == "failed":
        how = way_out.of_failure(plan, step, prepared)
        error.add_note(how)
        record = replace(record, notes=(*record.notes, how))
    session.store.put_workstream(session.open_run(), record)
    if not session.processes.is_stopping:
        _end_occurrence(session, plan)


def _end_occurrence(session: Session, plan: Plan) -> None:
    """An `always` that came to its end, good or bad, begins again; one that was killed is taken up."""
    if plan.workstream.when == "always":
        session.store.set_occurrence(plan.id, plan.occurrence, is_open=False)


def block(session: Session, plan: Plan, by: tuple[str, ...]) -> None:
    """Record that a workstream was not begun, since something it depends on failed."""
    record = replace(describe(session, plan, "blocked"), message=f"{', '.join(by)} did not succeed")
    session.store.put_workstream(session.open_run(), record)


def describe(
    session: Session, plan: Plan, outcome: str, *,
    prepared: Values | None = None, checks: tuple[CheckRecord, ...] = (),
) -> WorkstreamRecord:  # fmt: skip
    """A workstream's record as far as it came: steps that ran in this run, and those that stood from earlier ones."""
    workstream = plan.workstream
    return WorkstreamRecord(
        workstream=plan.id,
        title=workstream.title,
        outcome=outcome,
        objective=workstream.objective,
        base=plan.base.name,
        base_commit=prepared["base"] if prepared else None,
        branch=plan.branch,
        steps=_steps(session, plan),
        checks=checks,
        depends_on=workstream.depends_on,
        metadata=workstream.metadata,
    )


def _steps(session: Session, plan: Plan) -> tuple[StepRecord, ...]:
    latest = {record.step: record for record in session.store.steps_of(session.open_run(), plan.id)}
    found = [latest.pop("prepare")] if "prepare" in latest else []
    for record in (*run_step.earlier(session, plan, until=None), *fix_loop.attempts(session, plan)):
        found.append(latest.pop(record.step, record))
    return (*found, *latest.values())


def _failing_step(step: str, reason: str | None, checks: tuple[CheckRecord, ...]) -> str:
    """The check that failed, or that had no time left to end, else the task itself."""
    failed = [check for check in checks if check.outcome == "failed"]
    named = [one.check for one in failed if reason == "check_failed" or one.reason == reason == "over_budget"]
    return named[0] if named else step


def _look_for_artifacts(session: Session, plan: Plan, commit: str) -> None:
    tree: Path = command.locate(session, plan).path
    worktree.place(session.repository, command.locate(session, plan), commit, keep_ignored=True)
    missing = [path for path in plan.workstream.artifacts if not (tree / path).exists()]
    if missing:
        raise StepError("missing_artifact", f"{', '.join(missing)} should exist at the end and does not")
