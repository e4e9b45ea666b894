"""What lies in a work tree before and after a command: made, what was found kept as a patch, ignored files copied in.

It throws nothing away that it has not kept, and commits nothing.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.engine.steps import secret_scan
from splinter.engine.tools import checkout_links
from splinter.engine.work import Work
from splinter.errors import GitError, Reason, StepError
from splinter.git import commands as git
from splinter.git import private_refs, refused, sizes, user_repository, worktree
from splinter.git.command_line import WorkTree
from splinter.git.refused import Beside
from splinter.model import layout
from splinter.model.agents import registry as agents
from splinter.system import disk, disk_errors
from splinter.text.counts import and_more

FOUND = "found-in-worktree.patch"
_NAMED = 5
_PIECE = 1024 * 1024
_EVIDENCE_S, _EVIDENCE_WHEN_STOPPING_S = 30.0, 1.5  # for a failed attempt's files to be taken in
_LARGEST_INCLUDE = 1_000_000  # bytes of `.worktreeinclude`
Stamp = tuple[int, int, int, int]  # inode, bytes, times of writing and of change in nanoseconds


def keep_hand_edits(work: Work, tree: WorkTree) -> None:
    """What lies in the work tree beyond what we put there: a person's edits and commits, or what a killed step left."""
    for sentence in keep_found(work, tree, run=work.session.run.open()):
        work.session.run.note(sentence)


def keep_found(work: Work, tree: WorkTree, *, run: str) -> tuple[str, ...]:
    """The same, in the folder and under refs of any run; returns what was kept where, a sentence each.

    Raises StepError where a commit or a stash cannot be kept: nothing is put in its place then.
    """
    refuse_others(work, tree)
    if not tree.path.is_dir() or tree.path.is_symlink():
        return ()
    worktree.open_private(tree)
    with work.apart() as apart:
        refs = _keep_refs(apart, tree, run)
    at = worktree.expected(tree) or (private_refs.head(tree) if private_refs.is_ours(work.repository, tree) else None)
    if not at or not git.existing(work.repository, [at]):
        return refs
    with work.apart() as apart:
        return (*refs, *_keep_edits(apart, tree, at, run))


def refuse_others(work: Work, tree: WorkTree) -> None:
    """Raise StepError where somebody else's folder, clone or work tree lies in the place of a work tree of ours."""
    if (
        tree.path.is_symlink()
        or not os.path.lexists(tree.path)
        or (tree.path.is_dir() and not any(tree.path.iterdir()))
    ):
        return
    is_known = tree.index.exists() or worktree.expected(tree) is not None
    if not tree.path.is_dir() or not (is_known or private_refs.is_ours(work.repository, tree)):
        why = f"{tree.path} holds what no run put there, and is left alone"
        raise StepError(Reason.PREFLIGHT, f"{why}; move it away, and call again")


def _keep_refs(work: Work, tree: WorkTree, run: str) -> tuple[str, ...]:
    found = private_refs.found(work.repository, tree)
    if not found:
        return ()
    below = f"{layout.BACKUPS}/{work.plan.id}.work-tree/{run}"
    try:
        private_refs.keep(work.repository, tree, found, below)
    except GitError as error:
        why = (
            f"{tree.path} holds {git.printable(next(iter(found)))}, which no run made and which cannot be kept: {error}"
        )
        raise StepError(Reason.PREFLIGHT, f"{why}; move what you need away, and delete that folder") from error
    named = and_more([f"{below}/{name}" for name in found], _NAMED)
    return (f"{work.plan.id}: what was made with git in its work tree is kept as {named}.",)


def _keep_edits(work: Work, tree: WorkTree, at: str, run: str) -> tuple[str, ...]:
    is_torn = not tree.index.exists()
    try:
        worktree.refuse_swapped(tree)
        if is_torn:
            worktree.read_index(work.repository, tree, at)
        found = refused.find(work.repository, tree)
    except (StepError, GitError):
        return ()
    changes = git.diff(work.repository, at, found.tree)
    if is_torn:  # it was killed as it put files there
        changes = tuple(one for one in changes if one.status != "D")
    if not changes and not found.beside and not found.excess:
        return ()
    patch = work.session.history.run_folder(run) / work.plan.id / FOUND
    write_patch(work.session.outside, at, found.tree, patch, beside=found.beside)
    where = work.session.outside.relative(patch)
    left_out = f", but for what is too large: {sizes.summary(found.excess)}" if found.excess else ""
    what = f"changes found in its work tree were kept as {where}, outside any commit{left_out}"
    return (f"{work.plan.id}: {what}.",)


