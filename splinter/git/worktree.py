"""One work tree: made, put at a commit, measured, guarded. It never moves a ref, nor trusts the `.git` that lies in it.

The `.git` inside is a repository of its own with what its commit and its base reach, and no more: what an agent does
with git (config, branches, stash) stays in it. All measuring goes through the user's repository, with an index of ours.
"""

from __future__ import annotations

import functools
import glob
import hashlib
import shutil
import sys
import tempfile
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from splinter.errors import GitError, Reason, StepError
from splinter.git import (
    attributes,
    base_store,
    command_line,
    empty_repository,
    given_refs,
    last_look,
    own_directory,
    submodules,
)
from splinter.git import commands as git
from splinter.git.command_line import Repository, WorkTree
from splinter.git.last_look import Known
from splinter.git.object_reader import ID
from splinter.model import layout
from splinter.system import disk, removal
from splinter.system.files import write_whole

_ELSEWHERE = ("commondir", "objects/info/alternates")  # what leads git to another repository
_WATCHED = ("config", "config.worktree", "hooks", "info", *_ELSEWHERE)
_MOST_FILES, _LARGEST = 2_000, 1_000_000  # of a small repository: files that are looked at, bytes of one
_GITS_OWN = "info/refs"  # a list of refs for plain web servers, which `git gc` writes and no git reads here
_TRAITS = ("core.filemode", "core.ignorecase", "core.symlinks", "core.precomposeunicode")

_looking = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """What a step did to its own `.git`, none of which stays: refs that are not as we put them, and other files."""

    refs: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """All of it by names."""
        return (*self.altered, *self.refs)


@functools.lru_cache(maxsize=4096)
def locate(state: Path, id: str) -> WorkTree:
    """Where the work tree of a workstream and our index for it lie, in the state folder of the repository."""
    return WorkTree(
        path=state / layout.WORKTREES / id,
        index=state / layout.INDEXES / id,
        excludes=state / layout.EXCLUDES / id,
        traits=state / layout.TRAITS,
    )


def ensure(repository: Repository, tree: WorkTree, leaves: tuple[str, ...]) -> None:
    """Make the folders of a work tree and the file of patterns that never enter a commit."""
    for folder in (tree.path, tree.index.parent, tree.excludes.parent):
        folder.mkdir(parents=True, exist_ok=True)
    with _looking:
        if not tree.traits.exists():
            _look_at_file_system(repository, tree)
    own = Path(repository.excludes_file).expanduser() if repository.excludes_file else None
    users = own.read_text("utf-8", "replace") if own and own.is_file() else ""
    tree.excludes.write_text("\n".join([users, *leaves, ""]), "utf-8")


def _look_at_file_system(repository: Repository, tree: WorkTree) -> None:
    """Have git find out, as it does for each new repository, what names and modes the file system can hold."""
    with tempfile.TemporaryDirectory(dir=tree.traits.parent) as name:
        empty_repository.make(repository, Path(name) / ".git")
        found = empty_repository.config_file(repository, Path(name) / ".git/config")
        traits = {"core.ignorecase": "false", "core.symlinks": "true", "core.precomposeunicode": "false"} | found
        file = Path(name) / "traits"
        file.write_text("".join(f"{trait}={traits[trait]}\n" for trait in _TRAITS), "utf-8")
        file.replace(tree.traits)


def place(repository: Repository, tree: WorkTree, commit: str) -> None:
    """Put the work tree at a commit, and give it a fresh `.git` whose HEAD and index say the same.

    Ignored files stay, such as what a package manager made.
    """
    renew_folder(tree)
    unlock(tree)
    id = git.tree_of(repository, commit)
    known = last_look.unchanged(tree)
    if known and is_as_put(repository, tree, known, commit):
        return
    if not known or known.tree != id or known.look.has_empty:
        last_look.forget(tree)
        _put_files(repository, tree, commit)
    submodules.fill(repository, tree, keep_ignored=True)
    renew_private(repository, tree, commit)
    last_look.remember(tree, last_look.look(tree), id=id, commit=commit)


def is_as_put(repository: Repository, tree: WorkTree, known: Known, commit: str) -> bool:
    """Whether the `.git` of a work tree whose files are known is the one that it would be given now."""
    return known.commit == commit == expected(tree) and given_refs.is_given(repository, tree)


