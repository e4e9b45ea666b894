"""Repositories inside a work tree that our index names: git must not ask one for its state, since its config runs code.

`git add` starts a `git status` in each folder that the index takes for a repository, with the config that lies there: a
file system monitor or a filter in it is a program of whoever wrote it, and would run outside of every sandbox.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from splinter.errors import GitError
from splinter.git import staged
from splinter.git.command_line import Repository, WorkTree
from splinter.system import disk


def links(repository: Repository, tree: WorkTree) -> Iterator[tuple[str, str]]:
    """Paths and commits of the repositories that the index of a work tree names."""
    return ((one.path, one.id) for one in staged.entries(repository, tree) if one.is_repository)


def armed(repository: Repository, tree: WorkTree) -> tuple[str, ...]:
    """Those of them that have a `.git`, which we put in none; through a link git does not go, and no more do we."""
    top = tree.path.resolve()
    places = (path for path, _ in links(repository, tree) if (tree.path / path).resolve() == top / path)
    return tuple(path for path in places if os.path.lexists(tree.path / path / ".git"))


def disarm(repository: Repository, tree: WorkTree) -> None:
    """Take away the `.git` of each of them; raises GitError where one stays. What lies beside it stays."""
    for path in armed(repository, tree):
        if why := disk.remove(tree.path / path / ".git"):
            raise GitError(why)
