"""One branch on the remote: pushed over what was seen there, with a person's commits on top of ours, or not at all.

It never pushes past a commit that it has not taken in.
"""

from __future__ import annotations

from collections.abc import Sequence

from splinter.engine import proposed, slot_claims
from splinter.engine.branch import foreign_branch, last_success, private_commits
from splinter.engine.branch.human_commits import holds_more_of_ours, ours, replayed
from splinter.engine.branch.move_branch import in_use
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import GitError, PublishError, StepError
from splinter.git import commands as git
from splinter.git import held, merge, new_objects, remotes
from splinter.git.commands import RefUpdate
from splinter.model import layout
from splinter.model.plan import Plan, choose_remote
from splinter.publish import push_check
from splinter.publish.push_check import Result
from splinter.text.counts import and_more, plural

_SHOWN = 5


def push(session: Session, plan: Plan, result: Result) -> str:
    """Make the remote's branch hold what was accepted, where its slots are ours; returns its head there.

    Raises PublishError for what does not fit, or must not be there.
    """
    remote = choose_remote(session.outside.settings, session.outside.snapshot)
    assert remote
    try:
        return _pushed(session, plan, result, remote)
    except GitError as error:
        raise PublishError(session.outside.redactor.text(f"{plan.branch} was not pushed: {error}")) from error


def _pushed(session: Session, plan: Plan, result: Result, remote: str) -> str:
    outside = session.outside
    here = local_head(outside, plan, result.tip)
    head = result.tip if outside.environment.is_in_ci else here
    branches = push_check.on_remote(session, plan, remote)
    there, known = branches.get(plan.branch, ""), push_check.known(session, plan, branches)
    push_check.refuse(session, plan, result, head, known=known)
    if there:
        _refuse_foreign(session, plan, result, remote, there, known)
    if _stands_there(outside, result, there, head):
        _follow(outside, plan, remote, head, there)
        head = there
    is_news = bool(there) and not _is_taken_in(session, plan, there, head, known)
    if is_news:
        head = _with_theirs(session, plan, remote, there, head=head, result=result, known=known)
    if here not in (head, result.tip) and outside.environment.is_in_ci:
        _refuse_smuggled(session, plan, here, head, result.tip)
        _follow(outside, plan, remote, here, head)
    branch = []
    if there != head:
        new_objects.refuse_unsound(outside.repository, head, known)
        _refuse_private(session, plan, remote, head, tip=result.tip, there=there)
        branch = [remotes.branch(plan.branch, head, expected=there)]
    slot_claims.publish(session, result.slots, branch, remote=remote)
    if is_news and there != head:
        kept = RefUpdate(ref=f"{_backups(plan)}/remote-{there[:12]}", new=there)
        git.update_refs(outside.repository, [kept], why=f"splinter: {plan.id} replaced on {remote}")
    return head


def _refuse_foreign(
    session: Session, plan: Plan, result: Result, remote: str, there: str, known: Sequence[str]
) -> None:  # fmt: skip
    """Raise PublishError where the workstream gave its branch the name of one that is another's on the remote."""
    if there == result.tip or proposed.is_by(session.memory, plan):
        return
    repository, (place, auth) = session.outside.repository, session.outside.pushed_to(remote)
    if not git.existing(repository, [there]):
        remotes.fetch(repository, place, plan.branch, layout.remote(plan.id), auth)
    below = [*_but(known, there), result.start]
    if why := foreign_branch.problem(session, plan, there, last=None, known=below, where=f" on {remote}"):
        raise PublishError(f"{plan.branch} was not pushed: {why}")


def _refuse_smuggled(session: Session, plan: Plan, here: str, head: str, tip: str) -> None:
    """Raise PublishError where the branch here holds a commit of which the remote's has nothing: a person's came there.

    In CI nothing here proves whose it is.
    """
    try:
        is_there = replayed(session, plan, here, onto=head, known=[tip]) == head
    except StepError:
        is_there = False
    if not is_there:
        commits = [one[:12] for one in merge.first_parents(session.outside.repository, here, [tip])]
        raise PublishError(
            f"{plan.branch} was not pushed: {plural(len(commits), 'commit')} on top of what was judged"
            f" ({and_more(commits, _SHOWN)}) came from nobody that is known; in CI only what the remote's branch has"
            f" goes along: push it there yourself if it is to be public"
        )


def _refuse_private(session: Session, plan: Plan, remote: str, head: str, *, tip: str, there: str) -> None:
    """Raise PublishError where a commit of the user's, which nobody asked to publish, would go along."""
    own = merge.first_parents(session.outside.repository, head, [tip])  # a person's on this very branch
    private = private_commits.found(session, remote, head, own=own, there=(there,) if there else ())
    if private:
        raise PublishError(f"{plan.branch} was not pushed: {private_commits.refusal(remote, private)}")


def _backups(plan: Plan) -> str:
    return f"{layout.BACKUPS}/{plan.id}"


