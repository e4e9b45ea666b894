"""Kills and signals at the worst moment: nothing is lost, nothing stays, nothing is done twice."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from splinter.doit_plugins import locked
from splinter.system.supervisor import MARKER
from tests.world import World, children, end_group, key, wait_for


@pytest.fixture
def slow(world: World) -> World:
    """Three steps, the second of which waits, with a child of its own, until the file `go` appears."""
    go = world.home / "go"
    wait = f"echo half > half.txt; (setsid sleep 600 &); until test -e '{go}'; do sleep 0.05; done; echo b > b.txt; rm half.txt"
    world.workstream(
        "slow",
        steps=[
            world.step("first", "echo a > a.txt"),
            world.step("second", wait),
            world.step("third", "cat a.txt b.txt > c.txt"),
        ],
    )
    world.workstream("other", steps=[world.step("o", "echo o > o.txt")])
    world.commit()
    return world


def reaches_second(world: World) -> bool:
    """In the second step, with the other workstream accepted: what has only run would run again."""
    return "second" in world.calls() and len(children(world)) >= 2 and world.branches() == ["splinter/other"]


def test_a_kill_in_the_middle_of_a_step_repeats_no_finished_step(slow: World) -> None:
    doit = slow.start()
    wait_for(lambda: reaches_second(slow), "the second step")
    end_group(doit)
    wait_for(lambda: children(slow) == [], "the end of the step's processes", seconds=5)
    orphan = subprocess.Popen(["sleep", "600"], env={MARKER: f"{key(slow)}/1-dead/1"})  # as other systems leave one
    (slow.worktree("slow").parents[1] / "index/slow.lock").touch()  # as a git that was killed leaves it
    slow.new_calls()
    again = slow.start()
    wait_for(lambda: "second" in slow.calls(), "the second step, again")
    (slow.home / "go").touch()
    out, _ = again.communicate(timeout=30)
    assert again.returncode == 0, out
    assert slow.new_calls() == ["second", "third"]
    assert orphan.wait(5) == -signal.SIGTERM
    assert children(slow) == []
    assert slow.git("diff", "--name-only", "main", "splinter/slow").split() == ["a.txt", "b.txt", "c.txt"]
    report = (slow.root / "reports/latest/report.md").read_text()
    assert "did not finish; what it had done was kept" in report
    assert "1 process of a killed run still ran and were ended." in report
    patches = list((slow.root / ".splinter/runs").glob("*/slow/found-in-worktree.patch"))
    assert len(patches) == 1
    assert "half.txt" in patches[0].read_text()


def test_a_night_that_was_killed_is_reported_as_interrupted_by_a_call_that_only_publishes(slow: World) -> None:
    slow.workstream("other", enabled=False, steps=[{"id": "o", "run": "true"}])
    slow.workstream("slow", steps=[slow.step("second", f"until test -e '{slow.home}/go'; do sleep 0.05; done")])
    slow.commit()
    doit = slow.start("run", "workstreams")
    wait_for(lambda: slow.calls() == ["second"], "the step")
    end_group(doit)
    assert slow.doit("run", "report").status == 0
    report = (slow.root / "reports/latest/report.md").read_text()
    assert "1 interrupted" in report.splitlines()[0]
    assert "**Interrupted** at step `second`" in report
    (slow.home / "go").touch()
    assert slow.doit("run", "workstreams").status == 0
    assert slow.outcomes()["slow"] == "unchanged"


@pytest.mark.lane("kills")
def test_after_a_kill_while_checks_run_the_steps_files_are_nobodys_edits(world: World) -> None:
    waits = f"touch {world.home}/checking; while [ ! -e {world.home}/go ]; do sleep 0.05; done"
    check = {"id": "c", "run": waits, "compare": False}
    world.workstream(
        "w", steps=[world.step("one", "echo a > a.txt"), world.step("two", "echo b > b.txt")], checks=[check]
    )
    world.commit()
    doit = world.start("w")
    wait_for(lambda: (world.home / "checking").exists(), "the check")
    end_group(doit)
    (world.home / "go").touch()
    assert world.doit("w").status == 0
    assert world.outcomes()["w"] == "changed"
    assert list((world.root / ".splinter/runs").glob("*/w/found-in-worktree.patch")) == []


@pytest.mark.parametrize(
    ("number", "arguments"),
    [
        (signal.SIGINT, ["-n", "1"]), (signal.SIGTERM, ["-n", "4"]),
        *(pytest.param(*row, marks=pytest.mark.lane("kills")) for row in (
            (signal.SIGINT, ["-n", "4"]), (signal.SIGTERM, ["-n", "1"]), (signal.SIGHUP, ["-n", "4"]),
            (signal.SIGQUIT, ["-n", "1"]),
        )),
    ],
)  # fmt: skip
def test_a_signal_ends_the_children_and_saves_what_was_finished(slow: World, number: int, arguments: list[str]) -> None:
    slow.workstream("after", steps=[slow.step("z", "true")], depends_on=["slow"])
    slow.commit()
    names = ["after", "other"] if arguments == ["-n", "4"] else ["other", "after"]
    doit = slow.start(*arguments, *names)
    wait_for(lambda: reaches_second(slow), "the second step")
    began = time.monotonic()
    doit.send_signal(number)
    out, _ = doit.communicate(timeout=30)
    assert time.monotonic() - began < 10, "children get a second to end by themselves, and no more"
    assert doit.returncode == 128 + number
    assert "Traceback" not in out
    assert "   ended by a signal; not come to: after\n" in out
    assert children(slow) == []
    assert slow.outcomes()["slow"] == "interrupted"
    slow.new_calls()
    (slow.home / "go").touch()
    assert slow.doit().status == 0
    assert slow.new_calls() == ["second", "third", "z"]


def test_a_second_run_at_once_is_refused_with_the_holder(slow: World) -> None:
    doit = slow.start()
    wait_for(lambda: reaches_second(slow), "the second step")
    done = slow.doit()
    assert done.status == 4
    assert done.err == (
        f"another run works on this repository (pid {doit.pid}, since 2026-11-23T02:00:00+00:00); wait for it, or end it\n"
    )
    assert slow.doit("list").status == 0
    assert slow.doit("plan").status == 0
    end_group(doit)
    (slow.home / "go").touch()
    assert slow.doit().status == 0


@pytest.mark.lane("kills")
def test_a_hang_is_ended_at_its_deadline_with_all_of_its_tree(world: World) -> None:
    hang = "(setsid sh -c 'trap \"\" TERM; sleep 600; sleep 600' &) ; sleep 600"
    world.workstream("hang", steps=[world.step("hangs", hang, timeout="1s")])
    world.commit()
    done = world.doit()
    assert done.status == 1
    record = world.records()["hang"]
    assert (record["outcome"], record["reason"], record["step"]) == ("failed", "timed_out", "hangs")
    assert "did not end within 1 s and was ended with all it had started" in record["message"]
    assert children(world) == []


def test_a_silent_prompt_step_is_ended_as_stalled(world: World) -> None:
    tool = world.home / "quiet"
    tool.write_text('#!/bin/sh\n[ "$1" = --version ] || exec sleep 600\n')
    tool.chmod(0o755)
    world.write("splinter.toml", f'[tools.quiet]\ncommand = "{tool}"\nprompt_args = ["{{prompt}}"]\n')
    world.workstream("q", steps=[{"id": "ask", "prompt": "Anything", "tool": "quiet", "stall": "2s"}])
    world.commit()
    assert world.doit("q").status == 1
    assert world.records()["q"]["reason"] == "stalled"


def test_leftover_children_of_a_step_that_ended_well_are_ended(world: World) -> None:
    world.workstream("leaves", steps=[world.step("s", "(setsid sleep 600 >/dev/null 2>&1 &); echo x > x.txt")])
    world.commit()
    assert world.doit("leaves").status == 0
    assert children(world) == []


@pytest.mark.lane("kills")
def test_a_dry_run_changes_no_byte_also_after_a_kill(slow: World) -> None:
    doit = slow.start()
    wait_for(lambda: reaches_second(slow), "the second step")
    wait_for(lambda: (slow.root / ".splinter/pull-requests/other.md").exists(), "its pull request")
    end_group(doit)  # git's own calls are in sessions of their own: none is under way here
    before = slow.new_calls(), snapshot(slow)
    done = slow.doit("run", "--dry-run")
    assert done.status == 0, done.err
    assert "slow:second  would run" in done.out
    assert "-- slow:first  up to date" in done.out
    assert snapshot(slow) == before[1]
    assert slow.calls() == []
    (slow.home / "go").touch()
    assert slow.doit().status == 0
    finished = snapshot(slow)
    done = slow.doit("pr", "--dry-run")
    assert "-- pr:slow  would leave .splinter/pull-requests/slow.md alone" in done.out
    assert snapshot(slow) == finished


def snapshot(world: World) -> dict[str, bytes]:
    """Every file of the project with its bytes."""
    places = [world.root, Path(world.worktree("slow")).parent]
    return {str(path): path.read_bytes() for place in places for path in sorted(place.rglob("*")) if path.is_file()}


@pytest.mark.lane("kills")
def test_a_signal_in_the_middle_of_a_rehearsal_ends_the_run_as_any_other(world: World) -> None:
    begun = world.home / "begun"
    for name in ("a", "b"):
        waits = f"test ! -e a.txt || test ! -e b.txt || {{ touch '{begun}'; sleep 600; }}"
        world.workstream(name, steps=[{"id": "s", "run": f"echo x > {name}.txt"}], checks=[{"id": "c", "run": waits}])
    world.commit()
    doit = world.start()
    wait_for(begun.exists, "the union's check")
    doit.send_signal(signal.SIGINT)
    out, err = doit.communicate(timeout=30)
    assert doit.returncode == 130, (out, err)
    assert "Traceback" not in f"{out}{err}"
    assert "rehearse" in out


def test_a_signal_that_we_were_told_to_ignore_stays_ignored() -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with locked.signals(lambda number: None):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert callable(signal.getsignal(signal.SIGTERM))
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.lane("disk")
def test_a_signal_while_git_reads_a_large_result_ends_the_run_at_once(world: World) -> None:
    """The next run keeps what lay there, and the step runs again."""
    makes = f"if test -e '{world.home}/go'; then echo x > x.txt; else truncate -s 1900M large.bin; fi"
    world.workstream("w", steps=[world.step("s", makes)])
    world.commit()
    doit = world.start()
    wait_for(lambda: list(world.home.glob("state/splinter/*/quarantine/*/*/*")), "git to begin")
    time.sleep(0.5)
    began = time.monotonic()
    doit.send_signal(signal.SIGTERM)
    out, _ = doit.communicate(timeout=60)
    assert time.monotonic() - began < 4, "two seconds, and two more for a loaded machine"
    assert (doit.returncode, world.outcomes()["w"]) == (128 + signal.SIGTERM, "interrupted"), out
    assert children(world) == []
    (world.home / "go").touch()
    world.worktree("w").joinpath("large.bin").unlink()
    assert world.doit().status == 0
    assert world.git("diff", "--name-only", "main", "splinter/w") == "x.txt"
