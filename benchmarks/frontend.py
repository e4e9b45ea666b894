"""How long it takes to judge 1,000 workstreams, beside what else could judge them.

    python benchmarks/frontend.py [--files 1000] [--rounds 5]

Every figure is of a whole process. All commands are run in turn in each round, on the same files, so that a machine
whose speed drifts drifts for all of them; ratios are of the medians of one run.
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
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SCHEMA = HERE / "schemas" / "workstream.schema.json"

DODO = "from splinter.dodo import DOIT_CONFIG, task_splinter  # noqa: F401\n"
CONFIG = """[GLOBAL]
loader = splinter
[COMMAND]
check = splinter.commands:Check
"""
WORKSTREAM = """# yaml-language-server: $schema=../schemas/workstream.schema.json
# Workstream {number} of the benchmark: about sixty lines, every kind of key.
id: work-{number:04}
title: Refresh part {number} of the documentation
objective: >-
  Every public function of part {number} has a current example,
  and no example refers to a name that is gone.
when: daily
base: main
{depends}tool: replay
env: [LANG]
scope:
  modify:
    - docs/part-{number}/**
    - examples/part-{number}/*.py
  create:
    - docs/part-{number}/**
  forbid:
    - docs/part-{number}/internal/**
inputs:
  - src/part-{number}/**/*.py
preflight:
  - run: python --version
steps:
  - id: collect
    run: |
      mkdir -p docs/part-{number}
      ls src/part-{number} > docs/part-{number}/names.txt
    timeout: 5m
  - id: format
    tool: ruff
    args:
      - format
      - examples/part-{number}
    timeout: 10m
  - id: count
    run: [wc, -l, docs/part-{number}/names.txt]
    expect: either
checks:
  - id: tests
    tool: pytest
    args:
      - tests/part-{number}
    timeout: 10m
  - id: typed
    tool: mypy
    args: [examples/part-{number}]
artifacts:
  - docs/part-{number}/names.txt
budget:
  minutes: 60
pull_request:
  draft: true
  labels: [docs, nightly]
  reviewers: [octocat]
  base: main
metadata:
  phase: PH-{number}
  gap: GAP-{number}
  owner: documentation
"""
PLAIN = """
import json, pathlib, sys, yaml, jsonschema
schema = json.load(open(sys.argv[1]))
for file in sorted(pathlib.Path("workstreams").glob("*.yaml")):
    jsonschema.validate(yaml.safe_load(file.read_text()), schema)
"""


@dataclass
class Command:
    name: str
    argv: list[str]
    before: Callable[[], None]
    seconds: list[float] = field(default_factory=list)
    peak_mb: float = 0.0


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="frontend-") as folder:
        commands = prepared(Path(folder), chosen.files)
        for number in range(chosen.rounds):
            for command in commands:
                run(command, Path(folder))
            print(f"round {number + 1} of {chosen.rounds} done", file=sys.stderr)
        tell(commands, chosen.files, chosen.rounds)
    return 0


def prepared(folder: Path, files: int) -> list[Command]:
    """Write the repository, and name what is measured in it."""
    (folder / "workstreams").mkdir()
    (folder / "dodo.py").write_text(DODO)
    (folder / "doit.cfg").write_text(CONFIG)
    for number in range(files):
        depends = f"depends_on: [work-{number - number % 10:04}]\n" if number % 10 else ""
        text = WORKSTREAM.format(number=number, depends=depends)
        (folder / f"workstreams/work-{number:04}.yaml").write_text(text)
    os.environ |= {"XDG_CACHE_HOME": str(folder / "cache"), "XDG_STATE_HOME": str(folder / "state")}
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=folder, check=True)
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    identity = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.org"]
    subprocess.run(["git", *identity, "commit", "--quiet", "-m", "benchmark"], cwd=folder, check=True)
    doit = [sys.executable, "-m", "doit"]
    touched = folder / "workstreams/work-0007.yaml"

    def forget() -> None:
        shutil.rmtree(folder / "cache", ignore_errors=True)

    def edit() -> None:
        touched.write_text(touched.read_text().replace("owner: ", "owner: the "))

    def nothing() -> None:
        pass

    jsonschema = Path(sys.executable).with_name("check-jsonschema")
    every = sorted(str(path) for path in (folder / "workstreams").iterdir())
    return [
        Command("doit --version", [*doit, "--version"], nothing),
        Command("doit check, cold", [*doit, "check"], forget),
        Command("doit check, warm, one file edited", [*doit, "check"], edit),
        Command("doit check, warm, nothing touched", [*doit, "check"], nothing),
        Command("doit list, warm", [*doit, "list"], nothing),
        Command("check-jsonschema", [str(jsonschema), "--schemafile", str(SCHEMA), *every], nothing),
        Command("yaml.safe_load + jsonschema.validate", [sys.executable, "-c", PLAIN, str(SCHEMA)], nothing),
    ]


def run(command: Command, folder: Path) -> None:
    """Run it once; its wall seconds and its peak memory are kept."""
    command.before()
    began = time.perf_counter()
    child = subprocess.Popen(command.argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    command.seconds.append(time.perf_counter() - began)
    command.peak_mb = max(command.peak_mb, usage.ru_maxrss / 1024)
    if status:
        raise SystemExit(f"{command.name} failed: {said.decode()[-2000:]}")


def tell(commands: list[Command], files: int, rounds: int) -> None:
    """Print the table and the ratios."""
    print(f"{files} workstreams of {len(WORKSTREAM.splitlines())} lines, {rounds} rounds, wall seconds\n")
    print(f"{'':38}{'median':>9}{'min':>9}{'max':>9}{'peak MB':>9}")
    for command in commands:
        seconds = command.seconds
        middle = statistics.median(seconds)
        print(f"{command.name:38}{middle:9.3f}{min(seconds):9.3f}{max(seconds):9.3f}{command.peak_mb:9.0f}")
    medians = {command.name: statistics.median(command.seconds) for command in commands}
    print()
    for one, other in (
        ("doit check, warm, nothing touched", "yaml.safe_load + jsonschema.validate"),
        ("doit check, warm, nothing touched", "doit --version"),
        ("doit check, cold", "check-jsonschema"),
    ):
        print(f"{one} / {other}: {medians[one] / medians[other]:.3f}")


if __name__ == "__main__":
    sys.exit(main())
