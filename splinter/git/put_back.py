"""Some changes of a work tree taken back in its index. The files on disk stay as they are."""

from __future__ import annotations

import os
from collections.abc import Iterable

from splinter.git import command_line
from splinter.git.command_line import Repository, WorkTree
from splinter.git.commands import RawChange


def put_back(repository: Repository, tree: WorkTree, changes: Iterable[RawChange]) -> str:
    """The tree that the index of a work tree holds, without those changes to it."""
    entries = b"".join(_entry(one).encode() + os.fsencode(one.path) + b"\0" for one in changes)
    command_line.call(repository, "update-index", "-z", "--index-info", worktree=tree, stdin=entries)
    return command_line.text(repository, "write-tree", worktree=tree).strip()


def _entry(change: RawChange) -> str:
    """As it was; mode 0 takes out what was not there."""
    return f"{0 if change.status == 'A' else change.old_mode} {change.old_blob}\t"
