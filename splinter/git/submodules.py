"""Submodules in a work tree: filled with what the commit pins, from the user's own clones of them, and held to that.

It reaches no network, and takes nothing that a step did in one into a commit.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from splinter.errors import GitError
from splinter.git import command_line, empty_repository, nested, user_repository
from splinter.git import commands as git
from splinter.git.command_line import Repository, WorkTree
from splinter.system import disk

_LARGEST = 1_000_000  # bytes of a .gitmodules


@dataclass(frozen=True, slots=True, kw_only=True)
class Submodule:
    """One submodule of a work tree: its path there, the commit that it is pinned at, its clone where there is one."""

    path: str
    commit: str
    clone: str | None


def fill(repository: Repository, tree: WorkTree, *, keep_ignored: bool) -> None:
    """Make each submodule's folder hold its pinned commit, or nothing where the user's clone does not have that."""
    found = list(_filled(repository, tree, tree.path, keep_ignored=keep_ignored))
    _list_file(tree).unlink(missing_ok=True)
    if found:
        listing = [{"path": one.path, "commit": one.commit, "clone": one.clone} for one in found]
        _list_file(tree).write_text(json.dumps(listing), "utf-8")


def changed(repository: Repository, tree: WorkTree) -> tuple[str, ...]:
    """Submodules whose files are others than were put there, as sentences; one that is gone is a change of the diff."""
    return tuple(
        f"{git.printable(one.path)} is a submodule, and what is changed in it cannot become a commit here"
        for one in listed(tree)
        if not _is_as_put(repository, tree, one)
    )


def listed(tree: WorkTree) -> tuple[Submodule, ...]:
    """The submodules of a work tree as it was last filled."""
    file = _list_file(tree)
    return tuple(Submodule(**one) for one in json.loads(file.read_text("utf-8"))) if file.exists() else ()


def forget(tree: WorkTree) -> None:
    """Delete what is remembered of a work tree's submodules."""
    for file in (_list_file(tree), *tree.index.parent.glob(f"{tree.index.name}.module-*")):
        file.unlink(missing_ok=True)


def _filled(repository: Repository, tree: WorkTree, top: Path, *, keep_ignored: bool) -> Iterator[Submodule]:
    links = tuple(nested.links(repository, tree))
    clones = _clones(repository, tree) if links else {}
    for path, commit in links:
        folder = tree.path / path
        _empty_of_links(folder, tree.path)
        clone = clones.get(path)
        known = clone if clone and git.existing(clone, [commit]) else None
        one = Submodule(path=str(folder.relative_to(top)), commit=commit, clone=str(known.common) if known else None)
        yield one
        if known is None:
            disk.remove(folder)
            folder.mkdir()
            continue
        inner = _inner(tree, folder)
        if not keep_ignored:
            inner.index.unlink(missing_ok=True)  # one with `skip-worktree` set by somebody is not believed
        git.read_tree(known, inner, commit, keep_ignored=keep_ignored)
        yield from _filled(known, inner, top, keep_ignored=keep_ignored)


def _clones(repository: Repository, tree: WorkTree) -> dict[str, Repository]:
    """The user's own clones of a repository's submodules, by path."""
    file = tree.path / ".gitmodules"
    if not file.is_file() or file.is_symlink() or file.stat().st_size > _LARGEST:
        return {}
    try:
        config = empty_repository.config_file(repository, file)
    except GitError:
        return {}
    found = {}
    for key, path in config.items():
        name = key.removeprefix("submodule.").removesuffix(".path")
        clone = repository.common / "modules" / name
        is_inside = ".." not in Path(name).parts and not Path(name).is_absolute()
        if key == f"submodule.{name}.path" and is_inside and (clone / "HEAD").is_file():
            found[path] = user_repository.clone_of(repository, clone)
    return found


def _empty_of_links(folder: Path, top: Path) -> None:
    """A submodule's folder is a real one inside the work tree, and no repository of its own lies in it."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    if not folder.resolve().is_relative_to(top.resolve()):
        raise GitError(f"{folder} leads out of the work tree")
    own = folder / ".git"
    if own.is_dir() and not own.is_symlink():
        disk.remove(own)
    else:
        own.unlink(missing_ok=True)


def _inner(tree: WorkTree, folder: Path) -> WorkTree:
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    outer = tree.index.name.partition(".module-")[0]
    return replace(tree, path=folder, index=tree.index.with_name(f"{outer}.module-{name}"))


def _is_as_put(repository: Repository, tree: WorkTree, one: Submodule) -> bool:
    folder = tree.path / one.path
    if not folder.is_dir() or folder.is_symlink() or os.path.lexists(folder / ".git"):
        return True  # the outer diff shows it, or the repository that was made there
    if one.clone is None:
        return not any(folder.iterdir())
    clone = user_repository.clone_of(repository, Path(one.clone))
    with command_line.borrowed(clone) as apart:
        return git.write_tree(apart, _inner(tree, folder)) == git.tree_of(clone, one.commit)


def _list_file(tree: WorkTree) -> Path:
    return tree.index.with_name(f"{tree.index.name}.modules")


def missing(submodules: Sequence[Submodule]) -> str | None:
    """What to say of submodules that the user's clone does not hold; None where it holds all."""
    paths = [git.printable(one.path) for one in submodules if one.clone is None]
    if not paths:
        return None
    return (
        f"{', '.join(paths)}: empty in its work tree, since the pinned commit is not in this clone; "
        '"git submodule update --init --recursive" fetches it'
    )
