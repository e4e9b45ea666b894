"""A workstream that failed, and a base that moved since: it is taken up, agents are not paid for it past their tries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import deep
from tests.stories.test_fix_loop import CHECK, PYTEST, agent, sets
from tests.world import TUESDAY, World, end_group, wait_for

NEEDS_MAIN = "test -e fixed || { echo 'main is broken' >&2; exit 3; }"
ENDS = "doit w goes on at b, or starts over once main has moved; doit -a w starts over now."


@pytest.fixture
def broken(world: World) -> World:
    """Step `b` fails because of main."""
    world.workstream("w", when="once", steps=[world.step("a", "echo a > a.txt"), world.step("b", NEEDS_MAIN)])
    world.commit()
    return world


WHENS = ("once", "daily", "on-change", "always")


def fix(world: World, path: str = "fixed") -> str:
    world.write(path, "now\n")
    return world.commit("main is fixed")


@pytest.mark.parametrize("when", deep.rows(WHENS, "agents", ordinary=("on-change",)))
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
    assert broken.doit("w").out.startswith("nothing due")
    assert broken.git("rev-parse", "splinter/w") == tip


def test_plan_why_and_the_failure_itself_name_the_way_out(broken: World) -> None:
    done = broken.doit("w")
    assert f"     main is broken\n     {ENDS}\n" in done.out
    assert broken.records()["w"]["notes"] == [ENDS]
    told = broken.doit("why", "w").out.splitlines()[1]
    assert told.endswith("it failed at b (exit_code); doit goes on there, or starts over once main has moved")
    fix(broken)
    told = broken.doit("plan").out.splitlines()[0]
    assert told.endswith("it failed at b (exit_code); main has moved since, so it starts over")


@pytest.mark.lane("agents")
def test_an_always_that_failed_asks_its_agent_again(world: World) -> None:
    agent(world, "echo x > values/new", when="always")
    world.workstream(
        "w", when="always", tool="agent", steps=[{"id": "ask", "prompt": "Change."}, {"id": "b", "run": "exit 3"}]
    )
    world.commit()
    assert world.doit("w").status == 1
    assert "doit w starts over." in world.doit("w").out
    assert world.calls() == ["call", "call"]


@pytest.mark.lane("stories")
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


@pytest.mark.lane("agents")
def test_tries_are_counted_wherever_the_base_moves_and_once_says_how_to_ask_again(world: World) -> None:
    agent(world, *(sets(a=f"bad-{number}") for number in range(9)), attempts=1, when="once", check=PYTEST)
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
            "; doit goes on there, or starts over once main has moved; its fix attempts are used up until an edit, "
            "or doit -a w"
        )
    )
    Path(world.root / "test_values.py").write_text("def test_value():\n    pass\n")
    world.commit("the tests ask for less")
    done = world.doit("w")
    assert (done.status, world.new_calls()) == (0, []), done.out


def asks_with(world: World, **fields: object) -> None:
    """An agent's step that no kept result serves once the base has moved, a check that fails, one try to fix it."""
    agent(world, *(sets(a=f"bad-{number}") for number in range(9)), attempts=1, when="once")
    step = {"id": "ask", "prompt": "Change the values.", **fields.pop("step", {})}  # type: ignore[dict-item]
    world.workstream(
        "w", when="once", tool="agent", scope={"modify": ["values/**"]}, fix={"attempts": 1}, steps=[step],
        checks=[CHECK], **fields,
    )  # fmt: skip
    world.commit()
    assert world.doit("w").status == 1
    assert world.new_calls() == ["call", "call"]


UNKEPT = [{"inputs": ["src/**"]}, {"step": {"cache": False}}]


