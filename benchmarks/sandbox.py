"""What the sandbox adds to a command, and to a run of trivial steps: the same without and with it, in turn."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.asked import Asked
from benchmarks.measure import Candidate, Table, compared, in_turn
from benchmarks.nothing import doit
from benchmarks.project import Place

STEPS = 20


def sandbox(asked: Asked) -> list[Table]:
    """Of one command, then of a run."""
    tried = ["bwrap", "--ro-bind", "/", "/", "true"]
    if not shutil.which("bwrap") or subprocess.run(tried, check=False, capture_output=True).returncode:
        return [Table(title="The sandbox", head=["", ""], notes=["It is not measured: bubblewrap does not work here."])]
    return [_of_commands(asked), _of_runs(asked)]


def _of_commands(asked: Asked) -> Table:
    """`true` alone, as bubblewrap is called for a step."""
    from splinter.system import bubblewrap
    from splinter.system.bubblewrap import Fence

    place = asked.plain("sandbox")
    for part in ("private", "tmp", "work"):
        (place.root / part).mkdir(exist_ok=True)
    work = place.root / "work"
    fence = Fence(
        program=str(shutil.which("bwrap")),
        home=Path.home(), private_home=place.root / "private", temporary=place.root / "tmp", writes=(work,),
        reads=(Path(sys.base_prefix),),
    )  # fmt: skip
    environ = {"PATH": os.environ["PATH"], "HOME": place.environ["HOME"]}
    plain = Candidate(name="`true`", argv=["true"], cwd=work, environ=environ)
    argv = bubblewrap.wrapped(("true",), fence, folder=work)
    fenced = Candidate(name="`true` in the sandbox", argv=argv, cwd=work, environ=environ)
    in_turn([plain, fenced], asked.rounds(100))
    return _with_added(compared("A command in the sandbox", [plain, fenced], to=plain), plain, fenced)


def _of_runs(asked: Asked) -> Table:
    """One workstream of trivial steps, run whole; without the sandbox the checkout is looked after instead."""
    place = Place(asked.folder / "sandbox-run")
    place.make()
    lines = [f"  - {{id: s{number}, run: 'true'}}" for number in range(STEPS)]
    text = "\n".join(["id: w", "title: Trivial", "steps:", *lines, ""])
    (place.project / "workstreams/w.yaml").write_text(text)
    place.add([])
    both = []
    for name in ("off", "bubblewrap"):
        one = doit(f'{STEPS} steps `true`, `sandbox = "{name}"`', place, "run", "-a", "w")
        one.environ = {**place.environ, "SPLINTER_SANDBOX": name}
        both.append(one)
    in_turn(both, asked.rounds(5))
    return _with_added(compared("A run in the sandbox", both, to=both[0]), *both)


def _with_added(table: Table, without: Candidate, within: Candidate) -> Table:
    pairs = zip(without.samples, within.samples, strict=True)
    added = [(second.wall_s - first.wall_s) * 1000 for first, second in pairs]
    table.notes.append(f"Median of what each pair differs by: {statistics.median(added):.1f} ms.")
    return table