def keep_patch(work: Work, tree: WorkTree, before: str, name: str) -> tuple[Path | None, str]:
    """A failed attempt's files as a patch beside its log, also what git takes in nowhere; the work tree goes back.

    Beside it a line of what is too large to be kept. Raises StorageError, GitError or StepError where there is no room
    for the patch, or git does not make one in time; the files then stay in the work tree.
    """
    try:
        worktree.refuse_swapped(tree)
    except StepError:
        return None, ""  # there is no work tree any more
    until = time.monotonic() + (_EVIDENCE_WHEN_STOPPING_S if work.session.processes.is_stopping else _EVIDENCE_S)
    found = refused.find(replace(work.repository, until=until), tree)
    patch = None
    if found.tree != git.tree_of(work.repository, before) or found.beside:
        patch = work.log(name).with_suffix(".patch")
        with disk_errors.as_storage_errors(work.session.folders):
            write_patch(work.session.outside, before, found.tree, patch, beside=found.beside, until=until)
    with suppress(GitError, StepError):  # whoever needs it next puts it in place, or says why not
        worktree.place(work.repository, tree, before)
    return patch, f"\ntoo large to be kept: {sizes.summary(found.excess)}" if found.excess else ""


def write_patch(
    outside: Outside, old: str, new: str, patch: Path, *, beside: tuple[Beside, ...] = (), until: float = math.inf
) -> None:
    """A diff as a patch with its secrets masked; one that held some does not apply any more."""
    repository = replace(outside.repository, until=until)
    patch.parent.mkdir(parents=True, exist_ok=True)
    part = patch.with_name(f".{patch.name}.part")
    try:
        with tempfile.TemporaryFile(dir=outside.state) as raw, part.open("wb") as output:
            _add_diff(outside, old, new, raw, "")
            for one in beside:
                _add_diff(outside, git.empty_tree(repository), one.tree, raw, one.folder)
            raw.seek(0)
            stream = outside.redactor.stream()
            while piece := raw.read(_PIECE):
                output.write(stream.feed(piece))
            output.write(stream.end())
        part.replace(patch)
    finally:
        part.unlink(missing_ok=True)


def _add_diff(outside: Outside, old: str, new: str, raw: IO[bytes], folder: str) -> None:
    """The diff of two trees, without files whose secrets could not be masked in it: those are named."""
    hidden = secret_scan.unmaskable(outside.repository, outside.redactor, old, new)
    raw.seek(0, os.SEEK_END)
    raw.write("".join(f"# left out, for a secret stands in it: {folder}{name}\n" for name in hidden.values()).encode())
    raw.flush()
    git.write_patch(outside.repository, old, new, raw, folder=folder, but=hidden)


def disarm(session: Session, tree: WorkTree, folder: str = "") -> None:
    """Delete what an earlier command left, ignored by git, where agents that start in a folder read configuration.

    That is there and in each folder above. What a user includes stays.
    """
    parts = folder.split("/") if folder else []
    places = ["".join(f"{part}/" for part in parts[:count]) for count in range(len(parts) + 1)]
    names = (f"{place}{name}" for place in places for name in agents.ORDERS)
    left = [name for name in names if os.path.lexists(tree.path / name) and name not in _patterns(session)]
    if left:
        git.clean(session.outside.repository, tree, left)


def included(session: Session) -> Mapping[str, Stamp]:
    """The files of the checkout that `.worktreeinclude` brings, by path: those that git ignores there, and no others.

    What git does not ignore is in the work tree as the commit has it, or not at all. They are those of the first look,
    before any step of the run; what a step writes there brings nothing. Raises StepError for a pattern that leaves the
    repository.
    """
    known = json.loads(session.known.once("what is included", lambda: json.dumps(dict(_look(session)))) or "{}")
    return {path: (stamp[0], stamp[1], stamp[2], stamp[3]) for path, stamp in known.items()}


def include_ignored(session: Session, tree: WorkTree) -> None:
    """Copy in the ignored files that `.worktreeinclude` lists; raises StepError where one changed during the run."""
    for path, stamp in included(session).items():
        source, target = session.outside.repository.start / path, tree.path / path
        if not target.parent.resolve().is_relative_to(tree.path):
            raise StepError(Reason.PREFLIGHT, f"{layout.INCLUDE}: {path} leads out of the work tree by a link")
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            shutil.copy2(source, target, follow_symlinks=False)
            _lead_back(session.outside.repository.start, tree, target)
        if _stamp(source) != stamp:
            why = f"{path}, which {layout.INCLUDE} brings, changed during the run; call again"
            raise StepError(Reason.PREFLIGHT, why)


