"""40 workstreams in 1, 2 and 4 shards: whether all branches hold the same trees, and how long each night takes.

Each shard runs in a fresh clone that took the packed state, as a job does, and one after the other, so that each has
this machine for itself as it would have its own. A night is its plan, its longest shard, and the gathering; the ideal
is that of the first number of shards, with what the shards took divided and plan and gathering as they were. A
workstream waits, as for an agent, then hashes (its share of work differs by its number) and writes what came of it;
every tenth builds on the one before it. Plans know the durations of the first night.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.asked import Asked
from benchmarks.measure import Table, Wanted
from benchmarks.project import CONFIG, DODO

PACKAGE = Path(__file__).resolve().parent.parent
COUNT, WAIT_S = 40, 1.0
ROUNDS = 60_000  # of hashing, for the shortest
DAYS = ("2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28")


@dataclass(frozen=True, kw_only=True)
class Night:
    """How long the parts of a night took, in seconds, and the trees of its branches."""

    shards: int
    plan_s: float
    shards_s: tuple[float, ...]
    gather_s: float
    trees: dict[str, str]

    @property
    def whole_s(self) -> float:
        return self.plan_s + max(self.shards_s) + self.gather_s


class Place:
    """A folder with a remote, and clones of it in which doit is called."""

    def __init__(self, folder: Path, workstreams: int, wait_s: float) -> None:
        self.folder, self.origin = folder, folder / "origin.git"
        self.env = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "XDG_CACHE_HOME": str(folder / "cache")}
        self.env |= {"PYTHONPATH": str(PACKAGE), "GIT_CONFIG_GLOBAL": str(folder / "config")}
        (folder / "config").write_text("[user]\nname = bench\nemail = bench@localhost\n[init]\ndefaultBranch = main\n")
        root = folder / "user"
        (root / "workstreams").mkdir(parents=True)
        (root / "dodo.py").write_text(DODO)
        (root / "doit.cfg").write_bytes(CONFIG.read_bytes())
        (root / "splinter.toml").write_text('sandbox = "off"\n')
        for number in range(workstreams):
            (root / f"workstreams/w{number:03}.json").write_text(workstream(number, wait_s))
        self.git(root, "init", "-q")
        self.git(root, "add", "--all")
        self.git(root, "commit", "-q", "-m", "begin")
        self.git(folder, "clone", "-q", "--bare", str(root), str(self.origin))

    def git(self, where: Path, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=where, env=self.env, capture_output=True, text=True, check=True)
        return done.stdout

    def clone(self, name: str) -> Path:
        self.git(self.folder, "clone", "-q", str(self.origin), name)
        return self.folder / name

    def doit(self, where: Path, day: str, *words: str) -> float:
        """Call doit, and say how long it took."""
        env, began = {**self.env, "SPLINTER_NOW": f"{day}T02:00:00+00:00"}, time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "doit", *words], cwd=where, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(
                f"doit {' '.join(words)} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )
        return time.monotonic() - began


def workstream(number: int, wait_s: float) -> str:
    """One that waits, hashes for a while, by its number, and writes the last hash."""
    name, rounds = f"w{number:03}", ROUNDS * (1 + number * number % 7)
    work = f"""import hashlib, time
time.sleep({wait_s})
d = b'{number}'
for _ in range({rounds}):
    d = hashlib.sha256(d).digest()
open('{name}', 'w').write(d.hex())"""
    below = [f"w{number - 1:03}"] if number % 10 == 9 else []
    step = {"id": "go", "run": [sys.executable, "-c", work]}
    return json.dumps(
        {"id": name, "title": f"Work number {number}", "when": "daily", "depends_on": below, "steps": [step]}
    )


def night(place: Place, planner: Path, day: str, shards: int) -> Night:
    given = place.folder / f"night-of-{shards}"
    file = str(given / "plan.json")
    plan_s = place.doit(planner, day, "plan", "--write", file, "--shards", str(shards))
    plan_s += place.doit(planner, day, "pack", str(given))
    folders, seconds = [], []
    for shard in range(1, shards + 1):
        root, made = place.clone(f"of{shards}-{shard}"), str(place.folder / f"made{shards}-{shard}")
        took_s = place.doit(root, day, "unpack", str(given))
        took_s += place.doit(root, day, "run", "--plan", file, "--shard", f"{shard}/{shards}", "workstreams")
        seconds.append(took_s + place.doit(root, day, "pack", "--plan", file, made))
        folders.append(made)
    gathered = planner if planner.name == "gathered-first" else place.clone(f"gathered-{shards}")
    gather_s = 0.0 if gathered == planner else place.doit(gathered, day, "unpack", str(given))
    gather_s += place.doit(gathered, day, "gather", "--plan", file, *folders)
    form = "--format=%(refname:short) %(tree)"
    lines = place.git(gathered, "for-each-ref", form, "refs/heads/splinter").splitlines()
    return Night(shards=shards, plan_s=plan_s, shards_s=tuple(seconds), gather_s=gather_s,
                 trees=dict(line.split() for line in lines))  # fmt: skip


def shards(asked: Asked) -> list[Table]:
    """A night in each number of shards, one after the other."""
    [count] = asked.sizes(COUNT, quick=[4])
    numbers = asked.sizes(1, 2, 4, quick=(1, 2))
    (asked.folder / "shards").mkdir()
    place = Place(asked.folder / "shards", count, 0.1 if asked.is_quick else WAIT_S)
    planner, nights = place.clone("gathered-first"), list[Night]()
    for day, number in zip(DAYS, numbers, strict=False):
        nights.append(night(place, planner, day, number))
        print(f"  {number} shards: {nights[-1].whole_s:.1f} s", file=sys.stderr, flush=True)
        if len(nights) == 1:  # later plans know what the first night took, and nothing that came after it
            planner = planner.rename(planner.with_name("planner"))
    return [_told(nights, count)]


def _told(nights: list[Night], count: int) -> Table:
    first = nights[0]
    head = ["shards", "plan, s", "each shard, s", "gather, s", "night, s", "ideal, s", "trees of branches"]
    table = Table(title=f"A night of {count} workstreams in shards", head=head)
    for one in nights:
        each = ", ".join(f"{seconds:.1f}" for seconds in one.shards_s)
        ideal_s = first.plan_s + first.gather_s + max(first.shards_s) / one.shards
        trees = f"{len(one.trees)}, the same" if one.trees == first.trees else "OTHERS"
        figures = [f"{value:.1f}" for value in (one.gather_s, one.whole_s, ideal_s)]
        table.rows.append([str(one.shards), f"{one.plan_s:.1f}", each, *figures, trees])
    differ = sum(one.trees != first.trees or len(one.trees) != count for one in nights)
    table.wanted.append(Wanted("Nights whose branches hold other trees", differ, 0, "nights"))
    return table
