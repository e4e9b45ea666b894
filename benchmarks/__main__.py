"""Every table, or those that are named, printed, and with --write kept in docs/benchmarks.md.

    python -m benchmarks [NAME ...] [--rounds N] [--quick] [--write] [--peers FOLDER]

All candidates of a table run in turn in each round, in one call; figures are medians, with the least and the most, and
ratios are of medians. `--quick` tries the benchmark itself, on tiny numbers: its figures say nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    agents,
    base_store,
    document,
    end_to_end,
    frontend,
    growth,
    matrix,
    nothing,
    sandbox,
    shards,
    steps,
    worktrees,
)
from benchmarks.asked import Asked
from benchmarks.measure import Table
from benchmarks.peers import Peers, default_folder

TABLES: dict[str, Callable[[Asked], list[Table]]] = {
    "nothing": nothing.nothing,
    "watching": nothing.watching,
    "select": nothing.select,
    "list": nothing.listing,
    "steps": steps.steps,
    "end-to-end": end_to_end.end_to_end,
    "agents": agents.agents,
    "bernstein": agents.bernstein,
    "worktrees": worktrees.worktrees,
    "check": frontend.check,
    "matrix": matrix.matrix,
    "sandbox": sandbox.sandbox,
    "store": base_store.base_store,
    "shards": shards.shards,
    "growth": growth.growth,
    "changed": nothing.changed,  # last: it edits what others find up to date
}


def main() -> None:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TABLES))
    options.add_argument("--rounds", type=int)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--write", action="store_true")
    options.add_argument("--peers", type=Path, default=default_folder())
    options.add_argument("--also", action="append", default=[], metavar="NAME=PYTHON", help="in end-to-end")
    chosen = options.parse_args()
    if unknown := set(chosen.names) - set(TABLES):
        options.error(f"there is no table {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    if chosen.quick and chosen.write:
        options.error("figures of --quick are not kept")
    with tempfile.TemporaryDirectory(prefix="splinter-bench-") as folder:
        peers = Peers(None if chosen.quick else chosen.peers)
        asked = Asked(
            folder=Path(folder).resolve(),
            peers=peers,
            is_quick=chosen.quick,
            chosen_rounds=chosen.rounds,
            also=dict(one.split("=", 1) for one in chosen.also),
        )
        os.environ["XDG_STATE_HOME"] = str(asked.folder / "state")  # of what is measured in this process
        failed = [name for name in chosen.names or TABLES if not measure(name, asked, is_kept=chosen.write)]
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


def measure(name: str, asked: Asked, *, is_kept: bool) -> bool:
    """One of them, printed and kept at once; one that cannot be measured takes no other with it."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    began, load = time.monotonic(), document.load()
    try:
        tables = TABLES[name](asked)
    except (SystemExit, subprocess.CalledProcessError) as error:
        print(f"{name} is not measured: {error}", file=sys.stderr, flush=True)
        return False
    print("\n".join(table.markdown() for table in tables), flush=True)
    print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if is_kept:
        document.keep(name, tables, order=list(TABLES), machine=document.machine(asked.peers, load))
    return True


if __name__ == "__main__":
    main()
