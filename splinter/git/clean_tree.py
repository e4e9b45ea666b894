"""A work tree that holds a commit, what is on a list, and nothing else: what anybody else left in it is gone.

The list says of each file its inode, size and time of change, which no program can set back: what is not on it, or was
changed since, does not stay. It runs nothing of the repository's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from splinter.errors import GitError
from splinter.git import command_line, last_look, staged, submodules, worktree
from splinter.git import commands as git
from splinter.git.command_line import Repository, WorkTree
from splinter.system import disk

# inode, size in bytes, time of change in nanoseconds; and the hash of a file that has other names too: a link to it
# that somebody makes elsewhere, as installers do from their caches, is a change of the file to the system
Stamp = tuple[int, int, int, str]
Listed = Mapping[str, Stamp]
_FOLDER: Stamp = (0, 0, 0, "")  # of a folder it counts only that it is there
_PRIVATE = ".git"


def put(repository: Repository, tree: WorkTree, commit: str, listed: Listed, *, is_known: bool) -> bool:
    """Put the tree at a commit with what is listed; returns whether all that is listed is still as it was.

    `is_known`: our index is the one that the last `put` left. Else files are compared by what they hold.
    """
    worktree.renew_folder(tree)
    worktree.unlock(tree)
    known = last_look.unchanged(tree)
    if known and known.listed == listed and worktree.is_as_put(repository, tree, known, commit):
        return True
    last_look.forget(tree)
    _check_out(repository, tree, commit, is_known=is_known)
    tracked = _tracked(repository, tree)
    is_whole = _sweep(tree, tracked, listed)
    submodules.fill(repository, tree, keep_ignored=False)
    worktree.renew_private(repository, tree, commit)
    id = git.tree_of(repository, commit)
    last_look.remember(tree, last_look.look(tree), id=id, commit=commit, listed=listed if is_whole else None)
    return is_whole


def listing(repository: Repository, tree: WorkTree) -> dict[str, Stamp]:
    """All that lies in the tree beside what git tracks, as a list for `put`."""
    found = _others(tree, _tracked(repository, tree))
    return {path: _stamp(tree.path / path, status, is_whole=True) for path, status in found}


def unlink_shared(repository: Repository, tree: WorkTree) -> None:
    """Make files that have other names too, in a package manager's cache say, the tree's own: nobody edits both."""
    for path, status in _others(tree, _tracked(repository, tree)):
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            file = tree.path / path
            handle, copy = tempfile.mkstemp(dir=file.parent)  # one of a known name may be a link to anybody's file
            os.close(handle)
            shutil.copy2(file, copy)
            Path(copy).replace(file)


def is_as_listed(tree: WorkTree, listed: Listed) -> bool:
    """Whether all that is listed is there as it was; what else is there does not count."""
    try:
        return all(_is_same(tree.path / path, os.lstat(tree.path / path), stamp) for path, stamp in listed.items())
    except OSError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Paths that differ from the commit: those that git tracks, and others that it does not ignore."""

    tracked: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def changed(repository: Repository, tree: WorkTree) -> Changed:
    """What differs from the commit; nothing of it is taken into git."""
    if last_look.unchanged(tree):
        return Changed()
    # not `git status`, which compares with the HEAD of the user's checkout
    command = ("ls-files", "-t", "-z", "--modified", "--others", "--exclude-standard")
    lines = command_line.call(repository, *command, worktree=tree).stdout.split(b"\0")
    tracked = (os.fsdecode(line[2:]) for line in lines if line and not line.startswith(b"? "))
    others = (os.fsdecode(line[2:]) for line in lines if line.startswith(b"? "))
    return Changed(tracked=tuple(dict.fromkeys(tracked)), others=tuple(others))


def index_digest(tree: WorkTree) -> str:
    """The hash of our index for the tree, by which a change of it by others is seen; empty without one."""
    try:
        return hashlib.sha256(tree.index.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def _check_out(repository: Repository, tree: WorkTree, commit: str, *, is_known: bool) -> None:
    """Every file of the commit as it is there; one that is right already is not written again."""
    if not is_known:
        # a new index knows no times, no `assume-unchanged`, no `skip-worktree`: every file is read and compared
        tree.index.unlink(missing_ok=True)
        if not _names(tree.path) <= {_PRIVATE}:  # else there is none
            command_line.call(repository, "read-tree", commit, worktree=tree)
            command_line.call(repository, "update-index", "-q", "--refresh", worktree=tree, ok=(0, 1))
    try:
        command_line.call(repository, "read-tree", "--reset", "-u", commit, worktree=tree, may_fetch=True)
    except GitError:
        worktree.make_writable(tree.path)  # a folder that a command made read-only keeps what is in it
        command_line.call(repository, "read-tree", "--reset", "-u", commit, worktree=tree, may_fetch=True)


def _tracked(repository: Repository, tree: WorkTree) -> frozenset[str]:
    """The paths of our index, submodules with a `/` at their end."""
    return frozenset(f"{one.path}/" if one.is_repository else one.path for one in staged.entries(repository, tree))


def _sweep(tree: WorkTree, tracked: Set[str], listed: Listed) -> bool:
    """Delete what is neither tracked nor as it is listed; returns whether all that is listed stayed."""
    left = set(listed)
    going: list[str] = []
    for path, status in _others(tree, tracked, into=listed.keys()):
        if path in listed and _is_same(tree.path / path, status, listed[path]):
            left.discard(path)
        else:
            going.append(path)
    for path in going:
        if why := disk.remove(tree.path / path):
            raise GitError(why)
    return not left


def _others(
    tree: WorkTree, tracked: Set[str], *, into: Set[str] | None = None
) -> Iterator[tuple[str, os.stat_result]]:  # fmt: skip
    """What is not tracked, with its status; a folder before what lies in it.

    `into`: folders that are looked into; all, where it is not given. The others are one entry.
    """
    parents = {parent for path in tracked for parent in _parents(path)}
    todo = [""]
    while todo:
        folder = todo.pop()
        for name in _names(tree.path / folder):
            path = f"{folder}{name}"
            if path == _PRIVATE or path in tracked or f"{path}/" in tracked:
                continue
            found = os.lstat(tree.path / path)
            is_folder = stat.S_ISDIR(found.st_mode)
            is_tracked = is_folder and path in parents
            if not is_tracked:
                yield path, found
            if is_folder and (is_tracked or into is None or path in into):
                todo.append(f"{path}/")


def _parents(path: str) -> Iterator[str]:
    end = path.rstrip("/").rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208
    except PermissionError:  # one that a command closed: it is ours, and opens again
        folder.chmod(0o700)
        return set(os.listdir(folder))  # noqa: PTH208


def _stamp(path: Path, status: os.stat_result, *, is_whole: bool) -> Stamp:
    if stat.S_ISDIR(status.st_mode):
        return _FOLDER
    is_hashed = is_whole and stat.S_ISREG(status.st_mode) and status.st_nlink > 1
    digest = f"{status.st_mode:o} {_digest(path)}" if is_hashed else ""
    return status.st_ino, status.st_size, status.st_ctime_ns, digest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_same(path: Path, status: os.stat_result, stamp: Stamp) -> bool:
    now = _stamp(path, status, is_whole=False)
    if now[:3] == stamp[:3]:
        return True
    return bool(stamp[3]) and now[:2] == stamp[:2] and _stamp(path, status, is_whole=True)[3] == stamp[3]
