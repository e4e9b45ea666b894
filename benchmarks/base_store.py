"""What the store that work trees read costs: its disk, the time of its first build, and of the next night's.

    python benchmarks/base_store.py [--megabytes 1000] [--packed]

A repository of random blobs of 100 KB is the worst case: nothing in it can be compressed. Figures are of the store
alone (`base_store.hold`), the second one for a new base with one further megabyte; a copy of the same bytes by `cp`
says what the disk can do.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from splinter.git import base_store, user_repository
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.system import disk

_MB = 1_000_000
_BLOB = 100_000


def main() -> None:
    """Make the repository, measure, print a line for each figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--packed", action="store_true", help="repack the repository first, as a clone is")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "repository"
        os.environ["XDG_STATE_HOME"] = str(Path(name) / "state")
        _commit(root, asked.megabytes, is_new=True)
        if asked.packed:
            _git(root, "repack", "-adq", "--window=0")
        repository = user_repository.open_repository(root, dict(os.environ))
        objects = disk.measure([root / ".git/objects"]).bytes
        copied = _seconds(lambda: shutil.copytree(root / ".git/objects", Path(name) / "copy"))
        shutil.rmtree(Path(name) / "copy")
        print(f"objects of the repository: {objects / _MB:.0f} MB; a copy of them: {copied:.1f} s")
        _night(repository, "first build")
        _commit(root, 1, is_new=False)
        _night(repository, "next night, 1 MB more")
        _night(repository, "the same base again")


def _night(repository: Repository, what: str) -> None:
    base = git.resolve(repository, "refs/heads/main")
    assert base
    before = disk.measure([base_store.place(repository)]).bytes
    took = _seconds(lambda: base_store.hold(repository, base))
    now = disk.measure([base_store.place(repository)]).bytes
    print(f"{what}: {took:.2f} s, {(now - before) / _MB:.1f} MB more, {now / _MB:.0f} MB in all")


def _commit(root: Path, megabytes: int, *, is_new: bool) -> None:
    if is_new:
        root.mkdir()
        _git(root, "init", "--quiet", "--initial-branch=main")
    for number in range(megabytes * _MB // _BLOB):
        file = root / f"{'first' if is_new else 'more'}/{number // 100}/{number}.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(_BLOB))
    _git(root, "-c", "core.compression=0", "add", "--all")
    _git(root, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "random")


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(root), *words], check=True)


if __name__ == "__main__":
    main()
