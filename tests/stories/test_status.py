"""What runs is seen from another terminal, which takes no lock; of a run that was killed nothing is said to run."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from splinter.model import layout
from splinter.system import log_tail, under_way_file
from splinter.text.markdown import utc
from tests.world import World, end_group, wait_for

SECRET = "made-up-secret-123456"


@pytest.fixture
def slow(world: World) -> World:
    """A step that prints and then waits for somebody to open a FIFO, and a workstream after it."""
    os.mkfifo(world.home / "go")
    says = f"echo begun; echo \"token $MADE_UP_TOKEN\"; printf '\\033[2Jclears\\n'; echo a > a.txt; read line < {world.home}/go; echo $line"
    world.env["MADE_UP_TOKEN"] = SECRET
    world.workstream("slow", steps=[world.step("wait", says)], env=["MADE_UP_TOKEN"])
    world.workstream("after", steps=[world.step("b", "echo b > b.txt")], depends_on=["slow"])
    world.commit()
    return world


def status(world: World) -> Any:
    done = world.doit("status", "--json")
    assert (done.status, done.err) == (0, "")
    return json.loads(done.out)


def has_said(world: World) -> bool:
    """Whether the step has printed, and others can know where: that is written within a moment."""
    logs = list((world.root / ".splinter/runs").glob("*/slow/wait.log"))
    left = under_way_file.left(world.root / layout.STATE)
    is_named = left is not None and any(one.log for one in left.doing)
    return is_named and any("clears" in log_tail.last_line(log) for log in logs)


def go_on(world: World) -> None:
    (world.home / "go").write_text("went on\n")


def test_another_terminal_sees_what_runs_its_log_and_then_how_it_ended(slow: World) -> None:
    nothing = slow.doit("status")
    assert (nothing.status, nothing.out) == (0, "Nothing runs, and no run is recorded yet.\n")
    doit = slow.start("workstreams")
    wait_for(lambda: has_said(slow), "the step", seconds=10)
    now = status(slow)
    assert (now["running"], now["pid"], now["since"]) == (True, doit.pid, slow.now)
    (doing,) = now["doing"]
    assert (doing["task"], doing["since"], doing["last_line"]) == ("slow:wait", slow.now, "clears")
    assert now["pending"] == [{"workstream": "after", "waits_for": ["slow"]}]
    told = slow.doit("status").out
    assert f"run {now['run']} works, pid {doit.pid}, since {utc(slow.now)}\n" in told
    assert f"   slow:wait  since {utc(slow.now)} (0 s)  {doing['log']}\n     clears\n   after  waits for slow\n" in told
    assert slow.doit("plan").out.splitlines()[:2] == [
        f"slow   runs now: slow:wait since {utc(slow.now)}",
        "after  in the run under way it waits for slow",
    ]
    assert "  slow   under way  Title of slow\n" in slow.doit("list").out
    assert "no workstream ended (it works now)" in slow.doit("history").out
    at = f"slow: runs now: slow:wait since {utc(slow.now)}; "
    assert slow.doit("why", "slow").out == f"{at}what follows is without it\nslow is due:\n  it never ran\n"
    assert slow.doit("diff", "slow").err.startswith(f"{at}it has proposed nothing yet in this run\n")
    log = slow.doit("log", "slow").out
    assert log == slow.doit("log", "slow:wait").out
    assert "begun\n" in log
    assert SECRET not in log
    assert "\x1b" not in log
    followed = slow.home / "followed"
    follower = follow(slow, "slow:wait", followed)
    go_on(slow)
    doit.communicate(timeout=30)
    assert (doit.returncode, follower.wait(30)) == (0, 0)
    assert followed.read_text() == f"{log}went on\n"
    after = status(slow)
    assert not after["running"]
    assert after["last"]["workstreams"] == [
        {"workstream": "slow", "outcome": "changed", "next": "doit diff slow"},
        {"workstream": "after", "outcome": "changed", "next": "doit diff after"},
    ]
    assert not (slow.root / ".splinter" / layout.UNDER_WAY).exists()
    assert slow.doit("diff", "after").out == slow.git("diff", "main...splinter/after") + "\n"


def follow(world: World, wanted: str, out: Path) -> subprocess.Popen[bytes]:
    with out.open("wb") as stream:
        follower = subprocess.Popen(
            [sys.executable, "-m", "doit", "log", "-f", wanted], cwd=world.root, env=world.environ(), stdout=stream
        )
    wait_for(lambda: "clears" in out.read_text(), "what was said so far")
    assert follower.poll() is None
    return follower


@pytest.mark.lane("stories")
def test_of_a_run_that_was_killed_nothing_runs(slow: World) -> None:
    doit = slow.start("workstreams")
    wait_for(lambda: has_said(slow), "the step", seconds=10)
    assert status(slow)["running"]
    end_group(doit)
    assert (slow.root / ".splinter" / layout.UNDER_WAY).exists(), "a kill leaves it"
    assert not status(slow)["running"]
    assert slow.doit("status").out.startswith("Nothing runs")
    assert "begun\n" in slow.doit("log", "-f", "slow").out, "and -f ends at once"


def streams(world: World, *events: dict[str, Any], then: str, settings: str = "") -> None:
    """A workstream that asks opencode; a program of that name prints these events, then does what a shell is told."""
    program = world.home / "bin/opencode"
    program.parent.mkdir()
    lines = "\n".join(map(json.dumps, events))
    program.write_text(
        f"#!/bin/sh\n[ $1 = --version ] && exit\necho b = 1 > src/b.py\ncat << 'END'\n{lines}\nEND\n{then}\n"
    )
    program.chmod(0o755)
    world.env |= {"PATH": f"{program.parent}:{world.environ()['PATH']}", "OPENAI_API_KEY": SECRET}
    world.write("src/a.py", "a = 1\n")
    world.write("splinter.toml", settings)
    step = {"id": "ask", "prompt": "Do it.", "tool": "opencode"}
    world.workstream("w", scope={"modify": ["src/**"]}, steps=[step])
    world.commit()


def told(text: str) -> dict[str, Any]:
    return {"type": "text", "part": {"text": text}}


def test_what_an_agent_says_is_seen_while_it_works_and_after_a_kill_and_no_secret_of_it(world: World) -> None:
    os.mkfifo(world.home / "go")
    called = {"tool": "bash", "state": {"input": {"command": "ls"}, "output": "::error::no\n\x1b[2J> done"}}
    paid = {"cost": 0.25, "tokens": {"input": 3, "output": 1}, "reason": "tool-calls"}
    events = (told(f"The key is {SECRET[:9]}"), told(f"{SECRET[9:]}."), {"type": "tool_use", "part": called},
              {"type": "step_finish", "part": paid}, told("I go on."))  # fmt: skip
    streams(world, *events, then=f"read line < {world.home}/go")
    doit = world.start("w")
    wait_for(lambda: any("I go" in one.read_text() for one in world.root.glob(".splinter/runs/*/w/ask.log")), "the log")
    wait_for(lambda: status(world)["doing"][0]["usage"]["usd"], "what it cost")  # which is noted a moment later
    (doing,) = status(world)["doing"]
    assert (doing["task"], doing["last_line"], doing["usage"]["usd"]) == ("w:ask", "I go on.", 0.25)
    assert "  $0.2500, 3 tokens read, 1 written  " in world.doit("status").out
    log = world.root / doing["log"]
    text = "The key is ***.\n> bash ls\n    ::error::no\n    > done\nI go on.\n"
    assert (log.read_text(), log.stat().st_mode & 0o777) == (text, 0o600)
    assert log.parents[1].stat().st_mode & 0o777 == 0o700, "prompts and patches lie there, too"
    end_group(doit)
    assert world.doit("log", "w").out == text
    world.env["GITHUB_ACTIONS"] = "true"
    assert "    : :error::no\n" in world.doit("log", "w:ask").out
    assert list(world.worktree("w").glob("src/b.py")), "what it did is there"


def test_a_public_log_shows_nothing_that_an_agent_said_unless_a_setting_says_so(world: World) -> None:
    streams(world, told("All that I know."), then="exit 3")
    world.env["GITHUB_ACTIONS"] = "true"
    done = world.doit("w")
    assert "opencode ended with exit status 3" in done.out
    assert "All that" not in done.out + world.doit("show").out
    world.write("splinter.toml", "show_transcripts = true\n")
    assert "opencode ended with exit status 3\n     All that I know.\n" in world.doit("w").out


def test_a_failure_is_named_at_the_end_with_what_to_call_which_then_works(world: World) -> None:
    world.workstream("bad", steps=[world.step("s", "echo made > made.txt; echo why >&2; exit 3")])
    world.workstream("good", steps=[world.step("s", "echo good > good.txt")])
    world.commit()
    done = world.doit("workstreams")
    lines = done.out.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("run "))
    assert lines[at + 1 : at + 3] == [
        "   bad   failed  (exit_code)  doit log bad",
        "   good  changed  doit diff good",
    ]
    assert world.doit("log", "bad").out.endswith("why\n")
    assert "+made\n" in world.doit("diff", "bad").out
    assert "+good\n" in world.doit("diff", "good").out
    for command, wanted, said in (
        ("log", "../good", '"../good" is not a workstream; "doit list" names them'),
        ("log", "none", "there is no log of none; there are those of bad, good"),
        ("log", "goood", 'there is no log of goood; did you mean "good"?'),
        ("log", "bad:accept", "there is no log of bad:accept; bad has those of s"),
        ("log", "bad:ss", 'there is no log of bad:ss; did you mean "s"?'),
        ("diff", "none", 'no run of "none" is recorded; "doit list" names the workstreams'),
        ("diff", "goood", 'no run of "goood" is recorded; did you mean "good"?'),
        ("diff", "bad:s", "what a workstream changed is shown as a whole: doit diff bad"),
        ("diff", ".git/x", '".git/x" is not a workstream; "doit list" names them'),
        ("why", "goood", '"goood" is not a workstream; did you mean "good"?'),
    ):
        refused = world.doit(command, wanted)
        assert (refused.status, refused.out, refused.err) == (3, "", f"{said}\n")
    world.doit("clean", "bad")
    assert world.doit("log", "bad").err.startswith("there is no log of bad: `doit gc` and `doit clean` remove them")


def test_a_fix_attempt_says_that_it_begins(world: World) -> None:
    fixer = world.write("fixer", "#!/bin/sh\ncat > /dev/null; echo fixed > state.txt\n")
    fixer.chmod(0o755)
    world.write("splinter.toml", f'[tools.fixer]\ncommand = "{fixer}"\nprompt_args = []\nstdin = "prompt"\n')
    world.workstream(
        "w", tool="fixer", fix={"attempts": 2}, steps=[world.step("s", "echo broken > state.txt")],
        checks=[{"id": "c", "run": "grep -q fixed state.txt", "compare": False}],
    )  # fmt: skip
    world.commit()
    done = world.doit("workstreams")
    assert "   w:accept  fix attempt 1 of 2 for c\n" in done.out, done.out + done.err


def on_a_terminal(world: World, until: bytes, number: int) -> bytes:
    """What a run shows on one, which gets that signal once it has shown something."""
    terminal, ours = pty.openpty()
    env = {**world.environ(), "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    env.pop("NO_COLOR", None)
    doit = subprocess.Popen(
        [sys.executable, "-m", "doit", "workstreams"], cwd=world.root, env=env, stdin=ours, stdout=ours, stderr=ours
    )
    os.close(ours)
    shown = b""
    while doit.poll() is None or select.select([terminal], [], [], 0)[0]:
        try:
            shown += os.read(terminal, 4096) if select.select([terminal], [], [], 0.1)[0] else b""
        except OSError:  # Linux says so where the other side is closed
            break
        if until in shown and number:
            doit.send_signal(number)
            number = 0
    os.close(terminal)
    assert doit.wait(10) == 128 + signal.SIGINT
    return shown


@pytest.mark.lane("stories")
def test_on_a_terminal_what_runs_stands_below_and_is_gone_after_an_interrupt(slow: World) -> None:
    shown = on_a_terminal(slow, b"clears", signal.SIGINT).decode()
    table = [line for line in shown.replace("\r", "\n").splitlines() if line.rstrip().startswith("slow:wait")]
    assert any("clears" in line for line in table)
    assert "after waits for slow" in shown
    assert "   slow  \x1b[33minterrupted\x1b[0m  doit slow\r\n" in shown
    assert shown.rstrip(" ").endswith("\x1b[2K"), "the table is taken away"
    assert "\x1b[?25l" not in shown
