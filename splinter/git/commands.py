"""git's verbs, each call with `--git-dir` and `--work-tree` named and nothing of the user's that could run code.

Never touches the user's checkout, index, HEAD, stash or config: work trees have an index of ours, and refs move
only by compare-and-swap.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO

from splinter.errors import GitError
from splinter.git import (
    command_line,
    damaged_refs,
    loose_objects,
    nested,
    object_reader,
    quarantine,
    ref_writer,
    remembered,
    sizes,
    tree_diff,
)
from splinter.git.command_line import Repository, WorkTree
from splinter.model import layout
from splinter.model.records import FileChange
from splinter.text.redact import Masked

SIGN_TIMEOUT_S = 60.0
_MOST_ASKED = 50  # objects one by one; more are one call of git's
_GITLINK, _SYMLINK = "160000", "120000"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawChange:
    """One line of a raw diff: octal modes, blob ids, status A, M, D or T, path with `/`."""

    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str
    status: str
    path: str

    @property
    def is_link(self) -> bool:
        """Whether the path is a symlink afterwards."""
        return self.new_mode == _SYMLINK

    @property
    def is_repository(self) -> bool:
        """Whether the path is a repository of its own afterwards."""
        return self.new_mode == _GITLINK


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdate:
    """One line of a transaction: `old` None means whatever it was, `nothing` that there is none; `new` None deletes."""

    ref: str
    new: str | None
    old: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit's id, its parents, its whole message, and the lines before that: tree, author, committer and more."""

    id: str
    parents: tuple[str, ...]
    message: str
    head: str = ""


def existing(repository: Repository, oids: Iterable[str]) -> frozenset[str]:
    """Those of `oids` that the repository holds."""
    wanted = sorted(set(oids))
    if not wanted:
        return frozenset()
    listing = command_line.call(repository, "cat-file", "--batch-check=%(objectname)", stdin="\n".join(wanted).encode())
    return frozenset(line for line in listing.stdout.decode().splitlines() if not line.endswith("missing"))


def tree_of(repository: Repository, commit: str) -> str:
    """The id of a commit's tree."""
    words = _tree_of(commit)
    found = remembered.answer(
        repository, *words, ids=(commit,),
        ask=lambda: (object_reader.tree_of(repository, commit) or command_line.text(repository, *words)).encode(),
    )  # fmt: skip
    return found.decode().strip()


def _tree_of(commit: str) -> tuple[str, str, str]:
    return "rev-parse", "--verify", f"{commit}^{{tree}}"


def resolve(repository: Repository, name: str) -> str | None:
    """The commit that a ref or id names, None where there is none."""
    if known := object_reader.named(repository, f"{name}^{{commit}}", is_whole=False):
        return known.id or None
    words = ("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}")
    return command_line.text(repository, *words, ok=(0, 1)).strip() or None


def is_ancestor(repository: Repository, old: str, new: str) -> bool:
    """Whether `new` contains `old`."""
    return command_line.call(repository, "merge-base", "--is-ancestor", old, new, ok=(0, 1)).exit_status == 0


def count(repository: Repository, commit: str, *, but: str) -> int:
    """How many commits `commit` contains that `but` does not."""
    return int(command_line.text(repository, "rev-list", "--count", commit, f"^{but}"))


def diff(repository: Repository, old: str, new: str, pathspecs: Sequence[str] = ()) -> tuple[RawChange, ...]:
    """The raw diff of two trees or commits, renames as a delete and an add, sorted by path."""
    words = _diff_tree(repository, old, new, pathspecs).split(b"\0")
    changes = []
    for head, path in zip(words[0::2], words[1::2], strict=False):
        old_mode, new_mode, old_blob, new_blob, status = head.decode().lstrip(":").split(" ")
        changes.append(RawChange(
            old_mode=old_mode, new_mode=new_mode, old_blob=old_blob, new_blob=new_blob, status=status[:1],
            path=os.fsdecode(path),
        ))  # fmt: skip
    return tuple(changes)


def result(repository: Repository, base: str, tip: str) -> str:
    """The hash of the raw diff from base to tip: paths, modes and blobs, so that a moved base changes no result."""
    return hashlib.sha256(_diff_tree(repository, base, tip, ())).hexdigest()


def globs(patterns: Iterable[str]) -> tuple[str, ...]:
    """The pathspecs of patterns as workstreams have them."""
    return tuple(f":(glob){pattern}" for pattern in patterns)


def seen(repository: Repository, commit: str, pathspecs: Sequence[str]) -> str:
    """The hash of paths, modes and blobs that pathspecs name in a commit."""
    return hashlib.sha256(_diff_tree(repository, empty_tree(repository), commit, pathspecs)).hexdigest()


