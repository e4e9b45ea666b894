"""Paid once: when a finished prompt is applied from what was kept, and what costs a call all the same."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from splinter.engine import project
from splinter.engine.steps import cache
from splinter.engine.work import Work
from splinter.publish import plugins
from tests import deep
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
    steps = [{"id": "ask", "prompt": "Make out.txt of in.txt.", "tool": "agent"}]
    whole = {"steps": steps, "when": "daily", "again": True, **fields}
    world.workstream("w", scope=whole.pop("scope", {"modify": ["out.txt"]}), **whole)


DECLARED: dict[str, Any] = {"inputs": ["in.txt"], "env": ["SOME_TOKEN", "HTTPS_PROXY"]}


@pytest.fixture
def paid(world: World) -> World:
    """A repository whose agent was asked once, with its inputs declared."""
    world.write("in.txt", "in\n")
    world.write("elsewhere.txt", "old\n")
    world.env["SOME_TOKEN"] = "made-up-1"
    agent(world)
    asks(world, **DECLARED)
    world.commit()
    assert world.doit("w").status == 0
    assert world.new_calls() == ["call"]
    return world


def made(world: World) -> str:
    return world.git("show", "splinter/w:out.txt")


def kept(world: World) -> list[str]:
    """The kept results, the newest first."""
    return world.git("for-each-ref", "--sort=-committerdate", "--format=%(objectname)", "refs/splinter/results").split()


def parts(world: World, result: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.git("log", "-1", "--format=%b", result))["parts"]
    return found


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


def clone(world: World, source: Path) -> World:
    """Another machine's."""
    second = object.__new__(World)
    second.__dict__.update(world.__dict__, root=world.root.parent / "second")
    world.git("clone", "--quiet", str(source), str(second.root))
    return second


def fetched(world: World) -> World:
    second = clone(world, world.root)
    second.git("fetch", "--quiet", "origin", "refs/splinter/results/*:refs/splinter/results/*")
    second.git("update-ref", "-d", "refs/remotes/origin/splinter/w")
    return second


def killed(world: World) -> None:
    """Another prompt is asked, and doit killed as soon as the answer is kept."""
    world.now = TUESDAY
    asks(world, **DECLARED, steps=[{"id": "ask", "prompt": "Another.", "tool": "agent"}])
    doit = world.start("w")
    wait_for(lambda: len(kept(world)) == 2, "the second result")
    end_group(doit)
    assert world.new_calls() == ["call"]


def shared(world: World) -> None:
    origin = world.root.parent / "origin.git"
    world.write("splinter.toml", "share_results = true\n" + (world.root / "splinter.toml").read_text())
    world.commit()
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    world.git("remote", "add", "origin", str(origin))
    world.git("push", "--quiet", "origin", "main")


def at_once(world: World) -> World:
    """Another prompt is due on two machines at the same time."""
    world.now = TUESDAY
    asks(world, **DECLARED, steps=[{"id": "ask", "prompt": "Another.", "tool": "agent"}])
    shared(world)
    second = clone(world, world.root.parent / "origin.git")
    runs = [one.start("w") for one in (world, second)]
    assert [(run.communicate(timeout=100)[0], run.returncode)[1] for run in runs] == [0, 0]
    assert world.new_calls() == ["call"]
    return second


FREE: dict[str, Callable[[World], object]] = {
    "the next occurrence": lambda world: setattr(world, "now", TUESDAY),
    "a kill right after the result was recorded": killed,
    "a base that moved where the step may not look": lambda world: (setattr(world, "now", TUESDAY), move_the_base(world)),
    "in a fresh clone with the results fetched": fetched,
    "a second machine's clone at the same time": at_once,
    "doit's database is lost": lose,
    "doit is told to forget it": forget,
    "the worktree and our indexes are lost": lose_worktree,
    "the branch was deleted": lambda world: world.git("branch", "-D", "splinter/w"),
    "a check was added": lambda world: asks(world, **DECLARED, checks=[{"id": "c", "run": "test -s out.txt"}]),
    "a later step was added": lambda world: asks(world, **DECLARED, steps=[
        {"id": "ask", "prompt": "Make out.txt of in.txt.", "tool": "agent"}, {"id": "more", "run": "echo x >> out.txt"}]),
    "its commit says something else": lambda world: asks(world, **DECLARED, commit={"message": "feat: out"}),
    "the value of a secret": lambda world: (
        setattr(world, "now", TUESDAY), world.env.update(SOME_TOKEN="made-up-2")),
    "another network, on a runner": lambda world: (
        setattr(world, "now", TUESDAY), world.env.update(HTTPS_PROXY="http://proxy.example", CI="true", NO_COLOR="1")),
}  # fmt: skip


