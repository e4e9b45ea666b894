"""How many lines two commits or trees differ by, path by path. It shows none of them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from splinter.git import command_line
from splinter.git.command_line import Repository
from splinter.git.commands import printable


def by_path(repository: Repository, old: str, new: str) -> Mapping[str, tuple[int, int]]:
    """How many lines were added to and removed from each path, as records name it; a path that is no text has none."""
    said = command_line.call(repository, "diff-tree", "-r", "-z", "--no-renames", "--numstat", old, new).stdout
    counts = (line.split(b"\t", 2) for line in said.split(b"\0") if line)
    return {
        printable(os.fsdecode(path)): (int(added), int(removed)) for added, removed, path in counts if added != b"-"
    }


def in_sum(repository: Repository, old: str, new: str) -> int:
    """How many lines were added and removed between two commits; binary files count none."""
    return sum(added + removed for added, removed in by_path(repository, old, new).values())


def binary(repository: Repository, old: str, new: str) -> frozenset[str]:
    """The changed paths of two trees that a patch shows as bytes, and not line by line."""
    rows = command_line.call(repository, "diff-tree", "-r", "-z", "--numstat", "--no-renames", old, new).stdout
    return frozenset(os.fsdecode(row[4:]) for row in rows.split(b"\0") if row.startswith(b"-\t-\t"))
