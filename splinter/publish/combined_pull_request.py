"""One branch and one draft pull request of all finished work that goes together: the union that was rehearsed.

Nothing gets into it that its rehearsal did not judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import partial

from splinter.engine.branch import move_branch
from splinter.engine.branch.last_success import Success
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import PublishError, SplinterError, StepError
from splinter.git import commands as git
from splinter.git import line_counts, merge
from splinter.model import commit_message, layout
from splinter.model.done import Branch, Rehearsed, Union
from splinter.model.fingerprints import Inputs, definition, fingerprint, shortened
from splinter.model.plan import Plan
from splinter.model.ports import Proposal
from splinter.model.records import Outcome, PullRequestRecord, RehearsalRecord, StepRecord, WorkstreamRecord
from splinter.model.workstream import PullRequest, Workstream
from splinter.publish import held_records, plugins, proposals, pull_request, pull_request_body, push_check, run_records
from splinter.publish.pull_request_body import Around
from splinter.publish.push_check import Result

ID = layout.TOGETHER


def inputs(session: Session, rehearsed: Rehearsed) -> Inputs:
    """What the pull request is made of; `rehearsed` is what `rehearse` came to."""
    plans = _plans(session, rehearsed)
    return shortened(
        {
            "members": {id: asdict(one) for id, one in rehearsed.members.items()},
            "unions": {base: asdict(one) for base, one in rehearsed.unions.items()},
            "definitions": _definition(plans),
            "target": pull_request.target(session.outside),
            "creates_labels": session.outside.settings.create_labels,
        }
    )


def propose(session: Session, rehearsed: Rehearsed) -> PullRequestRecord:
    """Move the branch to the union, push it, and open or update its pull request; raises PublishError."""
    plans = _plans(session, rehearsed)
    whole = _stand_in(session, plans)
    if not plans and rehearsed.notes:
        raise PublishError("nothing goes together, so no pull request is opened, and an open one stays as it is")
    if not plans:
        return pull_request.propose(session, whole, push_check.last_result(session, whole), None)
    if session.outside.environment.is_in_ci:
        _refuse_heads(rehearsed)
    union = rehearsed.unions[whole.base.name]
    with session.apart() as apart:
        settled = _settled(apart, plans, whole, rehearsed.members, union)
    scopes = tuple(plan.workstream.scope for plan in plans)
    slots = tuple(plan.id for plan in plans)
    judged = Result(tip=settled.tip, start=union.base, scopes=scopes, slots=slots)
    wanted = partial(proposal, session, rehearsed, settled.tip) if settled.is_changed else None
    done = pull_request.propose(session, whole, judged, wanted)
    for id, member in rehearsed.members.items():
        session.memory.set_fact(f"{ID}/{id}", f"{settled.tip} {member.tip}")
    return done


def _settled(
    session: Session, plans: list[Plan], whole: Plan, members: Mapping[str, Branch], union: Union
) -> move_branch.Settled:  # fmt: skip
    """The branch, moved to the members' commits in turn; raises PublishError where these are not the union."""
    chain = _chain(session, plans, members, union.base)
    if git.tree_of(session.outside.repository, chain) != git.tree_of(session.outside.repository, union.commit):
        raise PublishError(
            "the branches, one after another, do not add up to what was rehearsed; run `doit run rehearse pr`"
        )
    result = git.result(session.outside.repository, union.base, chain)
    success = Success(start=union.base, tip=chain, base=union.base, result=result)
    try:
        return move_branch.settle(session, whole, success, judged=chain)
    except StepError as error:
        raise PublishError(str(error)) from error


def proposal(session: Session, rehearsed: Rehearsed, tip: str, head: str) -> Proposal:
    """The pull request as it should be, with what was judged at `tip` and the branch at `head`."""
    plans = _plans(session, rehearsed)
    whole = _stand_in(session, plans)
    wanted = whole.workstream.pull_request
    assert wanted
    record = _of_all(session, plans, whole, rehearsed, tip)
    members = [_record(session, plan, rehearsed.members[plan.id]) for plan in plans]
    body = pull_request_body.body(
        run_records.masked(session.outside, record),
        run=rehearsed.run or "",
        reproduce=f"doit {' '.join(plan.id for plan in plans)} rehearse",
        definition=_definition(plans),
        members=[run_records.masked(session.outside, one) for one in members],
        around=Around(
            lines=line_counts.by_path(session.outside.repository, rehearsed.unions[whole.base.name].base, tip),
            on_top=held_records.on_top(session.outside, tip, head),
            reported=held_records.said_of(session, rehearsed.run or ""),
        ),
    )
    return Proposal(
        workstream=ID,
        head=plugins.pushed_as(session.outside, whole.branch),
        base=wanted.base or whole.base.name,
        title=session.outside.redactor.text(pull_request_body.title(record)),
        own_body=session.outside.redactor.text(body),
        draft=wanted.draft,
        labels=wanted.labels,
        reviewers=wanted.reviewers,
        assignees=wanted.assignees,
        milestone=wanted.milestone,
        creates_labels=session.outside.settings.create_labels,
    )


