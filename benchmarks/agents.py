"""Fifty workstreams whose agent takes two seconds, all at once, beside a shell script that gives each a work tree.

Beside bernstein, which also starts agents in work trees and merges what they did, with the same stand-in for an agent;
there each program is called as its manual says, for its own form of the same work.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from benchmarks.asked import Asked
from benchmarks.measure import Candidate, Table, compared, in_turn
from benchmarks.project import Place

COUNT, SECONDS = 50, 2
AGENT = """#!/bin/bash
[ "$1" = --version ] && echo 1.0 && exit
touch "$RUNNING/$$"
ls "$RUNNING" | wc -l >> "$RUNNING.most"
sleep {seconds}
echo made > made-$$.txt
rm "$RUNNING/$$"
"""
SCRIPT = """set -e
flock ../lock git worktree add --quiet --detach ../trees/$1 main
cd ../trees/$1 && ../../agent && git add --all && git commit --quiet -m "Number $1" && git branch script/$1
"""
ROLES = ("backend", "qa")  # bernstein gives one agent all tasks of a role, and starts two agents in ten seconds


def agents(asked: Asked) -> list[Table]:
    """All at once, then a tool that is limited to three at once."""
    [count] = asked.sizes(COUNT)
    ideal = _sleep(asked)
    ours, script = _ours(asked, count), _script(asked, count)
    in_turn([ideal, script, ours], asked.rounds(3), is_warm=False)
    table = compared(f"{count} agents of {SECONDS} seconds at once", [ideal, script, ours], to=ideal)
    limited = _ours(asked, max(2, count // 5), seconds=0.2, at_once=3)
    limited.run()
    most = max(map(int, (limited.cwd.parent / "running.most").read_text().split()))
    table.notes.append(f"Of a tool that is limited to 3 at once, {most} ran together at the most.")
    return [table]


def bernstein(asked: Asked) -> list[Table]:
    """Two tasks, an agent each."""
    count, missing = len(ROLES), asked.peers.missing("bernstein")
    script, ours = _script(asked, count), _ours(asked, count)
    program = asked.peers.program("bernstein")
    others = [_bernstein(asked, program)] if program else []
    in_turn([script, ours, *others], asked.rounds(3), is_warm=False)
    table = compared(
        f"{count} agents of {SECONDS} seconds at once, beside bernstein", [script, ours, *others], to=script
    )
    table.notes += missing or ["bernstein is called with `run --wait`, and has ended when it says that all is done."]
    return [table]


def _sleep(asked: Asked) -> Candidate:
    place = asked.plain("empty")
    argv = ["sleep", str(SECONDS)]
    return Candidate(name="one agent alone", argv=argv, cwd=place.project, environ=place.environ)


def _ours(asked: Asked, count: int, *, seconds: float = SECONDS, at_once: int | None = None) -> Candidate:
    place = Place(asked.folder / "agents")
    limit = f"at_once = {at_once}\n" if at_once else ""
    tool = f'[tools.agent]\ncommand = "{place.root / "agent"}"\nprompt_args = []\nstdin = "prompt"\nenv = ["RUNNING"]\n'

    def make() -> None:
        _make(place, seconds)
        (place.project / "splinter.toml").write_text(f"{tool}{limit}")
        for number in range(count):
            text = f"id: w{number:02}\ntitle: Number {number}\ntool: agent\nsteps:\n  - {{id: ask, prompt: Make it.}}\n"
            (place.project / f"workstreams/w{number:02}.yaml").write_text(text)
        place.add([])

    argv = [sys.executable, "-m", "doit", "run", "-n", str(count), "workstreams"]
    return Candidate(
        name=f"`doit -n {count}`", argv=argv, cwd=place.project, environ=_environ(place), before=make,
        proves=lambda said: f": {count} changed" in said,
    )  # fmt: skip


def _script(asked: Asked, count: int) -> Candidate:
    place = Place(asked.folder / "agents")

    def make() -> None:
        _make(place, SECONDS)
        place.add(["00000"])
        (place.root / "trees").mkdir()
        (place.root / "script.sh").write_text(SCRIPT)

    line = f"set -o pipefail; seq {count} | xargs -P {count} -I{{}} bash ../script.sh {{}}"
    argv = ["bash", "-c", line]
    return Candidate(name="a shell script", argv=argv, cwd=place.project, environ=_environ(place), before=make)


def _make(place: Place, seconds: float) -> None:
    place.make()
    (place.root / "running").mkdir()
    _program(place.root / "agent", AGENT.format(seconds=seconds))


def _environ(place: Place) -> dict[str, str]:
    return {**place.environ, "RUNNING": str(place.root / "running")}


def _program(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def _bernstein(asked: Asked, program: str) -> Candidate:
    place = Place(asked.folder / "bernstein")
    environ = _environ(place) | {"PATH": f"{place.root / 'bin'}:{place.environ['PATH']}"}

    def make() -> None:
        if place.project.exists():
            subprocess.run(
                [program, "stop", "--force"], cwd=place.project, env=environ, check=False, capture_output=True
            )
        shutil.rmtree(place.root, ignore_errors=True)
        for folder in ("project", "home", "running"):
            (place.root / folder).mkdir(parents=True)
        for name in ("generic", "generic-cli"):  # it looks for one of them, and calls the other
            commit = "git add --all && git commit --quiet -m made\n"
            _program(place.root / "bin" / name, AGENT.format(seconds=SECONDS) + commit)
        steps = [
            {"title": f"Make it as {role}", "goal": "Make it.", "role": role, "model": "stand-in", "complexity": "low",
             "scope": "small", "files": [f"{role}.txt"]}
            for role in ROLES
        ]  # fmt: skip
        plan = {"name": "bench", "description": "files", "cli": "generic", "stages": [{"name": "all", "steps": steps}]}
        (place.project / "plan.yaml").write_text(json.dumps(plan))
        for words in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"],
                      ["commit", "--quiet", "-m", "made"], ["checkout", "--quiet", "-b", "work"]):  # fmt: skip
            place.git(*words)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    options = ["--cli", "generic", "--model", "stand-in", "--port", port, "--quiet", "--auto-approve", "--fresh"]

    def stop() -> None:
        words = [program, "stop", "--force"]
        subprocess.run(words, cwd=place.project, env=environ, check=False, capture_output=True)

    def proves(said: str) -> bool:
        return all(line in said.replace(" ", "") for line in (f"Done:{len(ROLES)}", "Failed:0"))

    argv = [program, "run", "plan.yaml", *options, "--wait", "300"]
    return Candidate(
        name="bernstein", argv=argv, cwd=place.project, environ=environ, before=make, proves=proves, after=stop
    )
