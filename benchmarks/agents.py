"""Fifty workstreams whose agent takes two seconds, all at once: what splinter adds to what they and git need.

    python benchmarks/agents.py [--workstreams 50] [--seconds 2] [--rounds 3]

Each round runs `doit -n 50` as it is, and once more with a git that writes down what it takes of the processor: git's
share on this machine is that sum divided by the cores. What is left of doit's time is compared with the ideal: the
seconds of one agent. A call through a tool that is limited to N at once is watched as well: how many ever ran together.
Commands run without the sandbox; what that costs is what `benchmarks/sandbox.py` measures.
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
from dataclasses import dataclass
from pathlib import Path

DODO = "from splinter.dodo import DOIT_CONFIG, task_splinter  # noqa: F401\n"
CONFIG = "[GLOBAL]\nloader = splinter\n"
DATE = "2026-01-01T00:00:00Z"

# writes down the seconds of the processor that git took, by the user and by the system
GIT = """#!/bin/bash
{git} "$@"
status=$?
times > "{calls}/$(date +%s%N)-$$"
exit $status
"""
AGENT = """#!/bin/bash
[ "$1" = --version ] && exit
touch "$RUNNING/$$"
ls "$RUNNING" | wc -l >> "$RUNNING.most"
sleep {seconds}
echo made > made.txt
rm "$RUNNING/$$"
"""


@dataclass(frozen=True)
class Bench:
    """One project with its state, at the same place in each run."""

    root: Path
    workstreams: int
    seconds: float
    at_once: int | None

    @property
    def project(self) -> Path:
        return self.root / "project"

    def environ(self, *, is_counted: bool = False) -> dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        if is_counted:
            keep["PATH"] = f"{self.root / 'bin'}{os.pathsep}{keep['PATH']}"
        return {
            **keep, "HOME": str(self.root / "home"), "XDG_STATE_HOME": str(self.root / "state"), "SPLINTER_NOW": DATE,
            "RUNNING": str(self.root / "running"), "SPLINTER_SANDBOX": "off",
        }  # fmt: skip

    def make(self) -> None:
        for name in ("project", "home", "state", "running"):
            shutil.rmtree(self.root / name, ignore_errors=True)
            (self.root / name).mkdir(parents=True)
        (self.root / "running.most").unlink(missing_ok=True)
        for name, text in (("dodo.py", DODO), ("doit.cfg", CONFIG)):
            (self.project / name).write_text(text)
        agent = self.root / "agent"
        agent.write_text(AGENT.format(seconds=self.seconds))
        agent.chmod(0o755)
        limit = f"at_once = {self.at_once}\n" if self.at_once else ""
        (self.project / "splinter.toml").write_text(
            f'[tools.agent]\ncommand = "{agent}"\nprompt_args = []\nstdin = "prompt"\nenv = ["RUNNING"]\n{limit}'
        )
        (self.project / "workstreams").mkdir()
        for number in range(self.workstreams):
            text = f"id: w{number:02}\ntitle: Number {number}\ntool: agent\nsteps:\n  - {{id: ask, prompt: Make it.}}\n"
            (self.project / f"workstreams/w{number:02}.yaml").write_text(text)
        self._commit()

    def _commit(self) -> None:
        who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER")
               for part, value in (("NAME", "Bench"), ("EMAIL", "bench@example.org"), ("DATE", DATE))}  # fmt: skip
        for words in (
            ["init", "--quiet", "--initial-branch=main"],
            ["add", "--all"],
            ["commit", "--quiet", "-m", "made"],
        ):
            subprocess.run(["git", *words], cwd=self.project, env=self.environ() | who, check=True)

    def run(self, *, is_counted: bool = False) -> float:
        """Seconds of `doit` for all of them at once."""
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "doit", "run", "-n", str(self.workstreams), "workstreams"],
            cwd=self.project, env=self.environ(is_counted=is_counted), capture_output=True, text=True, check=False,
        )  # fmt: skip
        took = time.monotonic() - began
        assert f": {self.workstreams} changed" in done.stdout, done.stdout + done.stderr
        return took

    def most_at_once(self) -> int:
        return max(map(int, (self.root / "running.most").read_text().split()))


def git_s(bench: Bench) -> list[float]:
    """The seconds of the processor of each call of git in one run."""
    calls, shim = bench.root / "calls", bench.root / "bin" / "git"
    for folder in (calls, shim.parent):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    shim.write_text(GIT.format(git=shutil.which("git"), calls=calls))
    shim.chmod(0o755)
    bench.make()
    bench.run(is_counted=True)
    return [sum(map(_seconds, file.read_text().split()[-2:])) for file in calls.iterdir()]


def _seconds(spelt: str) -> float:
    """Of `1m0.25s`, as the shell writes it."""
    minutes, _, rest = spelt.rstrip("s").partition("m")
    return 60 * int(minutes) + float(rest)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workstreams", type=int, default=50)
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="splinter-bench-") as folder:
        bench = Bench(Path(folder), asked.workstreams, asked.seconds, None)
        cores = os.cpu_count() or 1
        walls, calls, gits = [], 0, []
        for _ in range(asked.rounds):
            bench.make()
            walls.append(bench.run())
            each = git_s(bench)
            calls = len(each)
            gits.append(sum(each))
        wall, git = statistics.median(walls), statistics.median(gits)
        rest = wall - git / cores
        told = (
            ("what", "seconds", "least", "most"),
            (f"doit -n {asked.workstreams}", wall, min(walls), max(walls)),
            (f"its {calls} calls of git, of the processor", git, min(gits), max(gits)),
            (f"  divided by {cores} cores", git / cores, min(gits) / cores, max(gits) / cores),
        )
        for name, *figures in told:
            print(f"{name:<45}" + "".join(f"{one:>9}" if isinstance(one, str) else f"{one:9.2f}" for one in figures))
        print(f"what is left: {rest:.2f} s, {rest / asked.seconds:.2f} times the ideal of {asked.seconds:g} s")
        print(f"medians of {asked.rounds} rounds")
        limited = Bench(Path(folder), asked.workstreams // 5, 0.2, 3)
        limited.make()
        limited.run()
        print(
            f"a tool limited to 3 at once: {limited.most_at_once()} ran together at the most, of {limited.workstreams}"
        )


if __name__ == "__main__":
    main()
