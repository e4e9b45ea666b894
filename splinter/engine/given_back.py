"""Work trees of a workstream that is done once go as soon as it succeeded: its branch has all that they had.

What anybody else left in one keeps it: an edit, a ref, an ignored file that is older than this call. So does `setup`,
which takes longer than a checkout to make again.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from splinter.engine.steps import workspace
from splinter.engine.work import Work
from splinter.errors import SplinterError
from splinter.git import command_line, private_refs, worktree
from splinter.git import commands as git
from splinter.git.command_line import WorkTree
from splinter.model import layout
from splinter.system import disk, locks


def give_back(work: Work) -> None:
    """Remove them where nothing is in the way; what fails leaves one to `doit gc`."""
    if work.plan.workstream.when != "once" or work.plan.setup or work.repository.copy:
        return
    if work.session.outside.settings.gc.keep_finished:
        return
    with suppress(SplinterError, OSError):
        if _is_ours_alone(work, work.tree):
            _remove(work, work.tree)
    with suppress(SplinterError, OSError):
        workspace.refuse_others(work, work.judge_tree)
        _remove(work, work.judge_tree)


def _is_ours_alone(work: Work, tree: WorkTree) -> bool:
    workspace.refuse_others(work, tree)
    at = worktree.expected(tree)
    if not at or private_refs.found(work.repository, tree):
        return False
    with work.apart() as apart:
        if worktree.measure(apart.repository, tree) != git.tree_of(apart.repository, at):
            return False
    words = ("ls-files", "--others", "--ignored", "--exclude-standard", "-z")
    ignored = command_line.call(work.repository, *words, worktree=tree).stdout.split(b"\0")
    began = locks.taken_s(work.repository.common)
    return began is not None and all(
        not path.endswith(b"/") and (tree.path / os.fsdecode(path)).lstat().st_ctime > began for path in ignored if path
    )


def _remove(work: Work, tree: WorkTree) -> None:
    """At once, for a kill in the midst would leave half of a work tree, which looks like a person's edit."""
    aside = work.session.outside.state / layout.QUARANTINE
    aside.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=aside, ignore_cleanup_errors=True) as folder:
        gone = Path(folder) / tree.path.name
        if tree.path.exists():
            tree.path.rename(gone)
        worktree.remove(tree)
        disk.remove(gone)
