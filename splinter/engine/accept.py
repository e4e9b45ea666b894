"""The end of one workstream: it is judged and fixed, artifacts are looked for, the branch settles, the record is kept.

It never records an end that was not reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from splinter.engine import evidence, given_back
from splinter.engine.branch import move_branch
from splinter.engine.branch.last_success import Success
from splinter.engine.checks import fix_loop
from splinter.engine.checks.judge import Judged
from splinter.engine.due import way_out
from splinter.engine.steps import run_step, setup, stand_in
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.git import commands as git
from splinter.git import worktree
from splinter.model import fingerprints, late_filling
from splinter.model.done import Accepted, Prepared
from splinter.model.records import CheckRecord, Outcome, StepRecord, WorkstreamRecord
from splinter.system import disk
from splinter.text.redact import masked


def accept(work: Work, *, before: str, fingerprint: str, tasks: Mapping[str, Any]) -> Accepted:
    """Judge the last step's commit and move the branch to it; raises StepError.

    `tasks` is what git is to remember of the tasks before this one, for whoever knows what it means.
    """
    session, prepared = work.session, work.prepared
    assert prepared
    judged = Judged(commit=before)
    try:
        setup.touch(work, work.tree, before)
        judged = fix_loop.fixed(_asking(work), start=prepared.start, before=before)
        _look_for_artifacts(work, judged.commit)
        success = _success(work, prepared, judged.commit, fingerprint=fingerprint, tasks=tasks)
        with work.apart() as apart:
            settled = move_branch.settle(apart.session, work.plan, success, judged=judged.commit)
    except StepError as error:
        error.checks, error.commit = error.checks or judged.checks, error.commit or judged.commit
        raise
    session.known.made.add(settled.tip)
    outcome = Outcome.CHANGED if settled.is_changed else Outcome.UNCHANGED
    record = describe(work, outcome, checks=judged.checks)
    files, notes = git.files(git.diff(work.repository, prepared.start, settled.tip)), (*record.notes, *settled.notes)
    session.history.put_workstream(
        session.run.open(), replace(record, tip=settled.tip, result=success.result, files=files, notes=notes)
    )
    _end_occurrence(work)
    given_back.give_back(work)
    return Accepted(
        start=prepared.start, base=prepared.base, tip=settled.tip, commit=judged.commit, result=success.result,
        outcome=outcome, inputs=success.inputs, versions=prepared.versions, outputs=work.outputs,
    )  # fmt: skip


def _asking(work: Work) -> Work:
    """The same with checks that are given what steps wrote; raises StepError for a text that asks for more."""
    silent = stand_in.silent(work.plan)
    late_filling.whole(work.plan.workstream, work.outputs, silent=silent)  # before anything is judged, or paid for
    filled = late_filling.of_checks(work.plan.workstream, work.outputs, silent=silent)
    return replace(work, plan=replace(work.plan, workstream=filled))


def _success(
    work: Work, prepared: Prepared, commit: str, *, fingerprint: str, tasks: Mapping[str, Any]
) -> Success:  # fmt: skip
    """What git is to remember of it."""
    return Success(
        start=prepared.start,
        tip=commit,
        base=prepared.base,
        result=git.result(work.repository, prepared.start, commit),
        fingerprint=fingerprint,
        inputs=masked(fingerprints.workstream_inputs(work.plan, work.results), work.session.outside.redactor),
        versions=prepared.versions,
        tasks={**tasks, "accept": {"commit": commit}},
    )


def fail(work: Work, step: str, error: Exception) -> None:
    """Record that a workstream failed, or was interrupted, at one of its tasks."""
    reason = error.reason if isinstance(error, StepError) else None
    checks = error.checks if isinstance(error, StepError) else ()
    outcome = Outcome.INTERRUPTED if reason == Reason.INTERRUPTED else Outcome.FAILED
    record = describe(work, outcome, checks=checks)
    made = evidence.of_failure(work, step, error)
    record = replace(
        record,
        files=made.files,
        ref=made.ref,
        patch=made.patch,
        reason=None if outcome == Outcome.INTERRUPTED else reason,
        step=_failing_step(step, reason, checks),
        message=work.mask(str(error)),
    )
    if reason and outcome == Outcome.FAILED:
        for how in _ways_out(work, step, reason, checks):
            error.add_note(how)
            record = replace(record, notes=(*record.notes, how))
    work.session.history.put_workstream(work.session.run.open(), record)
    if not work.session.processes.is_stopping:
        _end_occurrence(work)


def _ways_out(work: Work, step: str, reason: str, checks: tuple[CheckRecord, ...]) -> Iterator[str]:
    """What can be done about a failure, a sentence each."""
    found = []
    if reason == Reason.CHECK_FAILED:
        found += [way_out.of_earlier_failures(work.plan, checks), way_out.of_unfixed(work.plan)]
    if not work.repository.copy:
        found.append(way_out.of_failure(work.plan, step, work.prepared))
    yield from filter(None, found)


def _end_occurrence(work: Work) -> None:
    """An `always` that came to its end, good or bad, begins again; one that was killed is taken up."""
    if work.plan.workstream.when == "always":
        work.session.memory.set_occurrence(work.plan.id, work.plan.occurrence, is_open=False)


def block(work: Work, by: tuple[str, ...]) -> None:
    """Record that a workstream was not begun, since something it depends on failed."""
    record = replace(describe(work, Outcome.BLOCKED), message=f"{', '.join(by)} did not succeed")
    work.session.history.put_workstream(work.session.run.open(), record)


def describe(work: Work, outcome: Outcome, *, checks: tuple[CheckRecord, ...] = ()) -> WorkstreamRecord:
    """A workstream's record as far as it came: steps that ran in this run, and those that stood from earlier ones."""
    workstream = late_filling.as_far_as_known(work.plan.workstream, work.outputs, silent=stand_in.silent(work.plan))
    return WorkstreamRecord(
        workstream=work.plan.id,
        title=workstream.title,
        outcome=outcome,
        objective=workstream.objective,
        base=work.plan.base.name,
        base_commit=work.prepared.base if work.prepared else None,
        branch=work.plan.branch,
        steps=_steps(work, checks),
        checks=checks,
        depends_on=workstream.depends_on,
        metadata=workstream.metadata,
    )


def _steps(work: Work, checks: tuple[CheckRecord, ...]) -> tuple[StepRecord, ...]:
    latest = {record.step: record for record in work.session.history.steps_of(work.session.run.open(), work.plan.id)}
    found = [latest.pop("prepare")] if "prepare" in latest else []
    found += [latest.pop(record.step, record) for record in run_step.earlier(work, until=None)]
    attempts = fix_loop.attempts(work, checks)
    later = [record for name, record in latest.items() if name not in {one.step for one in attempts}]
    return (*found, *attempts, *later)


def _failing_step(step: str, reason: str | None, checks: tuple[CheckRecord, ...]) -> str:
    """The check that failed, or that had no time left to end, else the task itself."""
    failed = [check for check in checks if check.outcome == Outcome.FAILED]
    named = [one.check for one in failed if reason == Reason.CHECK_FAILED or one.reason == reason == Reason.OVER_BUDGET]
    return named[0] if named else step


def _look_for_artifacts(work: Work, commit: str) -> None:
    tree: Path = work.tree.path
    worktree.place(work.repository, work.tree, commit)
    missing = [path for path in work.plan.workstream.artifacts if not disk.seen(tree / path)]
    if missing:
        raise StepError(Reason.MISSING_ARTIFACT, f"{', '.join(missing)} should exist at the end and does not")
