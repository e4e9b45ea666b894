"""How long a work tree takes to be ready in a repository of many files, beside `git worktree add`.

In each round git makes a new work tree at a commit, and splinter brings the one of an earlier run to it, from a commit
that differs in a few files; each is then at the same tree. Both happen in this process.
"""

from __future__ import annotations

import shutil
import statistics
import time

from benchmarks.asked import Asked
from benchmarks.measure import Table
from benchmarks.project import Place

FILES = 50_000


def worktrees(asked: Asked) -> list[Table]:
    """The first work tree, and the same one for a later run."""
    from splinter.git import commands as git
    from splinter.git import user_repository, worktree

    [files] = asked.sizes(FILES, quick=[100])
    place = Place(asked.folder / "worktrees")
    commits = repository(place, files)
    opened = user_repository.open_repository(place.project, place.environ)
    ours: list[float] = []
    theirs: list[float] = []
    first: list[float] = []
    for number in range(asked.rounds(5)):
        commit, added = commits[(number + 1) % 2], place.root / f"added-{number}"
        began = time.monotonic()
        place.git("worktree", "add", "--quiet", "--detach", str(added), commit)
        theirs.append(time.monotonic() - began)
        shutil.rmtree(added)
        tree = worktree.locate(place.root / "state", f"w{number}")
        worktree.ensure(opened, tree, ())
        for taken, at in ((first, commits[number % 2]), (ours, commit)):
            began = time.monotonic()
            worktree.place(opened, tree, at)
            taken.append(time.monotonic() - began)
        assert worktree.measure(opened, tree) == git.tree_of(opened, commit)
        worktree.remove(tree)
    return [_told(files, {"`git worktree add`": theirs, "splinter, the first time": first, "from then on": ours})]


def repository(place: Place, files: int) -> tuple[str, str]:
    """Two commits, the second of which changes ten files."""
    place.make()
    place.add_files(files)
    first = place.git("rev-parse", "HEAD")
    for number in range(10):
        (place.project / place.file(number)).write_text("changed\n")
    place.git("commit", "--quiet", "--all", "-m", "two")
    return first, place.git("rev-parse", "HEAD")


def _told(files: int, taken: dict[str, list[float]]) -> Table:
    table = Table(title=f"A work tree of {files:,} files", head=["", "s, median", "from", "to", "times git"])
    git_s = statistics.median(taken["`git worktree add`"])
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        figures = [f"{one:.3f}" for one in (median, min(seconds), max(seconds))]
        table.rows.append([name, *figures, f"{median / git_s:.3f}"])
    table.notes.append("From then on: the base has another commit, which differs in ten files.")
    return table