# each thing that may be lost, and the clock; `--lane agents` takes every row
FREE_ORDINARY = ("doit's database is lost", "a later step was added", "the value of a secret")


@pytest.mark.parametrize("change", deep.rows(FREE, "agents", ordinary=FREE_ORDINARY))
def test_nothing_is_paid_again_after(paid: World, change: str) -> None:
    told = FREE[change](paid)
    one = told if isinstance(told, World) else paid
    done = one.doit("w")
    assert done.status == 0, done.out
    assert one.calls() == []
    answer = one.git("show", f"{kept(one)[0]}:out.txt").splitlines()
    assert made(one).splitlines()[: len(answer)] == answer


class Priced:
    """The repository that the table of prices walks through: what stands in the file, and what lies outside."""

    def __init__(self, world: World) -> None:
        self.world, self.profile = world, ""
        self.outside = world.home / "outside"
        self.outside.write_text("1\n")
        self.first = f"cat '{self.outside}' > first.txt"
        self.prompt = "Make out.txt of in.txt."
        self.fields: dict[str, Any] = {
            "when": "daily",
            "again": True,
            "inputs": ["in.txt"],
            "env": ["MODE"],
            "scope": {"modify": ["out.txt", "first.txt"]},
        }
        world.env["MODE"] = "one"
        for name in ("in.txt", "elsewhere.txt"):
            world.write(name, "old\n")
        agent(world)
        self.base(1)
        self.write()
        world.commit()

    def base(self, number: int) -> None:
        self.world.workstream("base", when="once", steps=[{"id": "s", "run": f"echo {number} > base.txt"}])

    def write(self, **fields: Any) -> None:
        self.fields |= fields
        steps = [{"id": "first", "run": self.first}, {"id": "ask", "prompt": self.prompt, "tool": "agent"}]
        given = {name: value for name, value in self.fields.items() if value is not None}
        self.world.workstream("w", **{"title": "T", **given}, depends_on=["base"], steps=steps)

    def edit(self, **attributes: str) -> None:
        vars(self).update(attributes)
        self.write()

    def instruct(self) -> None:
        self.world.write("style.md", "Be brief.\n")
        self.write(instructions=["style.md"])

    def version(self, number: str) -> None:
        program = self.world.home / "agent"
        program.write_text(program.read_text().replace("agent 1.0", f"agent {number}"))

    def commit(self, path: str) -> None:
        self.world.write(path, "new\n")
        self.world.commit()


# what changes, from one day to the next -> the names of `results.material` that differ by it, and no others
COSTS: dict[str, tuple[Callable[[Priced], object], set[str]]] = {
    "the prompt": (lambda one: one.edit(prompt="Another."), {"steps"}),
    "the title, which stands in the prompt": (lambda one: one.write(title="Other"), {"title"}),
    "the objective, which stands in the prompt": (lambda one: one.write(objective="New."), {"objective"}),
    "a step before it": (lambda one: one.edit(first=f"{one.first}; true"), {"steps"}),
    "what a step before it changes": (lambda one: one.outside.write_text("2\n"), {"earlier steps' change"}),
    "the profile": (lambda one: agent(one.world, profile='leaves = ["x"]\n'), {"tool"}),
    "the model": (lambda one: agent(one.world, profile='leaves = ["x"]\nmodel = "other"\n'), {"tool"}),
    "the version of the tool": (lambda one: one.version("2.0"), {"version of the tool"}),
    "the scope": (lambda one: one.write(scope={**one.fields["scope"], "forbid": ["x/**"]}), {"scope"}),
    "the names in env": (lambda one: one.write(env=["MODE", "LEVEL"]), {"env"}),
    "a value in env that is no secret": (lambda one: one.world.env.update(MODE="two"), {"values of env"}),
    "what stands before each prompt": (lambda one: one.instruct(), {"instructions"}),
    "a value that is set": (lambda one: one.write(env=["MODE", "LEVEL", "DEPTH=2"]), {"values of env"}),
    "the result of a dependency": (lambda one: one.base(2), {"results of dependencies"}),
    "an input on the base": (lambda one: one.commit("in.txt"), {"inputs on the base"}),
    "what may be written, on the base": (lambda one: one.commit("out.txt"), {"inputs on the base"}),
    "the inputs": (lambda one: one.write(inputs=["in.txt", "elsewhere.txt"]), {"inputs", "inputs on the base"}),
    "no inputs, so the occurrence counts": (
        lambda one: one.write(inputs=None), {"inputs", "inputs on the base", "occurrence"}),
    "the occurrence": (lambda one: None, {"occurrence"}),
}  # fmt: skip


