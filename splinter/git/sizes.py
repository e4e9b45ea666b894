"""How large a result is, by the sizes of its files, before git reads a byte: a sparse one takes hardly any room.

It reads no file, and judges nothing but size: how large a push and a file may be, GitHub says.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from splinter.errors import Reason, StepError
from splinter.git import command_line
from splinter.git.command_line import Repository, WorkTree
from splinter.text.counts import and_more
from splinter.text.patterns import shown

MOST = 2 * 1024**3  # bytes of new and changed files: GitHub takes no larger push
MB = 1024**2  # bytes, as GitHub counts them
LARGEST_FILE, LARGE_FILE = 100 * MB, 50 * MB  # GitHub takes none that is larger, and warns of the second
_SHOWN = 5


def require(repository: Repository, tree: WorkTree) -> None:
    """Raise StepError where what is new or changed in a work tree is larger than any forge takes."""
    excess = too_large(repository, tree)
    if excess:
        raise StepError(Reason.TOO_LARGE, f"{summary(excess)}: more than {MOST // 1024**3} GB are no result")


def too_large(repository: Repository, tree: WorkTree) -> tuple[tuple[str, int], ...]:
    """The largest new or changed files, with their bytes, without which the others are no more than is taken."""
    listing = command_line.call(
        repository, "ls-files", "--others", "--modified", "--exclude-standard", "-z", worktree=tree
    ).stdout
    sizes = sorted(_sizes(tree.path, set(listing.split(b"\0")) - {b""}), reverse=True)
    total, excess = sum(size for size, _ in sizes), []
    for size, path in sizes:
        if total <= MOST:
            break
        total -= size
        excess.append((path, size))
    return tuple(excess)


def summary(excess: tuple[tuple[str, int], ...]) -> str:
    """The files and their sizes as a phrase of bounded length."""
    return and_more([f"{shown(path)} ({size / 1024**3:.1f} GB)" for path, size in excess], _SHOWN)


def _sizes(top: Path, paths: set[bytes]) -> Iterator[tuple[int, str]]:
    for path in map(os.fsdecode, paths):
        try:
            yield (top / path).lstat().st_size, path
        except OSError:  # deleted
            continue
