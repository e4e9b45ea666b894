"""Files that git's attributes change on their way into git although the step did not. It converts nothing itself.

A file whose blob in the base is not what its attributes demand (line ends, `ident`, an encoding) would be rewritten by
the next `git add`, though nobody touched it. A file that a filter such as Git LFS replaces by a pointer must not become
a commit without it, since our calls run no filters.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from splinter.git import command_line, staged
from splinter.git import commands as git
from splinter.git.command_line import Repository, WorkTree
from splinter.git.commands import RawChange

_CONVERTING = ("text", "eol", "ident", "working-tree-encoding")
_OFF = ("unspecified", "unset", "auto")
_FILE = ".gitattributes"
_POINTER = b"version https://git-lfs.github.com/spec/"


def restore_untouched(repository: Repository, tree: WorkTree, commit: str, now: str) -> str:
    """The tree `now` of a work tree put at `commit`, with the blobs back of files that hold what git put there."""
    changes = [change for change in git.diff(repository, commit, now) if change.status == "M" and _is_file(change)]
    converting = _attributes(repository, tree, [change.path for change in changes], _CONVERTING)
    untouched = [change for change in changes if change.path in converting and _is_as_put(repository, tree, change)]
    if not untouched:
        return now
    entries = b"".join(f"{one.new_mode} {one.old_blob}\t".encode() + os.fsencode(one.path) + b"\0" for one in untouched)
    command_line.call(repository, "update-index", "-z", "--index-info", worktree=tree, stdin=entries)
    return command_line.text(repository, "write-tree", worktree=tree).strip()


def without_pointer(repository: Repository, tree: WorkTree, changes: Sequence[RawChange]) -> tuple[str, ...]:
    """Added or changed files that attributes give to Git LFS and that are no pointers, as sentences."""
    files = {change.path: change for change in changes if change.status != "D" and _is_file(change)}
    kept = _attributes(repository, tree, list(files), ("filter",)) if files else {}
    own = [path for path, driver in kept.items() if driver == "lfs" and not _is_pointer(repository, files[path])]
    return tuple(f"{git.printable(path)} is kept by Git LFS and must be a pointer to be committed" for path in own)


def _is_file(change: RawChange) -> bool:
    return not (change.is_link or change.is_repository)


def _attributes(
    repository: Repository, tree: WorkTree, paths: Sequence[str], names: Sequence[str]
) -> dict[str, str]:  # fmt: skip
    """Those paths that have one of the attributes, with the last value."""
    if not _has_attributes(repository, tree, paths):
        return {}
    listing = b"\0".join(map(os.fsencode, paths)) + b"\0"
    output = command_line.call(repository, "check-attr", "-z", "--stdin", *names, worktree=tree, stdin=listing).stdout
    words = [os.fsdecode(word) for word in output.split(b"\0")]
    found = zip(words[0::3], words[2::3], strict=False)
    return {path: value for path, value in found if value not in _OFF}


def _has_attributes(repository: Repository, tree: WorkTree, paths: Sequence[str]) -> bool:
    """Whether a file of attributes stands in a folder above one of the paths, on disk or in the index.

    Our git directory has none, and no other of the user's or the system's counts.
    """
    folders = {folder for path in paths for folder in _above(path)}
    if any(os.path.lexists(tree.path / folder / _FILE) for folder in folders):
        return True
    staged_files = (one.path for one in staged.entries(repository, tree) if one.path.casefold().endswith(_FILE))
    return any(path.rpartition("/")[0] in folders for path in staged_files) if folders else False


def _above(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path


def _is_as_put(repository: Repository, tree: WorkTree, change: RawChange) -> bool:
    put = command_line.call(
        repository, "cat-file", "--filters", f"--path={change.path}", change.old_blob, worktree=tree
    ).stdout
    file = tree.path / change.path
    return file.stat().st_size == len(put) and file.read_bytes() == put


def _is_pointer(repository: Repository, change: RawChange) -> bool:
    size = int(command_line.text(repository, "cat-file", "-s", change.new_blob))
    if size == 0:
        return True  # git-lfs leaves an empty file as it is
    return size < 1024 and command_line.call(repository, "cat-file", "blob", change.new_blob).stdout.startswith(
        _POINTER
    )
