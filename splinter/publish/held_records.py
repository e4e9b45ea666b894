"""Records held against what can be seen here: git's commits, and the workstreams' files. It changes none that is kept.

What is seen stands in the place of what was recorded, and where the two contradict each other that is told.
What only the process that worked can know (outcomes, checks, costs) stays as it was reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from splinter.engine.branch import last_success
from splinter.engine.branch.last_success import Success
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.engine.steps import stand_in
from splinter.git import commands as git
from splinter.git import merge
from splinter.model import late_filling, record_words
from splinter.model.plan import Plan
from splinter.model.records import CheckRecord, Outcome, RunRecord, WorkstreamRecord

REPORTED = "Outcomes, checks and costs are as reported by the job that worked; here only commits and files were seen."


def is_reported(session: Session, run: str) -> bool:
    """Whether a run is only known by its records: in CI, where another job may have handed them over."""
    return session.outside.environment.is_in_ci and (run != session.run.id or run == session.run.taken_up)


def said_of(session: Session, run: str) -> str:
    """What has to be said of all that is recorded of a run; empty where it happened here."""
    if record_words.is_simulated(run):
        return "**This is simulated: no agent was called, and nothing was pushed.**"
    return REPORTED if is_reported(session, run) else ""


def held(session: Session, plan: Plan, record: WorkstreamRecord, *, start: str, tip: str) -> WorkstreamRecord:
    """A result's record as its workstream's file and its commits have it; contradictions are notes of it."""
    silent, seen = stand_in.silent(plan), git.files(git.diff(session.outside.repository, start, tip))
    workstream = late_filling.as_far_as_known(plan.workstream, late_filling.of_record(record), silent=silent)
    checks, missing = of_plans([plan], record.checks)
    told = list(missing)
    if record.files and record.files != seen:
        told.append("the files of its record are not those that its commits change, which are shown here")
    return replace(
        record,
        title=workstream.title,
        objective=workstream.objective,
        base=plan.base.name,
        branch=plan.branch,
        tip=tip,
        files=seen,
        steps=tuple(step for step in record.steps if step.step in _names(plan)),
        checks=checks,
        depends_on=workstream.depends_on,
        metadata=workstream.metadata,
        notes=(*record.notes, *told),
    )


def of_plans(plans: Iterable[Plan], checks: Iterable[CheckRecord]) -> tuple[tuple[CheckRecord, ...], tuple[str, ...]]:
    """Those checks that the workstreams have, and a sentence for each that contradicts a result, or is missing."""
    wanted = {(plan.id, check.id) for plan in plans for check in plan.workstream.checks}
    shown = tuple(check for check in checks if (check.workstream, check.check) in wanted)
    failed = (
        f"{one.check} of {one.workstream} is recorded as failed" for one in shown if one.outcome == Outcome.FAILED
    )
    missing = sorted(wanted - {(check.workstream, check.check) for check in shown})
    return shown, (*failed, *(f"no result of the check {check} of {id} is recorded" for id, check in missing))


def of_run(session: Session, run: RunRecord) -> RunRecord:
    """A run's record, each result in it held; one whose commit is not here is none."""
    results = _results(session, run)
    starts = _accepted_starts(session, results)
    here = git.existing(session.outside.repository, (*starts.values(), *_ids(results)))
    workstreams = tuple(_of_run(session, one, starts, here) if one in results else one for one in run.workstreams)
    notes = (*run.notes, REPORTED) if is_reported(session, run.run) else run.notes
    return replace(run, workstreams=workstreams, notes=notes)


def starts(session: Session, run: RunRecord) -> dict[str, str]:
    """The commits that results begin at, by workstream, where both that and the result are here."""
    results = _results(session, run)
    known = _accepted_starts(session, results)
    here = git.existing(session.outside.repository, (*known.values(), *_ids(results)))
    found = {one.workstream: known.get(one.workstream) or str(one.base_commit) for one in results if one.tip in here}
    return {id: start for id, start in found.items() if start in here}


def _results(session: Session, run: RunRecord) -> list[WorkstreamRecord]:
    return [one for one in run.workstreams if one.tip and one.workstream in session.plans]


def _accepted_starts(session: Session, results: Iterable[WorkstreamRecord]) -> dict[str, str]:
    accepted = last_success.of_all(session.outside, [session.plans[one.workstream] for one in results])
    return {one.workstream: accepted[one.workstream].start for one in results if _is_of(accepted, one)}


def on_top(outside: Outside, tip: str, head: str) -> tuple[str, ...]:
    """The commits that stand on top of what was judged, the oldest first; none where the files are the same."""
    if head == tip or git.tree_of(outside.repository, head) == git.tree_of(outside.repository, tip):
        return ()
    return merge.first_parents(outside.repository, head, [tip])


def _of_run(
    session: Session, record: WorkstreamRecord, starts: Mapping[str, str], here: frozenset[str]
) -> WorkstreamRecord:  # fmt: skip
    assert record.tip
    if record.tip not in here:
        message = f"it is recorded as {record.outcome}, and the commit that it is recorded to have made is not here"
        return replace(record, outcome=Outcome.FAILED, message=message)
    start = starts.get(record.workstream) or record.base_commit
    if start not in here:
        return record
    return held(session, session.plans[record.workstream], record, start=str(start), tip=record.tip)


def _is_of(accepted: Mapping[str, Success], record: WorkstreamRecord) -> bool:
    """Whether a record is of what was accepted last."""
    return record.workstream in accepted and accepted[record.workstream].tip == record.tip


def _ids(records: Iterable[WorkstreamRecord]) -> Iterator[str]:
    for one in records:
        yield from filter(None, (one.tip, one.base_commit))


def _names(plan: Plan) -> frozenset[str]:
    """What the steps of a workstream may be called in its records."""
    workstream = plan.workstream
    fixes = (f"fix-{number + 1}" for number in range(workstream.fix.attempts))
    return frozenset(("prepare", *(step.id for step in workstream.steps), *fixes))
