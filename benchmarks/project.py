"""A project of ours for measuring, made by doit itself: its files, its environment, and calls of doit in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DODO = "from splinter.dodo import DOIT_CONFIG, task_splinter  # noqa: F401\n"
CONFIG = Path(__file__).parent.parent / "splinter/maintenance/templates/doit.cfg"  # as `doit init` writes it
STEPS = ("write", "add", "sign")
WORKSTREAM = """id: w{name}
title: Number {name}
when: {when}
scope: {{modify: ["out/{name}.txt"]}}
steps:
{steps}
checks: [{{id: fits, run: "true"}}]
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that holds a project and all that belongs to it: home, state, caches."""

    root: Path

    @property
    def project(self) -> Path:
        """The repository."""
        return self.root / "project"

    @property
    def environ(self) -> dict[str, str]:
        """What is called in it sees this: nothing of the machine but the programs."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER")
               for part, value in (("NAME", "Bench"), ("EMAIL", "bench@example.org"))}  # fmt: skip
        return {**kept, **who, "HOME": str(self.root / "home"), "XDG_STATE_HOME": str(self.root / "state"),
                "SPLINTER_SANDBOX": "off"}  # fmt: skip

    def make(self) -> None:
        """Begin with a repository that has no workstream yet."""
        shutil.rmtree(self.root, ignore_errors=True)
        for name in ("project", "home", "state"):
            (self.root / name).mkdir(parents=True)
        (self.project / "dodo.py").write_text(DODO)
        (self.project / "doit.cfg").write_bytes(CONFIG.read_bytes())
        (self.project / "workstreams").mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def add(self, names: Iterable[str], steps: Iterable[str] = STEPS, when: str = "weekly") -> None:
        """A workstream for each name, and a commit of all there is."""
        shown = "\n".join(f"  - {{id: {step}, run: mkdir -p out && echo {step} >> out/@.txt}}" for step in steps)
        for name in names:
            text = WORKSTREAM.format(name=name, when=when, steps=shown.replace("@", name))
            (self.project / f"workstreams/w{name}.yaml").write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "made")

    def add_files(self, count: int) -> None:
        """So many small files in folders, and a commit of them."""
        for number in range(count):
            file = self.project / self.file(number)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{number}\n" * 20)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "files")

    @staticmethod
    def file(number: int) -> str:
        """The path of one of them."""
        return f"files/{number % 500:03}/{number}.txt"

    def git(self, *words: str, given: bytes | None = None) -> str:
        """What git prints."""
        done = subprocess.run(
            ["git", *words], cwd=self.project, env=self.environ, input=given, check=True, stdout=subprocess.PIPE
        )
        return done.stdout.decode().strip()

    def doit(self, *words: str) -> str:
        """What doit prints; it must end well."""
        argv = [sys.executable, "-m", "doit", *words]
        done = subprocess.run(argv, cwd=self.project, env=self.environ, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(
                f"doit {' '.join(words)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        return done.stdout