def _is_taken_in(session: Session, plan: Plan, there: str, head: str, known: Sequence[str]) -> bool:
    """Whether all that the remote's branch holds is ours, in the head, or was in a branch that was replaced.

    That we pushed it, or saw it there, is not enough: a person's commits on the remote may never have been here.
    """
    repository = session.outside.repository
    if there == head:
        return True
    if session.outside.environment.is_in_ci:  # what was recorded, or replaced, is what somebody handed over
        is_here = bool(git.existing(repository, [there]))
        theirs = merge.first_parents(repository, there, _but(known, there)) if is_here else ()
        return is_here and {*theirs} <= ours(session, theirs)
    if session.history.last_result(plan.id, there):
        return True
    if not git.existing(repository, [there]):
        return False
    return git.is_ancestor(repository, there, head) or held.holds(repository, _backups(plan), there)


def _but(known: Sequence[str], there: str) -> list[str]:
    return [one for one in known if one != there]


def local_head(outside: Outside, plan: Plan, tip: str) -> str:
    """The local branch, where a person's commits stand on top of what was accepted."""
    head = git.resolve(outside.repository, f"refs/heads/{plan.branch}")
    return head if head and git.is_ancestor(outside.repository, tip, head) else tip


def proposes_more(session: Session, plan: Plan, result: Result, *, is_hosted: bool) -> bool:
    """Whether the branch, the remote's where there is a forge, holds commits of a person's that the base lacks."""
    try:
        there = _theirs(session, plan, is_hosted=is_hosted)
        if not there:
            return False
        with session.apart() as apart:
            repository = apart.outside.repository
            head = replayed(apart, plan, there, onto=result.start, known=[result.start, result.tip])
            return git.tree_of(repository, head) != git.tree_of(repository, result.start)
    except StepError:  # a conflict: there is something
        return True
    except GitError as error:
        raise PublishError(session.outside.redactor.text(f"{plan.branch} was not looked at: {error}")) from error


def _theirs(session: Session, plan: Plan, *, is_hosted: bool) -> str | None:
    """What the pull request proposes now, None where its branch is gone."""
    repository = session.outside.repository
    remote = choose_remote(session.outside.settings, session.outside.snapshot)
    if not is_hosted or not remote:
        return git.resolve(repository, f"refs/heads/{plan.branch}")
    place, auth = session.outside.pushed_to(remote)
    there = remotes.remote_id(repository, place, plan.branch, auth)
    if there and not git.existing(repository, [there]):
        remotes.fetch(repository, place, plan.branch, layout.remote(plan.id), auth)
    return there or None


def _with_theirs(
    session: Session, plan: Plan, remote: str, there: str, *, head: str, result: Result, known: Sequence[str]
) -> str:  # fmt: skip
    """The head with the remote's own commits on top of it; the local branch follows where nobody works on it."""
    repository, (place, auth) = session.outside.repository, session.outside.pushed_to(remote)
    remotes.fetch(repository, place, plan.branch, layout.remote(plan.id), auth)
    if git.is_ancestor(repository, head, there) and not holds_more_of_ours(session, there, than=head):
        return there
    last = last_success.last(session.outside, plan)
    if last and _is_same(session.outside, last.start, there, head):
        _follow(session.outside, plan, remote, head, there)
        return there
    is_handed = session.outside.environment.is_in_ci
    below = _but(known, there) if is_handed else sorted(git.existing(repository, [last.start] if last else []))
    besides = "" if is_handed else _backups(plan)
    try:
        new = replayed(
            session, plan, there, onto=head, known=[head, result.tip, *below], besides=besides, remote=remote
        )
    except StepError as error:
        raise PublishError(str(error)) from error
    _follow(session.outside, plan, remote, head, new)
    return new


def _stands_there(outside: Outside, result: Result, there: str, head: str) -> bool:
    """Whether the remote's branch, seen here, says what was accepted under other ids; a person's on top is more."""
    repository = outside.repository
    is_other = there not in ("", head) and head == result.tip and bool(git.existing(repository, [there]))
    return is_other and not git.is_ancestor(repository, there, head) and _is_same(outside, result.start, there, head)


def _is_same(outside: Outside, start: str, there: str, head: str) -> bool:
    """Whether the remote's branch says the same on the same start under other ids, as a clone without records makes it.

    Its reviews and its results of CI belong to those ids.
    """
    repository = outside.repository
    return git.is_ancestor(repository, start, there) and git.tree_of(repository, there) == git.tree_of(repository, head)


def _follow(outside: Outside, plan: Plan, remote: str, head: str, new: str) -> None:
    """Let the local branch name what the remote's does, or will, where nobody works on it."""
    repository, ref = outside.repository, f"refs/heads/{plan.branch}"
    if git.resolve(repository, ref) == head and not in_use(outside, plan):
        git.update_refs(repository, [RefUpdate(ref=ref, new=new, old=head)], why=f"splinter: {plan.id} of {remote}")