COSTS_ORDINARY = ("the prompt", "what a step before it changes", "an input on the base")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("walked", [COSTS_ORDINARY, pytest.param(tuple(COSTS), marks=pytest.mark.lane("agents"))])
def test_another_call_is_paid_for_each_part_of_its_key_that_changes(world: World, walked: tuple[str, ...]) -> None:
    one, day = Priced(world), datetime.fromisoformat(world.now)
    assert world.doit("w").status == 0
    assert world.new_calls() == ["call"]
    names = names_of_material(world)
    for what in walked:
        change, expected = COSTS[what]
        change(one)
        day += timedelta(days=1)
        world.now = day.isoformat()
        done = world.doit("w")
        assert done.status == 0, done.out
        assert world.new_calls() == ["call"], what
        new, old = (parts(world, result) for result in kept(world)[:2])
        assert {name.split("/")[0] for name in {*new, *old} if new.get(name) != old.get(name)} == expected, what
    names |= names_of_material(world)
    priced = set().union(*(expected for _, expected in COSTS.values()))
    names -= {"recorded patch"}  # no agent applies one
    assert priced == names if len(walked) == len(COSTS) else priced >= names


def names_of_material(world: World) -> set[str]:
    session = project.open_session(project.read(world.root), auth=plugins.auth, is_read_only=True)
    plan = session.plans["w"]
    work = Work(session=session, plan=plan)
    return set(cache.inputs(work, plan.workstream.steps[1], base=world.git("rev-parse", "main"), change=""))


@pytest.mark.lane("agents")
def test_what_is_not_to_be_kept_is_paid_each_time(paid: World) -> None:
    asks(paid, **DECLARED, steps=[{"id": "ask", "prompt": "Make out.txt of in.txt.", "tool": "agent", "cache": False}])
    for now in (TUESDAY, TUESDAY.replace("24T", "25T")):
        paid.now = now
        assert paid.doit("w").status == 0
        assert paid.new_calls() == ["call"]


def test_a_result_that_was_kept_says_so_and_costs_nothing(paid: World) -> None:
    forget(paid)
    done = paid.doit("w")
    assert "w:ask  cached" in done.out
    step = paid.records()["w"]["steps"][-1]
    assert (step["outcome"], step["usage"]) == ("cached", None)
    assert re.fullmatch(r"the kept result of run 20261123-020000-\w{4}, cost unknown", step["notes"][0])
    assert paid.git("log", "-1", "--format=%(trailers:key=Step,valueonly,separator=)", "splinter/w") == "ask"


@pytest.mark.lane("agents")
@pytest.mark.parametrize("arguments", [["run", "--no-cache", "w"], ["-a", "w"]])
def test_called_again_a_new_result_is_kept_beside_the_old_one(paid: World, arguments: list[str]) -> None:
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


def test_a_kept_result_that_does_not_fit_any_more_is_made_again(world: World) -> None:
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
    agent(world)
    asks(world, inputs=["in.txt"])
    shared(world)
    assert world.doit("w").status == 0
    assert world.new_calls() == ["call"]
    second = clone(world, tmp_path / "origin.git")
    done = second.doit("w")
    assert done.status == 0, done.out + done.err
    assert second.calls() == []
    assert made(second) == made(world)


@pytest.mark.lane("agents")
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
