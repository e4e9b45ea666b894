"""What a run of the suite leaves out is told at its end: tests that want npm's packages, and lanes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests import paths

TESTS = """
import pytest
from tests import counterparts

counterparts.MODULES = counterparts.HERE / "not installed"


@pytest.mark.parametrize("number", range(3))
def test_emulated(tmp_path, number):
    with counterparts.emulated("slack", {}, tmp_path):
        raise AssertionError("there is no emulator")


@pytest.mark.lane("races")
def test_deep():
    raise AssertionError("nobody asked for it")


def test_ordinary():
    pass
"""


def test_what_is_left_out_is_told_in_a_line_each_with_what_brings_it(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = lane\naddopts = -ra\n")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # --basetemp, say
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "1", "-p", "tests.conftest", "-p", "no:cacheprovider"],
        cwd=tmp_path, env={**outside, "PYTHONPATH": str(paths.ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    *_, lanes, npm, end = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout
    assert lanes == "1 deep test was left out; --lane NAME runs them: races, or all"
    assert (
        npm == "3 tests were skipped for want of npm's packages; this brings them: npm ci --prefix tests/counterparts"
    )
    assert "1 passed, 3 skipped" in end
