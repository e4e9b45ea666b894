"""How time, memory, disk, refs and objects grow: with workstreams, with past runs, with the files of the repository.

The last column of a sweep says how steep it is between its two largest sizes: 1 is linear, 2 is quadratic.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.asked import Asked
from benchmarks.end_to_end import names
from benchmarks.measure import Candidate, Table, Wanted, in_turn, number
from benchmarks.nothing import doit, ran_nothing
from benchmarks.project import Place

LINEAR = 1.1  # how steep at the most; noise is no growth
SMALL_S = 1.0  # what takes less than this at its largest does not grow in a way that anybody feels
LOOSE, TREES = "of them loose", "work trees and the like, MB"

Measured = dict[str, float]


def growth(asked: Asked) -> list[Table]:
    """All sweeps."""
    sweeps = (_known, _worked, _conflicting, _runs, _past_runs, _backups, _files)
    return [sweep(asked) for sweep in sweeps]


def _known(asked: Asked) -> Table:
    """Workstreams that are up to date."""

    def measured(count: int) -> Measured:
        place = asked.world(count)
        found = _timed(asked, {"`doit`, nothing due": doit("", place, proves=ran_nothing),
                               "`doit list`": doit("", place, "list")})  # fmt: skip
        return {**found, **_weighed(place)}

    return _swept("Growth with workstreams that are up to date", "workstreams",
                  asked.sizes(10, 100, 1_000, 10_000, quick=(2, 3)), measured)  # fmt: skip


def _worked(asked: Asked) -> Table:
    """A first run of workstreams of one step and one check, with its proposals, rehearsal and report."""

    def measured(count: int) -> Measured:
        place = Place(asked.folder / "growth")
        place.make()
        place.add(names(count), ["write"])
        run = doit("", place, "-n", "4", proves=lambda said: f": {count} changed" in said)
        found = _timed(asked, {"`doit -n 4`, first run": run}, rounds=1)
        return {**found, **_weighed(place)}

    sizes = asked.sizes(10, 30, 100, 300, quick=(2, 3))
    table = _swept("Growth with workstreams that run", "workstreams", sizes, measured)
    loose = next(row for row in table.rows if row[0] == LOOSE)[-2]
    table.wanted.append(Wanted("Refs that the largest run leaves loose", float(loose.replace(",", "")), 10, "refs"))
    return table


def _conflicting(asked: Asked) -> Table:
    """Workstreams that all change the same line, rehearsed together."""

    def measured(count: int) -> Measured:
        place = Place(asked.folder / "growth")
        place.make()
        (place.project / "one.txt").write_text("before\n")
        for name in names(count):
            text = f"id: w{name}\ntitle: Number {name}\nsteps: [{{id: write, run: echo {name} > one.txt}}]\n"
            (place.project / f"workstreams/w{name}.yaml").write_text(text)
        place.add([])
        place.doit("run", "-n", "4", "workstreams")
        before = _weighed(place)["loose objects"]
        found = _timed(asked, {"`doit rehearse`": doit("", place, "run", "rehearse")}, rounds=1)
        return {**found, "objects more": _weighed(place)["loose objects"] - before}

    sizes = asked.sizes(25, 50, 100, quick=(2, 3))
    return _swept("Growth with branches that conflict with each other", "branches", sizes, measured)


def _runs(asked: Asked) -> Table:
    """One project that runs again and again, each time with other results."""
    place, past = Place(asked.folder / "runs"), 0
    place.make()
    place.add(names(3), ["write"])

    def measured(runs: int) -> Measured:
        nonlocal past
        for again in range(past + 1, runs):
            _edit(place, again)
            place.doit()
        _edit(place, runs)
        found = _timed(asked, {"`doit`, the last of them": doit("", place)}, rounds=1)
        past = runs
        return {**found, **_weighed(place)}

    sizes = asked.sizes(4, 8, 16, 32, quick=(1, 2))
    return _swept("Growth with runs of three workstreams, made for real", "runs", sizes, measured)


def _edit(place: Place, number: int) -> None:
    for file in (place.project / "workstreams").iterdir():
        head, mark, rest = file.read_text().partition("echo ")
        file.write_text(f"{head}{mark}{number}{rest[rest.index(' >>') :]}")


def _past_runs(asked: Asked) -> Table:
    """Ten workstreams with a long history."""

    def measured(runs: int) -> Measured:
        count = min(10, max(asked.sizes(10)))
        place = asked.world(count, runs)
        found = _timed(asked, {"`doit`, nothing due": doit("", place, proves=ran_nothing),
                               "`doit history`": doit("", place, "history")})  # fmt: skip
        again = doit("", place, "-a", "w00000", proves=lambda said: "w00000:accept" in said)
        return {**found, **_timed(asked, {"`doit -a` of one": again}), **_weighed(place)}

    sizes = asked.sizes(10, 100, 1_000, 10_000, quick=(2, 20))
    return _swept("Growth with past runs of ten workstreams", "past runs", sizes, measured)


def _backups(asked: Asked) -> Table:
    """Old commits that nothing else holds, which `doit gc` looks at and never removes."""

    def measured(count: int) -> Measured:
        place = Place(asked.folder / "growth")
        place.make()
        place.add(names(1), ["write"])
        main, lines = place.git("rev-parse", "main"), []
        for at in range(count):
            lines.append(f"commit refs/splinter/backups/w000/20240101-000000-{at:04x}")
            lines.append(f"committer splinter <splinter@localhost> 1704067200 +0000\ndata 0\nfrom {main}")
            lines.append(f"M 644 inline out/{at}.txt\ndata 1\n1\n")
        place.git("fast-import", "--quiet", given="\n".join([*lines, ""]).encode())
        gc = doit("", place, "gc", proves=lambda said: count == _held(place))
        return _timed(asked, {"`doit gc`": gc})

    return _swept("Growth with backups of commits that are in no branch", "backups",
                  asked.sizes(20, 200, 2_000, quick=(2, 3)), measured)  # fmt: skip


def _held(place: Place) -> int:
    return len(place.git("for-each-ref", "--format=x", "refs/splinter/backups").split())


def _files(asked: Asked) -> Table:
    """Three workstreams in repositories of many files."""

    place = Place(asked.folder / "growth")

    def made(files: int, when: str) -> None:
        place.make()
        place.add_files(files)
        place.add(names(3), ["write"], when)

    def measured(files: int) -> Measured:
        made(files, "weekly")
        run = doit("", place, proves=lambda said: ": 3 changed" in said)
        found = _timed(asked, {"`doit`, first run of 3": run}, rounds=1)
        again = _timed(asked, {"`doit`, nothing due": doit("", place, proves=ran_nothing)})
        weighed = _weighed(place)
        made(files, "once")
        place.doit()
        once = {"work trees and the like of `when: once`, MB": _weighed(place)[TREES]}
        return {**found, **again, **weighed, **once}

    sizes = asked.sizes(100, 1_000, 10_000, 50_000, quick=(10, 30))
    return _swept("Growth with the repository's files", "files", sizes, measured)


def _timed(asked: Asked, wanted: Mapping[str, Candidate], rounds: int = 3) -> Measured:
    """The median of each, and the peak of memory of all."""
    in_turn(list(wanted.values()), asked.rounds(rounds), is_warm=rounds > 1)
    seconds = {f"{name}, s": one.median() for name, one in wanted.items()}
    first, one = next(iter(wanted.items()))
    return {**seconds, f"{first}, peak MB": max(sample.peak_mb for sample in one.samples)}


def _weighed(place: Place) -> Measured:
    """Disk, refs and objects, once git counts what it has."""
    said = dict(line.split(": ") for line in place.git("count-objects", "-v").splitlines())
    refs = len(place.git("for-each-ref", "--format=x").split())
    loose = sum(file.is_file() for file in (place.project / ".git/refs").rglob("*"))
    return {
        "`.git`, MB": _bytes(place.project / ".git") / 1e6,
        "databases and logs, MB": (_bytes(place.project / ".splinter") + _bytes(place.project / ".doit.db")) / 1e6,
        TREES: _bytes(place.root / "state") / 1e6,
        "refs": refs,
        LOOSE: loose,
        "loose objects": int(said["count"]),
        "packed objects": int(said["in-pack"]),
    }


def _bytes(path: Path) -> float:
    """What it takes on the disk; what is linked twice counts once."""
    found = {(stat.st_dev, stat.st_ino): stat.st_blocks * 512
             for file in (path, *path.rglob("*")) if (stat := file.lstat())} if path.exists() else {}  # fmt: skip
    return float(sum(found.values()))


def _swept(title: str, what: str, sizes: tuple[int, ...], measured: Callable[[int], Measured]) -> Table:
    """A row for each figure, a column for each size."""
    found = {}
    for size in sizes:
        print(f"  {size:,} {what}", file=sys.stderr, flush=True)
        found[size] = measured(size)
    table = Table(title=title, head=[what, *(f"{size:,}" for size in sizes), "steep"], axes=(what, "seconds"))
    for name in found[sizes[0]]:
        row = [found[size][name] for size in sizes]
        slope = _steep(sizes[-2:], row[-2:])
        table.rows.append([name, *map(number, row), f"{slope:.2f}"])
        if name.endswith(", s"):
            table.points += [(name.removesuffix(", s").replace("`", ""), size, found[size][name]) for size in sizes]
            is_felt = row[-1] >= SMALL_S
            note = "" if is_felt else f" (all within {SMALL_S:g} s)"
            table.wanted.append(Wanted(f"{name.removesuffix(', s')}, how steep{note}", slope, LINEAR, ""))
        elif row[-1] >= 100:
            table.wanted.append(Wanted(f"{name}, how steep", slope, LINEAR, ""))
    table.notes.append("Steep: the power of the size that a figure grows with, between the two largest; 1 is linear.")
    return table


def _steep(sizes: tuple[int, ...], values: list[float]) -> float:
    """The power of the size that the value grows with."""
    if min(values) <= 0:
        return 0.0
    return math.log(values[1] / values[0]) / math.log(sizes[1] / sizes[0])
