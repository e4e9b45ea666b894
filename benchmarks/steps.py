"""600 trivial steps, each after the one before it: one workstream of ours beside the same files written by others.

Each step writes one small file. The others start commands and look at files; ours also commits each step, holds it
against the scope, looks for secrets in it, and keeps a log and a record of it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks import graphs
from benchmarks.asked import Asked
from benchmarks.measure import Candidate, Table, compared, in_turn
from benchmarks.nothing import doit
from benchmarks.project import Place

COUNT = 600
LUIGI = """import json, subprocess, luigi

EVERY = json.load(open("every.json"))

class Write(luigi.Task):
    number = luigi.IntParameter()
    def requires(self):
        return [Write(self.number - 1)] if self.number else []
    def output(self):
        return luigi.LocalTarget(EVERY[self.number][0])
    def run(self):
        subprocess.run(["sh", "-c", f"echo {self.number} > {self.output().path}"], check=True)
"""
Written = Callable[[Path, graphs.Chain], list[str]]


def steps(asked: Asked) -> list[Table]:
    """All of them, from nothing, one at a time."""
    [count] = asked.sizes(COUNT, quick=[3])
    files = ["in/0", *(f"out/{number}" for number in range(count))]
    chain = list(zip(files[1:], files, strict=False))
    ours = _ours(asked, count)
    script = _other(asked, "a shell script", _script, chain)
    others = [_other(asked, name, how, chain) for name, how in _peers(asked).items()]
    in_turn([script, ours, *others], asked.rounds(3), is_warm=False)
    table = compared(f"{count} trivial steps, one after another", [script, ours, *others], to=script)
    table.notes += asked.peers.missing("make", "ninja", "doit", "task", "snakemake", "luigi")
    return [table]


def _ours(asked: Asked, count: int) -> Candidate:
    place = Place(asked.folder / "steps")

    def make() -> None:
        place.make()
        names = [f"s{number}" for number in range(count)]
        place.add(["00000"], names)

    made = doit(f"`doit`, a workstream of {count} steps", place, "run", "workstreams", before=make)
    made.proves = lambda said: ": 1 changed" in said
    return made


def _other(asked: Asked, name: str, how: Written, chain: graphs.Chain) -> Candidate:
    place = asked.plain(f"steps-{name.replace(' ', '-')}")

    def make() -> None:
        shutil.rmtree(place.project)
        for folder in ("in", "out"):
            (place.project / folder).mkdir(parents=True)
        (place.project / "in/0").touch()
        made.argv = how(place.project, chain)

    made = Candidate(name=name, argv=[], cwd=place.project, environ=place.environ, before=make)
    made.proves = lambda said: all((place.project / target).exists() for target, _ in chain)
    return made


def _peers(asked: Asked) -> dict[str, Written]:
    """Those that are there."""
    named: dict[str, Callable[[str], Written]] = {
        "make": _make, "ninja": _ninja, "doit": _doit, "task": _task, "snakemake": _snakemake, "luigi": _luigi,
    }  # fmt: skip
    found = {name: asked.peers.program(name) for name in named}
    shown = {"doit": "plain doit", "task": "go-task"}
    return {shown.get(name, name): named[name](program) for name, program in found.items() if program}


def _script(folder: Path, chain: graphs.Chain) -> list[str]:
    lines = [f"sh -c 'echo {number} > {target}'" for number, (target, _) in enumerate(chain)]
    (folder / "all.sh").write_text("\n".join(["set -e", *lines, ""]))
    return ["sh", "all.sh"]


def _make(program: str) -> Written:
    def written(folder: Path, chain: graphs.Chain) -> list[str]:
        (folder / "Makefile").write_text(graphs.make(chain, [chain[-1][0]], "@echo $(@F) > $@"))
        return [program, "-j1"]

    return written


def _ninja(program: str) -> Written:
    def written(folder: Path, chain: graphs.Chain) -> list[str]:
        (folder / "build.ninja").write_text(graphs.ninja(chain, [chain[-1][0]], "echo 1 > $out"))
        return [program, "-j1"]

    return written


def _doit(program: str) -> Written:
    def written(folder: Path, chain: graphs.Chain) -> list[str]:
        (folder / "dodo.py").write_text(graphs.dodo(chain))
        return [program]

    return written


def _task(program: str) -> Written:
    def written(folder: Path, chain: graphs.Chain) -> list[str]:
        tasks = {
            target: {"deps": [before] if before.startswith("out") else [], "sources": [before],
                     "generates": [target], "cmds": [f"sh -c 'echo 1 > {target}'"]}
            for target, before in chain
        }  # fmt: skip
        (folder / "Taskfile.yml").write_text(json.dumps({"version": "3", "silent": True, "tasks": tasks}))
        return [program, "--concurrency", "1", chain[-1][0]]

    return written


def _snakemake(program: str) -> Written:
    def written(folder: Path, chain: graphs.Chain) -> list[str]:
        rules = [
            f'rule r{number}:\n    input: "{before}"\n    output: "{target}"\n    shell: "echo 1 > {{output}}"\n'
            for number, (target, before) in enumerate(chain)
        ]
        (folder / "Snakefile").write_text("\n".join([f'rule all:\n    input: "{chain[-1][0]}"\n', *rules]))
        return [program, "--cores", "1", "--quiet", "all"]

    return written


def _luigi(program: str) -> Written:
    def written(folder: Path, chain: graphs.Chain) -> list[str]:
        (folder / "every.json").write_text(json.dumps(chain))
        (folder / "tasks.py").write_text(LUIGI)
        python = str(Path(program).with_name("python"))
        words = ["-m", "luigi", "--module", "tasks", "Write", "--number", str(len(chain) - 1), "--local-scheduler"]
        return [python, *words, "--log-level", "WARNING"]

    return written
