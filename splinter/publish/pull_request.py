"""One pull request: its branch pushed, opened or brought up to date, or closed where nothing is left.

It proposes nothing that is not recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from splinter.engine import proposed
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import PostponedError, PublishError
from splinter.model import layout
from splinter.model.done import Accepted
from splinter.model.effects import Kind
from splinter.model.plan import Plan, choose_remote
from splinter.model.ports import Forge, HostedForge, Proposal
from splinter.model.records import Action, Outcome, PullRequestRecord
from splinter.publish import plugins, push, push_check
from splinter.publish.journal import Journal
from splinter.publish.proposals import proposal
from splinter.publish.push_check import Result

NOTHING_LEFT = "Nothing is left to propose: the base already holds this change, or the workstream no longer makes one."

_OF_PAGES = (
    Kind.PUSH, Kind.OPEN, Kind.EDIT, Kind.LABELS, Kind.ASSIGNEES, Kind.REVIEWERS, Kind.MILESTONE, Kind.DRAFT,
    Kind.COMMENT, Kind.CLOSE,
)  # fmt: skip
MOVED = "The workstream has another branch now, which is proposed in {where}. This one is left as it is."
LOCAL = "local"
FINISHED_LATER = "the next run finishes it, or `doit run pr`"
_NOT_PUSHED = "nothing was pushed: "

STILL_PROPOSES = (
    "nothing of ours is left to propose, and {branch} holds commits that are not ours: it stays open, and is a "
    "person's to merge or to close"
)


def target(outside: Outside) -> str:
    """Where pull requests go, in a word: `github:owner/name`, or `local`."""
    name, repository = _place(outside)
    return f"{name}:{repository}" if name else LOCAL


def forge(session: Session) -> Forge:
    """Where pull requests go."""
    if found := hosted(session):
        return found
    from splinter.publish.forges.local import Local

    return Local(session.outside.repository.root, why=_why_local(session.outside))


def hosted(session: Session) -> HostedForge | None:
    """The forge on a server where pull requests go; None where they become files."""
    name, repository = _place(session.outside)
    return plugins.opened(session, name, repository) if name else None


def hosted_place(outside: Outside) -> str:
    """The forge on a server where pull requests go, by its name; empty where they become files."""
    return _place(outside)[0]


def why_not_hosted(outside: Outside) -> str:
    """Why they become files; empty where they do not."""
    if _place(outside)[0]:
        return ""
    return _why_local(outside).removeprefix(_NOT_PUSHED) or "this repository has no remote"


def _place(outside: Outside) -> tuple[str, str]:
    """The forge that the remote is on and the repository's name there; both empty where they become files."""
    if outside.is_simulated:
        return "", ""
    return _real_place(outside)


def _real_place(outside: Outside) -> tuple[str, str]:
    """The same for a run that is not simulated."""
    remote = choose_remote(outside.settings, outside.snapshot)
    is_asked = remote and not _of_another_branch(outside, remote)
    found = plugins.owner(outside.snapshot.remotes[remote], outside.environment) if remote and is_asked else None
    return found or ("", "")


def _of_another_branch(outside: Outside, remote: str) -> str:
    """Why a run of GitHub Actions for another branch than the default one publishes nothing; empty where it does.

    What that branch's files ask for is not what the default branch's pull requests are of.
    """
    head, ref = outside.snapshot.symbolic.get(layout.head(remote), ""), outside.environment.ref
    default = head.removeprefix(f"{layout.BASES}/{remote}/")
    if not ref or not head or ref == f"refs/heads/{default}":
        return ""
    return f"this is a run for {ref}; only one for {default}, the default branch, publishes"


def _why_local(outside: Outside) -> str:
    """Why nothing is pushed, and what would change that; empty where there is nowhere to push to."""
    if outside.is_simulated:
        name, repository = _real_place(outside)
        would = f"push the branch and ask {name} for a pull request of {repository}" if name else "write this file"
        return f"{_NOT_PUSHED}this run is simulated; a real one would {would}"
    remotes = outside.snapshot.remotes
    remote = choose_remote(outside.settings, outside.snapshot)
    if remote and (why := _of_another_branch(outside, remote)):
        return f"{_NOT_PUSHED}{why}"
    if remote:
        return f"{_NOT_PUSHED}{plugins.why_none(remote, remotes[remote], outside.environment)}"
    if not remotes:
        return ""
    names = " and ".join(sorted(remotes))
    return f'{_NOT_PUSHED}none of the remotes {names} is called origin; remote = "NAME" in the settings chooses one'


