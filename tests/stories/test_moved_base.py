"""A workstream that failed, and a base that moved since: it is taken up, agents are not paid for it past their tries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.test_fix_loop import agent, sets
from tests.world import World, end_group, wait_for

NEEDS_MAIN = "test -e fixed || { echo 'main is broken' >&2; exit 3; }"
ENDS = "doit w takes it up at b, and begins it again once main has moved."


@pytest.fixture
def broken(world: World) -> World:
    """Step `b` fails because of main."""
    world.workstream("w", when="once", steps=[world.step("a", "echo a > a.txt"), world.step("b", NEEDS_MAIN)])
    world.commit()
    return world


def fix(world: World, path: str = "fixed") -> str:
    world.write(path, "now\n")
    return world.commit("main is fixed")


@pytest.mark.parametrize("when", ["once", "daily", "on-change", "always"])
def test_a_fixed_base_is_taken_up_by_the_next_call(broken: World, when: str) -> None:
    broken.workstream("w", when=when, steps=[broken.step("a", "echo a > a.txt"), broken.step("b", NEEDS_MAIN)])
    assert broken.doit("w").status == 1
    base = fix(broken)
    done = broken.doit("w")
    assert done.status == 0, done.out
    assert broken.git("rev-parse", "splinter/w~1") == base
    assert (".  w:a" in broken.doit("w").out) == (when == "always")


def test_a_base_that_has_not_moved_is_no_reason_to_begin_again(broken: World) -> None:
    assert broken.doit("w").status == 1
    broken.new_calls()
    fix(broken, "workstreams/README.md")
    done = broken.doit("w")
    assert (done.status, broken.calls()) == (1, ["b"])
    assert "-- w:prepare" in done.out


def test_what_succeeded_stays_where_it_is(broken: World) -> None:
    fix(broken)
    assert broken.doit("w").status == 0
    tip = broken.git("rev-parse", "splinter/w")
    fix(broken, "more")
    assert broken.doit("w").out.splitlines()[:2] == ["-- w:prepare", "-- w:a"]
    assert broken.git("rev-parse", "splinter/w") == tip


def test_plan_why_and_the_failure_itself_name_the_way_out(broken: World) -> None:
    done = broken.doit("w")
    assert f"     main is broken\n     {ENDS}\n" in done.out
    assert broken.records()["w"]["notes"] == [ENDS]
    told = broken.doit("why", "w").out.splitlines()[1]
    assert told.endswith("it failed at b (exit_code); doit takes it up there, and begins it again once main has moved")
    fix(broken)
    told = broken.doit("plan").out.splitlines()[0]
    assert told.endswith("it failed at b (exit_code); main has moved since, so that it begins again")


def test_an_always_that_failed_asks_its_agent_again(world: World) -> None:
    agent(world, "echo x > values/new", when="always")
    world.workstream(
        "w", when="always", tool="agent", steps=[{"id": "ask", "prompt": "Change."}, {"id": "b", "run": "exit 3"}]
    )
    world.commit()
    assert world.doit("w").status == 1
    assert "doit w begins it again." in world.doit("w").out
    assert world.calls() == ["call", "call"]


def test_an_always_that_was_killed_is_taken_up(world: World) -> None:
    gate = f"until test -e '{world.home}/go'; do sleep 0.05; done"
    world.workstream("w", when="always", steps=[world.step("a", "echo a > a.txt"), world.step("b", gate)])
    world.commit()
    doit = world.start("w")
    wait_for(lambda: world.calls() == ["a", "b"], "the second step")
    end_group(doit)
    (world.home / "go").touch()
    assert world.doit("w").status == 0
    assert world.calls() == ["a", "b", "b"]


def test_tries_are_counted_wherever_the_base_moves_and_once_says_how_to_ask_again(world: World) -> None:
    agent(world, *(sets(a=f"bad-{number}") for number in range(9)), attempts=1, when="once")
    used_up = "tests: 1 of 3 tests failed (1 fix attempts are used up until an edit, or doit -a w)"
    assert world.doit("w").status == 1
    assert world.records()["w"]["message"] == used_up
    assert world.new_calls() == ["call", "call"]
    fix(world, "other.txt")
    done = world.doit("w")
    assert ".  w:accept" in done.out
    assert world.records()["w"]["message"] == used_up
    assert world.new_calls() == [], "the kept result is applied, and its checks are run"
    assert (
        world.doit("why", "w")
        .out.splitlines()[1]
        .endswith(
            "; doit takes it up there, and begins it again once main has moved; its fix attempts are used up until an edit, "
            "or doit -a w"
        )
    )
    Path(world.root / "test_values.py").write_text("def test_value():\n    pass\n")
    world.commit("the tests ask for less")
    done = world.doit("w")
    assert (done.status, world.new_calls()) == (0, []), done.out


def test_a_base_is_fixed_on_the_remote(broken: World, tmp_path: Path) -> None:
    broken.git("init", "-q", "--bare", str(tmp_path / "origin.git"))
    broken.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    broken.git("push", "-q", "origin", "main")
    assert broken.doit("w").status == 1
    private = fix(broken)
    done = broken.doit("w")
    assert "-- w:prepare" in done.out
    assert "once origin/main has moved." in done.out
    broken.git("push", "-q", "origin", "main")
    assert broken.doit("w").status == 0
    assert broken.git("rev-parse", "splinter/w~1") == private
