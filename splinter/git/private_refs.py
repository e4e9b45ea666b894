"""What somebody made with git in a work tree: commits, branches and stashes of its own `.git`, kept by refs of ours.

Names and ids are read as text, objects from a store that is borrowed: nothing of that `.git` is run or believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from splinter.errors import GitError
from splinter.git import base_store, given_refs, worktree
from splinter.git import commands as git
from splinter.git.command_line import Repository, WorkTree
from splinter.git.commands import RefUpdate

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# a name that git gives a ref; any other was not made by git, and may lead anywhere
_NAME = re.compile(r"refs(?:/(?!\.)(?:(?!\.\.|@\{)[^\x00-\x20\x7f~^:?*\[\\/])+(?<!\.lock)(?<!\.))+")
_LARGEST, _LARGEST_PACKED = (
    1_000_000,
    100_000_000,
)  # bytes: of a file of one ref or of stashes, and of all
_STASH = "refs/stash"


def found(repository: Repository, tree: WorkTree) -> dict[str, str]:
    """The refs that somebody made there, without `refs/`, each with its id; a commit on no branch is `HEAD`."""
    private = tree.path / ".git"
    if not private.is_dir() or private.is_symlink():
        return {}
    packed = dict(_packed(private))
    names = [name for name in worktree.own_refs(tree) if _NAME.fullmatch(name)]
    ids = {name: _text(private / name).strip() or packed.get(name, "") for name in names}
    if not given_refs.is_known(tree):  # then the base and the tags that we put there look like a person's
        there = git.existing(repository, _ids(ids.values()))
        ids = {name: id for name, id in ids.items() if id not in there}
    if _STASH in ids:
        ids |= _stashes(private)
    head = _text(private / "HEAD").strip()
    if head not in ("", worktree.expected(tree), *ids.values()) and not git.existing(repository, _ids([head])):
        ids["HEAD"] = head
    return {name.removeprefix("refs/"): id for name, id in ids.items() if _ids([id])}


def keep(repository: Repository, tree: WorkTree, refs: dict[str, str], below: str) -> None:
    """Let refs of the user's repository hold what `refs` name, with all that it reaches; raises GitError."""
    private = tree.path / ".git/objects"
    at = worktree.expected(tree)
    known = sorted(git.existing(repository, [at])) if at else []
    base_store.borrow(repository, private, refs.values(), but=known)
    for id in refs.values():
        if not git.existing(repository, [id]):
            raise GitError(f"the object {id[:12]} is not there")
    updates = [RefUpdate(ref=f"{below}/{name}", new=id) for name, id in refs.items()]
    git.update_refs(repository, updates, why="splinter: found in a work tree")


def is_ours(repository: Repository, tree: WorkTree) -> bool:
    """Whether the `.git` that lies there reads the store that we lend to work trees."""
    lent = _text(tree.path / ".git/objects/info/alternates")
    return lent.strip() == str(base_store.place(repository))


def head(tree: WorkTree) -> str | None:
    """The id that HEAD there holds, None where it names a branch."""
    return next(iter(_ids([_text(tree.path / ".git/HEAD").strip()])), None)


def _ids(words: Iterable[str]) -> list[str]:
    return [word for word in words if _ID.fullmatch(word)]


def _stashes(private: Path) -> Iterator[tuple[str, str]]:
    """Every stash but the latest, which its ref names: the others stand in its log alone."""
    lines = _text(private / "logs/refs/stash").splitlines()
    for number, line in enumerate(reversed(lines)):
        words = line.split(" ", 2)
        if number and words[1:]:
            yield f"{_STASH}-{number}", words[1]


def _packed(private: Path) -> Iterator[tuple[str, str]]:
    for line in _text(private / "packed-refs", most=_LARGEST_PACKED).splitlines():
        id, _, name = line.partition(" ")
        yield name, id


def _text(file: Path, *, most: int = _LARGEST) -> str:
    """What a file says, empty where it is none that git writes there."""
    try:
        is_small = file.is_file() and not file.is_symlink() and file.stat().st_size <= most
        return file.read_text("utf-8", "replace") if is_small else ""
    except OSError:
        return ""
