"""Branches that must not be moved now: a checkout of the user's holds them, or a rebase or bisection that is under way.

It changes nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from splinter.git import user_repository
from splinter.git.command_line import Repository

_REF = "ref:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What holds a branch, after its name, and the command that ends that: parts of one sentence."""

    how: str
    way_out: str


def found(repository: Repository) -> dict[str, Held]:
    """Branches that a checkout of the user's holds, or will go back to when what is under way there ends.

    A simulated run moves none of theirs.
    """
    if repository.copy:
        return {}
    return {**_under_way(repository), **_checked_out(repository)}


def of(repository: Repository, branch: str) -> Held | None:
    """What holds one branch; git is asked only where the HEAD of a checkout may be on it."""
    if repository.copy:
        return None
    if not _may_be_checked_out(repository, branch):
        return _under_way(repository).get(branch)
    return found(repository).get(branch)


def _may_be_checked_out(repository: Repository, branch: str) -> bool:
    """By the files of HEAD: whether one names the branch, or a name that stands for another, or is no such file."""
    if repository.format.refs != "files":
        return True
    try:
        for folder in (repository.common, *repository.common.glob("worktrees/*")):
            head = folder / "HEAD"
            said = "" if head.is_symlink() else head.read_text("utf-8", "surrogateescape")
            name = said.removeprefix(_REF).strip() if said.startswith(_REF) else ""
            if not said or name == f"refs/heads/{branch}" or (name and _is_symbolic(repository, name)):
                return True
    except OSError:
        return True
    return False


def _is_symbolic(repository: Repository, name: str) -> bool:
    """Whether a ref names another; packed ones do not."""
    file = repository.common / name
    return file.is_symlink() or (file.is_file() and file.read_bytes().startswith(_REF.encode()))


def _checked_out(repository: Repository) -> dict[str, Held]:
    branches, path, branch = {}, "", ""
    for entry in user_repository.work_trees(repository):
        key, _, value = entry.partition(" ")
        if key == "worktree":
            path, branch = value, ""
        elif key == "branch":
            branch = value.removeprefix("refs/heads/")
            way_out = f'"git -C {shlex.quote(path)} switch --detach" frees it'
            branches[branch] = Held(how=f"is checked out in {path}", way_out=way_out)
        elif key in ("prunable", "locked") and branch and not Path(path).exists():
            how = f"is checked out in {path}, which is not there any more,"
            unlock = f"git worktree unlock {shlex.quote(path)} && " if key == "locked" else ""
            branches[branch] = Held(how=how, way_out=f'"{unlock}git worktree prune" frees it')
    return branches


def _under_way(repository: Repository) -> dict[str, Held]:
    """Of a rebase, with `--update-refs` too, and of a bisection; HEAD is detached meanwhile."""
    branches = {}
    for folder in (repository.common, *repository.common.glob("worktrees/*")):
        link = folder / "gitdir"
        path = Path(link.read_text().strip()).parent if link.exists() else repository.root
        git_there = f"git -C {shlex.quote(str(path))}"
        for branch in _rebased(folder):
            way_out = f'"{git_there} rebase --continue" or "--abort" ends that'
            branches[branch] = Held(how=f"is being rebased in {path}", way_out=way_out)
        for file in folder.glob("BISECT_START"):
            way_out = f'"{git_there} bisect reset" ends that'
            branches[_branch(file.read_text())] = Held(how=f"is being bisected in {path}", way_out=way_out)
    return branches


def _rebased(folder: Path) -> Iterator[str]:
    for file in (*folder.glob("rebase-merge/head-name"), *folder.glob("rebase-apply/head-name")):
        yield _branch(file.read_text())
    for file in folder.glob("rebase-merge/update-refs"):  # each ref is followed by where it was and where it goes
        yield from map(_branch, file.read_text().splitlines()[::3])


def _branch(ref: str) -> str:
    return ref.strip().removeprefix("refs/heads/")
