"""A base that moved: rebuilt on it when due, or with `rebase = "conflict"` only where the branch does not merge any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import deep
from tests.world import TUESDAY, World


@pytest.fixture
def made(world: World) -> World:
    """A branch on a base that has moved since; the workstream is due again."""
    world.write("base.txt", "one\n")
    world.workstream("w", steps=[world.step("s", "cat base.txt > out.txt; echo more >> out.txt")])
    world.commit()
    assert world.doit("w").status == 0
    world.now = TUESDAY
    return world


def starts_at(world: World) -> str:
    return world.git("rev-parse", "splinter/w~1")


def move(world: World, path: str, text: str) -> tuple[str, str]:
    old = world.git("rev-parse", "main")
    world.write(path, text)
    return old, world.commit()


def test_a_branch_is_rebuilt_on_a_moved_base_when_due(made: World) -> None:
    _, new = move(made, "base.txt", "two\n")
    assert made.doit("w").status == 0
    assert starts_at(made) == new


def test_it_stays_on_its_base_where_the_settings_say_so_and_it_merges(made: World) -> None:
    made.write("splinter.toml", 'rebase = "conflict"\n')
    old, _ = move(made, "base.txt", "two\n")
    tip = made.git("rev-parse", "splinter/w")
    assert made.doit("w").status == 0
    assert (starts_at(made), made.git("rev-parse", "splinter/w")) == (old, tip)


@pytest.mark.parametrize("what", deep.rows(("it conflicts", "it was merged"), "stories", ordinary=("it conflicts",)))
def test_it_moves_all_the_same_where(made: World, what: str) -> None:
    made.write("splinter.toml", 'rebase = "conflict"\n')
    if what == "it conflicts":
        _, new = move(made, "out.txt", "another\n")
    else:
        made.git("merge", "--quiet", "--squash", "splinter/w")
        new = made.commit()
    assert made.doit("w").status == 0
    assert made.records()["w"]["base_commit"] == new


@pytest.mark.lane("stories")
def test_the_workstream_sees_the_base_that_it_stays_on(made: World) -> None:
    made.write("splinter.toml", 'rebase = "conflict"\n')
    move(made, "base.txt", "two\n")
    assert made.doit("w").status == 0
    assert Path(made.worktree("w") / "base.txt").read_text() == "one\n"


@pytest.mark.lane("stories")
def test_an_edit_is_no_failure_and_so_it_stays_where_the_settings_say_so(made: World) -> None:
    made.write("splinter.toml", 'rebase = "conflict"\n')
    old, _ = move(made, "other.txt", "two\n")
    made.workstream("w", steps=[made.step("s", "cat base.txt > out.txt; echo edited >> out.txt")])
    assert made.doit("w").status == 0
    assert starts_at(made) == old
