"""The commands that are printed where a base is missing: each is run here, and leads out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.world import Done, World

DEEP = pytest.mark.lane("git")
ODD = "rel$(id>ran)"  # a name that git takes, and a shell would not leave alone


@pytest.fixture
def origin(world: World) -> Path:
    """A remote without any branch, and a workstream that would start from it."""
    world.workstream("w", steps=[world.step("s", "echo x > x.txt")], pull_request=False)
    world.commit()
    bare = world.home / "origin.git"
    world.git("init", "-q", "--bare", "--initial-branch=main", str(bare))
    world.git("remote", "add", "origin", str(bare))
    return bare


def run_what_is_said(world: World, done: Done) -> None:
    assert (done.status, done.out) == (3, ""), done.out + done.err
    (command,) = re.findall(r'"(git [^"]+)" makes', done.err)
    subprocess.run(command, shell=True, cwd=world.root, check=True, capture_output=True)
    assert not (world.root / "ran").exists()


def based_on(world: World, name: str) -> None:
    world.workstream("w", steps=[world.step("s", "echo x > x.txt")], pull_request=False, base=name)
    world.git("add", "workstreams")
    world.git("commit", "-qm", "another base", "--allow-empty")


@pytest.mark.parametrize("name", [pytest.param("other", marks=DEEP), ODD])
def test_a_base_that_is_not_here_can_be_made(world: World, name: str) -> None:
    based_on(world, name)
    run_what_is_said(world, world.doit())
    assert world.doit().status == 0
    assert world.outcomes() == {"w": "changed"}


@pytest.mark.usefixtures("origin")
def test_a_remote_without_a_default_branch_can_get_one(world: World) -> None:
    run_what_is_said(world, world.doit())
    assert world.doit().status == 0
    assert world.records()["w"]["base"] == "main"


@pytest.mark.usefixtures("origin")
@pytest.mark.parametrize("name", [pytest.param("other", marks=DEEP), ODD])
def test_a_base_that_the_remote_has_not_can_be_pushed(world: World, name: str) -> None:
    based_on(world, name)
    world.git("push", "-q", "origin", "main")
    world.git("branch", name)
    done = world.doit()
    run_what_is_said(world, Done(3, "", done.err or done.out) if done.status == 3 else done)
    assert world.doit().status == 0
    assert world.records()["w"]["base"] == name


@DEEP
def test_a_default_branch_that_is_gone_is_named_in_the_file(world: World, origin: Path) -> None:
    """git itself could not say which one it is now: a remote that has one is followed."""
    world.git("push", "-q", "origin", "main", "main:other")
    assert world.doit().status == 0
    world.git(f"--git-dir={origin}", "update-ref", "-d", "refs/heads/main")
    world.git("commit", "-q", "--allow-empty", "-m", "makes it due")
    done = world.doit("-a")
    assert done.status == 3
    told = 'base "main" does not exist on origin, whose default branch it was; name one with "base:", here or in the settings'
    assert told in done.out + done.err
    based_on(world, "other")
    assert world.doit("-a").status == 0
