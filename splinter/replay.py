"""A person's commits brought behind ours: each on its own, three-way, all of them or none. It moves no ref."""

from __future__ import annotations

from collections.abc import Sequence

from splinter import git
from splinter.errors import StepError
from splinter.session import Session

_SHOWN = 5


def replayed(
    session: Session, theirs: str, *, onto: str, known: Sequence[str], ours: tuple[str, str] | None, branch: str
) -> str:
    """`onto` with those commits of `theirs` behind it that none of `known` contains; raises StepError with `conflict`.

    Authors, dates and messages stay. Left out are our own commits, known by their ids, a copy of one of those from the
    first commit of `ours` to the second, and a commit whose change is there already. Of a merge
    the change to its first parent is taken. `branch` names the branch in messages.
    """
    repository, tip = session.repository, onto
    earlier = git.first_parents(repository, ours[1], [ours[0]]) if ours else ()
    copies = {git.result(repository, f"{commit}^", commit) for commit in earlier}
    recorded = session.store.commits()
    for commit in git.first_parents(repository, theirs, known):
        parent = git.resolve(repository, f"{commit}^")
        if parent and commit not in recorded and git.result(repository, parent, commit) not in copies:
            tip = _behind(session, commit, parent, tip, branch)
    return tip


def _behind(session: Session, commit: str, parent: str, tip: str, branch: str) -> str:
    repository = session.repository
    was, theirs, ours = (git.tree_of(repository, name) for name in (parent, commit, tip))
    tree, conflicts = git.three_way(repository, was, ours, theirs)
    if tree is None:
        paths = ", ".join(git.printable(path) for path in conflicts[:_SHOWN])
        raise StepError(
            "conflict",
            f"{branch} holds a commit that is not ours ({commit[:12]}) and that does not fit behind the new change: "
            f'{paths}; the branch is left as it is: merge it, or "git branch -m {branch} NEW-NAME" frees its name',
        )
    if tree == ours and was != theirs:
        return tip
    return git.recommit(repository, commit, tree, tip, is_signed=session.settings.sign_commits)
