"""What holds a branch, with a command that ends it: each is run here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from splinter.git import held_branches, user_repository
from splinter.git.command_line import Repository
from tests.world import World


@pytest.fixture
def other(world: World) -> Path:
    """A work tree of the user's on `mine`, with `below` on a commit of its history; its name needs quotes."""
    world.commit()
    path = world.home / "the other"
    world.git("worktree", "add", "--quiet", "-b", "mine", str(path))
    for name in ("one", "two"):
        (path / name).touch()
        world.git("-C", str(path), "add", name)
        world.git("-C", str(path), "commit", "--quiet", "-m", name)
    world.git("branch", "below", "mine~1")
    return path


def repository(world: World) -> Repository:
    return user_repository.open_repository(world.root, world.environ())


def held(world: World) -> dict[str, str]:
    found = held_branches.found(repository(world))
    for name in world.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split("\n"):
        assert held_branches.of(repository(world), name) == found.get(name), name
    return {name: f"{name} {one.how}; {one.way_out}" for name, one in found.items() if name != "main"}


def run_what_is_said(world: World, said: str) -> None:
    command = re.findall(r'"(git [^"]+)"', said)[0]
    subprocess.run(command, shell=True, cwd=world.root, check=True, capture_output=True)


def test_a_checkout_holds_its_branch(world: World, other: Path) -> None:
    said = held(world)["mine"]
    assert said == f"mine is checked out in {other}; \"git -C '{other}' switch --detach\" frees it"
    run_what_is_said(world, said)
    assert held(world) == {}


@pytest.mark.parametrize("is_locked", [False, True])
def test_a_checkout_that_is_gone_is_freed_by_git(world: World, other: Path, is_locked: bool) -> None:
    if is_locked:
        world.git("worktree", "lock", str(other))
    shutil.rmtree(other)
    said = held(world)["mine"]
    assert said.startswith(f"mine is checked out in {other}, which is not there any more,; ")
    run_what_is_said(world, said)
    assert held(world) == {}


def test_a_stopped_rebase_holds_the_branches_that_it_will_move(world: World, other: Path) -> None:
    edit = ("-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "--quiet", "-i", "--update-refs", "HEAD~2")
    world.git("-C", str(other), *edit, ok=False)
    found = held(world)
    assert set(found) == {"mine", "below"}
    assert "is being rebased in" in found["below"]
    run_what_is_said(world, found["below"])  # --continue
    assert set(held(world)) == {"mine"}
    assert "is checked out in" in held(world)["mine"]


def test_a_bisection_holds_the_branch_that_it_goes_back_to(world: World, other: Path) -> None:
    world.git("-C", str(other), "bisect", "start", "mine", "mine~2")
    said = held(world)["mine"]
    assert "is being bisected in" in said
    run_what_is_said(world, said)
    assert "is checked out in" in held(world)["mine"]


def test_a_branch_that_is_held_by_another_name_for_it_is_held(world: World) -> None:
    world.commit()
    world.git("branch", "mine")
    world.git("symbolic-ref", "refs/heads/alias", "refs/heads/mine")
    world.git("symbolic-ref", "HEAD", "refs/heads/alias")
    assert held_branches.found(repository(world)).keys() == {"mine"}
    held(world)


def test_git_is_asked_of_checkouts_only_where_one_may_hold_the_branch(
    world: World, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = repository(world)
    monkeypatch.setattr(
        "splinter.git.user_repository.work_trees", lambda _: [f"worktree {other}", "branch refs/heads/mine"]
    )
    assert held_branches.of(opened, "below") is None
    assert held_branches.of(opened, "mine") is not None
    monkeypatch.setattr("splinter.git.user_repository.work_trees", None)
    assert held_branches.of(opened, "below") is None
