"""How long a worktree takes to be ready in a repository of many files, beside `git worktree add`.

    python benchmarks/worktrees.py [--files 50000] [--rounds 5]

In each round: git makes a new worktree at a commit, and splinter brings the one of an earlier run to it, from a commit
that differs in a few files; each is then at the same tree. Ratios are of the medians of one run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from splinter.git import commands as git
from splinter.git import user_repository, worktree

WHO = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER")
       for part, value in (("NAME", "Bench"), ("EMAIL", "bench@example.org"))}  # fmt: skip


def repository(root: Path, files: int) -> tuple[str, str]:
    """Two commits, the second of which changes ten files."""

    def call(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=root, env={**os.environ, **WHO}, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    root.mkdir()
    call("init", "--quiet", "--initial-branch=main")
    for number in range(files):
        file = root / f"d{number % 500}" / f"f{number}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{number}\n" * 20)
    call("add", "--all")
    call("commit", "--quiet", "-m", "one")
    first = call("rev-parse", "HEAD")
    for number in range(10):
        (root / f"d{number}" / f"f{number}.txt").write_text("changed\n")
    call("commit", "--quiet", "--all", "-m", "two")
    return first, call("rev-parse", "HEAD")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=50_000)
    options.add_argument("--rounds", type=int, default=5)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="splinter-bench-") as name:
        folder = Path(name).resolve()
        commits = repository(folder / "project", asked.files)
        opened = user_repository.open_repository(folder / "project", dict(os.environ))
        tree = worktree.locate(folder / "state", "w")
        worktree.ensure(opened, tree, ())
        began = time.monotonic()
        worktree.place(opened, tree, commits[0], keep_ignored=True)
        new = time.monotonic() - began
        ours, theirs = [], []
        for number in range(asked.rounds):
            commit, added = commits[(number + 1) % 2], folder / f"added-{number}"
            began = time.monotonic()
            subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(added), commit],
                           cwd=folder / "project", check=True)  # fmt: skip
            theirs.append(time.monotonic() - began)
            shutil.rmtree(added)
            began = time.monotonic()
            worktree.place(opened, tree, commit, keep_ignored=True)
            ours.append(time.monotonic() - began)
            assert worktree.measure(opened, tree) == git.tree_of(opened, commit)
    mine, added_s = statistics.median(ours), statistics.median(theirs)
    print(f"{asked.files:,} files, ten of them different, {asked.rounds} rounds, medians")
    print(f"git worktree add          {added_s:6.2f} s   ({min(theirs):.2f} to {max(theirs):.2f})")
    print(f"splinter, the first time  {new:6.2f} s")
    print(f"splinter, from then on    {mine:6.2f} s   ({min(ours):.2f} to {max(ours):.2f})")
    print(f"ratio                     {mine / added_s:6.3f}")


if __name__ == "__main__":
    main()
