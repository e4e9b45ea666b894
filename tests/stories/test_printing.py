"""Printing never ends a run and never decides its exit status."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import deep
from tests.world import World

MARK = "✓"


@pytest.fixture
def marked(world: World) -> World:
    """`good` and `bad` have a title that Latin-1 cannot show, and `bad` fails with one in what it printed."""
    world.workstream("good", title=f"{MARK} good", steps=[world.step("s", "echo x > x.txt")])
    world.workstream("bad", title=f"{MARK} bad", steps=[world.step("s", f"echo '{MARK} half done'; exit 3")])
    world.commit()
    return world


def shell(world: World, script: str) -> subprocess.CompletedProcess[str]:
    """A line for the shell in which `doit` is ours."""
    doit = f"doit() {{ '{sys.executable}' -m doit \"$@\"; }}\n"
    return subprocess.run(
        ["bash", "-c", doit + script], cwd=world.root, env=world.environ(),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def is_reported(world: World) -> bool:
    return (world.root / "reports/latest/report.md").exists() and len(world.mails()) == 1


@pytest.mark.lane("stories")
def test_a_character_that_stdout_cannot_show_ends_no_run(marked: World) -> None:
    marked.env["PYTHONIOENCODING"] = "latin-1"
    done = marked.doit()
    assert done.status == 1
    assert "\\u2713 half done" in done.out
    assert marked.outcomes() == {"good": "changed", "bad": "failed"}
    assert is_reported(marked)


LOOKS = (
    "list", "list --all", "graph", "graph --format svg", "run --dry-run", "pr --dry-run", "plan", "why good", "check",
    "info good", "history", "show",
)  # fmt: skip


@pytest.mark.parametrize("call", deep.rows(LOOKS, "disk", ordinary=("list",)))
def test_a_command_that_looks_shows_what_it_can(marked: World, call: str) -> None:
    if call in ("history", "show"):
        marked.doit("workstreams")
    marked.env["PYTHONIOENCODING"] = "latin-1"
    done = marked.doit(*call.split())
    assert (done.status, done.err) == (int(call == "info good"), ""), done.out  # doit's 1 for what is not up to date
    assert ("\\u2713" in done.out) is (call.split()[0] in ("list", "graph", "run", "pr", "info", "show")), done.out


REDIRECTED = ("> /dev/full", ">&-", "2>&-", ">&- 2>&-", "| true", "-o /dev/full", "> /dev/full 2> /dev/full")


@pytest.mark.parametrize("redirected", deep.rows(REDIRECTED, "disk", ordinary=("> /dev/full",)))
def test_a_stdout_that_takes_nothing_ends_no_run(marked: World, redirected: str) -> None:
    if "/dev/full" in redirected and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = shell(marked, f"set -o pipefail\ndoit {redirected}")
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert marked.outcomes() == {"good": "changed", "bad": "failed"}
    assert is_reported(marked)


CALLS = ("list", "graph", "plan", "run --dry-run", "check", "history")
TAKES_NOTHING = [(call, redirected) for call in CALLS for redirected in ("> /dev/full", ">&-")]
ORDINARY = (("list", "> /dev/full"), ("plan", ">&-"))


@pytest.mark.parametrize(("call", "redirected"), deep.rows(TAKES_NOTHING, "disk", ordinary=ORDINARY))
def test_a_stdout_that_takes_nothing_is_no_error_of_a_command(marked: World, call: str, redirected: str) -> None:
    done = shell(marked, f"doit {call} {redirected}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.lane("disk")
def test_a_reader_that_leaves_ends_no_run(marked: World) -> None:
    for number in range(40):
        marked.workstream(f"more-{number:02}", steps=[marked.step("s", "exit 3")])
    done = shell(marked, "set -o pipefail\nPYTHONUNBUFFERED=1 doit | head -1")
    assert (done.returncode, done.stderr) == (1, "")
    assert len(marked.outcomes()) == 42
    assert is_reported(marked)


@pytest.mark.lane("stories")
def test_a_task_that_cannot_be_looked_at_fails_alone(marked: World) -> None:
    (marked.root / "workstreams/bad.yaml").unlink()
    with (marked.root / "dodo.py").open("a") as dodo:
        dodo.write("def task_own():\n    return {'actions': ['true'], 'uptodate': [lambda: 1 / 0]}\n")
    done = shell(marked, "doit")
    assert done.returncode == 2, "3 means that nothing was run"
    assert "TaskError - taskid:own\nthe task's own code raised an error\n" in done.stdout
    assert marked.outcomes() == {"good": "changed"}
    assert is_reported(marked)


@pytest.mark.lane("stories")
def test_a_defect_in_the_middle_of_a_run_is_not_told_as_a_run_of_nothing(marked: World) -> None:
    with (marked.root / "dodo.py").open("a") as dodo:
        dodo.write(
            "from splinter.doit_plugins.reporter import Reporter\n"
            "def broken(self):\n    1 / 0\n"
            "Reporter.complete_run = broken\n"
        )
    done = shell(marked, "doit good")
    assert done.returncode == 2
    assert done.stderr.startswith("this is a defect of splinter's; please report it\nTraceback")
