"""Another doit project in an environment where splinter is installed works as if it were not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DODO = """
def task_check():
    return {"actions": ["echo checking > checked.txt"], "targets": ["checked.txt"], "uptodate": [True]}

def task_plan():
    return {"actions": ["echo planning"], "verbosity": 2}

def task_report():
    return {"actions": [(lambda: print("reporting"),)], "verbosity": 2, "task_dep": ["check"]}

def task_fail():
    return {"actions": ["exit 3"]}
"""


AS_IT_IS = "import sys, doit.__main__; sys.exit(doit.__main__.main())"
BARE = f"import doit.plugin; doit.plugin.entry_points_impl = lambda: (lambda group: ()); {AS_IT_IS}"
CALLS = (
    ("check", "plan", "report"), ("check",), (), ("list", "--all", "-s"), ("-n", "2", "-P", "thread", "plan"),
    ("-n", "2", "check"), ("fail", "plan"), ("-c", "fail", "plan"), ("info", "check"), ("forget", "check"), ("run", "check"),
    ("run", "--dry-run"), ("nothing",), ("-s", "report"), ("clean", "check"),
)  # fmt: skip
FEW = (("-n", "2", "check"), (), ("list", "--all", "-s"), ("fail", "plan"))


def doit(folder: Path, *arguments: str, bare: bool) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", BARE if bare else AS_IT_IS, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told = (done.stdout + done.stderr).replace(folder.name, "FOLDER")
    return done.returncode, "\n".join(
        line for line in told.splitlines() if "__main__.py" not in line and "splinter" not in line
    )


@pytest.mark.parametrize(
    ("dodo", "calls"),
    [
        pytest.param(DODO, FEW, id="with tasks called like ours"),
        pytest.param(DODO, CALLS, id="with tasks called like ours, every call", marks=pytest.mark.lane("real")),
        pytest.param(None, (("check",),), id="without a dodo file"),
        pytest.param(None, CALLS, id="without a dodo file, every call", marks=pytest.mark.lane("real")),
    ],
)
def test_another_project_works_as_if_splinter_were_not_installed(
    tmp_path: Path, dodo: str | None, calls: tuple[tuple[str, ...], ...]
) -> None:
    for name in ("with", "bare"):
        (tmp_path / name).mkdir()
        if dodo:
            (tmp_path / name / "dodo.py").write_text(dodo)
    for call in calls:
        assert doit(tmp_path / "with", *call, bare=False) == doit(tmp_path / "bare", *call, bare=True), call
    here, there = ({path.name for path in (tmp_path / name).iterdir()} for name in ("with", "bare"))
    assert here == there
