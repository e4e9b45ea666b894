"""Many pairs of commits merged on trial by one process, and what says beforehand that two of them cannot conflict.

What a trial makes stays where the repository's new objects go: whoever wants nothing of it borrows a folder for that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from splinter.errors import GitError
from splinter.git import command_line, merge
from splinter.git.command_line import Repository

_TIMEOUT_S = 3600.0
_AT_ONCE = 500  # pairs of one process: who waits for the answers can be told to stop between
_ANY = (0, 1, 128, 129)  # of which the last is a git before 2.39, without `--stdin`
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What merging two commits comes to: a tree, or None and what conflicts; `problem` is why it cannot be done."""

    tree: str | None = None
    paths: tuple[str, ...] = ()
    problem: GitError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """The paths that the commits of a branch touch, with the folders they are in; `may_rename` if git may see a rename.

    It sees one where a path went and another came, which can meet a change of paths that neither names.
    """

    paths: frozenset[str]
    folders: frozenset[str]
    may_rename: bool

    def meets(self, other: Touched) -> bool:
        """Whether the two may conflict: a path of both, a file where the other has a folder, a rename."""
        return (
            self.may_rename
            or other.may_rename
            or not self.paths.isdisjoint(other.paths)
            or not self.paths.isdisjoint(other.folders)
            or not self.folders.isdisjoint(other.paths)
        )


def several(repository: Repository, pairs: Sequence[tuple[str, str]]) -> list[Trial]:
    """What each pair comes to, as `merge.merge_trees` says of one; nothing is written through to the disk."""
    found: list[Trial] = []
    while len(found) < len(pairs):
        left = pairs[len(found) : len(found) + _AT_ONCE]
        answers, is_known = _asked(repository, left)
        found += answers[: len(left)]
        rest = left[len(answers) :]
        found += [_alone(repository, *pair) for pair in (rest[:1] if is_known else rest)]  # what ended that process
    return found


def touched(repository: Repository, base: str, heads: Sequence[str]) -> dict[str, Touched]:
    """What the commits from a base to each head touch; a head that is no single line from there is left out.

    Of two heads on single lines from one base, whatever commit they parted at, that is all that a merge sees changed.
    """
    names = "".join([*(f"{head}\n" for head in dict.fromkeys(heads)), f"^{base}\n"]).encode()
    listing = command_line.call(repository, "rev-list", "--parents", "--stdin", stdin=names, timeout_s=_TIMEOUT_S)
    rows = (line.split(" ") for line in listing.stdout.decode().splitlines())
    parents = {commit: tuple(more) for commit, *more in rows}
    lines = {head: _line(head, base, parents) for head in heads}
    changes = _changes(repository, {commit: parents[commit][0] for line in lines.values() for commit in line or ()})
    return {
        head: _summed([change for commit in line for change in changes.get(commit, ())])
        for head, line in lines.items()
        if line is not None
    }


def _line(head: str, base: str, parents: Mapping[str, Sequence[str]]) -> list[str] | None:
    """The commits from a head to the base, None where they are no single line."""
    line, at = [], head
    while len(parents.get(at, ())) == 1:
        line.append(at)
        at = parents[at][0]
    return line if at == base else None


def _asked(repository: Repository, pairs: Sequence[tuple[str, str]]) -> tuple[list[Trial], bool]:
    """The answers of one process, which may end before the last, and whether git knows how to be asked so."""
    done = command_line.call(
        repository, "merge-tree", "--write-tree", "--stdin", "-z", "--name-only", "--no-messages",
        stdin="".join(f"{ours} {theirs}\n" for ours, theirs in pairs).encode(), ok=_ANY, timeout_s=_TIMEOUT_S,
        more_config=("core.fsync=none",),
    )  # fmt: skip
    words = iter(done.stdout.split(b"\0")[:-1])
    return list(_read(words)), done.exit_status != 129


def _read(words: Iterator[bytes]) -> Iterator[Trial]:
    """Each answer is a number, 1 for what merges, a tree, the paths that conflict, and an empty word."""
    for number in words:
        tree = next(words, b"")
        paths: list[str] = []
        for word in words:
            if not word:
                yield Trial(tree=tree.decode()) if number == b"1" else Trial(paths=tuple(paths))
                break
            paths.append(os.fsdecode(word))


def _alone(repository: Repository, ours: str, theirs: str) -> Trial:
    try:
        tree, paths = merge.merge_trees(repository, ours, theirs)
    except GitError as error:
        return Trial(problem=error)
    return Trial(tree=tree, paths=paths)


def _changes(repository: Repository, parents: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """The changes of commits against their one parent: status and path."""
    if not parents:
        return {}
    asked = "".join(f"{commit} {parent}\n" for commit, parent in parents.items()).encode()
    words = ("diff-tree", "--stdin", "-r", "-z", "--name-status", "--no-renames")
    said = command_line.call(repository, *words, stdin=asked, timeout_s=_TIMEOUT_S).stdout
    found: dict[str, list[tuple[str, str]]] = {}
    commit, parts = "", iter(os.fsdecode(said).split("\0")[:-1])
    for part in parts:
        if len(part) >= 40 and _HEX.issuperset(part):
            commit = part
        else:
            found.setdefault(commit, []).append((part, next(parts)))
    return found


def _summed(changes: Sequence[tuple[str, str]]) -> Touched:
    paths = frozenset(path for _, path in changes)
    folders = {path[:place] for path in paths for place, sign in enumerate(path) if sign == "/"}
    statuses = {status for status, _ in changes}
    return Touched(paths=paths, folders=frozenset(folders), may_rename={"A", "D"} <= statuses)
