"""Lane `real`: the README's ways to install, each on a small package of a user's, up to the first result.

    pytest --lane real tests/lanes/test_documented_set_up.py

What is installed comes from the package index, so that ordinary runs and CI leave it out.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

README = (ROOT / "README.md").read_text("utf-8")
PYPROJECT = """[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"
[project]
name = "shapes"
version = "0.1"
requires-python = ">=3.11"
"""

pytestmark = [pytest.mark.lane("real"), pytest.mark.timeout(900)]


def sh(command: str, cwd: Path, *, ok: bool = True) -> str:
    """Run it as a user would type it; returns what it prints."""
    done = subprocess.run(["sh", "-c", command], cwd=cwd, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == ok, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package whose tests import it, with something to repair, beside a clone of this repository."""
    sh(f"git clone --quiet '{ROOT}' splinter", tmp_path)
    root = tmp_path / "shapes"
    (root / "src/shapes").mkdir(parents=True)
    (root / "src/shapes/__init__.py").touch()
    (root / "src/shapes/sizes.py").write_text("import os\n\n\ndef area(a, b):\n    return a * b\n")
    (root / "test_area.py").write_text(
        "from shapes.sizes import area\n\n\ndef test_area():\n    assert area(2, 3) == 6\n"
    )
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / ".gitignore").write_text(".venv/\n__pycache__/\n*.egg-info/\n")
    sh("git init --quiet && git add --all && git commit --quiet -m first", root)
    return root


def is_documented(command: str) -> str:
    assert re.search(rf"(?m)^{re.escape(command)}$", README)
    return command


def comes_to_a_result(project: Path, doit: str) -> None:
    sh(f"{doit} init && git add --all && git commit --quiet -m init && {doit}", project)
    assert "-import os" in sh("git diff main...splinter/lint-fixes", project)


def test_pip_in_the_projects_environment(project: Path) -> None:
    sh("python3 -m venv .venv && .venv/bin/pip install --quiet -e . pytest ruff", project)
    sh(is_documented(".venv/bin/pip install ../splinter"), project)
    comes_to_a_result(project, ".venv/bin/doit")


def test_uv_as_a_development_dependency(project: Path, tmp_path: Path) -> None:
    sh(f"'{sys.executable}' -m venv uv && uv/bin/pip install --quiet uv", tmp_path)
    uv = tmp_path / "uv/bin/uv"
    sh(f"'{uv}' add --dev pytest ruff", project)
    sh(is_documented("uv add --dev ../splinter").replace("uv", f"'{uv}'", 1), project)
    comes_to_a_result(project, f"'{uv}' run doit")
    said = sh(f"'{uv}' tool install ../splinter", project, ok=False)
    assert "No executables are provided by package `doit-splinter`" in said


def test_pipx_does_not_fit(project: Path, tmp_path: Path) -> None:
    sh(f"'{sys.executable}' -m venv pipx && pipx/bin/pip install --quiet pipx", tmp_path)
    assert "doit-splinter" in sh(f"'{tmp_path}/pipx/bin/pipx' install ../splinter", project, ok=False)


def test_the_set_up_of_this_repository(project: Path, tmp_path: Path) -> None:
    command = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/doit"
    sh(is_documented(command), tmp_path / "splinter")
    assert sh("git branch --list 'splinter/*'", tmp_path / "splinter").split() == [
        "splinter/fix-median", "splinter/tidy", "splinter/tidy-docs",
    ]  # fmt: skip
