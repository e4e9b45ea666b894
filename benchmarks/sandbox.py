"""What the sandbox adds to a command: the same command without and with it, in turn.

    python benchmarks/sandbox.py [--rounds 200]

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
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="splinter-bench-") as name:
        folder = Path(name)
        for part in ("home", "work"):
            (folder / part).mkdir()
        fence = Fence(
            home=Path.home(), private_home=folder / "home", writes=(folder / "work",), reads=(Path(sys.base_prefix),),
            has_network=False,
        )  # fmt: skip
        env = {"PATH": os.environ["PATH"], "HOME": str(Path.home())}

        def seconds(argv: tuple[str, ...]) -> float:
            began = time.perf_counter()
            subprocess.run(argv, cwd=folder / "work", env=env, check=True)
            return time.perf_counter() - began

        plain, fenced = ("true",), bubblewrap.wrapped(("true",), fence)
        seconds(plain), seconds(fenced)
        pairs = [(seconds(plain), seconds(fenced)) for _ in range(asked.rounds)]
    without, within = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
    added = [(second - first) * 1000 for first, second in pairs]
    quarters = statistics.quantiles(added, n=4)
    print(f"`true`, {asked.rounds} pairs, medians: {without:.1f} ms without, {within:.1f} ms within the sandbox")
    print(f"added: {quarters[1]:.1f} ms (half of the pairs between {quarters[0]:.1f} and {quarters[2]:.1f})")


if __name__ == "__main__":
    main()
