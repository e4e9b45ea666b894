"""The place where checks judge: a work tree of its own, with a commit, what the setup made there, and nothing else.

No step works in it, and what a check leaves is gone before the next one: nothing that was written by whom is judged
decides what a check sees.
"""

from __future__ import annotations

import re
from pathlib import Path

from splinter.engine.outside import Outside
from splinter.engine.steps import setup
from splinter.engine.work import Work
from splinter.errors import StepError
from splinter.git import clean_tree, last_look, submodules, worktree
from splinter.git import commands as git
from splinter.git.command_line import WorkTree
from splinter.model import layout
from splinter.model.plan import Plan
from splinter.system import disk
from splinter.text.counts import and_more, plural

_TREE = re.compile(rf"[a-z0-9][a-z0-9-]*({re.escape(layout.JUDGE)})?")
_OURS = frozenset(layout.IN_STATE)
_SHOWN = 5


def locate(outside: Outside, plan: Plan) -> WorkTree:
    """Where the checks of a workstream judge."""
    return worktree.locate(outside.state, f"{plan.id}{layout.JUDGE}")


def ready(work: Work, commit: str) -> WorkTree:
    """The place, clean, at a commit; raises StepError where its setup fails."""
    tree = work.judge_tree
    _sweep_above(work.session.outside)
    setup.ready(work, tree, commit, log=layout.JUDGE)
    return tree


def _sweep_above(outside: Outside) -> None:
    """Delete what stands above work trees and is not ours: test runners read their configuration from there too."""
    above = (path for path in disk.entries(outside.state, layout.WORKTREES) if not _is_tree(path))
    # a folder that we are just making begins with "tmp"
    beside = (path for path in disk.entries(outside.state) if path.name not in _OURS and path.name[:3] != "tmp")
    for path in (*above, *beside):
        disk.remove(path)


def _is_tree(path: Path) -> bool:
    is_link = path.is_symlink()  # a plain file in the place of a work tree is somebody's, and no runner's configuration
    return not is_link and (disk.is_folder(path) or path.is_file()) and _TREE.fullmatch(path.name) is not None


def left(outside: Outside, tree: WorkTree) -> tuple[str, ...]:
    """What a check changed there, in words; it is gone before the next one."""
    known = last_look.unchanged(tree)
    if known and known.commit:
        return ()
    try:
        guarded = worktree.guard(tree)
    except StepError as error:
        return (f"{error}; made again",)
    changed = clean_tree.changed(outside.repository, tree)
    paths = (*changed.tracked, *changed.others)
    found = []
    if paths:
        found.append(f"it changed {plural(len(paths), 'file')} ({git.printable(paths[0])} first); thrown away")
    elif submodules.changed(outside.repository, tree):
        found.append("it changed files of a submodule; thrown away")
    if guarded.all:
        found.append(f"what it did to the .git there is thrown away: {and_more(guarded.all, _SHOWN)}")
    return tuple(found)
