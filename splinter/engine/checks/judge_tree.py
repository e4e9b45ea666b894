"""The place where checks judge: a work tree of its own, with a commit, what the setup made there, and nothing else.

No step works in it, and what a check leaves is gone before the next one: nothing that was written by whom is judged
decides what a check sees.
"""

from __future__ import annotations

from splinter.engine.session import Session
from splinter.engine.steps import setup
from splinter.errors import StepError
from splinter.git import clean_tree, submodules, worktree
from splinter.git import commands as git
from splinter.git.command_line import WorkTree
from splinter.model.plan import Plan
from splinter.text.counts import plural

SUFFIX = ".judge"


def locate(session: Session, plan: Plan) -> WorkTree:
    """Where the checks of a workstream judge."""
    return worktree.locate(session.state, f"{plan.id}{SUFFIX}")


def ready(session: Session, plan: Plan, commit: str) -> WorkTree:
    """The place, clean, at a commit; raises StepError where its setup fails."""
    tree = locate(session, plan)
    setup.ready(session, plan, tree, commit, log=SUFFIX)
    return tree


def left(session: Session, tree: WorkTree) -> tuple[str, ...]:
    """What a check changed there, in words; it is gone before the next one."""
    try:
        guarded = worktree.guard(tree)
    except StepError as error:
        return (f"{error}; made again",)
    changed = clean_tree.changed(session.repository, tree)
    paths = (*changed.tracked, *changed.others)
    found = []
    if paths:
        found.append(f"it changed {plural(len(paths), 'file')} ({git.printable(paths[0])} first); thrown away")
    elif submodules.changed(session.repository, tree):
        found.append("it changed files of a submodule; thrown away")
    found += [f"it changed .git/{name} of its work tree; thrown away" for name in guarded.altered]
    found += [f"it made {ref} in its work tree; thrown away" for ref in guarded.refs]
    return tuple(found)
