"""The others that are measured beside: installed into a folder of their own, each with its version or what is missing.

    python -m benchmarks --peers FOLDER

The folder is kept and used again; without the option it is one in the user's cache folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("ninja", "doit", "snakemake", "luigi", "go-task-bin")
NAMES = ("make", "ninja", "doit", "snakemake", "luigi", "task")
APART = "bernstein"  # needs a newer Python than we do
_NOT_HERE = "it is not on this machine, and nothing was installed"
_PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
PYTHONS = ("python3.14", "python3.13", "python3.12")


@dataclass(frozen=True, slots=True)
class Peer:
    """One of them: what it is called, its program, its version; `missing` says why it is not measured."""

    name: str
    program: str = ""
    version: str = ""
    missing: str = ""


class Peers:
    """All that could be had."""

    def __init__(self, folder: Path | None) -> None:
        """Install what is not in the folder yet; without one nothing, and only what the machine has is measured."""
        self.python, self.found = sys.executable, dict[str, Peer]()
        if folder:
            _install(folder / "venv", [sys.executable], PACKAGES)
            self.python = str(folder / "venv/bin/python")
        for name in NAMES:
            self.found[name] = _found(name, Path(self.python).parent, is_installed=bool(folder))
        self.found[APART] = _apart(folder) if folder else Peer(APART, missing=_NOT_HERE)

    def program(self, name: str) -> str | None:
        """Where it is, None where it could not be had."""
        return self.found[name].program or None

    def missing(self, *names: str) -> list[str]:
        """A sentence for each of those that could not be had."""
        return [f"{name} is not measured: {self.found[name].missing}" for name in names if self.found[name].missing]

    def versions(self) -> dict[str, str]:
        """Of those that are there."""
        return {name: peer.version for name, peer in self.found.items() if peer.program}


def _found(name: str, folder: Path, *, is_installed: bool) -> Peer:
    here = folder / name
    of_machine = (shutil.which(name) or "") if name == "make" or not is_installed else ""
    program = str(here) if is_installed and here.exists() else of_machine
    if not program:
        return Peer(name, missing="it could not be installed" if is_installed else _NOT_HERE)
    return Peer(name, program, _version(str(folder / "python"), name, program))


def _apart(folder: Path) -> Peer:
    named = (found for name in PYTHONS if (found := _working(name)))
    python = next(named, None) or next(map(str, sorted(_PYENV.glob("versions/3.1[2-9].*/bin/python"))), None)
    if python is None:
        return Peer(APART, missing=f"it needs Python 3.12, and none of {', '.join(PYTHONS)} is here")
    _install(folder / "apart", [python], [APART])
    program = folder / "apart/bin" / APART
    if not program.exists():
        return Peer(APART, missing="it could not be installed")
    return Peer(APART, str(program), _version(str(program.with_name("python")), APART, str(program)))


def _working(name: str) -> str | None:
    """A Python of that name which runs."""
    program = shutil.which(name)
    if program is None:
        return None
    asked = [program, "-c", "import sys; print(sys.executable)"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _install(folder: Path, python: list[str], packages: tuple[str, ...] | list[str]) -> None:
    """Each by itself, so that one that cannot be had takes none with it."""
    if not (folder / "bin/pip").exists():
        subprocess.run([*python, "-m", "venv", str(folder)], check=True)
    for package in packages:
        mark = folder / f"has-{package}"
        if not mark.exists():
            print(f"  installing {package}", file=sys.stderr, flush=True)
            words = [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", package]
            if subprocess.run(words, check=False, capture_output=True).returncode == 0:
                mark.touch()


def _version(python: str, name: str, program: str) -> str:
    if name == "make":
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        return said.split("\n")[0].rpartition(" ")[2]
    package = {"task": "go-task-bin"}.get(name, name)
    asked = [python, "-c", f"import importlib.metadata as m; print(m.version({package!r}))"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def default_folder() -> Path:
    """In the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "splinter-benchmarks"
