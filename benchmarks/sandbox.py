"""What the sandbox adds to a command, and to a run of trivial steps: the same without and with it, in turn.

    python benchmarks/sandbox.py [--rounds 200] [--nights 8] [--steps 20]

The figure to quote is the median of the pairs' differences.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from splinter.system import bubblewrap
from splinter.system.bubblewrap import Fence


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--nights", type=int, default=8)
    options.add_argument("--steps", type=int, default=20)
    asked = options.parse_args()
    of_commands(asked.rounds)
    of_runs(asked.nights, asked.steps)


def of_commands(rounds: int) -> None:
    """`true` alone, as bubblewrap is called for a step."""
    with tempfile.TemporaryDirectory(prefix="splinter-bench-") as name:
        folder = Path(name)
        for part in ("home", "tmp", "work"):
            (folder / part).mkdir()
        fence = Fence(
            home=Path.home(), private_home=folder / "home", temporary=folder / "tmp", writes=(folder / "work",),
            reads=(Path(sys.base_prefix),),
        )  # fmt: skip
        env = {"PATH": os.environ["PATH"], "HOME": str(Path.home())}

        def seconds(argv: tuple[str, ...]) -> float:
            began = time.perf_counter()
            subprocess.run(argv, cwd=folder / "work", env=env, check=True)
            return time.perf_counter() - began

        plain, fenced = ("true",), bubblewrap.wrapped(("true",), fence)
        seconds(plain), seconds(fenced)
        pairs = [(seconds(plain), seconds(fenced)) for _ in range(rounds)]
    told(f"`true`, {rounds} pairs", pairs)


def of_runs(nights: int, steps: int) -> None:
    """One workstream of trivial steps, run whole; without the sandbox the checkout is looked after instead."""
    with tempfile.TemporaryDirectory(prefix="splinter-bench-") as name:
        root, state = Path(name) / "project", Path(name) / "state"
        (root / "workstreams").mkdir(parents=True)
        (root / "dodo.py").write_text("from splinter.dodo import DOIT_CONFIG, task_splinter  # noqa: F401\n")
        lines = [f"  - {{id: s{number}, run: 'true'}}" for number in range(steps)]
        (root / "workstreams/w.yaml").write_text("\n".join(["id: w", "title: Trivial", "steps:", *lines, ""]))
        who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
        for words in (("init", "-q", "-b", "main"), ("add", "."), (*who, "commit", "-q", "-m", "begin")):
            subprocess.run(["git", *words], cwd=root, check=True)

        def seconds(sandbox: str) -> float:
            env = {**os.environ, "SPLINTER_SANDBOX": sandbox, "XDG_STATE_HOME": str(state)}
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "doit", "-a", "w"], cwd=root, env=env, check=True, capture_output=True
            )
            return time.perf_counter() - began

        seconds("off"), seconds("bubblewrap")
        pairs = [(seconds("off"), seconds("bubblewrap")) for _ in range(nights)]
    told(f"{steps} steps `true` in one run, {nights} pairs", pairs)


def told(what: str, pairs: list[tuple[float, float]]) -> None:
    """Medians, and the median of what the second adds to the first."""
    without, within = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
    added = [(second - first) * 1000 for first, second in pairs]
    quarters = statistics.quantiles(added, n=4)
    print(f"{what}, medians: {without:.1f} ms without, {within:.1f} ms within the sandbox")
    print(f"added: {quarters[1]:.1f} ms (half of the pairs between {quarters[0]:.1f} and {quarters[2]:.1f})")


if __name__ == "__main__":
    main()
