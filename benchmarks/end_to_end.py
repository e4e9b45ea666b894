"""Workstreams of one step and one check, end to end, beside a shell script that does the same work with git.

    python benchmarks/end_to_end.py [--workstreams 50] [--rounds 3] [--also NAME=PYTHON ...]

The script makes, for each, a work tree, runs the step, commits, and runs the check on the base and on the result in a
clean work tree each; step and check are trivial. `--also` adds another installation of splinter by its Python, such as
one of an earlier version. Each round runs all of them in turn, so that a busy machine meets all alike.
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

DODO = "from splinter.dodo import DOIT_CONFIG, task_splinter  # noqa: F401\n"
WORKSTREAM = """id: w{number:03}
title: Number {number}
scope: {{modify: ["out/{number:03}.txt"]}}
steps: [{{id: write, run: mkdir -p out && echo {number} > out/{number:03}.txt}}]
checks: [{{id: fits, run: "true"}}]
"""
SCRIPT = """set -e
n=$(printf %03d $1); id=w$n
git worktree add --quiet --detach ../trees/$id main
(cd ../trees/$id && mkdir -p out && echo $1 > out/$n.txt && git add --all && git commit --quiet -m "Number $1" \
 && git branch script/$id)
for at in main script/$id; do
  git worktree add --quiet --detach ../trees/$id.judge $at
  (cd ../trees/$id.judge && true)
  git worktree remove --force ../trees/$id.judge
done
"""


def environ(root: Path) -> dict[str, str]:
    """What both run with."""
    keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER")
           for part, value in (("NAME", "Bench"), ("EMAIL", "bench@example.org"))}  # fmt: skip
    return {**keep, **who, "HOME": str(root / "home"), "XDG_STATE_HOME": str(root / "state"),
            "SPLINTER_SANDBOX": "off"}  # fmt: skip


def make(root: Path, workstreams: int) -> Path:
    """A repository with its workstreams, made anew."""
    for name in ("project", "home", "state", "trees"):
        shutil.rmtree(root / name, ignore_errors=True)
        (root / name).mkdir(parents=True)
    project = root / "project"
    (project / "dodo.py").write_text(DODO)
    (project / "doit.cfg").write_text("[GLOBAL]\nloader = splinter\n")
    (project / "workstreams").mkdir()
    for number in range(workstreams):
        (project / f"workstreams/w{number:03}.yaml").write_text(WORKSTREAM.format(number=number))
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"], ["commit", "--quiet", "-m", "made"]):
        subprocess.run(["git", *words], cwd=project, env=environ(root), check=True)
    return project


def doit_s(root: Path, python: str, workstreams: int, jobs: int) -> float:
    """Seconds of one first run."""
    project = make(root, workstreams)
    began = time.monotonic()
    done = subprocess.run(
        [python, "-m", "doit", "run", "-n", str(jobs), "workstreams"],
        cwd=project, env=environ(root), capture_output=True, text=True, check=False,
    )  # fmt: skip
    took = time.monotonic() - began
    assert f": {workstreams} changed" in done.stdout, done.stdout + done.stderr
    return took


def script_s(root: Path, workstreams: int, jobs: int) -> float:
    """Seconds of the script, so many at once."""
    project = make(root, workstreams)
    began = time.monotonic()
    words = ["xargs", "-P", str(jobs), "-I{}", "bash", "-c", SCRIPT, "bash", "{}"]
    numbers = "\n".join(map(str, range(workstreams)))
    subprocess.run(words, input=numbers, cwd=project, env=environ(root), text=True, check=True, capture_output=True)
    return time.monotonic() - began


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workstreams", type=int, default=50)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--also", action="append", default=[], metavar="NAME=PYTHON")
    asked = options.parse_args()
    pythons = {"splinter": sys.executable, **dict(one.split("=", 1) for one in asked.also)}
    with tempfile.TemporaryDirectory(prefix="splinter-bench-") as folder:
        for jobs in (1, 4):
            taken: dict[str, list[float]] = {"the script": [], **{name: [] for name in pythons}}
            for _ in range(asked.rounds):
                taken["the script"].append(script_s(Path(folder), asked.workstreams, jobs))
                for name, python in pythons.items():
                    taken[name].append(doit_s(Path(folder), python, asked.workstreams, jobs))
            script = statistics.median(taken["the script"])
            print(f"{asked.workstreams} workstreams, {jobs} at once, medians of {asked.rounds} rounds")
            for name, all_s in taken.items():
                median = statistics.median(all_s)
                print(
                    f"  {name:<20}{median:8.2f} s  ({min(all_s):.2f} to {max(all_s):.2f}){median / script:7.1f} times"
                )


if __name__ == "__main__":
    main()
