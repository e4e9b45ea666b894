"""What a matrix of 200 packages costs to check and to plan, beside 200 files written by hand that say the same.

    python benchmarks/matrix.py [--packages 200] [--rounds 5]

Every figure is of a whole process, in two repositories with the same packages. All commands are run in turn in each
round, so that a machine whose speed drifts drifts for both; ratios are of the medians. It fails where one is above 1.5.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST = 1.5
DODO = "from splinter.dodo import DOIT_CONFIG, task_splinter  # noqa: F401\n"
CONFIG = """[GLOBAL]
loader = splinter
[COMMAND]
check = splinter.commands:Check
plan = splinter.commands:Plan
"""
FILE = """\
id: {id}
title: Update the dependencies of {name}
objective: The dependencies of {package} are those that its lock file could have today.
when: on-change
{head}scope:
  modify: ["{package}/**"]
inputs: ["{package}/package.json"]
steps:
  - id: update
    run: [python, tools/update.py, "{package}"]
  - id: format
    tool: ruff
    args: [format, "{package}"]
checks:
  - id: tests
    tool: pytest
    args: ["{package}/tests"]
    timeout: 10m
artifacts: ["{package}/package.json"]
budget: {{minutes: 30}}
pull_request:
  labels: [dependencies, "{name}"]
metadata: {{package: "{package}"}}
"""
MATRIX = 'matrix:\n  package: {folders: "packages/*", with: package.json}\nmax_open: 10\n'
COMMANDS = {
    "check, cold": ("check", True),
    "check, nothing touched": ("check", False),
    "plan, cold": ("plan", True),
    "plan, warm": ("plan", False),
}


def main() -> int:
    """Measure, print the table, and say whether each ratio holds."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--packages", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    seconds: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        made = {kind: prepared(Path(folder) / kind, chosen.packages, kind) for kind in ("one file", "by hand")}
        for _ in range(chosen.rounds):
            for name, (command, is_cold) in COMMANDS.items():
                for kind, root in made.items():
                    seconds.setdefault((name, kind), []).append(timed(root, command, is_cold=is_cold))
    return told(seconds, chosen.packages)


def prepared(root: Path, packages: int, kind: str) -> Path:
    """A repository with that many packages, and its workstreams in one file or written by hand."""
    (root / "workstreams").mkdir(parents=True)
    (root / "dodo.py").write_text(DODO)
    (root / "doit.cfg").write_text(CONFIG)
    for number in range(packages):
        package = root / f"packages/p{number:03}"
        (package / "src").mkdir(parents=True)
        (package / "package.json").write_text("{}\n")
        for name in range(5):
            (package / f"src/{name}.js").write_text(f"export const n = {number};\n")
        text = FILE.format(id=f"deps-{package.name}", name=package.name, package=f"packages/{package.name}", head="")
        if kind == "by hand":
            (root / f"workstreams/deps-{package.name}.yaml").write_text(text)
    if kind == "one file":
        values = {"name": "${{ matrix.package.name }}", "package": "${{ matrix.package }}"}
        (root / "workstreams/deps.yaml").write_text(FILE.format(id="deps", head=MATRIX, **values))
    identity = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.org"]
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"], ["commit", "--quiet", "-m", "x"]):
        subprocess.run(["git", *identity, *words], cwd=root, check=True)
    return root


def timed(root: Path, command: str, *, is_cold: bool) -> float:
    """The wall seconds of a command in a repository, with its caches or without."""
    cache = root.parent / f"cache of {root.name}"
    if is_cold:
        shutil.rmtree(cache, ignore_errors=True)
    env = {**os.environ, "XDG_CACHE_HOME": str(cache), "XDG_STATE_HOME": str(root.parent / "state")}
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "doit", command], cwd=root, env=env, capture_output=True, check=False)
    took = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"doit {command} failed in {root.name}: {(done.stdout + done.stderr).decode()[-2000:]}")
    return took


def told(seconds: dict[tuple[str, str], list[float]], packages: int) -> int:
    """Print the medians and their ratios; 1 where a matrix costs too much."""
    print(f"{packages} packages, medians of wall seconds\n")
    print(f"{'':26}{'one file':>10}{'by hand':>10}{'ratio':>8}")
    is_slow = False
    for name in COMMANDS:
        one, many = (statistics.median(seconds[name, kind]) for kind in ("one file", "by hand"))
        is_slow = is_slow or one / many > MOST
        print(f"{name:26}{one:10.3f}{many:10.3f}{one / many:8.2f}")
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main())