def _of_all(session: Session, plans: list[Plan], whole: Plan, rehearsed: Rehearsed, tip: str) -> WorkstreamRecord:
    """What is recorded of all together, as far as commits and files of workstreams bear it out."""
    start = rehearsed.unions[whole.base.name].base
    seen = _rehearsal(session, rehearsed, whole)
    checks, missing = held_records.of_plans(plans, seen.checks if seen else ())
    left_out = (f"{one.workstream} is left out: {one.message}" for one in (seen.left_out if seen else ()))
    return WorkstreamRecord(
        workstream=ID,
        title=whole.workstream.title,
        outcome=Outcome.CHANGED,
        base=whole.base.name,
        base_commit=start,
        branch=whole.branch,
        tip=tip,
        files=git.files(git.diff(session.outside.repository, start, tip)),
        checks=checks,
        notes=(*left_out, *missing),
    )


def _plans(session: Session, rehearsed: Rehearsed) -> list[Plan]:
    """The plans of what goes together, each after those it depends on."""
    wanted = [plan for plan in session.plans.values() if plan.workstream.pull_request and plan.id in rehearsed.members]
    ids = {plan.id for plan in wanted}.union(*(push_check.builds_on(session, plan) for plan in wanted))
    members = [(plan, rehearsed.members[plan.id]) for plan in session.plans.values() if plan.id in rehearsed.members]
    return [proposals.filled(plan, member.outputs) for plan, member in members if plan.id in ids]


def _refuse_heads(rehearsed: Rehearsed) -> None:
    """Raise PublishError where a branch holds more than was accepted: in CI nothing proves whose that is."""
    more = sorted(id for id, one in rehearsed.members.items() if one.head != one.tip)
    if more:
        raise PublishError(f"commits that no step made are on the branches of {', '.join(more)}; in CI none goes along")


def _stand_in(session: Session, plans: list[Plan]) -> Plan:
    """A plan for the whole: what each member says of its pull request, together."""
    wanted = [plan.workstream.pull_request for plan in plans if plan.workstream.pull_request]
    names = ", ".join(plan.id for plan in plans)
    title = f"{len(plans)} workstreams: {names}" if len(plans) > 1 else "".join(plan.workstream.title for plan in plans)
    whole = Workstream(
        id=ID,
        title=title,
        source="",
        steps=(),
        pull_request=PullRequest(
            draft=all(one.draft for one in wanted),
            labels=tuple(dict.fromkeys(label for one in wanted for label in one.labels)),
            reviewers=tuple(dict.fromkeys(name for one in wanted for name in one.reviewers)),
            assignees=tuple(dict.fromkeys(name for one in wanted for name in one.assignees)),
            milestone=_shared(one.milestone for one in wanted),
        ),
    )
    first = next(iter(session.plans.values()))
    branch = f"{session.outside.settings.branch_prefix}{ID}"
    return replace(first, workstream=whole, template=None, branch=branch, occurrence="")


def _shared(milestones: Iterable[str]) -> str:
    """The milestone that all who name one agree on; a pull request has one."""
    named = {*milestones} - {""}
    return named.pop() if len(named) == 1 else ""


def _definition(plans: list[Plan]) -> str:
    return fingerprint({plan.id: definition(plan) for plan in plans})


def _chain(session: Session, plans: list[Plan], members: Mapping[str, Branch], start: str) -> str:
    """The members' commits in turn, one on top of another from `start`; they are recorded as ours."""
    tip = start
    for plan in plans:
        member = members[plan.id]
        tip = _on_top(session, plan, member.start, member.head, tip)
    return tip


def _on_top(session: Session, plan: Plan, begin: str, head: str, tip: str) -> str:
    """A member's commits on top of `tip`, each its own; one commit of all where they fit only as a whole."""
    repository, is_signed = session.outside.repository, session.outside.settings.sign_commits
    whole, _ = merge.three_way(repository, *(git.tree_of(repository, one) for one in (begin, tip, head)))
    if whole is None:
        raise PublishError(f"{plan.branch} no longer fits on top of the others; run `doit run rehearse pr`")
    made, new = [], tip
    for commit in merge.first_parents(repository, head, [begin]):
        trees = [git.tree_of(repository, one) for one in (f"{commit}^", new, commit)]
        tree, _ = merge.three_way(repository, *trees)
        if tree is not None and tree != trees[1]:
            new = merge.recommit(repository, commit, tree, new, is_signed=is_signed)
            made.append(new)
    if git.tree_of(repository, new) != whole:
        trailers = {"Workstream": plan.id, "Run": session.run.open()}
        message = commit_message.message(plan.workstream, None, trailers, repository.identity)
        date_s = int(session.outside.clock.now().timestamp())
        text = session.outside.redactor.text(message)
        new = git.commit_tree(repository, whole, [tip], text, date_s=date_s, is_signed=is_signed)
        made = [new]
    for commit in made:
        session.history.add_step(session.run.open(), _step(session.outside, plan, commit))
    return new


def _step(outside: Outside, plan: Plan, commit: str) -> StepRecord:
    started = outside.clock.now().isoformat(timespec="seconds")
    return StepRecord(workstream=ID, step=plan.id, outcome=Outcome.CHANGED, started=started, seconds=0.0, commit=commit)


def _rehearsal(session: Session, rehearsed: Rehearsed, whole: Plan) -> RehearsalRecord | None:
    """What the rehearsal recorded, None where the history was deleted."""
    try:
        found = session.history.run(rehearsed.run or "").rehearsals
    except SplinterError:
        return None
    return next((one for one in found if one.base == whole.base.name), None)


def _record(session: Session, plan: Plan, member: Branch) -> WorkstreamRecord:
    found = session.history.last_result(plan.id, member.tip)
    record = found[1] if found else proposals.describe_lost(plan)
    return held_records.held(session, plan, record, start=member.start, tip=member.tip)