@pytest.mark.parametrize("fields", deep.rows(UNKEPT, "agents", ordinary=()))
def test_an_agent_is_asked_again_for_a_moved_base_only_while_tries_are_left(
    world: World, fields: dict[str, object]
) -> None:
    asks_with(world, **fields)
    fix(world, "src/fixed")
    foreseen = "ask will fail: its fix attempts are used up until an edit, or doit -a w"
    assert f"  {foreseen}\n" in world.doit("why", "w").out
    done = world.doit("w")
    assert (done.status, world.new_calls()) == (1, [])
    message = "main moved after a failure, and ask is not asked again: its fix attempts are used up until an edit, or doit -a w"
    assert f"check_failed: {message}\n" in done.out
    record = world.records()["w"]
    assert (record["step"], record["steps"][-1]["message"]) == ("ask", message)
    assert world.doit("w").status == 1
    assert world.new_calls() == []
    assert world.doit("-a", "w").status == 1
    assert world.new_calls() == ["call", "call"], "that is how it is asked again"


@pytest.mark.lane("agents")
def test_an_agent_is_asked_again_for_a_moved_base_while_a_try_is_left(world: World) -> None:
    agent(world, "echo x > values/new", attempts=1, when="once", inputs=["src/**"])
    steps = [{"id": "ask", "prompt": "Change the values."}, world.step("b", NEEDS_MAIN)]
    world.workstream("w", when="once", tool="agent", fix={"attempts": 1}, inputs=["fixed"], steps=steps)
    world.commit()
    assert world.doit("w").status == 1
    fix(world)
    assert "  ask will be asked again: " in world.doit("why", "w").out
    assert world.doit("w").status == 0
    assert world.new_calls() == ["call", "b", "call", "b"]


@pytest.mark.lane("stories")
def test_what_stands_on_another_workstream_says_what_rebuilds_that(world: World) -> None:
    world.workstream("tidy", when="once", steps=[world.step("a", "echo a > a.txt")])
    world.workstream("w", when="once", depends_on=["tidy"], steps=[world.step("b", NEEDS_MAIN)])
    world.commit()
    assert world.doit("w").status == 1
    base = fix(world)
    done = world.doit("w")
    assert done.status == 1
    assert "doit -a w starts over now. It starts from tidy; doit -a tidy makes that again on main.\n" in done.out
    assert world.doit("-a", "tidy").status == 0
    assert world.doit("w").status == 0
    assert world.git("rev-parse", "splinter/tidy~1") == base


@pytest.mark.lane("stories")
def test_a_setting_keeps_no_failure_on_its_base(broken: World) -> None:
    broken.write("splinter.toml", 'rebase = "conflict"\n')
    needs = "test ! -e a-new-day || { " + NEEDS_MAIN + "; }"
    broken.workstream("w", steps=[broken.step("a", "echo a > a.txt"), broken.step("b", needs)])
    broken.commit()
    assert broken.doit("w").status == 0
    broken.now = TUESDAY
    broken.workstream("w", steps=[broken.step("a", "echo a > a.txt"), broken.step("b", NEEDS_MAIN)])
    assert broken.doit("w").status == 1
    base = fix(broken)
    assert broken.doit("w").status == 0
    assert broken.git("rev-parse", "splinter/w~1") == base


def test_what_is_due_for_more_than_its_failure_is_not_said_to_be_taken_up(broken: World) -> None:
    broken.workstream("w", steps=[broken.step("a", "echo a > a.txt"), broken.step("b", NEEDS_MAIN)])
    assert broken.doit("w").status == 1
    broken.now = TUESDAY
    assert broken.doit("plan").out.splitlines()[0].endswith("it failed at b (exit_code); doit starts over")


@pytest.mark.parametrize("when", deep.rows(WHENS, "agents", ordinary=()))
def test_a_base_is_fixed_on_the_remote(broken: World, tmp_path: Path, when: str) -> None:
    broken.workstream("w", when=when, steps=[broken.step("a", "echo a > a.txt"), broken.step("b", NEEDS_MAIN)])
    broken.commit()
    broken.git("init", "-q", "--bare", str(tmp_path / "origin.git"))
    broken.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    broken.git("push", "-q", "origin", "main")
    assert broken.doit("w").status == 1
    private = fix(broken)
    done = broken.doit("w")
    assert ("-- w:prepare" in done.out, "once origin/main has moved;" in done.out) == (when != "always",) * 2
    broken.git("push", "-q", "origin", "main")
    assert broken.doit("w").status == 0
    assert broken.git("rev-parse", "splinter/w~1") == private
