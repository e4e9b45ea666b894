"""`World.doit` is `python -m doit`: a fork of a warm Python ends with the same status, words and last deeds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked_doit

ENDS = {
    "a task that fails": "",
    "words as a status": "raise SystemExit('no such thing')",
    "what follows the last task": (
        "import atexit, threading\n"
        "atexit.register(int, 'x')\n"
        "atexit.register(print, 'at the end')\n"
        "threading.Timer(0.3, print, ['later']).start()"
    ),
    "an output that is closed": "import os; os.close(1)",
}
DODO = "def task_a():\n    return {'actions': ['false' if %r else 'true'], 'verbosity': 2}\n%s\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process is forked")
@pytest.mark.parametrize("end", ENDS)
def test_a_fork_ends_as_a_new_python_does(end: str, tmp_path: Path) -> None:
    found = []
    for name in ("forked", "started"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "dodo.py").write_text(DODO % (end == "a task that fails", ENDS[end]))
        found.append(forked(folder) if name == "forked" else started(folder))
    assert found[0] == found[1]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process is forked")
def test_a_fork_looks_for_the_users_packages_in_its_own_home(tmp_path: Path) -> None:
    """Two parents that were started in two homes told of two folders."""
    (tmp_path / "dodo.py").write_text(DODO % (False, "import site\nprint(site.getusersitepackages())"))
    _, out, _ = forked_doit.call(["list"], tmp_path, {**os.environ, "HOME": "/another/home"})
    assert out.startswith("/another/home/")


def forked(folder: Path) -> tuple[object, ...]:
    status, out, err = forked_doit.call(["run"], folder, os.environ)
    return status, out, err.splitlines()[-1:]


def started(folder: Path) -> tuple[object, ...]:
    done = subprocess.run([sys.executable, "-m", "doit", "run"], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr.splitlines()[-1:]
