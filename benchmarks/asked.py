"""What was asked for on the command line, and what tables share: worlds, graphs, peers, a git that is counted."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import graphs
from benchmarks.peers import Peers
from benchmarks.project import Place

_GIT = '#!/bin/bash\nprintf "%q " "$@" >> "{log}"; echo >> "{log}"\nexec {git} "$@"\n'
_HERE = Path(__file__).resolve().parent.parent


@dataclass(kw_only=True)
class Asked:
    """One call of the benchmark; `folder` is gone after it."""

    folder: Path
    peers: Peers
    is_quick: bool = False
    chosen_rounds: int | None = None
    also: dict[str, str] = field(default_factory=dict)  # other installations of splinter: their Pythons by name
    _made: dict[str, Place] = field(default_factory=dict)

    def rounds(self, usual: int) -> int:
        """How many rounds a table has."""
        return self.chosen_rounds or (1 if self.is_quick else usual)

    def sizes(self, *usual: int, quick: Sequence[int] = (3,)) -> tuple[int, ...]:
        """How many of something; few where nothing but the benchmark itself is tried."""
        return tuple(quick) if self.is_quick else usual

    def world(self, workstreams: int, runs: int = 0) -> Place:
        """A project that is proved to be up to date; made once."""
        name = f"world-{workstreams}-{runs}"
        if name not in self._made:
            print(f"  making {workstreams:,} workstreams, {runs:,} past runs", file=sys.stderr, flush=True)
            words = ["-m", "benchmarks.world", str(self.folder / name), str(workstreams), "--runs", str(runs)]
            subprocess.run([sys.executable, *words], cwd=_HERE, check=True)
            self._made[name] = Place(self.folder / name)
        return self._made[name]

    def graph(self, count: int) -> Path:
        """A folder with as many chains of files, for ninja and make."""
        folder = self.folder / f"graph-{count}"
        if not folder.exists():
            graphs.write(folder, count)
        return folder

    def plain(self, name: str) -> Place:
        """A folder with a home, without a repository of ours."""
        place = Place(self.folder / name)
        for folder in (place.project, place.root / "home"):
            folder.mkdir(parents=True, exist_ok=True)
        return place

    def git_calls(self, place: Place, *words: str) -> list[list[str]]:
        """The words of each git that one call of doit starts."""
        return counted(place, [sys.executable, "-m", "doit", *words])


def counted(place: Place, argv: Sequence[str], given: str = "") -> list[list[str]]:
    """Run a command with a git on its PATH that is written down, and say what it was called with."""
    log, folder = place.root / "git.log", place.root / "counting"
    folder.mkdir(exist_ok=True)
    log.write_text("")
    shim = folder / "git"
    shim.write_text(_GIT.format(git=shutil.which("git"), log=log))
    shim.chmod(0o755)
    environ = {**place.environ, "PATH": f"{folder}{os.pathsep}{place.environ['PATH']}"}
    subprocess.run(argv, cwd=place.project, env=environ, input=given, text=True, check=True, capture_output=True)
    return [_verb(shlex.split(line)) for line in log.read_text().splitlines()]


def _verb(words: list[str]) -> list[str]:
    """Without git's own options before the verb."""
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in ("-c", "-C") else words[1:]
    return words