def lead_packages_back(session: Session, tree: WorkTree, commit: str) -> None:
    """The same for the links to packages that a setup made there, as `npm link` does."""
    tracked = git.paths_of(session.outside.repository, commit)
    for link in checkout_links.links_to_packages(tree.path, tracked):
        _lead_back(session.outside.repository.start, tree, link)


def _lead_back(checkout: Path, tree: WorkTree, link: Path) -> None:
    """Have a link into the checkout, such as one of `npm link`, lead to the same place of the work tree.

    One to what the work tree has not, such as what was built there, stays as it is.
    """
    real, top, inside = (Path(os.path.realpath(one)) for one in (link, checkout, tree.path))
    if not link.is_symlink() or real.is_relative_to(inside) or not real.is_relative_to(top):
        return
    here = tree.path / real.relative_to(top)
    if disk.seen(here) and Path(os.path.realpath(here)).is_relative_to(inside):
        link.unlink()
        link.symlink_to(os.path.relpath(here, link.parent))


def idle_patterns(session: Session) -> Iterator[str]:
    """A sentence on each pattern of `.worktreeinclude` that brings nothing into a work tree."""
    start, brought = session.outside.repository.start, included(session)
    for pattern in _patterns(session):
        if pattern.startswith("/") or ".." in pattern.split("/"):
            continue
        found = [path for source in start.glob(pattern) for path in _files(start, source)]
        if not found:
            elsewhere = "" if "/" in pattern else f'; for any folder it is "**/{pattern}"'
            yield f'{layout.INCLUDE}: "{pattern}" matches nothing in the checkout{elsewhere}.'
        elif not any(path in brought for path in found):
            yield (
                f'{layout.INCLUDE}: "{pattern}" brings nothing, since git does not ignore it: '
                "a work tree has it as it is committed, and .gitignore names what is to be copied."
            )


def _look(session: Session) -> Iterator[tuple[str, Stamp]]:
    start = session.outside.repository.start
    patterns = _patterns(session)
    if not patterns:
        return
    top = start.resolve()
    visible = user_repository.visible_files(start, session.outside.environment.variables)
    for pattern in patterns:
        if pattern.startswith("/") or ".." in pattern.split("/"):
            raise StepError(Reason.PREFLIGHT, f'{layout.INCLUDE}: "{pattern}" leaves the repository')
        try:
            found = sorted(start.glob(pattern))
        except RecursionError:
            why = f'{layout.INCLUDE}: "{pattern}" goes through more folders in folders than can be followed'
            raise StepError(Reason.PREFLIGHT, why) from None
        for source in found:
            if not source.resolve().is_relative_to(top):
                raise StepError(Reason.PREFLIGHT, f'{layout.INCLUDE}: "{pattern}" leaves the repository')
            yield from ((path, _stamp(start / path)) for path in _files(start, source) if path not in visible)


def _patterns(session: Session) -> tuple[str, ...]:
    def read() -> str:
        said = disk.beginning(session.outside.repository.start / layout.INCLUDE, _LARGEST_INCLUDE + 1)
        if len(said) > _LARGEST_INCLUDE:
            raise StepError(Reason.PREFLIGHT, f"{layout.INCLUDE} is larger than {_LARGEST_INCLUDE // 1_000_000} MB")
        return said.decode("utf-8", "replace")

    lines = (session.known.once(f"what {layout.INCLUDE} says", read) or "").splitlines()
    stripped = (line.strip().rstrip("/") for line in lines)
    return tuple(pattern for pattern in stripped if pattern and not pattern.startswith("#"))


def _stamp(path: Path) -> Stamp:
    """Of a file that is gone, all is 0."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0, 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _files(start: Path, source: Path) -> Iterator[str]:
    """A file or link, or all those below a folder, by their paths from the top."""
    if source.is_symlink() or not source.is_dir():
        yield source.relative_to(start).as_posix()
        return
    found = (path for path in disk.below(source, most=sys.maxsize) if not disk.is_folder(path))
    yield from sorted(path.relative_to(start).as_posix() for path in found)
