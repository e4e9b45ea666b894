"""A pull request as the next run would propose it, whole, in words. It contacts nobody, and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from splinter.engine import proposed
from splinter.engine.session import Session
from splinter.model.done import Accepted, Rehearsed
from splinter.model.plan import Plan
from splinter.model.ports import Proposal
from splinter.model.records import Outcome
from splinter.publish import combined_pull_request, expiry, proposals, pull_request, push
from splinter.publish.forges import local

_FIELDS = ("title", "head", "base", "draft", "labels", "reviewers", "assignees", "milestone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would become of a pull request, and its page line by line, both without line ends; no page: it has none."""

    action: str
    page: tuple[str, ...] = ()


def of_workstream(session: Session, plan: Plan, accepted: Accepted | None, *, is_fresh: bool) -> Preview:
    """Of one workstream; `is_fresh`: nothing of it changed since it was published."""
    if accepted and accepted.outcome != Outcome.CHANGED:
        where = proposed.place(session.memory, plan.id)
        return Preview(
            action=f"would close {where}, for nothing is left to propose" if where else "has nothing to propose"
        )
    if not accepted:
        proposal = proposals.foreseen(session, plan)
        action = f"has no result yet; with one it {_action(session, proposal, is_fresh=False)}"
        return Preview(action=action, page=_page(session, proposal))
    if expiry.is_over(session, plan, accepted.tip):
        where = proposed.place(session.memory, plan.id)
        return Preview(action=f"would close {where}, unless somebody touched it: close_after has passed")
    head = push.local_head(session.outside, plan, accepted.tip)
    return _preview(session, proposals.proposal(session, plan, accepted, head), is_fresh=is_fresh)


def together(session: Session, rehearsed: Rehearsed | None, *, is_fresh: bool) -> Preview:
    """Of all workstreams, by what was rehearsed last."""
    if not rehearsed or not rehearsed.members:
        return Preview(action="would publish what goes together in the rehearsal")
    union, *_ = rehearsed.unions.values()
    proposal = combined_pull_request.proposal(session, rehearsed, union.commit, union.commit)
    return _preview(session, proposal, is_fresh=is_fresh)


def _preview(session: Session, proposal: Proposal, *, is_fresh: bool) -> Preview:
    return Preview(action=_action(session, proposal, is_fresh=is_fresh), page=_page(session, proposal))


def _action(session: Session, proposal: Proposal, *, is_fresh: bool) -> str:
    """Whether it would be opened, updated or left alone, as far as that is known here."""
    target = pull_request.target(session.outside)
    there = proposed.place(session.memory, proposal.workstream)
    if is_fresh:
        return f"would leave {there or 'it'} alone"
    if target == "local":
        file = local.where(proposal.workstream)
        is_same = local.Local(session.outside.repository.root).says(proposal)
        return f"would leave {file} as it is" if is_same else f"would write {file}"
    kind = "a draft pull request" if proposal.draft else "a pull request"
    done = f"update {there} where it differs" if there else f"open {kind}"
    return f"would {done}, as far as is known without asking {target.partition(':')[0]}"


def _page(session: Session, proposal: Proposal) -> tuple[str, ...]:
    fields = (f"{name}: {_value(getattr(proposal, name))}" for name in _FIELDS)
    return f"to: {pull_request.target(session.outside)}", *fields, "", *proposal.own_body.splitlines()


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value) or "none"