def _put_files(repository: Repository, tree: WorkTree, commit: str) -> None:
    _refuse_names_of_one_file(repository, tree, commit)
    try:
        git.read_tree(repository, tree, commit, keep_ignored=True)
    except GitError:
        tree.index.unlink(missing_ok=True)  # a torn index of a killed run: begin without
        make_writable(tree.path)  # a folder that a step made read-only keeps what is in it
        git.read_tree(repository, tree, commit, keep_ignored=True)


def _refuse_names_of_one_file(repository: Repository, tree: WorkTree, commit: str) -> None:
    """Where the file system takes two names for one, a commit that holds both has no work tree there."""
    if "core.ignorecase=true" not in command_line.traits(tree):
        return
    seen: dict[str, str] = {}
    for path in git.paths_of(repository, commit):
        other = seen.setdefault(unicodedata.normalize("NFC", path).casefold(), path)
        if other != path:
            raise StepError(
                Reason.PREFLIGHT,
                f"{other} and {path} are one file on the file system of {tree.path.parent}, which does not tell upper "
                "case from lower; set XDG_STATE_HOME to a folder on one that does, or rename one of them",
            )


def expect(tree: WorkTree, commit: str) -> None:
    """Remember that what lies in the work tree is what that commit holds."""
    if expected(tree) != commit:
        write_whole(_expected(tree), commit, is_lasting=False)


def expected(tree: WorkTree) -> str | None:
    """The commit whose files lie in the work tree as far as we know, None for a new one, or after a power cut."""
    try:
        said = _expected(tree).read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    return said if ID.fullmatch(said) else None


def read_index(repository: Repository, tree: WorkTree, commit: str) -> None:
    """Let our index say what a commit holds; no file is touched."""
    tree.index.parent.mkdir(parents=True, exist_ok=True)
    command_line.call(repository, "read-tree", commit, worktree=tree)


def measure(repository: Repository, tree: WorkTree) -> str:
    """The tree of what lies there now; raises StepError where git cannot take it in, StorageError on a full disk."""
    refuse_swapped(tree)
    unlock(tree)
    seen = last_look.look(tree)
    if known := last_look.unchanged(tree, seen):
        return known.tree
    last_look.forget(tree)
    try:
        now, at = git.write_tree(repository, tree, most=seen.size if seen else None), expected(tree)
        now = attributes.restore_untouched(repository, tree, at, now) if at else now
        last_look.remember(tree, seen, id=now)
        return now
    except GitError as error:
        raise StepError(Reason.OUT_OF_SCOPE, f"the work tree cannot become a commit: {error}") from error


def refuse_swapped(tree: WorkTree) -> None:
    """Raise StepError where the work tree is no longer where we made it: a link there leads to somebody's files."""
    if not tree.path.is_dir() or tree.path.resolve() != tree.path:
        raise StepError(Reason.OUT_OF_SCOPE, "the step deleted or replaced its work tree")


def guard(tree: WorkTree) -> Guarded:
    """Look at the work tree's own `.git` after a command; raises StepError where it leads to another repository.

    All else that is done to it reaches nobody: nothing of ours reads it, and `renew_private` makes it again.
    """
    refuse_swapped(tree)
    private = tree.path / ".git"
    if private.is_symlink() or private.is_file():
        raise StepError(Reason.OUT_OF_SCOPE, "the step led its work tree's .git to another repository")
    open_private(tree)
    if not (private / "HEAD").is_file():
        return Guarded(altered=("it was deleted",))
    before, now = _read_digests(tree), _digests(private)
    altered = tuple(sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)))
    if led := [name for name in altered if name in _ELSEWHERE and name in now]:
        raise StepError(Reason.OUT_OF_SCOPE, f".git/{led[0]} of the work tree leads to another repository")
    return Guarded(refs=given_refs.differing(tree, with_missing=True), altered=altered)


def unlock(tree: WorkTree) -> None:
    """Only one run works here, one call at a time: a lock of our index is a killed one's."""
    tree.index.with_name(tree.index.name + ".lock").unlink(missing_ok=True)


def own_refs(tree: WorkTree) -> tuple[str, ...]:
    """Refs in the work tree's own `.git` that we did not put there as they are: branches, tags, a stash."""
    return given_refs.differing(tree, with_missing=False)


def remove(tree: WorkTree) -> None:
    """Delete the work tree and what belongs to it; no ref is touched."""
    disk.remove(tree.path)
    submodules.forget(tree)
    for file in (tree.excludes, tree.index, *tree.index.parent.glob(f"{glob.escape(tree.index.name)}.*")):
        disk.remove(file)


