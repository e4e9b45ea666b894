"""The end of one workstream: checks judge, failures go back to the tool, artifacts are looked for, the branch settles.

It never lets what a check changed on disk into a commit, and never counts a try of the fix loop twice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from splinter import acting, branch, engine, git, identity, junit, worktree
from splinter.engine import Values
from splinter.errors import StepError
from splinter.plan import Plan, definition, fingerprint
from splinter.records import CheckRecord, StepRecord, WorkstreamRecord
from splinter.session import Session
from splinter.workstream import PROMPT_STALL_S, TIMEOUT_S, Prompt, Step

_SHOWN_CASES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The commit that the checks were run on, and what they said."""

    commit: str
    checks: tuple[CheckRecord, ...]

    @property
    def failed(self) -> tuple[CheckRecord, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if check.outcome == "failed")


def accept(session: Session, plan: Plan, *, prepared: Values, before: str, made_of: Values) -> Values:
    """Judge the last step's commit and move the branch to it; returns the values that doit keeps, raises StepError."""
    judged = Judged(commit=before, checks=())
    try:
        engine.touch(session, plan, acting.locate(session, plan))
        judged = _fixed(session, plan, _judge(session, plan, _resumed(session, plan, before)))
        _look_for_artifacts(session, plan, judged.commit)
        result = git.result(session.repository, prepared["start"], judged.commit)
        rows = {
            "made_of": made_of,
            "identity": identity.of(plan, _results(session, plan)),
            "versions": prepared.get("versions", {}),
            "result": result,
            "base": prepared["base"],
            "start": prepared["start"],
        }
        settled = branch.settle(session, plan, start=prepared["start"], tip=judged.commit, rows=rows)
    except StepError as error:
        error.checks = error.checks or judged.checks
        raise
    session.made.add(settled.tip)
    outcome = "changed" if settled.is_changed else "unchanged"
    record = describe(session, plan, outcome, prepared=prepared, checks=judged.checks)
    changes = git.diff(session.repository, prepared["start"], settled.tip)
    record = replace(
        record, tip=settled.tip, result=result, files=git.files(changes), notes=record.notes + settled.notes
    )
    session.store.put_workstream(session.open_run(), record)
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
    record = replace(
        record,
        reason=None if outcome == "interrupted" else reason,
        step=_failing_step(step, reason, checks),
        message=session.redactor.text(str(error)),
    )
    session.store.put_workstream(session.open_run(), record)


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
    for step in plan.workstream.steps:
        if step.id in latest:
            found.append(latest.pop(step.id))
        elif kept := session.store.last_step(
            plan.id, step.id, session.values.get(plan.task(step.id), {}).get("commit", "")
        ):
            found.append(kept)
    return (*found, *latest.values())


def _failing_step(step: str, reason: str | None, checks: tuple[CheckRecord, ...]) -> str:
    failed = [check.check for check in checks if check.outcome == "failed"]
    return failed[0] if failed and reason == "check_failed" else step


def _judge(session: Session, plan: Plan, commit: str) -> Judged:
    tree = acting.locate(session, plan)
    checks = []
    worktree.place(session.repository, tree, commit, keep_ignored=True)
    for check in plan.workstream.checks:
        record = _check(session, plan, check)
        worktree.guard(tree)
        after = worktree.measure(session.repository, tree)
        changes = git.diff(session.repository, commit, after)
        if changes:
            told = f"it changed {len(changes)} files ({git.printable(changes[0].path)} first); thrown away"
            record = replace(record, notes=(*record.notes, told))
            worktree.place(session.repository, tree, commit, keep_ignored=True)
        checks.append(record)
    return Judged(commit=commit, checks=tuple(checks))


def _check(session: Session, plan: Plan, check: Step) -> CheckRecord:
    started = time.monotonic()
    results = session.log(plan, check.id).with_suffix(".junit.xml")
    results.unlink(missing_ok=True)
    reason: str | None = None
    message = ""
    status: int | None = 0
    try:
        acting.act(session, plan, check, check.id, junit=results)
    except StepError as error:
        if error.reason in ("interrupted", "over_budget"):
            raise
        reason, message, status = error.reason, str(error), error.exit_status_of_child
    notes: tuple[str, ...] = ()
    try:
        cases = junit.read(results)
    except junit.UnreadableResultsError as error:
        cases, notes = (), (f"its results could not be read: {error}",)
    return CheckRecord(
        workstream=plan.id,
        check=check.id,
        outcome="failed" if reason else "passed",
        seconds=round(time.monotonic() - started, 3),
        reason=reason,
        message=message,
        command=acting.label(check),
        exit_status=status,
        cases=cases,
        log=session.relative(session.log(plan, check.id)),
        notes=notes,
    )