def sizes_at(repository: Repository, commit: str, patterns: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The files of a commit that `:(glob)` patterns match, sorted by path, each with its bytes."""
    found = diff(repository, empty_tree(repository), commit, globs(patterns))
    files = [change for change in found if not change.is_repository]
    listing = "".join(f"{change.new_blob}\n" for change in files).encode()
    words = ("cat-file", "--batch-check=%(objectsize)")
    sizes = command_line.call(repository, *words, stdin=listing, may_fetch=True).stdout.splitlines()
    return tuple((change.path, int(size)) for change, size in zip(files, sizes, strict=True) if size.isdigit())


def paths_of(repository: Repository, commit: str) -> tuple[str, ...]:
    """All paths of a commit, as people may read them."""
    words = ("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
    listing = remembered.answer(
        repository, *words, ids=(commit,),
        ask=lambda: tree_diff.paths(repository, commit) or command_line.call(repository, *words).stdout,
    )  # fmt: skip
    return tuple(printable(os.fsdecode(path)) for path in listing.split(b"\0") if path)


def files(changes: Iterable[RawChange]) -> tuple[FileChange, ...]:
    """A raw diff as records hold it."""
    return tuple(FileChange(status=change.status, path=printable(change.path)) for change in changes)


def printable(path: str) -> str:
    """A path as text that any file can hold: bytes that are no UTF-8 become escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def commit_tree(
    repository: Repository, tree: str, parents: Sequence[str], message: Masked, *, date_s: int, is_signed: bool = False
) -> str:
    """Write a commit object by our identity; `date_s` is seconds since the epoch, UTC. Moves no ref."""
    who, date = repository.identity, f"@{date_s} +0000"
    return commit_as(repository, tree, parents, message.encode(), author=(who.name, who.email, date), date=date,
                   is_signed=is_signed)  # fmt: skip


def commit_as(
    repository: Repository, tree: str, parents: Sequence[str], message: bytes, *,
    author: tuple[str, str, str], date: str, is_signed: bool,
) -> str:  # fmt: skip
    """Write a commit object; signed as the user's own config says, the only part of it that counts."""
    who = repository.identity
    roles = (("AUTHOR", author), ("COMMITTER", (who.name, who.email, date)))
    env = {
        f"GIT_{role}_{part}": value
        for role, values in roles
        for part, value in zip(("NAME", "EMAIL", "DATE"), values, strict=True)
    }
    if not is_signed:
        made = loose_objects.commit(
            repository, tree, parents, message, author=author, committer=(who.name, who.email, date)
        )  # fmt: skip
        if made:
            return _remembered(repository, made, tree)
    arguments = [word for parent in parents for word in ("-p", parent)]
    if not is_signed:
        done = command_line.call(repository, "commit-tree", tree, *arguments, "-F", "-", stdin=message, env=env)
    else:
        done = command_line.call(repository, "commit-tree", tree, *arguments, "-S", "-F", "-", stdin=message, env=env,
                            is_remote=True, timeout_s=SIGN_TIMEOUT_S)  # fmt: skip
    return _remembered(repository, done.stdout.decode().strip(), tree)


def _remembered(repository: Repository, made: str, tree: str) -> str:
    if len(tree) == len(made):  # an id, no name
        remembered.answer(repository, *_tree_of(made), ids=(made,), ask=lambda: f"{tree}\n".encode())
    return made


def commits(repository: Repository, names: Sequence[str]) -> tuple[Commit | None, ...]:
    """The commit that each name stands for, in one call; None where there is none. Raises GitError for torn ones."""
    known = [object_reader.named(repository, name, is_whole=True) for name in names[:_MOST_ASKED]]
    if len(known) == len(names) and None not in known:
        return tuple(_commit(one.id, one.data) if one.kind == "commit" else None for one in known if one)
    listing = "".join(f"{name}\n" for name in names).encode()
    data = command_line.call(repository, "cat-file", "--batch", stdin=listing).stdout
    found: list[Commit | None] = []
    place = 0
    while place < len(data):
        end = data.index(b"\n", place)
        words = data[place:end].decode("utf-8", "replace").split(" ")
        if words[-1] in ("missing", "ambiguous"):
            found.append(None)
            place = end + 1
            continue
        body, place = data[end + 1 : end + 1 + int(words[2])], end + 2 + int(words[2])
        found.append(_commit(words[0], body) if words[1] == "commit" else None)
    return tuple(found)


def _commit(id: str, body: bytes) -> Commit:
    head, _, message = body.decode("utf-8", "replace").partition("\n\n")
    parents = tuple(line[7:] for line in head.splitlines() if line.startswith("parent "))
    return Commit(id=id, parents=parents, message=message, head=head)


def update_refs(repository: Repository, updates: Sequence[RefUpdate], *, why: str) -> None:
    """Move several refs at once or none; raises GitError where one is not where it was expected.

    Raises StorageError where one is damaged.
    What they name, and what was made beside it apart, is the user's from then on.
    """
    if repository.objects:
        quarantine.keep(repository)
    ours = {one.ref: one.new for one in updates if one.new and not one.old and one.ref.startswith(layout.CHECKPOINTS)}
    if len(ours) == len(updates) and ref_writer.set_all(repository, ours):
        return
    lines = ["start"]
    for update in updates:
        old = "" if update.old is None else f" {update.old}"
        lines.append(f"delete {update.ref}{old}" if update.new is None else f"update {update.ref} {update.new}{old}")
    script = "\n".join([*lines, "prepare", "commit", ""])
    try:
        command_line.call(repository, "update-ref", "-m", why, "--stdin", stdin=script.encode())
    except GitError as error:
        damaged_refs.refuse(repository, str(error))
        raise


def refs(repository: Repository, prefix: str) -> dict[str, str]:
    """The refs below a prefix, with the ids that they hold."""
    lines = command_line.text(repository, "for-each-ref", "--format=%(objectname) %(refname)", prefix).splitlines()
    return {name: id for id, _, name in (line.partition(" ") for line in lines)}


def branches(repository: Repository, folder: str) -> tuple[str, ...]:
    """The names of the branch `folder` and of those below it."""
    found = command_line.text(repository, "for-each-ref", "--format=%(refname)", f"refs/heads/{folder}").splitlines()
    return tuple(name.removeprefix("refs/heads/") for name in found)


def write_patch(
    repository: Repository, old: str, new: str, output: IO[bytes], *, folder: str = "", but: Iterable[str] = ()
) -> None:
    """The diff of two trees as a patch that `git apply` takes, binary files included.

    `folder`, with a `/` at its end, is where the trees lie; `but` are paths that are left out.
    """
    left_out = [f":(top,exclude,literal){path}" for path in but]
    shown = ("-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv")
    prefixes = (f"--src-prefix=a/{folder}", f"--dst-prefix=b/{folder}")
    command_line.call(
        repository, "diff-tree", "-r", *shown, *prefixes, old, new, "--", *left_out, stdout=output, may_fetch=True
    )  # fmt: skip


def read_tree(repository: Repository, worktree: WorkTree, commit: str, *, keep_ignored: bool) -> None:
    """Make a work tree hold exactly a commit: changes undone, untracked files gone, ignored ones too unless kept."""
    command_line.call(repository, "read-tree", "--reset", "-u", commit, worktree=worktree, may_fetch=True)
    command_line.call(
        repository, "clean", "-ff", "-d", "--quiet", *(() if keep_ignored else ("-x",)), worktree=worktree
    )


def clean(repository: Repository, worktree: WorkTree, paths: Sequence[str]) -> None:
    """Delete what git does not track under those paths, ignored files included."""
    command_line.call(repository, "clean", "-ff", "-d", "-x", "--quiet", "--", *paths, worktree=worktree)


def write_tree(repository: Repository, worktree: WorkTree, *, most: int | None = None) -> str:
    """The tree of what lies in the work tree now, whatever its own `.git` says; raises GitError or StepError.

    `most` is how many bytes lie there, where that is known.
    """
    if most is None or most > sizes.MOST:
        sizes.require(repository, worktree)
    nested.disarm(repository, worktree)
    command_line.call(repository, "add", "--all", "--", ".", worktree=worktree)
    return command_line.text(repository, "write-tree", worktree=worktree).strip()


def nothing(repository: Repository) -> str:
    """The id that stands for no object."""
    return "0" * (64 if repository.format.objects == "sha256" else 40)


def empty_tree(repository: Repository) -> str:
    """The id of the tree without an entry, which is written."""
    return command_line.call(repository, "hash-object", "-w", "-t", "tree", "--stdin").stdout.decode().strip()


def _diff_tree(repository: Repository, old: str, new: str, pathspecs: Sequence[str]) -> bytes:
    words = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index", old, new, "--", *pathspecs)

    def ask() -> bytes:
        known = None if pathspecs else tree_diff.raw(repository, old, new)
        return command_line.call(repository, *words).stdout if known is None else known

    return remembered.answer(repository, *words, ids=(old, new), ask=ask)
