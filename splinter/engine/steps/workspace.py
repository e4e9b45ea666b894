"""What lies in a work tree before and after a command: made, what was found kept as a patch, ignored files copied in.

It throws nothing away that it has not kept, and commits nothing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from splinter.engine.session import Session
from splinter.errors import GitError, StepError
from splinter.git import commands as git
from splinter.git import worktree
from splinter.git.command_line import WorkTree
from splinter.model import layout
from splinter.model.guarded_paths import AGENT_CONFIGURATION
from splinter.model.plan import Plan
from splinter.system import disk_errors

_PIECE = 1024 * 1024


def keep_hand_edits(session: Session, plan: Plan, tree: WorkTree) -> None:
    """What lies in the work tree beyond what we put there: a person's edits, or what a killed step left."""
    at = worktree.expected(tree)
    if not at or not tree.index.exists() or not git.existing(session.repository, [at]):
        return
    try:
        now = worktree.measure(session.repository, tree)
    except StepError:
        return
    if now == git.tree_of(session.repository, at):
        return
    patch = session.store.run_folder(session.open_run()) / plan.id / "found-in-worktree.patch"
    write_patch(session, at, now, patch)
    session.note(
        f"{plan.id}: changes found in its work tree were kept as {session.relative(patch)}, outside any commit."
    )


def keep_patch(session: Session, plan: Plan, tree: WorkTree, before: str, name: str) -> Path | None:
    """A failed attempt's files as a patch beside its log; the work tree goes back to where it was.

    Raises StorageError where there is no room for the patch; the files then stay in the work tree.
    """
    try:
        after = worktree.measure(session.repository, tree)
        patch = None
        if after != git.tree_of(session.repository, before):
            patch = session.log(plan, name).with_suffix(".patch")
            with disk_errors.as_storage_errors(session.folders):
                write_patch(session, before, after, patch)
        worktree.place(session.repository, tree, before, keep_ignored=True)
    except (GitError, StepError):
        return None
    return patch


def write_patch(session: Session, old: str, new: str, patch: Path) -> None:
    """A diff as a patch with its secrets masked; one that held some does not apply any more."""
    patch.parent.mkdir(parents=True, exist_ok=True)
    part = patch.with_name(f".{patch.name}.part")
    try:
        with tempfile.TemporaryFile(dir=session.state) as raw, part.open("wb") as output:
            git.write_patch(session.repository, old, new, raw)
            raw.seek(0)
            stream = session.redactor.stream()
            while piece := raw.read(_PIECE):
                output.write(stream.feed(piece))
            output.write(stream.end())
        part.replace(patch)
    finally:
        part.unlink(missing_ok=True)


def disarm(session: Session, tree: WorkTree) -> None:
    """Delete what an earlier command left, ignored by git, where agents read their configuration.

    What a user includes stays.
    """
    listing = session.repository.start / layout.INCLUDE
    included = listing.read_text("utf-8").split() if listing.is_file() else []
    left = [name for name in AGENT_CONFIGURATION if os.path.lexists(tree.path / name) and name not in included]
    if left:
        git.clean(session.repository, tree, left)


def included(session: Session) -> Iterator[Path]:
    """The ignored files and folders that `.worktreeinclude` lists; raises StepError for what leaves the repository."""
    listing = session.repository.start / layout.INCLUDE
    if not listing.is_file():
        return
    top = session.repository.start.resolve()
    for line in listing.read_text("utf-8").splitlines():
        pattern = line.strip().rstrip("/")
        if not pattern or pattern.startswith("#"):
            continue
        if pattern.startswith("/") or ".." in pattern.split("/"):
            raise StepError("preflight", f'{layout.INCLUDE}: "{pattern}" leaves the repository')
        for source in sorted(session.repository.start.glob(pattern)):
            if not source.resolve().is_relative_to(top):
                raise StepError("preflight", f'{layout.INCLUDE}: "{pattern}" leaves the repository')
            yield source


def include_ignored(session: Session, tree: WorkTree) -> None:
    """Copy in the ignored files that `.worktreeinclude` lists."""
    for source in included(session):
        target = tree.path / source.relative_to(session.repository.start)
        if not target.resolve().is_relative_to(tree.path):
            raise StepError("preflight", f"{layout.INCLUDE}: {source.name} leads out of the work tree by a link")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)


def included_files(start: Path, *, most: int = 2000) -> tuple[str, ...]:
    """The files of a checkout that `.worktreeinclude` brings, by their paths; no more than `most`."""
    listing = start / layout.INCLUDE
    lines = listing.read_text("utf-8", "replace").splitlines() if listing.is_file() else []
    found: dict[str, None] = {}
    for pattern in (line.strip().rstrip("/") for line in lines):
        if not pattern or pattern.startswith(("#", "/")) or ".." in pattern.split("/"):
            continue
        for source in sorted(start.glob(pattern)):
            files = source.rglob("*") if source.is_dir() else (source,)
            kept = (file.relative_to(start).as_posix() for file in files if file.is_file())
            found |= dict.fromkeys(islice(kept, max(0, most - len(found))))
    return tuple(found)
