"""A person's commits replayed on top of ours: each on its own, three-way, all of them or none. It moves no ref."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import Reason, StepError
from splinter.git import commands as git
from splinter.git import merge
from splinter.git.commands import Commit
from splinter.model.plan import Plan

_SHOWN = 5
_TRAILER, _TRAILERS = re.compile(r"^([A-Z][a-z]+): (.*)$", re.MULTILINE), {"Workstream", "Run"}  # of each of ours
_LATEST = 20  # commits of ours that copies are looked for of


def replayed(
    session: Session, plan: Plan, theirs: str, *, onto: str, known: Sequence[str], besides: str = "", remote: str = ""
) -> str:
    """`onto` with a person's commits of `theirs` on top of it; raises StepError with `conflict`.

    A person's are those on top of the last of ours that neither `known` nor a ref below `besides` contains: what ours
    stand on is a base, even one that was rewritten since. Authors, dates and messages stay. Left out are copies of
    ours, merges that only bring what `onto` holds, and a commit whose change is there already. A merge of ours by hand
    stands for all before it; of any other the change to its first parent is taken. `remote` is where `theirs` is the
    branch, empty for here.
    """
    repository, tip = session.outside.repository, onto
    commits = merge.first_parents(repository, theirs, known, besides=besides)
    changes = _changes(session, plan, commits, tips={onto, *known})
    copies = _changes_of_ours(session, plan) if changes else frozenset()
    for commit, parent in changes:
        if git.result(repository, parent, commit) in copies or _only_brings(session.outside, commit, onto):
            continue
        new, conflicts = _on_top(session.outside, commit, parent, tip)
        if new is None:
            clash = _clash(plan, commit, conflicts, remote)
            last = ours(session, commits)
            below = next((one for one in reversed(commits) if one in last), onto)
            is_in_ci = session.outside.environment.is_in_ci
            out = _out_there(plan, theirs, below, remote, is_in_ci=is_in_ci) if remote else _out_here(plan, onto)
            raise StepError(Reason.CONFLICT, f"{clash}; the branch is left as it is: {out}")
        tip = new
    return tip


def holds_more_of_ours(session: Session, theirs: str, *, than: str) -> bool:
    """Whether commits of ours stand on top of `than` in `theirs`."""
    return bool(ours(session, merge.first_parents(session.outside.repository, theirs, [than])))


def ours(session: Session, commits: Sequence[str]) -> frozenset[str]:
    """Those of some commits that we made, as is recorded.

    In CI records are handed over, and a forged one of a person's commit would be enough to drop it. There each has to
    say so itself, and to be recorded or committed by us: what is on the remote nobody but a person or we put there.
    """
    recorded = session.commits() & {*commits}
    if not session.outside.environment.is_in_ci:
        return recorded
    who = session.outside.repository.identity
    said = [one for one in git.commits(session.outside.repository, commits) if one and _has_trailers(one)]
    by_us = f"committer {who.name} <{who.email}> "
    return frozenset(one.id for one in said if one.id in recorded or f"\n{by_us}" in one.head)


def _has_trailers(commit: Commit) -> bool:
    """Whether it has the trailers of a commit of ours: in its last paragraph, for a message may say anything."""
    return {key for key, _ in _trailers(commit)} >= _TRAILERS


def said_by(commit: Commit, id: str) -> bool:
    """Whether it says of itself that a workstream made it, which alone proves nothing."""
    return ("Workstream", id) in _trailers(commit)


def _trailers(commit: Commit) -> list[tuple[str, str]]:
    return _TRAILER.findall(commit.message.rstrip("\n").rpartition("\n\n")[2])


def _changes(session: Session, plan: Plan, commits: Sequence[str], *, tips: set[str]) -> list[tuple[str, str]]:
    """A person's commits on top of the last of ours, each with what it is a change to.

    Where a person merged one of our `tips`, the conflicts are solved in that merge: it is a change to the tip.
    """
    repository, own = session.outside.repository, ours(session, commits)
    merged = tips & {*session.history.commits_of(plan.id, latest=_LATEST)}
    found: list[tuple[str, str]] = []
    for commit in commits:
        first, *others = merge.parents(repository, commit)
        tip = next((one for one in others if one in merged), None)
        if commit in own or tip:
            found = []
        if commit not in own:
            found.append((commit, tip or (first if first != commit else git.empty_tree(repository))))
    return found


def _changes_of_ours(session: Session, plan: Plan) -> frozenset[str]:
    """The results of our own latest commits, each to its parent: a rebase by hand copies them under other ids."""
    repository = session.outside.repository
    held = ours(session, sorted(git.existing(repository, session.history.commits_of(plan.id, latest=_LATEST))))
    parents = {commit: git.resolve(repository, f"{commit}^") for commit in held}
    return frozenset(git.result(repository, parent, commit) for commit, parent in parents.items() if parent)


def _only_brings(outside: Outside, commit: str, onto: str) -> bool:
    """Whether it is a merge as git makes it, of commits that `onto` holds too: the base, brought in by a button."""
    repository = outside.repository
    ours, *others = merge.parents(repository, commit)
    if len(others) != 1 or not git.is_ancestor(repository, others[0], onto):
        return False
    return merge.merge_trees(repository, ours, others[0])[0] == git.tree_of(repository, commit)


def _on_top(outside: Outside, commit: str, parent: str, tip: str) -> tuple[str | None, Sequence[str]]:
    """The commit made again on `tip`, or `tip` where its change is there already; None and the paths that conflict."""
    repository = outside.repository
    was, theirs, ours = (git.tree_of(repository, name) for name in (parent, commit, tip))
    tree, conflicts = merge.three_way(repository, was, ours, theirs)
    if tree is None:
        return None, conflicts
    if tree == ours and was != theirs:
        return tip, ()
    return merge.recommit(repository, commit, tree, tip, is_signed=outside.settings.sign_commits), ()


def _clash(plan: Plan, commit: str, conflicts: Sequence[str], remote: str) -> str:
    paths = ", ".join(git.printable(path) for path in conflicts[:_SHOWN])
    where = f" on {remote}" if remote else ""
    return (
        f"{plan.branch}{where} holds a commit that is not ours ({commit[:12]}) "
        f"and does not fit on top of the new change: {paths}"
    )


def _out_here(plan: Plan, onto: str) -> str:
    branch = shlex.quote(plan.branch)
    return (
        f'"git switch {branch} && git merge {onto[:12]}" brings both together, '
        f'"git branch -m {branch} NEW-NAME" keeps it under another name; then run doit again'
    )


def _out_there(plan: Plan, theirs: str, below: str, remote: str, *, is_in_ci: bool) -> str:
    """The branch is not deleted, which would close its pull request: it goes back to ours."""
    branch, name, there = shlex.quote(plan.branch), shlex.quote(remote), theirs[:12]
    lease = shlex.quote(f"--force-with-lease={plan.branch}:{there}")
    refs = f"{there}:refs/heads/NEW-NAME {below[:12]}:{shlex.quote(f'refs/heads/{plan.branch}')}"
    both = "" if is_in_ci else f'"git switch {branch} && git merge {there}" brings both together, '
    return f'{both}"git push {lease} {name} {refs}" keeps it under another name; then run doit again'