def pull_request(session: Session, plan: Plan, accepted: Accepted) -> PullRequestRecord:
    """Push the branch and open or update its pull request, or close it where nothing is left; raises PublishError."""
    is_changed = accepted.outcome == Outcome.CHANGED
    if not is_changed and accepted.tip != accepted.start:
        raise PublishError(
            f"{plan.branch} is recorded as unchanged, and holds commits; its pull request stays as it is"
        )
    result = push_check.result_of(session, plan, start=accepted.start, tip=accepted.tip)
    return propose(session, plan, result, partial(proposal, session, plan, accepted) if is_changed else None)


def propose(
    session: Session, plan: Plan, result: Result, wanted: Callable[[str], Proposal] | None
) -> PullRequestRecord:  # fmt: skip
    """Push the branch and bring its pull request to what is wanted of its head; None closes it. Raises PublishError."""
    run, effects = session.run.published(), journal(session)
    if wanted:

        def send() -> Proposal:
            with effects.effect(Kind.PUSH, plan.id, result.tip):
                head = push.push(session, plan, result)
            return wanted(head)

        done = forge(session).publish(wanted(push.local_head(session.outside, plan, result.tip)), send, effects)
        if done.action == Action.NONE and _is_aimed_at(session, plan):
            send()
        done = _masked(session.outside, done)
        done = replace(done, notes=(*done.notes, *_leave(session, plan, result, done.where, effects)))
        proposed.remember(session.memory, plan.id, done.where, plan.branch)
        if done.action == Action.OPENED or proposed.since(session.memory, plan.id)[0] != result.tip:
            proposed.count(session.memory, plan.id, result.tip, session.outside.clock.now().isoformat())
    else:
        done = _withdraw(session, plan, result, effects)
    session.history.put_pull_request(run, done)
    if done.unfinished:
        words = f"{done.where} is {done.action}, and lacks {'; '.join(done.unfinished)}; {FINISHED_LATER}"
        if done.waits_for:
            raise PostponedError(words, limit=done.waits_for, until=done.waits_until)
        raise PublishError(words)
    effects.settle(plan.id, _OF_PAGES, "; ".join(done.notes))
    return done


def journal(session: Session) -> Journal:
    """Where what is done to pull requests is written down."""
    outside = session.outside
    return Journal(memory=session.memory, clock=outside.clock, redactor=outside.redactor, run=session.run.published)


def _masked(outside: Outside, done: PullRequestRecord) -> PullRequestRecord:
    notes, unfinished = (tuple(map(outside.redactor.text, some)) for some in (done.notes, done.unfinished))
    return replace(done, notes=notes, unfinished=unfinished)


def _leave(session: Session, plan: Plan, result: Result, where: str, effects: Journal) -> tuple[str, ...]:
    """Close what proposes the branch that the workstream had before, unless a person's commits stand there."""
    outside, there = session.outside, proposed.place(session.memory, plan.id)
    if there in ("", where) or proposed.branch(outside, session.memory, plan.id) == plan.branch:
        return ()
    was = proposed.branch(outside, session.memory, plan.id)
    before = replace(plan, branch=was)
    if push.proposes_more(session, before, result, is_hosted=bool(_place(outside)[0])):
        return (STILL_PROPOSES.format(branch=was),)
    closed = forge(session).close(
        workstream=plan.id, head=plugins.pushed_as(outside, was), comment=MOVED.format(where=where), effects=effects
    )
    return (f"{closed.where}, which proposed {was}, was closed; that branch is left as it is",) if closed else ()


def _withdraw(session: Session, plan: Plan, result: Result, effects: Journal) -> PullRequestRecord:
    """Close what we opened, unless it still proposes something of a person's."""
    nothing = PullRequestRecord(workstream=plan.id, action=Action.NONE, where="")
    where = proposed.place(session.memory, plan.id)
    if not where:
        return nothing
    plan = replace(plan, branch=proposed.branch(session.outside, session.memory, plan.id))
    if push.proposes_more(session, plan, result, is_hosted=bool(_place(session.outside)[0])):
        return replace(nothing, where=where, notes=(STILL_PROPOSES.format(branch=plan.branch),))
    closed = forge(session).close(
        workstream=plan.id, head=plugins.pushed_as(session.outside, plan.branch), comment=NOTHING_LEFT, effects=effects
    )
    proposed.remember(session.memory, plan.id, "")
    return closed or nothing


def _is_aimed_at(session: Session, plan: Plan) -> bool:
    """Whether another pull request may aim at this branch, so that it must be there whatever became of its own."""
    others = (other.workstream for other in session.plans.values())
    return any(other.pull_request and other.depends_on == (plan.id,) for other in others)
