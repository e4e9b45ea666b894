"""Fifty workstreams whose agent takes two seconds, all at once: what splinter adds to what they and git need.

    python benchmarks/agents.py [--workstreams 50] [--seconds 2] [--rounds 3]

Each round runs `doit -n 50`, and then every call of git that it made once more from a shell script, in their order
and one after another, in the same repository made anew. Git's share on this machine is that script's time divided by
the cores. What is left of doit's time is compared with the ideal: the seconds of one agent. A call through a tool that
is limited to N at once is watched as well: how many ever ran together.
"""

from __future__ import annotations

import argparse
import os
import shlex
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

# both write down what they were called with, so that it can be called again
GIT = """#!/bin/bash
at="$CALLS/$(date +%s%N)-$$"
cat > "$at.stdin"
env -0 | grep -z '^GIT_' > "$at.env"
printf '%s\\0' "$PWD" "$@" > "$at.git"
exec {git} "$@" < "$at.stdin"
"""
AGENT = """#!/bin/bash
[ "$1" = --version ] && exit
touch "$RUNNING/$$"
ls "$RUNNING" | wc -l >> "$RUNNING.most"
printf '%s\\0' "$PWD" > "$CALLS/$(date +%s%N)-$$.agent"
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

    def environ(self, calls: Path | None) -> dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        if calls:
            keep["PATH"] = f"{self.root / 'bin'}{os.pathsep}{keep['PATH']}"
        return {
            **keep, "HOME": str(self.root / "home"), "XDG_STATE_HOME": str(self.root / "state"), "SPLINTER_NOW": DATE,
            "CALLS": str(calls or self.root / "calls"), "RUNNING": str(self.root / "running"),
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
            f'[tools.agent]\ncommand = "{agent}"\nprompt_args = []\nstdin = "prompt"\n'
            f'env = ["CALLS", "RUNNING"]\n{limit}'
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
            subprocess.run(["git", *words], cwd=self.project, env=self.environ(None) | who, check=True)

    def run(self, calls: Path | None = None) -> float:
        """Seconds of `doit` for all of them at once."""
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "doit", "run", "-n", str(self.workstreams), "workstreams"],
            cwd=self.project, env=self.environ(calls), capture_output=True, text=True, check=False,
        )  # fmt: skip
        took = time.monotonic() - began
        assert f": {self.workstreams} changed" in done.stdout, done.stdout + done.stderr
        return took

    def most_at_once(self) -> int:
        return max(map(int, (self.root / "running.most").read_text().split()))


def record(bench: Bench) -> Path:
    """A shell script of every call of git in one run, with what the agents wrote between them."""
    calls = bench.root / "calls"
    shutil.rmtree(calls, ignore_errors=True)
    calls.mkdir()
    shim = bench.root / "bin" / "git"
    shim.parent.mkdir(exist_ok=True)
    shim.write_text(GIT.format(git=shutil.which("git")))
    shim.chmod(0o755)
    bench.make()
    bench.run(calls)
    lines = ["set -u"]
    for file in sorted([*calls.glob("*.git"), *calls.glob("*.agent")]):
        folder, *words = file.read_bytes().decode().split("\0")[:-1]
        if file.suffix == ".agent":
            lines.append(f"echo made > {shlex.quote(folder)}/made.txt")
            continue
        env = [word for word in file.with_suffix(".env").read_text().split("\0") if word]
        made = [word.removeprefix("--work-tree=") for word in words if word.startswith("--work-tree=")]
        index = [word.partition("=")[2] for word in env if word.startswith("GIT_INDEX_FILE=")]
        places = [shlex.quote(place) for place in (*made, *(str(Path(name).parent) for name in index))]
        lines += [f"[ -d {place} ] || mkdir -p {place}" for place in places]
        call = shlex.join(["env", "-C", folder, *env, "git", *words])
        lines.append(
            f"{call} < {shlex.quote(str(file.with_suffix('.stdin')))} > /dev/null 2>&1 || failed=$((${{failed:-0}}+1))"
        )
    lines.append('echo "${failed:-0}"')
    script = bench.root / "git.sh"
    script.write_text("\n".join(lines) + "\n")
    return script


def replay(bench: Bench, script: Path) -> tuple[float, int]:
    """Seconds of the script in the project made anew, and how many of its calls failed."""
    bench.make()
    began = time.monotonic()
    done = subprocess.run(["bash", str(script)], env=bench.environ(None), capture_output=True, text=True, check=True)
    return time.monotonic() - began, int(done.stdout.split()[-1])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workstreams", type=int, default=50)
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="splinter-bench-") as folder:
        bench = Bench(Path(folder), asked.workstreams, asked.seconds, None)
        script = record(bench)
        count = script.read_text().count(" git ")
        cores = os.cpu_count() or 1
        walls, gits, failed = [], [], 0
        for _ in range(asked.rounds):
            bench.make()
            walls.append(bench.run())
            took, failed = replay(bench, script)
            gits.append(took)
        wall, git = statistics.median(walls), statistics.median(gits)
        rest = wall - git / cores
        told = (
            ("what", "seconds", "least", "most"),
            (f"doit -n {asked.workstreams}", wall, min(walls), max(walls)),
            (f"its {count} calls of git, one after another", git, min(gits), max(gits)),
            (f"  divided by {cores} cores", git / cores, min(gits) / cores, max(gits) / cores),
        )
        for name, *figures in told:
            print(f"{name:<45}" + "".join(f"{one:>9}" if isinstance(one, str) else f"{one:9.2f}" for one in figures))
        print(f"what is left: {rest:.2f} s, {rest / asked.seconds:.2f} times the ideal of {asked.seconds:g} s")
        print(
            f"medians of {asked.rounds} rounds; {failed} calls of git ended with another status than 0, as in the run"
        )
        limited = Bench(Path(folder), asked.workstreams // 5, 0.2, 3)
        limited.make()
        limited.run()
        print(
            f"a tool limited to 3 at once: {limited.most_at_once()} ran together at the most, of {limited.workstreams}"
        )


if __name__ == "__main__":
    main()
