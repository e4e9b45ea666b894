"""Paired measurements: candidates run in turn in each round, then medians, ranges and ratios of medians as a table.

A command is started by a small launcher of its own, for the peak memory of a process counts what started it, too.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LAUNCHER = """import json, os, sys, time
out, *argv = sys.argv[1:]
there = [(os.POSIX_SPAWN_OPEN, 1, out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
began = time.perf_counter()
pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=there)
_, status, used = os.wait4(pid, 0)
took = time.perf_counter() - began
print(json.dumps([took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)]))
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One call: wall seconds, seconds of the processor (children's too), the largest process in MB, what it printed."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: str = ""


@dataclass(kw_only=True)
class Candidate:
    """A command at a place. `proves` judges what it said; `before` and `after` are not measured."""

    name: str
    argv: Sequence[str]
    cwd: Path
    environ: Mapping[str, str]
    before: Callable[[], object] = lambda: None
    proves: Callable[[str], bool] = lambda said: True
    after: Callable[[], object] = lambda: None
    samples: list[Sample] = field(default_factory=list)

    def run(self) -> Sample:
        """Once; ends the benchmark where it fails, or did something else than what is to be measured."""
        self.before()
        try:
            one = call(self.argv, self.cwd, self.environ)
        finally:
            self.after()
        if not self.proves(one.said):
            sys.exit(f"{self.name} did not do what is to be measured:\n{one.said[-3000:]}")
        self.samples.append(one)
        return one

    def median(self, of: str = "wall_s") -> float:
        """Of all its samples."""
        return float(statistics.median(getattr(one, of) for one in self.samples))


def call(argv: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> Sample:
    """Run a command to its end; ends the benchmark where it fails."""
    out = Path(environ["HOME"]) / "said"
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(out), *argv]
    done = subprocess.run(launcher, cwd=cwd, env=environ, check=True, stdout=subprocess.PIPE)
    wall_s, cpu_s, peak_mb, status = json.loads(done.stdout)
    said = out.read_text(errors="replace")
    if status:
        sys.exit(f"{' '.join(argv)[:300]} ended with {status}:\n{said[-3000:]}")
    return Sample(wall_s, cpu_s, peak_mb, said)


def in_turn(candidates: Sequence[Candidate], rounds: int, *, is_warm: bool = True) -> None:
    """Every candidate once in each round, so that a machine that is busy for a while is busy for all.

    `is_warm`: each runs once before that, which does not count.
    """
    if is_warm:
        for one in candidates:
            one.run()
            one.samples.clear()
    for number in range(rounds):
        for one in candidates:
            one.run()
        print(f"  round {number + 1} of {rounds}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a figure: at most `most`."""

    what: str
    found: float
    most: float
    unit: str = "times"

    def __str__(self) -> str:
        is_met = self.found <= self.most
        verdict = "met" if is_met else f"**missed** by {number(self.found - self.most)} {self.unit}".rstrip()
        most = f"{number(self.most)} {self.unit}".rstrip()
        return f"{self.what}: wanted at most {most}, found {number(self.found)}: {verdict}"


@dataclass(kw_only=True)
class Table:
    """A table as it is printed and written: its rows are texts, `points` are for a plot (name, x, y)."""

    title: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    points: list[tuple[str, float, float]] = field(default_factory=list)
    axes: tuple[str, str] = ("", "s")

    def markdown(self) -> str:
        """As it stands in a document."""
        lines = [f"| {' | '.join(row)} |" for row in (self.head, ["---", *["---:"] * (len(self.head) - 1)], *self.rows)]
        told = [*(f"- {one}" for one in self.wanted), *(f"- {one}" for one in self.notes)]
        return "\n".join([f"### {self.title}", "", *lines, *(["", *told] if told else []), ""])


COLUMNS = ("s, median", "from", "to", "CPU s", "peak MB")


def compared(title: str, candidates: Iterable[Candidate], *, to: Candidate, unit: str = "times") -> Table:
    """The table of candidates, with how many times the median of `to` each took."""
    table = Table(title=title, head=["", *COLUMNS, f"{unit} {to.name}"])
    for one in candidates:
        ratio = one.median() / to.median()
        table.rows.append([one.name, *figures(one), "" if one is to else f"{ratio:.2f}"])
    return table


def figures(one: Candidate) -> list[str]:
    """Those of COLUMNS."""
    walls = [sample.wall_s for sample in one.samples]
    peak = max(sample.peak_mb for sample in one.samples)
    return [*(f"{value:.3f}" for value in (one.median(), min(walls), max(walls), one.median("cpu_s"))), f"{peak:.0f}"]


def number(value: float) -> str:
    """With as many digits as say something."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
