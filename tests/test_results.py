"""Paid once: when a finished prompt is applied from what was kept, and what costs a call all the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.world import TUESDAY, World, end_group, wait_for


def agent(world: World, script: str = "cat in.txt > out.txt; date +%s%N >> out.txt", profile: str = "") -> None:
    """An agent outside every repository, whose calls are counted."""
    program = world.home / "agent"
    program.write_text(
        f'#!/bin/sh\n[ "$1" != --version ] || {{ echo "agent 1.0"; exit; }}\necho call >> {world.calls_file}\n{script}\n'
    )
    program.chmod(0o755)
    world.write("splinter.toml", f'[tools.agent]\ncommand = "{program}"\nprompt_args = []\nstdin = "prompt"\n{profile}')


def asks(world: World, **fields: Any) -> None:
    whole = {"steps": [{"id": "ask", "prompt": "Make out.txt of in.txt.", "tool": "agent"}], **fields}
    world.workstream("w", scope=whole.pop("scope", {"modify": ["out.txt"]}), **whole)


@pytest.fixture
def paid(world: World) -> World:
    """A repository whose agent was asked once, with its inputs declared."""
    world.write("in.txt", "in\n")
    world.write("elsewhere.txt", "old\n")
    agent(world)
    asks(world, inputs=["in.txt"])
    world.commit()
    assert world.doit("w").status == 0
    assert world.new_calls() == ["call"]
    return world


def made(world: World) -> str:
    return world.git("show", "splinter/w:out.txt")


def lose(world: World) -> None:
    for file in world.root.glob(".doit.db*"):
        file.unlink()


def forget(world: World) -> None:
    assert world.doit("forget", "w").status == 0


def lose_worktree(world: World) -> None:
    shutil.rmtree(Path(world.worktree("w")).parent.parent)


def move_the_base(world: World) -> None:
    world.write("elsewhere.txt", "new\n")
    world.commit()


FREE: dict[str, Callable[[World], object]] = {
    "the next occurrence": lambda world: setattr(world, "now", TUESDAY),
    "doit's database is lost": lose,
    "doit is told to forget it": forget,
    "the worktree and our indexes are lost": lose_worktree,
    "a base that moved where the step may not look": lambda world: (setattr(world, "now", TUESDAY), move_the_base(world)),
    "the branch was deleted": lambda world: world.git("branch", "-D", "splinter/w"),
    "a check was added": lambda world: asks(world, inputs=["in.txt"], checks=[{"id": "c", "run": "test -s out.txt"}]),
    "a later step was added": lambda world: asks(world, inputs=["in.txt"], scope={"modify": ["out.txt"]}, steps=[
        {"id": "ask", "prompt": "Make out.txt of in.txt.", "tool": "agent"}, {"id": "more", "run": "echo x >> out.txt"}]),
    "the value of a secret": lambda world: world.env.update(SOME_TOKEN="made-up-2"),
}  # fmt: skip


@pytest.mark.parametrize("change", FREE.values(), ids=FREE)
def test_nothing_is_paid_again_after(paid: World, change: Callable[[World], object]) -> None:
    before = made(paid)
    change(paid)
    done = paid.doit("w")
    assert done.status == 0, done.out
    assert paid.calls() == []
    assert made(paid).splitlines()[: len(before.splitlines())] == before.splitlines()


COSTS: dict[str, Callable[[World], object]] = {
    "the prompt": lambda world: asks(world, inputs=["in.txt"], steps=[{"id": "ask", "prompt": "Another.", "tool": "agent"}]),
    "the objective, which stands in the prompt": lambda world: asks(world, inputs=["in.txt"], objective="New."),
    "a step before it": lambda world: asks(world, inputs=["in.txt"], steps=[
        {"id": "first", "run": "echo x > out.txt"}, {"id": "ask", "prompt": "Make out.txt of in.txt.", "tool": "agent"}]),
    "the profile": lambda world: agent(world, profile='leaves = ["x"]\n'),
    "the model": lambda world: agent(world, profile='model = "other"\n'),
    "the scope": lambda world: asks(world, inputs=["in.txt"], scope={"modify": ["*.txt"]}),
    "the names in env": lambda world: asks(world, inputs=["in.txt"], env=["MODE"]),
    "an input on the base": lambda world: (world.write("in.txt", "other\n"), world.commit(), setattr(world, "now", TUESDAY)),
    "what may be written, on the base": lambda world: (world.write("out.txt", "x\n"), world.commit(), setattr(world, "now", TUESDAY)),
    "no inputs, so the occurrence counts": lambda world: (asks(world), world.doit("w"), world.new_calls(), setattr(world, "now", TUESDAY)),
    "cache: false": lambda world: (asks(world, inputs=["in.txt"], steps=[
        {"id": "ask", "prompt": "Make out.txt of in.txt.", "tool": "agent", "cache": False}]), setattr(world, "now", TUESDAY)),
}  # fmt: skip


@pytest.mark.parametrize("change", COSTS.values(), ids=COSTS)
def test_another_call_is_paid_for_another(paid: World, change: Callable[[World], object]) -> None:
    change(paid)
    assert paid.doit("w").status == 0
    assert paid.calls() == ["call"]


def test_a_value_in_env_that_is_no_secret_is_part_of_the_key(world: World) -> None:
    world.write("in.txt", "in\n")
    agent(world)
    asks(world, inputs=["in.txt"], env=["MODE", "SOME_TOKEN"])
    world.commit()
    world.env |= {"MODE": "one", "SOME_TOKEN": "made-up-1"}
    world.doit("w")
    world.now, world.env["SOME_TOKEN"] = TUESDAY, "made-up-2"
    world.doit("w")
    assert world.new_calls() == ["call"]
    forget(world)
    world.env["MODE"] = "two"
    world.doit("w")
    assert world.new_calls() == ["call"]


def test_another_version_of_the_tool_is_asked_anew_once_its_step_is_due(paid: World) -> None:
    program = paid.home / "agent"
    program.write_text(program.read_text().replace("agent 1.0", "agent 2.0"))
    paid.now = TUESDAY
    paid.doit("w")
    assert paid.calls() == ["call"]


def test_a_changed_result_of_a_dependency_is_part_of_the_key(world: World) -> None:
    agent(world)
    world.write("in.txt", "in\n")
    world.workstream("first", steps=[{"id": "s", "run": "echo 1 > first.txt"}])
    asks(world, inputs=["in.txt"], depends_on=["first"])
    world.commit()
    world.doit("w")
    world.now = TUESDAY
    world.doit("w")
    assert world.new_calls() == ["call"]
    world.workstream("first", steps=[{"id": "s", "run": "echo 2 > first.txt"}])
    world.doit("w")
    assert world.new_calls() == ["call"]


def test_a_result_that_was_kept_says_so_and_costs_nothing(paid: World) -> None:
    forget(paid)
    done = paid.doit("w")
    assert "w:ask  cached" in done.out
    step = paid.records()["w"]["steps"][-1]
    assert (step["outcome"], step["usage"]) == ("cached", None)
    assert step["notes"][0].startswith("the kept result of run 20261123-020000-")
    assert paid.git("log", "-1", "--format=%(trailers:key=Step,valueonly,separator=)", "splinter/w") == "ask"


@pytest.mark.parametrize("arguments", [["run", "--no-cache", "w"], ["-a", "w"]])
def test_asked_again_a_new_result_is_kept_beside_the_old_one(paid: World, arguments: list[str]) -> None:
    forget(paid)
    assert paid.doit(*arguments).status == 0
    assert paid.new_calls() == ["call"]
    refs = paid.git("for-each-ref", "--format=%(refname)", "refs/splinter/results").split()
    assert len(refs) == 2
    assert len({ref.split("/")[3] for ref in refs}) == 1


def test_a_kill_after_the_agent_has_finished_costs_no_second_call(world: World) -> None:
    world.write("in.txt", "in\n")
    agent(world)
    wait = f"until test -e '{world.home}/go'; do sleep 0.05; done"
    asks(
        world,
        steps=[
            {"id": "ask", "prompt": "x", "tool": "agent"},
            {"id": "slow", "run": f"echo slow >> {world.calls_file}; {wait}"},
        ],
    )
    world.commit()
    doit = world.start("w")
    wait_for(lambda: "slow" in world.calls(), "the second step")
    end_group(doit)
    lose(world)
    (world.home / "go").touch()
    assert world.doit("w").status == 0
    assert world.calls().count("call") == 1


def test_failed_and_out_of_scope_attempts_are_never_kept(world: World) -> None:
    world.write("in.txt", "in\n")
    agent(world, "echo x > elsewhere.txt")
    asks(world)
    world.commit()
    for _ in range(2):
        assert world.doit("w").status == 1
    assert world.new_calls() == ["call", "call"]
    assert world.git("for-each-ref", "refs/splinter/results") == ""


def test_a_kept_result_that_does_not_fit_any_more_is_asked_for_again(world: World) -> None:
    world.write("in.txt", "in\n")
    world.write("out.txt", "one\ntwo\nthree\n")
    agent(world, "sed -i s/two/TWO/ out.txt")
    # without inputs the occurrence is the key, so the same day's result is tried on a base that moved
    asks(world)
    world.commit()
    world.doit("w")
    world.write("out.txt", "zero\none\ntwo\nthree\nfour\n")
    world.commit()
    forget(world)
    assert world.doit("w").status == 0
    assert world.new_calls() == ["call"]
    assert made(world).split() == ["zero", "one", "TWO", "three", "four"], "applied three-way"
    world.write("out.txt", "one\n2\nthree\n")
    world.commit()
    forget(world)
    assert world.doit("w").status == 0
    assert world.new_calls() == ["call"], "a conflict is a miss"
    assert world.outcomes() == {"w": "unchanged"}


def test_two_clones_share_results_through_the_remote_where_the_settings_say_so(world: World, tmp_path: Path) -> None:
    world.write("in.txt", "in\n")
    agent(world, profile="")
    world.write("splinter.toml", "share_results = true\n" + (world.root / "splinter.toml").read_text())
    asks(world, inputs=["in.txt"])
    world.commit()
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.git("push", "--quiet", "origin", "main")
    assert world.doit("w").status == 0
    assert world.new_calls() == ["call"]
    world.git("clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / "second"))
    second = object.__new__(World)
    second.__dict__.update(world.__dict__, root=tmp_path / "second")
    done = second.doit("w")
    assert done.status == 0, done.out + done.err
    assert second.calls() == []
    assert made(second) == made(world)


def test_a_remote_that_cannot_be_reached_costs_a_note_and_a_call(world: World, tmp_path: Path) -> None:
    world.write("in.txt", "in\n")
    agent(world)
    world.write("splinter.toml", "share_results = true\n" + (world.root / "splinter.toml").read_text())
    asks(world)
    world.commit()
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.git("update-ref", "refs/remotes/origin/main", "main")
    assert world.doit("w").status == 0
    assert world.calls() == ["call"]
    report = (world.root / ".splinter/history.db").exists()
    assert report
    assert any("was not shared" in note for note in world.records()["w"]["steps"][-1]["notes"])
