"""A pull request as it should be, from a plan and what is recorded of its result. It publishes nothing."""

from __future__ import annotations

from dataclasses import replace

from splinter.engine import merged_dependencies, proposed
from splinter.engine.session import Session
from splinter.engine.steps import stand_in
from splinter.errors import PublishError, StepError
from splinter.git import line_counts
from splinter.model import late_filling, record_words
from splinter.model.done import Accepted
from splinter.model.fingerprints import definition, slot
from splinter.model.plan import Plan
from splinter.model.ports import Proposal
from splinter.model.records import Outcome, WorkstreamRecord
from splinter.publish import held_records, plugins, pull_request_body, run_records
from splinter.publish.pull_request_body import Around
from splinter.text.outputs import Outputs

_REST = "The rest says what the run comes to."


def proposal(session: Session, plan: Plan, accepted: Accepted, head: str) -> Proposal:
    """The pull request as it should be, with the branch at `head`; raises PublishError."""
    plan = filled(plan, accepted.outputs)
    known = session.history.last_result(plan.id, accepted.tip)
    run, record = known or ("", describe_lost(plan))
    wanted = plan.workstream.pull_request
    assert wanted
    held = held_records.held(session, plan, record, start=accepted.start, tip=accepted.tip)
    masked = run_records.masked(session.outside, held)
    body = pull_request_body.body(
        masked, run=run, reproduce=f"doit {plan.id}", definition=definition(plan),
        around=_around(session, plan, accepted, run, head=head),
    )  # fmt: skip
    return Proposal(
        workstream=plan.id,
        head=plugins.pushed_as(session.outside, plan.branch),
        base=aim(session, plan, accepted),
        title=session.outside.redactor.text(pull_request_body.title(masked, wanted.title)),
        own_body=session.outside.redactor.text(body),
        draft=wanted.draft,
        labels=wanted.labels,
        reviewers=wanted.reviewers,
        assignees=wanted.assignees,
        milestone=wanted.milestone,
        creates_labels=session.outside.settings.create_labels,
        is_lost=known is None,
        slot=slot(plan),
    )


def filled(plan: Plan, outputs: Outputs) -> Plan:
    """A plan whose texts hold what its steps wrote; raises PublishError where one asks for what is not there."""
    try:
        workstream = late_filling.whole(plan.workstream, outputs, silent=stand_in.silent(plan))
    except StepError as error:
        raise PublishError(f"{plan.id}: {error}") from error
    return replace(plan, workstream=workstream)


def _around(session: Session, plan: Plan, accepted: Accepted, run: str, *, head: str) -> Around:
    wanted = plan.workstream.pull_request
    assert wanted
    rehearsals = session.history.rehearsals(session.run.taken_up or session.run.id or "")  # a dry run begins none
    return Around(
        lines=line_counts.by_path(session.outside.repository, accepted.start, accepted.tip),
        on_top=held_records.on_top(session.outside, accepted.tip, head),
        reported=held_records.said_of(session, run),
        builds_on=_builds_on(session, plan, accepted),
        first=wanted.body,
        title=wanted.title,
        fits=tuple(filter(None, (record_words.fits(one, plan.id) for one in rehearsals))),
    )


def _builds_on(session: Session, plan: Plan, accepted: Accepted) -> tuple[str, ...]:
    """Where the pull requests are that must be merged before that of a workstream."""
    if accepted.start == accepted.base:
        return ()
    places = ((id, proposed.place(session.memory, id)) for id in plan.workstream.depends_on)
    return tuple(where for id, where in places if where and not merged_dependencies.is_merged(session, plan, id))


def describe_lost(plan: Plan) -> WorkstreamRecord:
    """What can still be said of a result whose history was deleted."""
    workstream = plan.workstream
    return WorkstreamRecord(
        workstream=plan.id,
        title=workstream.title,
        outcome=Outcome.CHANGED,
        objective=workstream.objective,
        base=plan.base.name,
        branch=plan.branch,
        metadata=workstream.metadata,
    )


def foreseen(session: Session, plan: Plan) -> Proposal:
    """What can be said of a pull request before there is a result, as far as its workstream's file says it."""
    wanted, workstream = plan.workstream.pull_request, plan.workstream
    assert wanted
    mask, below = session.outside.redactor.text, _below(session, plan)
    base = below.branch if below else plan.base.shown if plan.base.is_unknown else plan.base.name
    return Proposal(
        workstream=plan.id,
        head=plugins.pushed_as(session.outside, plan.branch),
        base=wanted.base or base,
        title=mask(wanted.title or workstream.title),
        own_body=mask("\n\n".join(filter(None, (wanted.body.strip(), workstream.objective, _REST)))),
        draft=wanted.draft,
        labels=wanted.labels,
        reviewers=wanted.reviewers,
        assignees=wanted.assignees,
        milestone=wanted.milestone,
    )


def aim(session: Session, plan: Plan, accepted: Accepted) -> str:
    """The base branch of the pull request: the one branch that it starts from, as long as that is ahead of the base.

    That was merged where git sees it in the base, or the forge says so.
    """
    if plan.workstream.pull_request and plan.workstream.pull_request.base:
        return plan.workstream.pull_request.base
    below = _below(session, plan) if accepted.start != accepted.base else None
    if below and not merged_dependencies.is_merged(session, plan, below.id):
        return below.branch
    return plan.base.name


def _below(session: Session, plan: Plan) -> Plan | None:
    """The one workstream that it depends on, where its pull request may aim at that one's branch."""
    depends_on = plan.workstream.depends_on
    is_in_fork = plugins.pushed_as(session.outside, plan.branch) != plan.branch  # and so is what it builds on
    if len(depends_on) != 1 or is_in_fork:
        return None
    other = session.plans[depends_on[0]]
    return other if other.workstream.pull_request else None
