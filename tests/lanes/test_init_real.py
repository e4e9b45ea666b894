"""Lane `real`: ten packages that are not ours: `doit init`, a commit, `doit`; green, or one sentence that says why not.

    pytest --lane real tests/lanes/test_init_real.py -s

Each has an environment of its own, as the README says: the package editable, its tests' tools, splinter beside them.
It downloads sources from the package index, so that ordinary runs and CI leave it out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import paths
from tests.world import Done, World

BEFORE = "What fails here failed before the change too"  # with the pytest and Python of today
# the package as published, what its tests need besides pytest, and what is said where it is not green
PACKAGES = {
    "humanize==4.11.0": ("freezegun pytest-cov", ""),
    "more-itertools==10.5.0": ("", ""),
    "tabulate==0.9.0": ("", ""),
    "inflection==0.5.1": ("", ""),
    "packaging==24.2": ("pretend", ""),
    "click==8.1.7": ("", BEFORE),
    "tomlkit==0.13.2": ("pyyaml", ""),
    "sortedcontainers==2.4.0": ("", ""),
    "idna==3.10": ("", ""),
    "attrs==24.2.0": ("hypothesis cloudpickle", BEFORE),
}


@dataclass(frozen=True)
class Newcomer:
    """A user with a package of somebody else's in a repository, and one environment for all."""

    world: World
    bin: Path

    def doit(self, *arguments: str) -> Done:
        env = self.world.environ() | {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            [self.bin / "doit", *arguments], cwd=self.world.root, env=env, capture_output=True, text=True, timeout=900
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return Done(done.returncode, done.stdout, done.stderr)


def unpacked(package: str, folder: Path) -> Path:
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-binary", ":all:", "--no-deps", package]
    subprocess.run(
        [*download, "--dest", str(folder / "sdist")], check=True, timeout=900
    )  # a cold cache and a busy machine
    (archive,) = (folder / "sdist").glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    return source


@pytest.fixture(params=PACKAGES)
def newcomer(request: pytest.FixtureRequest, tmp_path: Path, sealed_world: Path) -> Newcomer:
    world = World(tmp_path / "project", sealed_world)
    for file in ("dodo.py", "doit.cfg", "README.md"):
        (world.root / file).unlink()
    for path in unpacked(request.param, tmp_path).iterdir():
        path.rename(world.root / path.name)
    world.commit("as published")
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)
    words, _ = PACKAGES[request.param]
    install = [tmp_path / "venv/bin/pip", "install", "--quiet", "pytest", "ruff", *words.split()]
    subprocess.run([*install, "-e", world.root, "-e", paths.ROOT], check=True, timeout=900)
    return Newcomer(world=world, bin=tmp_path / "venv/bin")


@pytest.mark.lane("real")
@pytest.mark.timeout(1800)
def test_init_and_doit_are_green_or_say_why(newcomer: Newcomer, request: pytest.FixtureRequest) -> None:
    package = request.node.callspec.params["newcomer"]
    _, says = PACKAGES[package]
    began = newcomer.doit("init")
    assert began.status == 0, began.out + began.err
    newcomer.world.commit("set up")
    done = newcomer.doit()
    print(f"\n{package}: {done.status}\n{began.out}\n{done.out}{done.err}")
    assert done.status == (1 if says else 0), done.out + done.err
    assert says in done.out
    if not says:
        assert newcomer.world.git("status", "--porcelain") == ""
        again = newcomer.doit()
        assert (again.status, again.out.count("\n") < 5) == (0, True), again.out
