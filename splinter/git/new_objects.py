"""What a commit brings that others do not hold: its commits, how large its files are, what git's own rules say of it.

It reads the repository, and writes nothing there but what it takes in.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from splinter.errors import GitError
from splinter.git import command_line, users_config
from splinter.git.command_line import Repository

_TIMEOUT_S = 300.0


def commits(repository: Repository, commit: str, known: Sequence[str], *, most: int) -> tuple[str, ...]:
    """The commits that `commit` contains and none of `known` does, the newest first; no more than `most`."""
    names = _names(commit, known)
    words = ("rev-list", "--topo-order", f"--max-count={most}", "--stdin")
    return tuple(command_line.call(repository, *words, stdin=names, timeout_s=_TIMEOUT_S).stdout.decode().split())


def largest(repository: Repository, commit: str, known: Sequence[str]) -> tuple[int, int]:
    """The bytes of the largest new object, and of all of them; raises GitError where one is missing."""
    listing = command_line.call(repository, "rev-list", "--objects", "--no-object-names", "--stdin",
                                stdin=_names(commit, known), timeout_s=_TIMEOUT_S).stdout  # fmt: skip
    form = "--batch-check=%(objectsize)"
    sizes = command_line.call(repository, "cat-file", form, stdin=listing, timeout_s=_TIMEOUT_S).stdout.split(b"\n")
    numbers = [int(size) for size in sizes if size.isdigit()]
    return max(numbers, default=0), sum(numbers)


def refuse_unsound(repository: Repository, commit: str, known: Sequence[str]) -> None:
    """Raise GitError where `git fsck` would report what is new, or it is not all there."""
    with tempfile.TemporaryDirectory(prefix="splinter-") as folder:
        pack = Path(folder) / "new.pack"
        with pack.open("wb") as output:  # git itself would write it beside its objects, and a rename stays on one disk
            command_line.call(repository, "pack-objects", "--revs", "--quiet", "--stdout",
                              stdin=_names(commit, known), stdout=output, timeout_s=_TIMEOUT_S)  # fmt: skip
        _index(repository, pack)


def take_in(repository: Repository, pack: Path, folder: Path) -> None:
    """Move a pack into a folder of packs, by the ids of what it really holds; raises GitError as above."""
    name = _index(repository, pack)
    for suffix in (".pack", ".rev", ".idx"):  # git looks for the last, and finds the others
        file = pack.with_suffix(suffix)
        if file.exists():
            file.chmod(file.stat().st_mode & 0o444)
            file.rename(folder / f"pack-{name}{suffix}")


def _index(repository: Repository, pack: Path) -> str:
    """Index a pack; returns its name."""
    # a partial clone need not hold what new trees share with others: each such object would be fetched by itself
    rules = "--fsck-objects" if users_config.promising(repository.reaching) else "--strict"
    words = (rules, "-o", str(pack.with_suffix(".idx")), str(pack))
    done = command_line.call(repository, "index-pack", *words, timeout_s=_TIMEOUT_S)
    return done.stdout.decode().split()[-1]


def _names(commit: str, known: Sequence[str]) -> bytes:
    """What `--stdin` takes: ids alone, so that nothing handed over is taken for an option."""
    ids = (commit, *known)
    if not all(set(id) <= set("0123456789abcdef") for id in ids):
        raise GitError("a commit is named by something that is no id")
    return "\n".join((commit, *(f"^{id}" for id in known))).encode() + b"\n"
