"""Slots where something is in the way: the remote refuses or is silent, runners are killed, fail, or are asked again."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counterparts.forge import Forge, forge
from tests.stories.test_slot_claims import LATER, another, claims, remote, states
from tests.world import TUESDAY, World, end_group, wait_for

pytestmark = pytest.mark.lane("races")
REFUSES = "#!/bin/sh\ncase $1 in {}*) echo 'these refs are not for you' >&2; exit 1;; esac\n"


@pytest.fixture
def github() -> Iterator[Forge]:
    with forge() as one:
        yield one


def refuse(tmp_path: Path, prefix: str) -> Path:
    hook = tmp_path / "origin.git/hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(REFUSES.format(prefix))
    hook.chmod(0o755)
    return hook


def test_where_the_remote_takes_no_claims_nothing_is_run_and_it_is_told(world: World, tmp_path: Path) -> None:
    remote(world, tmp_path)
    hook = refuse(tmp_path, "refs/splinter/")
    done = world.doit()
    assert (done.status, world.new_calls()) == (2, [])
    assert "low  not run  its slot could not be claimed" in done.out
    assert "these refs are not for you" in done.out
    assert "claim_slots needs a remote that is reached and takes pushes to refs/splinter/slots/*" in done.out
    assert "1 error" in done.out
    hook.unlink()
    assert world.doit().status == 0
    assert world.new_calls() == ["low", "high"]


def test_where_the_remote_is_silent_nothing_is_run_and_it_is_told(world: World, tmp_path: Path) -> None:
    remote(world, tmp_path)
    assert world.doit("low").status == 0
    world.new_calls()
    away = tmp_path / "away.git"
    (tmp_path / "origin.git").rename(away)
    world.now = TUESDAY
    done = world.doit()
    assert (done.status, world.new_calls()) == (2, [])
    assert "slots could not be claimed, so that what is due was not run" in done.out
    away.rename(tmp_path / "origin.git")
    assert world.doit().status == 0
    assert world.new_calls() == ["low", "high"]


def test_some_refused_claims_let_the_others_run(world: World, tmp_path: Path) -> None:
    remote(world, tmp_path)
    refuse(tmp_path, "refs/splinter/slots/high")
    done = world.doit()
    assert (done.status, world.new_calls()) == (2, ["low"])
    assert states(world) == {"low": "done"}


@pytest.mark.parametrize("junk", ["main^{tree}", "main:README.md", "a-tag", "main"])
def test_a_claim_that_is_none_holds_one_slot_for_a_lease_and_no_other(
    world: World, tmp_path: Path, junk: str
) -> None:  # fmt: skip
    remote(world, tmp_path)
    world.workstream("other", base="main", steps=[world.step("other", "echo other > other.txt")])
    world.commit()
    world.git("tag", "-a", "-m", "no claim", "a-tag", "main")
    world.git("push", "--quiet", "origin", "main", "a-tag")
    world.git("push", "--quiet", "origin", f"{world.git('rev-parse', junk)}:refs/splinter/slots/low")
    done = world.doit("low", "other")
    assert (done.status, world.new_calls()) == (0, ["other"]), done.out + done.err
    assert "low was not run: its slot is held by somebody whose claim cannot be read." in done.out
    world.now = LATER
    assert world.doit("low").status == 0
    assert (world.new_calls(), states(world)) == (["low"], {"low": "done", "other": "done"})


def test_a_killed_run_goes_on_at_once_here_and_is_taken_over_elsewhere_after_its_lease(
    world: World, tmp_path: Path
) -> None:
    remote(world, tmp_path)
    waits = f"until test -e '{world.home}/go'; do sleep 0.05; done; echo low > low.txt"
    world.workstream("low", base="main", steps=[world.step("low", waits)])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    other = another(world, tmp_path)
    run = world.start()
    wait_for(lambda: world.calls() == ["low"], "the step")
    end_group(run, signal.SIGKILL)
    (world.home / "go").touch()
    assert states(world) == {"low": "held", "high": "held"}
    assert other.doit().status == 0
    assert world.calls() == ["low"]  # it holds
    assert "held by run" in other.doit("plan").out
    assert "held by run" in other.doit("run", "--dry-run").out
    assert "slot of low: the slot 2026-11-23 is held by run" in other.doit("doctor", "--offline").out
    copied = World.reopened(tmp_path / "copied", world.home)
    shutil.copytree(world.root, copied.root)
    assert copied.doit().status == 0
    assert world.calls() == ["low"]  # a copy of what was killed is not it
    assert world.doit().status == 0
    assert world.calls() == ["low", "low", "high"]
    assert states(world) == {"low": "done", "high": "done"}


def test_in_ci_a_killed_run_s_claim_waits_for_its_lease(world: World, tmp_path: Path) -> None:
    """Two jobs may have been handed the same state, and both would take what it holds for theirs."""
    remote(world, tmp_path)
    waits = f"until test -e '{world.home}/go'; do sleep 0.05; done; echo low > low.txt"
    world.workstream("low", base="main", steps=[world.step("low", waits)])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    world.env["CI"] = "true"
    run = world.start("low")
    wait_for(lambda: world.calls() == ["low"], "the step")
    end_group(run, signal.SIGKILL)
    (world.home / "go").touch()
    assert "held by run" in world.doit("low").out
    assert world.calls() == ["low"]
    world.now = LATER
    assert world.doit("low").status == 0
    assert world.calls() == ["low", "low"]


def test_a_failure_gives_its_slot_back(world: World, tmp_path: Path) -> None:
    remote(world, tmp_path)
    world.workstream("low", base="main", steps=[world.step("low", f"test -e '{world.home}/go' && echo low > low.txt")])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    assert world.doit().status == 1
    assert states(world) == {"low": "released", "high": "released"}
    (world.home / "go").touch()
    assert another(world, tmp_path).doit().status == 0
    assert world.new_calls() == ["low", "low", "high"]
    assert states(world) == {"low": "done", "high": "done"}


def test_a_signal_gives_slots_back(world: World, tmp_path: Path) -> None:
    remote(world, tmp_path)
    world.workstream("low", base="main", steps=[world.step("low", "sleep 60")])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    run = world.start()
    wait_for(lambda: world.calls() == ["low"], "the step")
    end_group(run, signal.SIGTERM)
    assert run.returncode == 143
    assert states(world) == {"low": "released", "high": "released"}


def test_what_was_done_runs_again_only_where_that_is_asked(world: World, tmp_path: Path) -> None:
    remote(world, tmp_path)
    assert world.doit().status == 0
    shutil.rmtree(world.root / ".splinter")
    (world.root / ".doit.db").unlink()
    for ref in world.git("for-each-ref", "--format=%(refname)", "refs/splinter").splitlines():
        world.git("update-ref", "-d", ref)
    assert world.doit().status == 0
    assert world.new_calls() == ["low", "high"]
    assert world.doit("run", "-a", "low").status == 0
    assert world.new_calls() == ["low"]
    other = another(world, tmp_path)
    other.now = TUESDAY
    assert other.doit().status == 0
    assert world.new_calls() == ["low", "high"]
    assert claims(world)["low"]["occurrence"] == "2026-11-24"
    assert world.doit("run", "-a", "low").status == 0  # a clock that is a day behind, and asked for


def test_a_clock_that_is_behind_runs_no_earlier_day(world: World, tmp_path: Path) -> None:
    remote(world, tmp_path)
    ahead = another(world, tmp_path)
    ahead.now = TUESDAY
    assert ahead.doit().status == 0
    world.new_calls()
    done = world.doit()
    assert (done.status, world.new_calls()) == (0, [])
    assert "a later slot than 2026-11-23 was done by run" in done.out


def test_a_result_that_is_pushed_later_takes_its_claim_along(world: World, tmp_path: Path, github: Forge) -> None:
    remote(world, tmp_path)
    world.env |= github.env
    assert world.doit("low").status == 0
    assert states(world) == {"low": "held"}
    assert world.doit("run", "pr", "report").status == 0
    assert states(world) == {"low": "done"}
    assert world.git("ls-remote", "origin", "refs/heads/splinter/low")


def test_where_the_branch_is_refused_the_slot_is_not_done(world: World, tmp_path: Path, github: Forge) -> None:
    remote(world, tmp_path)
    world.env |= github.env
    hook = refuse(tmp_path, "refs/heads/splinter/")
    assert world.doit().status == 2
    assert states(world) == {"low": "held", "high": "held"}
    hook.unlink()
    assert world.doit().status == 0
    assert world.new_calls() == ["low", "high"]
    assert states(world) == {"low": "done", "high": "done"}


def test_one_pull_request_of_all_takes_every_claim_along(world: World, tmp_path: Path, github: Forge) -> None:
    remote(world, tmp_path)
    world.write("splinter.toml", 'claim_slots = true\npull_requests = "together"\n')
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    world.env |= github.env
    done = world.doit()
    assert done.status == 0, done.out
    assert states(world) == {"low": "done", "high": "done"}
    assert world.git("ls-remote", "origin", "refs/heads/splinter/together")


def test_what_always_runs_and_what_builds_on_it_has_no_slot(world: World, tmp_path: Path) -> None:
    remote(world, tmp_path)
    world.workstream("low", base="main", when="always", steps=[world.step("low", "date > low.txt")])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    assert world.doit().status == 0
    assert another(world, tmp_path).doit().status == 0
    assert world.new_calls() == ["low", "high", "low", "high"]
    assert states(world) == {}


def test_a_missed_time_is_caught_up_with_as_the_settings_say(world: World, tmp_path: Path) -> None:
    for how in ("last", "all", "none"):
        step = world.step(how, f"date +%N > {how}.txt")
        world.workstream(how, base="main", when="weekly", catch_up=how, steps=[step])
    world.commit()
    assert world.doit().status == 0
    assert sorted(world.new_calls()) == ["all", "last", "none"]
    world.now = "2026-12-16T02:00:00+00:00"  # a Wednesday three weeks later
    done = world.doit()
    assert done.status == 0
    assert sorted(world.new_calls()) == ["all", "last"]
    assert "its slot 2026-12-14 began more than a day ago (catch_up: none); doit -a none runs it" in done.out
    assert "catch_up: none" in world.doit("plan").out
    for expected in (["all"], ["all"], []):
        assert world.doit().status == 0
        assert world.new_calls() == expected
    assert world.doit("run", "-a", "none").status == 0
    assert world.new_calls() == ["none"]


def test_a_fresh_clone_catches_up_from_what_the_remote_says_was_done(world: World, tmp_path: Path) -> None:
    remote(world, tmp_path)
    world.write("splinter.toml", 'claim_slots = true\ncatch_up = "all"\n')
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    assert world.doit().status == 0
    other = another(world, tmp_path)
    other.now = "2026-11-26T02:00:00+00:00"
    for day in ("24", "25", "26", "26"):
        assert other.doit().status == 0
        assert claims(world)["low"]["occurrence"] == f"2026-11-{day}"
    assert world.calls() == ["low", "high"] * 4


def test_a_runner_that_slept_through_its_lease_pushes_nothing(world: World, tmp_path: Path, github: Forge) -> None:
    remote(world, tmp_path)
    waits = f"until test -e '{world.home}/go'; do sleep 0.05; done; echo low > low.txt"
    world.workstream("low", base="main", steps=[world.step("low", waits)])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    world.env |= github.env
    asleep, other = world.start("low", "pr"), another(world, tmp_path)
    wait_for(lambda: world.calls() == ["low"], "the step")
    os.killpg(asleep.pid, signal.SIGSTOP)
    (world.home / "go").touch()
    assert "held by run" in other.doit("low", "pr").out
    other.now = LATER
    assert other.doit("low", "pr").status == 0
    tip, claim = other.git("ls-remote", "origin", "refs/heads/splinter/low"), claims(world)["low"]
    assert (claim["state"], tip == "") == ("done", False)
    os.killpg(asleep.pid, signal.SIGCONT)
    out = asleep.communicate(timeout=60)[0]
    assert asleep.returncode == 2, out
    assert f"low was not pushed: run {claim['run']} on " in out
    assert world.git("ls-remote", "origin", "refs/heads/splinter/low") == tip
    assert claims(world)["low"] == claim


def test_three_jobs_share_the_claims_of_one_plan(world: World, tmp_path: Path, github: Forge) -> None:
    """One plans and claims, one works and asks nobody, one publishes; nobody else runs the slots, before or after."""
    remote(world, tmp_path)
    world.write("splinter.toml", "")
    steps = [world.step("bad", f"test -e '{world.home}/go' && echo bad > bad.txt")]
    world.workstream("bad", base="main", steps=steps)
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    file = str(tmp_path / "plan.json")
    plans, works, other = (another(world, tmp_path, name) for name in ("plans", "works", "other"))
    assert plans.doit("plan", "--write", file, "--claim").status == 0
    assert states(world) == {"bad": "held", "high": "held", "low": "held"}
    late = other.doit("plan", "--write", str(tmp_path / "other.json"), "--claim")
    assert late.status == 0, late.out + late.err
    assert "low is not run: the slot 2026-11-23 is held by run" in late.out
    assert "other.json: 0 workstreams to run" in late.out
    assert works.doit("run", "--plan", file, "workstreams").status == 1
    assert sorted(world.new_calls()) == ["bad", "high", "low"]
    assert states(world) == {"bad": "held", "high": "held", "low": "held"}
    publishes = World.reopened(tmp_path / "publishes", world.home)
    shutil.copytree(works.root, publishes.root)
    publishes.env = {**github.env}
    done = publishes.doit("run", "--plan", file, "pr", "report")
    assert done.status == 0, done.out + done.err
    assert states(world) == {"bad": "released", "high": "done", "low": "done"}
    assert world.git("ls-remote", "origin", "refs/heads/splinter/low")
    again = World.reopened(tmp_path / "again", world.home)  # the job is started again with what it was handed
    shutil.copytree(works.root, again.root)
    again.env = {**github.env}
    assert again.doit("run", "--plan", file, "pr", "report").status == 0
    third = other.doit("plan", "--write", str(tmp_path / "third.json"), "--claim")
    assert "low is not run: the slot 2026-11-23 was done by run" in third.out
    assert "third.json: 1 workstream to run" in third.out


def test_jobs_that_are_started_again_and_succeed_then_end_their_slots(
    world: World, tmp_path: Path, github: Forge
) -> None:  # fmt: skip
    """With "Re-run failed jobs": by the plan of the first attempt, whose claims its publishing job gave back."""
    remote(world, tmp_path)
    world.workstream("low", base="main", steps=[world.step("low", f"test -e '{tmp_path}/go' && echo low > low.txt")])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    file = str(tmp_path / "plan.json")
    assert another(world, tmp_path, "plans").doit("plan", "--write", file, "--claim").status == 0
    for attempt, state in ((1, "released"), (2, "done")):
        works = another(world, tmp_path, f"works{attempt}")
        assert works.doit("run", "--plan", file, "workstreams").status == 2 - attempt
        works.env |= github.env
        assert works.doit("run", "--plan", file, "pr", "report").status == 0
        assert states(world) == {"low": state, "high": state}
        (tmp_path / "go").touch()
    world.new_calls()
    fresh = another(world, tmp_path, "fresh").doit()
    assert (fresh.status, world.new_calls()) == (0, [])
    assert "low  not run  the slot 2026-11-23 was done by run" in fresh.out


def test_a_run_that_is_longer_than_the_lease_keeps_its_slots(world: World, tmp_path: Path) -> None:
    remote(world, tmp_path)
    world.write("splinter.toml", 'claim_slots = true\nslot_lease = "12s"\n')
    world.workstream(
        "low", base="main", steps=[world.step("low", f"until test -e '{world.home}/go'; do sleep 0.1; done")]
    )
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    other = another(world, tmp_path)
    world.env["SPLINTER_NOW"] = other.env["SPLINTER_NOW"] = ""  # the machine's clock
    doit = world.start("low", "pr")
    wait_for(lambda: world.calls() == ["low"], "the step")
    first = claims(world)["low"]
    assert "held by run" in other.doit("low").out
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > 14, "the end of a lease", seconds=60)
    assert "held by run" in other.doit("low").out
    assert claims(world)["low"]["at"] > first["at"]
    (world.home / "go").touch()
    out = doit.communicate(timeout=120)[0]
    assert doit.returncode == 0, out
    assert (claims(world)["low"]["state"], world.calls()) == ("done", ["low"])


def test_one_call_that_works_and_publishes_by_a_plan_ends_its_claims(
    world: World, tmp_path: Path, github: Forge
) -> None:  # fmt: skip
    remote(world, tmp_path)
    world.write("splinter.toml", "")
    world.workstream("bad", base="main", steps=[world.step("bad", "exit 1")])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    world.env |= github.env
    file = str(tmp_path / "plan.json")
    assert world.doit("plan", "--write", file, "--claim").status == 0
    done = world.doit("run", "--plan", file)
    assert done.status == 1, done.out + done.err
    assert states(world) == {"bad": "released", "high": "done", "low": "done"}
    assert world.git("ls-remote", "origin", "refs/heads/splinter/high")
    assert world.doit("forget", "low").status == 0
    assert "was done by run" in world.doit("plan", "--write", file, "--claim", "low").out
    again = world.doit("plan", "--write", file, "--claim", "--again", "low")
    assert "plan.json: 1 workstream to run" in again.out, again.out + again.err
    assert states(world)["low"] == "held"
    assert world.doit("run", "--plan", file).status == 0
    assert states(world)["low"] == "done"


def test_a_plan_that_was_taken_over_publishes_nothing(world: World, tmp_path: Path, github: Forge) -> None:
    remote(world, tmp_path)
    file = str(tmp_path / "plan.json")
    assert world.doit("plan", "--write", file, "low").status == 0
    assert world.doit("run", "--plan", file, "low").status == 0
    other = another(world, tmp_path)
    other.env |= github.env
    assert "held by run" in other.doit("low", "pr").out
    other.now = LATER
    assert other.doit("low", "pr").status == 0
    tip = world.git("ls-remote", "origin", "refs/heads/splinter/low")
    world.env |= github.env
    done = world.doit("run", "pr", "report")  # by the plan that its run kept
    assert tip
    assert world.git("ls-remote", "origin", "refs/heads/splinter/low") == tip, done.out
    assert claims(world)["low"]["state"] == "done"
