"""Every benchmark still runs, on tiny numbers: what it prints says nothing of speed, but that it can be printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import TABLES
from tests import paths

pytestmark = [pytest.mark.lane("benchmarks"), pytest.mark.timeout(600)]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_printed(name: str, tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    asked = [sys.executable, "-m", "benchmarks", "--quick", name]
    done = subprocess.run(asked, cwd=paths.ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    assert done.stdout.startswith("### ")
    assert not any(tmp_path.glob("splinter-bench-*"))
