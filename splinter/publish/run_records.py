"""What is recorded of a run, as people may see it: secrets masked, and what took no part named with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from splinter.engine import prospects
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.model import record_files, record_json
from splinter.model.plan import Plan
from splinter.model.records import ErrorRecord, Outcome, RunRecord, WorkstreamRecord
from splinter.publish import held_records, reduced_records
from splinter.text import redact


def masked(outside: Outside, record: WorkstreamRecord) -> WorkstreamRecord:
    """A record with every secret masked."""
    return record_json.from_json(WorkstreamRecord, redact.masked(record_json.to_json(record), outside.redactor))


def run_record(session: Session, run: str) -> RunRecord:
    """What is recorded of a run, secrets masked, with the workstreams that were not due, or are disabled."""
    root = session.outside.repository.root
    seen = held_records.of_run(session, session.history.run(run))
    kept = record_files.with_files(seen, lambda path: (root / path).exists())
    record = record_json.from_json(RunRecord, redact.masked(record_json.to_json(kept), session.outside.redactor))
    told = whole(session, replace(record, errors=_with_own_errors(session, record)))
    return reduced_records.reduced(told, session.outside.settings.report.include)


def _with_own_errors(session: Session, record: RunRecord) -> tuple[ErrorRecord, ...]:
    """The errors of a run, those too that could not be written down."""
    own = session.run.errors if record.run == session.run.own() else ()
    return tuple({error.task: error for error in (*own, *record.errors)}.values())


def whole(session: Session, record: RunRecord) -> RunRecord:
    """The same with a record for each workstream that took no part."""
    recorded = {done.workstream for done in record.workstreams}
    others = [plan for id, plan in session.plans.items() if id not in recorded]
    own = session.night.run if session.night else session.run.own()
    left_out = prospects.left_out(session) if record.run == own else {}
    ended = session.history.last_outcomes([plan.id for plan in others])
    without_part = (
        masked(session.outside, _without_part(session, plan, left_out, ended.get(plan.id))) for plan in others
    )
    order = {id: number for number, id in enumerate(session.plans)}
    workstreams = sorted((*record.workstreams, *without_part), key=lambda one: order.get(one.workstream, len(order)))
    return replace(record, workstreams=tuple(workstreams))


def _without_part(
    session: Session, plan: Plan, left_out: Mapping[str, str], last: tuple[str, Outcome | None] | None
) -> WorkstreamRecord:  # fmt: skip
    disabled = prospects.disabled(session, plan)
    why = disabled or (f"not run: {left_out[plan.id]}" if plan.id in left_out else "not due")
    outcome = Outcome.DISABLED if disabled else Outcome.SKIPPED
    return WorkstreamRecord(
        workstream=plan.id, title=plan.workstream.title, outcome=outcome, message=f"{why}; {_ended(last)}",
        depends_on=plan.workstream.depends_on,
    )  # fmt: skip


def _ended(last: tuple[str, Outcome | None] | None) -> str:
    if last is None:
        return "it never ran"
    run, outcome = last
    return f"it ended as {outcome} in run {run}" if outcome else f"how it ended in run {run} cannot be read"