def make_writable(folder: Path) -> None:
    """Let its owner read, write and enter every folder below it."""
    for path in disk.below(folder, most=sys.maxsize):
        if disk.is_folder(path):
            with suppress(OSError):  # what is another's, or gone, git names as it always does
                path.chmod(path.stat().st_mode | 0o700)


def make_readable(folder: Path) -> None:
    """Let its owner enter a folder and all below it, each before it is looked into."""
    todo = [folder]
    while todo:
        one = todo.pop()
        with suppress(OSError):
            one.chmod(one.stat().st_mode | 0o700)
            todo += [path for path in one.iterdir() if path.is_dir() and not path.is_symlink()]


def open_private(tree: WorkTree) -> None:
    """Let its owner look into the work tree's own `.git`, which a command may have closed."""
    private = tree.path / ".git"
    if private.is_dir() and not private.is_symlink():
        make_readable(private)


def renew_folder(tree: WorkTree) -> None:
    """A link in the place of the work tree goes; nothing is ever cleaned through one."""
    if tree.path.is_symlink() or tree.path.is_file():
        tree.path.unlink()
    tree.path.mkdir(parents=True, exist_ok=True)
    tree.path.chmod(tree.path.stat().st_mode | 0o700)
    if tree.path.resolve() != tree.path:
        raise GitError(f"{tree.path} leads to {tree.path.resolve()}; work trees are not used through links")


def renew_private(repository: Repository, tree: WorkTree, commit: str) -> None:
    """Give the work tree a new `.git` of its own, made elsewhere and moved in whole: nothing of the old one stays."""
    private, made = tree.path / ".git", tree.index.with_name(f"{tree.index.name}.made")
    if why := removal.soon(private, repository.state / layout.QUARANTINE) or disk.remove(made):
        raise GitError(why)
    empty_repository.make(repository, made)
    base_store.lend(repository, made / "objects", commit)
    (made / "HEAD").write_text(f"{commit}\n", "ascii")
    who = {"user.name": repository.identity.name, "user.email": repository.identity.email, "gc.auto": "0"}
    pairs = (*who.items(), *given_refs.give(repository, tree, made))
    with (made / "config").open("a", encoding="utf-8", errors="surrogateescape") as config:
        config.write("".join(own_directory.entry(key, value) for key, value in pairs))
    shutil.copyfile(tree.index, made / "index")
    if (repository.common / "shallow").is_file():
        shutil.copyfile(repository.common / "shallow", made / "shallow")
    digests = _digests(made)
    if not _digest_file(tree).is_file() or _read_digests(tree) != digests:
        lines = (f"{digest} {name}\n" for name, digest in sorted(digests.items()))
        write_whole(_digest_file(tree), "".join(lines), is_lasting=False)
    made.rename(private)
    expect(tree, commit)


def _digests(private: Path) -> dict[str, str]:
    """Each watched file by its hash; one larger than any that git writes there, by its size."""
    found = {}
    for name in _WATCHED:
        top = private / name
        inside = list(_below(top)) if disk.is_folder(top) else []
        if len(inside) == _MOST_FILES:
            found[f"{name}/…"] = "more than anybody needs"
        for path in (top, *inside):
            if path != private / _GITS_OWN and (path.is_symlink() or path.is_file()):
                found[_relative(path, private)] = _digest(path)
    return found


def _digest(path: Path) -> str:
    if path.is_symlink():
        return hashlib.sha256(str(path.readlink()).encode()).hexdigest()
    size = path.stat().st_size
    return hashlib.sha256(path.read_bytes()).hexdigest() if size <= _LARGEST else f"{size} bytes"


def _below(folder: Path) -> Iterator[Path]:
    return disk.below(folder, most=_MOST_FILES)


def _relative(path: Path, private: Path) -> str:
    return path.relative_to(private).as_posix()


def _read_digests(tree: WorkTree) -> dict[str, str]:
    lines = _digest_file(tree).read_text("utf-8", "replace").splitlines()
    return {name: digest for digest, _, name in (line.partition(" ") for line in lines)}


def _expected(tree: WorkTree) -> Path:
    return tree.index.with_name(tree.index.name + ".at")


def _digest_file(tree: WorkTree) -> Path:
    return tree.index.with_name(tree.index.name + ".git")