def _fixed(session: Session, plan: Plan, judged: Judged) -> Judged:
    """Hand failures back to the tool until the checks pass, the tries are used up, or it goes in circles."""
    key = _attempts_key(session, plan)
    seen = {git.tree_of(session.repository, judged.commit)}
    while judged.failed:
        number = len(session.store.attempts(plan.id, key)) + 1
        if number > plan.workstream.fix_attempts:
            raise _failure("check_failed", _told(judged, plan.workstream.fix_attempts), judged)
        commit = _fix(session, plan, judged, key, number)
        tree = git.tree_of(session.repository, commit)
        if tree in seen:
            raise _failure("oscillating", f"fix attempt {number} came back to a result that had failed before", judged)
        seen.add(tree)
        judged = _judge(session, plan, commit)
    return judged


def _fix(session: Session, plan: Plan, judged: Judged, key: str, number: int) -> str:
    assert plan.workstream.tool
    prompt = Prompt(text=_failure_prompt(plan, judged), tool=plan.workstream.tool)
    step = Step(id=f"fix-{number}", action=prompt, timeout_s=TIMEOUT_S["prompt"], stall_s=PROMPT_STALL_S)
    session.store.add_attempt(plan.id, key, number, {"from": judged.commit})
    made_of = {"fix": number, "before": judged.commit, "definition": key}
    record = engine.attempt(session, plan, step, before=judged.commit, made_of=made_of)
    if record.outcome in ("failed", "interrupted") or record.commit is None:
        raise _failure(record.reason or "interrupted", f"{step.id}: {record.message}", judged)
    session.store.add_attempt_result(plan.id, key, number, {"from": judged.commit, "commit": record.commit})
    return record.commit


def _failure(reason: str, message: str, judged: Judged) -> StepError:
    error = StepError(reason, message)
    error.checks = judged.checks
    return error


def _resumed(session: Session, plan: Plan, before: str) -> str:
    """Where the fix loop had come to when it was killed: tries that were made are not made again."""
    commit = before
    for tried in session.store.attempts(plan.id, _attempts_key(session, plan)):
        kept = tried.get("commit")
        if tried["from"] == commit and kept and git.existing(session.repository, [kept]):
            commit = kept
    return commit


def _attempts_key(session: Session, plan: Plan) -> str:
    """Tries are counted by definition and occurrence; asked for all again, they are counted anew."""
    again = session.open_run() if session.is_asked_again else ""
    return fingerprint({"definition": definition(plan), "occurrence": plan.occurrence, "again": again})


def _failure_prompt(plan: Plan, judged: Judged) -> str:
    lines = [
        f"A check of this change failed. Mend the cause, within these paths: {', '.join(plan.workstream.scope.modify)}."
    ]
    for check in judged.failed:
        lines += ["", f"Check `{check.check}` ({check.command}) failed: {check.reason}."]
        failing = [case for case in check.cases if case.outcome in ("failed", "error")]
        lines += [f"- {case.id}: {case.message.strip().splitlines()[0] if case.message.strip() else 'failed'}"
                  for case in failing[:_SHOWN_CASES]]  # fmt: skip
        lines += ["", check.message]
    return "\n".join(lines)


def _told(judged: Judged, attempts: int) -> str:
    parts = []
    for check in judged.failed:
        bad = check.count("failed") + check.count("error")
        parts.append(f"{check.check}: {f'{bad} of {len(check.cases)} tests failed' if bad else check.message}")
    tries = f" ({attempts} fix attempts are used up for this occurrence)" if attempts else ""
    return "; ".join(parts) + tries


def _look_for_artifacts(session: Session, plan: Plan, commit: str) -> None:
    tree: Path = acting.locate(session, plan).path
    worktree.place(session.repository, acting.locate(session, plan), commit, keep_ignored=True)
    missing = [path for path in plan.workstream.artifacts if not (tree / path).exists()]
    if missing:
        raise StepError("missing_artifact", f"{', '.join(missing)} should exist at the end and does not")
