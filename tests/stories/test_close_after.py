"""A pull request that nobody touches is closed after the time that its workstream says, and not opened again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counterparts.forge import Forge, forge
from tests.counterparts.scripted import Answer, Asked
from tests.world import World

AFTER, LATER = "2026-12-08T02:00:00Z", "2026-12-09T02:00:00Z"  # 15 and 16 days after the first run
DEEP = pytest.mark.lane("stories")


@pytest.fixture
def github() -> Iterator[Forge]:
    with forge() as one:
        yield one


@pytest.fixture
def opened(world: World, github: Forge, tmp_path: Path) -> World:
    world.env |= github.env
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    write(world)
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    assert world.doit().status == 0
    world.now = AFTER
    return world


def write(world: World, text: str = "x") -> None:
    steps = [world.step("go", f"echo {text} > x.txt")]
    world.workstream("w", when="once", pull_request={"close_after": "14d"}, steps=steps)


def test_nobody_touched_it(opened: World, github: Forge) -> None:
    comments: list[str] = []

    def instead(asked: Asked) -> Answer | None:
        if asked.method == "POST" and asked.path.endswith("/issues/1/comments"):
            comments.append(asked.json()["body"])
        return None

    github.instead = instead
    done = opened.doit()
    assert done.status == 0, done.out
    assert [one["state"] for one in github.pulls] == ["closed"]
    assert "closed, since nobody touched it in time" in done.out
    assert comments[0].startswith("Nobody has touched this for 14 days, so it is closed")
    assert opened.git("rev-parse", "splinter/w") in opened.git("ls-remote", "origin")


@DEEP
def test_it_is_not_opened_again_for_the_same_definition_and_occurrence(opened: World, github: Forge) -> None:
    assert opened.doit().status == 0
    opened.now = LATER
    for name in (".doit.db", ".splinter/memory.db"):
        (opened.root / name).unlink()
    done = opened.doit()
    assert done.status == 0, done.out
    assert [one["state"] for one in github.pulls] == ["closed"]
    assert "#1 was closed since nobody touched it, and is not opened again for this occurrence" in done.out
    write(opened, "other")
    assert opened.doit().status == 0
    assert [one["state"] for one in github.pulls] == ["closed", "open"]


@DEEP
def test_one_that_somebody_touched_stays_and_nobody_is_asked_each_night(opened: World, github: Forge) -> None:
    asked_for: list[str] = []

    def instead(asked: Asked) -> Answer | None:
        asked_for.append(asked.path)
        said = {"body": "Hm.", "user": {"login": "ann", "type": "User"}}
        return Answer(body=[said]) if "/issues/1/comments" in asked.path else None

    github.instead = instead
    done = opened.doit()
    assert "it stays open after close_after: ann commented" in done.out
    assert [one["state"] for one in github.pulls] == ["open"]
    asked_for.clear()
    opened.now = LATER
    assert opened.doit().status == 0
    assert not [path for path in asked_for if "comments" in path]


@DEEP
def test_a_commit_of_somebody_s_keeps_it_open(opened: World, github: Forge, tmp_path: Path) -> None:
    opened.git("clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / "hers"))
    hers = World.reopened(tmp_path / "hers", opened.home)
    hers.git("checkout", "--quiet", "splinter/w")
    hers.write("hers.txt", "1")
    hers.commit("hers")
    hers.git("push", "--quiet")
    assert "its branch holds commits of others" in opened.doit().out
    assert [one["state"] for one in github.pulls] == ["open"]


@DEEP
def test_a_dry_run_says_what_would_become_of_it_and_closes_nothing(opened: World, github: Forge) -> None:
    out = opened.doit("run", "--dry-run").out
    assert "would close" in out
    assert "unless somebody touched it: close_after has passed" in out
    assert [one["state"] for one in github.pulls] == ["open"]
