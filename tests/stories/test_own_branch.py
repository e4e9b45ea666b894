"""A workstream with a branch of its own name: it is found by what is recorded, and nobody else's is ever moved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counterparts.forge import Forge, forge
from tests.world import World

DEEP = pytest.mark.lane("git")


@pytest.fixture
def github() -> Iterator[Forge]:
    with forge() as one:
        yield one


@pytest.fixture
def hosted(world: World, github: Forge, tmp_path: Path) -> World:
    """A workstream with a branch of its own, and one that builds on it, with a remote and a forge."""
    world.env |= github.env
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.workstream("api", branch="deps/api", steps=[world.step("go", "echo api > api.txt")])
    world.workstream("more", depends_on=["api"], steps=[world.step("go", "wc -l api.txt > more.txt")])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    return world


def pulls(github: Forge) -> dict[str, tuple[str, str]]:
    return {one["head"]["ref"]: (one["state"], one["base"]["ref"]) for one in github.pulls}


def branches(world: World) -> list[str]:
    return world.git("for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()


@DEEP
def test_the_result_lands_on_it_and_after_a_rename_the_old_pull_request_is_closed(hosted: World, github: Forge) -> None:
    done = hosted.doit()
    assert done.status == 0, done.out + done.err
    assert branches(hosted) == ["deps/api", "main", "splinter/more"]
    assert pulls(github) == {"deps/api": ("open", "main"), "splinter/more": ("open", "deps/api")}
    hosted.workstream("api", branch="deps/rest", steps=[hosted.step("go", "echo api > api.txt")])
    done = hosted.doit()
    assert done.status == 0, done.out + done.err
    assert pulls(github)["deps/api"] == ("closed", "main")
    assert pulls(github)["deps/rest"] == ("open", "main")
    assert "deps/api" in branches(hosted), "a branch is deleted by nobody"


def test_a_branch_that_no_run_made_stays_as_it_is(world: World) -> None:
    world.commit()
    world.git("branch", "mine")
    world.workstream("api", branch="mine", steps=[world.step("go", "echo api > api.txt")])
    done = world.doit()
    assert world.records()["api"]["reason"] == "conflict"
    assert "mine is there already, and no run of api made it: it stays as it is" in done.out
    assert world.git("rev-parse", "mine") == world.git("rev-parse", "main")


@DEEP
def test_one_that_is_another_s_on_the_remote_is_not_pushed_to(hosted: World, github: Forge) -> None:
    hosted.git("push", "--quiet", "origin", "main:refs/heads/deps/api")
    theirs = hosted.git("ls-remote", "origin", "refs/heads/deps/api")
    done = hosted.doit("run", "api", "pr")
    assert done.status == 2, done.out
    assert "deps/api is there on origin already, and no run of api made it" in done.out + done.err
    assert hosted.git("ls-remote", "origin", "refs/heads/deps/api") == theirs
    assert pulls(github) == {}


@DEEP
def test_a_clone_without_records_knows_it_again_by_its_commits(hosted: World, github: Forge) -> None:
    assert hosted.doit("run", "api", "pr").status == 0
    for ref in hosted.git("for-each-ref", "--format=%(refname)", "refs/splinter", "refs/heads/deps").splitlines():
        hosted.git("update-ref", "-d", ref)
    for name in (".doit.db", ".splinter/history.db", ".splinter/memory.db"):
        (hosted.root / name).unlink()
    done = hosted.doit("run", "api", "pr")
    assert done.status == 0, done.out + done.err
    assert pulls(github) == {"deps/api": ("open", "main")}


@DEEP
def test_a_removed_one_is_closed_by_its_own_branch(hosted: World, github: Forge) -> None:
    assert hosted.doit().status == 0
    for id in ("api", "more"):
        (hosted.root / f"workstreams/{id}.yaml").unlink()
    hosted.workstream("other", steps=[hosted.step("go", "echo x > x.txt")])
    hosted.commit()
    done = hosted.doit("gc", "--close")
    assert {state for state, _ in pulls(github).values()} == {"closed"}, done.out
    assert "deps/api" in branches(hosted)


@DEEP
def test_whoever_looks_at_one_starts_from_main_all_the_same(world: World) -> None:
    world.workstream("api", branch="deps/api", steps=[world.step("go", "echo api > api.txt")])
    world.workstream("more", steps=[world.step("go", "ls > more.txt")])
    world.commit()
    assert world.doit("api").status == 0
    world.git("checkout", "--quiet", "deps/api")
    (world.root / "workstreams").mkdir(exist_ok=True)
    assert world.doit("more").status == 0
    assert "api.txt" not in world.git("ls-tree", "--name-only", "splinter/more")
