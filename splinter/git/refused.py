"""What lies in a work tree though git does not take it in: folders that are repositories, names such as `.GIT`.

It is for evidence alone: what is found here never becomes a commit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from splinter.errors import GitError
from splinter.git import attributes, command_line, nested, sizes, worktree
from splinter.git import commands as git
from splinter.git.command_line import Repository, WorkTree
from splinter.system import disk_errors

_DEEPEST = 5  # repositories in repositories
_LARGEST = 100_000_000  # bytes of a file that is kept; git never sees it, so that it is read whole here


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The tree of what lies in a folder of a work tree; `folder` ends with `/`, and is empty for the top."""

    folder: str
    tree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What git takes in of a work tree as a tree, and what lies beside that; `excess` is too large to be kept."""

    tree: str
    beside: tuple[Beside, ...] = ()
    excess: tuple[tuple[str, int], ...] = ()


def find(repository: Repository, tree: WorkTree) -> Found:
    """All that lies in a work tree, ignored files aside; raises GitError where not even that can be said."""
    worktree.unlock(tree)
    excess: list[tuple[str, int]] = []
    now, beside = _take(repository, tree, excess, depth=0)
    at = worktree.expected(tree)
    return Found(
        tree=attributes.restore_untouched(repository, tree, at, now) if at else now, beside=beside, excess=tuple(excess)
    )


def _take(
    repository: Repository, tree: WorkTree, excess: list[tuple[str, int]], *, depth: int
) -> tuple[str, tuple[Beside, ...]]:  # fmt: skip
    too_large = sizes.too_large(repository, tree)
    excess += too_large
    nested.disarm(repository, tree)
    wanted = "\0".join([".", *(f":(top,literal,exclude){path}" for path, _ in too_large)])
    done = command_line.call(
        repository, "add", "--all", "--ignore-errors", "--pathspec-from-file=-", "--pathspec-file-nul",
        worktree=tree, ok=(0, 1), stdin=os.fsencode(wanted),
    )  # fmt: skip
    places = [tree.path, tree.index.parent, repository.common / "objects"]
    hindered = disk_errors.of_git("add", done.stderr.decode("utf-8", "replace"), places) if done.exit_status else None
    if hindered:
        raise hindered
    now = command_line.text(repository, "write-tree", worktree=tree).strip()
    return now, tuple(_beside(repository, tree, excess, depth=depth)) if depth < _DEEPEST else ()


def _beside(
    repository: Repository, tree: WorkTree, excess: list[tuple[str, int]], *, depth: int
) -> Iterator[Beside]:  # fmt: skip
    listing = ("ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory", "-z")
    left = command_line.call(repository, *listing, worktree=tree).stdout.split(b"\0")
    for path in map(os.fsdecode, [*filter(None, left), *_repositories(repository, tree)]):
        if path.endswith("/"):
            yield from _of_folder(repository, tree, path, excess, depth=depth)
        elif path not in dict(excess):
            yield from _of_file(repository, tree, path)


def _repositories(repository: Repository, tree: WorkTree) -> Iterator[bytes]:
    """Folders that the step made a repository with commits: git takes the id of the commit, and no file."""
    at = worktree.expected(tree) or git.empty_tree(repository)
    now = command_line.text(repository, "write-tree", worktree=tree).strip()
    for change in git.diff(repository, at, now):
        if change.is_repository and change.status in "AT":
            yield os.fsencode(f"{change.path}/")


def _of_folder(
    repository: Repository, tree: WorkTree, path: str, excess: list[tuple[str, int]], *, depth: int
) -> Iterator[Beside]:  # fmt: skip
    """The folder as a work tree of its own: then its name, and the repository in it, are in nobody's way."""
    index = tree.index.with_name(f"{tree.index.name}.beside-{depth}")
    index.unlink(missing_ok=True)
    try:
        now, more = _take(repository, replace(tree, path=tree.path / path, index=index), excess, depth=depth + 1)
    except GitError:
        return  # a folder that may not be read
    finally:
        index.unlink(missing_ok=True)
    if now != git.empty_tree(repository):
        yield Beside(folder=path, tree=now)
    yield from (replace(one, folder=f"{path}{one.folder}") for one in more)


def _of_file(repository: Repository, tree: WorkTree, path: str) -> Iterator[Beside]:
    file, (folder, slash, name) = tree.path / path, path.rpartition("/")
    try:
        if file.lstat().st_size > _LARGEST:
            return
        data = os.fsencode(file.readlink()) if file.is_symlink() else file.read_bytes()
    except OSError:
        return  # what may not be read cannot be kept
    blob = command_line.call(repository, "hash-object", "-w", "--stdin", stdin=data).stdout.strip()
    mode = b"120000" if file.is_symlink() else b"100755" if os.access(file, os.X_OK) else b"100644"
    entry = mode + b" blob " + blob + b"\t" + os.fsencode(name) + b"\0"
    made = command_line.call(repository, "mktree", "-z", stdin=entry).stdout.decode().strip()
    yield Beside(folder=f"{folder}{slash}", tree=made)
