"""The workstream's branch: moved by compare-and-swap, never over a commit that is not ours, never under a checkout.

It pushes nothing and deletes nothing that no other ref holds.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace

from splinter.engine.branch import foreign_branch, last_success
from splinter.engine.branch.human_commits import holds_more_of_ours, replayed
from splinter.engine.branch.last_success import Success
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import GitError, Reason, StepError
from splinter.git import commands as git
from splinter.git import held_branches, merge
from splinter.git.commands import RefUpdate
from splinter.model import layout
from splinter.model.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Where a workstream's change is now: `tip` equals the start where nothing changed."""

    tip: str
    is_changed: bool
    notes: tuple[str, ...] = ()


def settle(session: Session, plan: Plan, success: Success, *, judged: str) -> Settled:
    """Make the branch hold `judged`, and git remember the success; raises StepError where it must not move.

    The tip is not known before: it is `judged`, or what is there already.
    """
    repository, ref, start = session.outside.repository, f"refs/heads/{plan.branch}", success.start
    current, last = git.resolve(repository, ref), last_success.last(session.outside, plan)
    tree, tip = git.tree_of(repository, judged), judged
    if git.tree_of(repository, start) == tree:
        stays = (f"{plan.branch} still holds an earlier result.",) if current else ()
        _accept(session, plan, replace(success, tip=start), judged, [])
        return Settled(tip=start, is_changed=False, notes=stays)
    is_same = last is not None and last.start == start and git.tree_of(repository, last.tip) == tree
    is_same = is_same and last is not None and last.words == success.words
    if last and is_same:
        tip = last.tip  # same tree on the same base: the commits that are there stay, and so does the pull request
    is_left = is_same and current is not None and _is_rewritten(session, plan, current, last)
    updates = [] if is_left else _moves(session, plan, current, tip, last, start)
    _accept(session, plan, replace(success, tip=tip), judged, updates)
    return Settled(tip=tip, is_changed=True)


def _moves(
    session: Session, plan: Plan, current: str | None, tip: str, last: Success | None, start: str
) -> list[RefUpdate]:
    """What must move for the branch to hold `tip` and a person's commits on top; raises StepError with `conflict`."""
    repository = session.outside.repository
    if current:
        _refuse_foreign(session, plan, current, last, start)
    if current and git.is_ancestor(repository, tip, current):
        is_merged = tip not in merge.first_parents(repository, current, [start])  # by hand: a person solved a conflict
        if is_merged or not holds_more_of_ours(session, current, than=tip):
            return []
    _refuse_if_in_use(session.outside, plan)
    head = tip
    if current and not _is_ours(session, plan, current, last):
        head = replayed(session, plan, current, onto=tip, known=[*([last.tip] if last else []), start])
    updates = [RefUpdate(ref=f"refs/heads/{plan.branch}", new=head, old=current or git.nothing(repository))]
    if current:
        updates.append(RefUpdate(ref=f"{layout.BACKUPS}/{plan.id}/{session.run.open()}", new=current))
    return updates


def _accept(session: Session, plan: Plan, done: Success, judged: str, updates: list[RefUpdate]) -> None:
    """Move the branch and remember it in one transaction: a kill leaves both as they were, or both moved."""
    repository = session.outside.repository
    message = last_success.message(plan, session.run.open(), done)
    date_s = int(session.outside.clock.now().timestamp())
    parents = list(dict.fromkeys((done.tip, judged)))  # whoever fetches it has the steps' commits too
    commit = git.commit_tree(repository, git.tree_of(repository, done.tip), parents, message, date_s=date_s)
    all_updates = [*updates, RefUpdate(ref=layout.accepted(plan.id), new=commit)]
    try:
        git.update_refs(repository, all_updates, why=f"splinter: {plan.id} accepted")
    except GitError as error:
        if any(update.old == git.nothing(repository) for update in updates):
            _refuse_if_name_is_taken(session.outside, plan)  # git says no more than that the ref cannot be made
        raise StepError(
            Reason.CONFLICT, f"{plan.branch} moved while the workstream ran; run doit again ({error})"
        ) from error


def _is_rewritten(session: Session, plan: Plan, current: str, last: Success | None) -> bool:
    """Whether a person put commits in the place of what was accepted last; a branch that was set back holds none."""
    if last is None or _is_ours(session, plan, current, last):
        return False
    return not git.is_ancestor(session.outside.repository, current, last.tip)


def _is_ours(session: Session, plan: Plan, commit: str, last: Success | None) -> bool:
    return bool(last and last.tip == commit) or session.history.last_result(plan.id, commit) is not None


def in_use(outside: Outside, plan: Plan) -> str | None:
    """Why the branch must not be moved now, as a sentence: somebody's checkout holds it; None where nobody's does."""
    held = held_branches.of(outside.repository, plan.branch)
    return f"{plan.branch} {held.how} and is not moved; {held.way_out}, then run doit again" if held else None


def refuse_beforehand(session: Session, plan: Plan, start: str) -> None:
    """Before an agent is paid: raise StepError where its branch could not be made or moved as things are."""
    outside = session.outside
    current = git.resolve(outside.repository, f"refs/heads/{plan.branch}")
    if not current:
        _refuse_if_name_is_taken(outside, plan)
    else:
        _refuse_foreign(session, plan, current, last_success.last(outside, plan), start)
        _refuse_if_in_use(outside, plan)


def refuse_if_it_cannot_be(outside: Outside, plan: Plan) -> None:
    """Raise StepError where the branch is not there and another's name keeps it from being made, as seen at first."""
    refs = outside.snapshot.refs
    if f"refs/heads/{plan.branch}" not in refs:
        _refuse_clash(plan, [ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/")])


def _refuse_foreign(session: Session, plan: Plan, current: str, last: Success | None, start: str) -> None:
    if why := foreign_branch.problem(session, plan, current, last=last, known=[start]):
        raise StepError(Reason.CONFLICT, why)


def _refuse_if_in_use(outside: Outside, plan: Plan) -> None:
    why = in_use(outside, plan)
    if why:
        raise StepError(Reason.CONFLICT, why)


def _refuse_if_name_is_taken(outside: Outside, plan: Plan) -> None:
    _refuse_clash(plan, git.branches(outside.repository, plan.branch.partition("/")[0]))


def _refuse_clash(plan: Plan, names: Iterable[str]) -> None:
    """A branch is a file of its name, so that it and one that continues after a `/` rule each other out."""
    own = plan.branch
    for name in names:
        if own.startswith(f"{name}/") or name.startswith(f"{own}/"):
            raise StepError(
                Reason.CONFLICT,
                f"{own} cannot be made, since the branch {name} is there; "
                f'"git branch -m {shlex.quote(name)} NEW-NAME" frees the name, then run doit again',
            )
