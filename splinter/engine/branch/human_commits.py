"""A person's commits replayed on top of ours: each on its own, three-way, all of them or none. It moves no ref."""

from __future__ import annotations

import re
from collections.abc import Sequence

from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import Reason, StepError
from splinter.git import commands as git
from splinter.git import merge
from splinter.git.commands import Commit
from splinter.model.plan import Plan

_SHOWN = 5
_KEY, _TRAILERS = re.compile(r"^([A-Z][a-z]+): ", re.MULTILINE), {"Workstream", "Run"}  # of each commit of ours
_LATEST = 20  # commits of ours that copies are looked for of


def replayed(
    session: Session, plan: Plan, theirs: str, *, onto: str, known: Sequence[str], besides: str = "", remote: str = ""
) -> str:
    """`onto` with a person's commits of `theirs` on top of it; raises StepError with `conflict`.

    A person's are those on top of the last of ours that neither `known` nor a ref below `besides` contains: what ours
    stand on is a base, even one that was rewritten since. Authors, dates and messages stay. Left out are copies of
    ours, merges that only bring what `onto` holds, and a commit whose change is there already; of any other merge the
    change to its first parent is taken. `remote` is where `theirs` is the branch, empty for here.
    """
    repository, tip = session.outside.repository, onto
    commits = _on_top_of_ours(session, merge.first_parents(repository, theirs, known, besides=besides))
    copies = _changes_of_ours(session, plan) if commits else frozenset()
    for commit in commits:
        parent = git.resolve(repository, f"{commit}^") or git.empty_tree(repository)
        if git.result(repository, parent, commit) in copies or _only_brings(session.outside, commit, onto):
            continue
        new, conflicts = _on_top(session.outside, commit, parent, tip)
        if new is None:
            raise StepError(Reason.CONFLICT, _refusal(plan, commit, conflicts, theirs=theirs, remote=remote))
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
    """Whether it has the trailers of a commit of ours."""
    return {*_KEY.findall(commit.message)} >= _TRAILERS


def _on_top_of_ours(session: Session, commits: Sequence[str]) -> Sequence[str]:
    own = ours(session, commits)
    places = [place for place, commit in enumerate(commits) if commit in own]
    return commits[places[-1] + 1 :] if places else commits


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


def _refusal(plan: Plan, commit: str, conflicts: Sequence[str], *, theirs: str, remote: str) -> str:
    branch, where = plan.branch, f" on {remote}" if remote else ""
    paths = ", ".join(git.printable(path) for path in conflicts[:_SHOWN])
    command = f"push {remote} {theirs[:12]}:refs/heads/NEW-NAME :{branch}" if remote else f"branch -m {branch} NEW-NAME"
    return (
        f"{branch}{where} holds a commit that is not ours ({commit[:12]}) and does not fit on top of the new change: "
        f'{paths}; the branch is left as it is: merge it, or "git {command}" frees its name'
    )
