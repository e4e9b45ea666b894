"""A slot runs once among all runners that push to one remote; who died is taken over, who wakes late pushes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.counterparts.forge import Forge, forge
from tests.world import World

SLOTS = "refs/splinter/slots"
LATER = "2026-11-23T10:30:00+00:00"  # than a lease of eight hours that began on Monday at two


@pytest.fixture
def github() -> Iterator[Forge]:
    with forge() as one:
        yield one


def remote(world: World, tmp_path: Path) -> None:
    """Two workstreams, the second on top of the first, and a bare remote."""
    world.write("splinter.toml", "claim_slots = true\n")
    world.workstream("low", base="main", steps=[world.step("low", "echo low > low.txt")])
    world.workstream("high", base="main", depends_on=["low"], steps=[world.step("high", "echo high > high.txt")])
    world.commit()
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.git("push", "--quiet", "origin", "main")


def another(world: World, tmp_path: Path, name: str = "second") -> World:
    """Another machine's clone, which counts its steps in the same file."""
    world.git("clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / name))
    other = World.reopened(tmp_path / name, world.home)
    other.env = {**world.env}
    return other


def claims(world: World) -> dict[str, dict[str, Any]]:
    """What the remote's claims say."""
    found = {}
    origin = Path(world.git("remote", "get-url", "origin"))
    listing = world.git("--git-dir", str(origin), "for-each-ref", "--format=%(refname:lstrip=3) %(objectname)", SLOTS)
    for line in listing.splitlines():
        id, commit = line.split()
        message = world.git("--git-dir", str(origin), "show", "-s", "--format=%B", commit)
        found[id] = json.loads(message.split("\n\n", 1)[1])
    return found


def states(world: World) -> dict[str, str]:
    return {id: claim["state"] for id, claim in claims(world).items()}


@pytest.mark.lane("races")
def test_a_slot_that_was_done_is_not_run_by_a_fresh_clone(world: World, tmp_path: Path) -> None:
    remote(world, tmp_path)
    first = world.doit()
    assert first.status == 0, first.out + first.err
    assert states(world) == {"low": "done", "high": "done"}
    assert world.new_calls() == ["low", "high"]
    second = another(world, tmp_path).doit()
    assert second.status == 0, second.out + second.err
    assert world.new_calls() == []
    run = claims(world)["low"]["run"]
    assert f"low  not run  the slot 2026-11-23 was done by run {run}" in second.out


@pytest.mark.lane("races")
def test_who_was_taken_over_pushes_nothing_when_they_wake(world: World, tmp_path: Path, github: Forge) -> None:
    """Killed between run and push, or asleep: the branch on the remote stays the other's, and it is told once."""
    remote(world, tmp_path)
    world.env |= github.env
    assert world.doit("low").status == 0
    assert world.new_calls() == ["low"]
    other = another(world, tmp_path)
    waits = other.doit("low")
    assert (waits.status, world.new_calls()) == (0, [])
    assert f"low  not run  the slot 2026-11-23 is held by run {claims(world)['low']['run']} on " in waits.out
    other.now = LATER
    assert other.doit("low", "pr").status == 0
    assert world.new_calls() == ["low"]
    tip = other.git("ls-remote", "origin", "refs/heads/splinter/low")
    assert (states(world)["low"], tip == "") == ("done", False)
    late = world.doit("run", "pr", "report")
    assert late.status == 2
    assert "has taken its slot over; what was made here stays here" in late.out
    assert world.git("ls-remote", "origin", "refs/heads/splinter/low") == tip
    assert world.doit("run", "pr", "report").status == 0
