"""600 trivial steps in 20 chains, one at a time: 20 workstreams of ours beside the same files written by others.

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
from benchmarks.end_to_end import names
from benchmarks.measure import Candidate, Table, compared, in_turn
from benchmarks.nothing import doit
from benchmarks.project import Place

CHAINS, LENGTH = 20, 30
LUIGI = """import json, subprocess, luigi

EVERY = json.load(open("every.json"))

class Write(luigi.Task):
    number = luigi.IntParameter()
    def requires(self):
        before = EVERY[self.number][1]
        return [Write(self.number - 1)] if before.startswith("out") else []
    def output(self):
        return luigi.LocalTarget(EVERY[self.number][0])
    def run(self):
        subprocess.run(["sh", "-c", f"echo {self.number} > {self.output().path}"], check=True)

class All(luigi.WrapperTask):
    def requires(self):
        return [Write(EVERY.index(one)) for one in EVERY if one[0] not in {before for _, before in EVERY}]
"""
Written = Callable[[Path, graphs.Chain], list[str]]


def steps(asked: Asked) -> list[Table]:
    """All of them, from nothing, one at a time."""
    chains, length = asked.sizes(CHAINS, LENGTH, quick=(2, 3))
    chain = [
        (f"out/{one}.{number}", f"out/{one}.{number - 1}" if number else "in/0")
        for one in range(chains)
        for number in range(length)
    ]
    ours, count = _ours(asked, chains, length), len(chain)
    script = _other(asked, "a shell script", _script, chain)
    others = [_other(asked, name, how, chain) for name, how in _peers(asked).items()]
    in_turn([script, ours, *others], asked.rounds(3), is_warm=False)
    table = compared(f"{count} trivial steps in {chains} chains, one at a time", [script, ours, *others], to=script)
    table.notes += asked.peers.missing("make", "ninja", "doit", "task", "snakemake", "luigi")
    return [table]


def _ours(asked: Asked, chains: int, length: int) -> Candidate:
    place = Place(asked.folder / "steps")

    def make() -> None:
        place.make()
        steps = [f"s{number}" for number in range(length)]
        place.add(names(chains), steps)

    title = f"`doit -n 1`, {chains} workstreams of {length} steps"
    made = doit(title, place, "run", "-n", "1", "workstreams", before=make)
    made.proves = lambda said: f": {chains} changed" in said
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


def ends(chain: graphs.Chain) -> list[str]:
    """The last file of each chain."""
    needed = {before for _, before in chain}
    return [target for target, _ in chain if target not in needed]


def _script(folder: Path, chain: graphs.Chain) -> list[str]:
    lines = [f"sh -c 'echo {number} > {target}'" for number, (target, _) in enumerate(chain)]
    (folder / "all.sh").write_text("\n".join(["set -e", *lines, ""]))
    return ["sh", "all.sh"]


def _make(program: str) -> Written:
    def written(folder: Path, chain: graphs.Chain) -> list[str]:
        (folder / "Makefile").write_text(graphs.make(chain, ends(chain), "@echo $(@F) > $@"))
        return [program, "-j1"]

    return written


def _ninja(program: str) -> Written:
    def written(folder: Path, chain: graphs.Chain) -> list[str]:
        (folder / "build.ninja").write_text(graphs.ninja(chain, ends(chain), "echo 1 > $out"))
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
        return [program, "--concurrency", "1", *ends(chain)]

    return written


def _snakemake(program: str) -> Written:
    def written(folder: Path, chain: graphs.Chain) -> list[str]:
        rules = [
            f'rule r{number}:\n    input: "{before}"\n    output: "{target}"\n    shell: "echo 1 > {{output}}"\n'
            for number, (target, before) in enumerate(chain)
        ]
        (folder / "Snakefile").write_text("\n".join([f"rule all:\n    input: {ends(chain)}\n", *rules]))
        return [program, "--cores", "1", "--quiet", "all"]

    return written


def _luigi(program: str) -> Written:
    def written(folder: Path, chain: graphs.Chain) -> list[str]:
        (folder / "every.json").write_text(json.dumps(chain))
        (folder / "tasks.py").write_text(LUIGI)
        python = str(Path(program).with_name("python"))
        words = ["-m", "luigi", "--module", "tasks", "All", "--local-scheduler"]
        return [python, *words, "--log-level", "WARNING"]

    return written
