"""State on its way: packed where a job or a night ends, and taken by the next, whoever had it in hands between."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.stories.test_shards import clone, tips
from tests.stories.test_shards import origin as origin
from tests.world import World


def refs(world: World, *below: str) -> dict[str, str]:
    lines = world.git("for-each-ref", "--format=%(refname) %(objectname)", *below).splitlines()
    return dict(line.split(" ") for line in lines)


@pytest.mark.usefixtures("origin")
def test_a_fresh_clone_goes_on_with_what_was_packed_and_that_is_no_more_than_it_needs(world: World) -> None:
    assert world.doit("run", "workstreams").status == 0
    state, made = str(world.home / "packed"), refs(world, "refs/splinter", "refs/heads/splinter")
    world.git("branch", "mine", "splinter/a")
    assert world.new_calls() == ["go"] * 3
    done = world.doit("pack", state)
    assert (done.status, done.out.split(",")[0]) == (0, f"{len(made) - 1} refs and their state packed")  # not the head
    names = sorted(path.relative_to(state).as_posix() for path in Path(state).rglob("*") if path.is_file())
    assert names == [
        ".doit.db",
        ".splinter/history.db",
        ".splinter/memory.db",
        ".splinter/refs",
        ".splinter/refs.bundle",
    ]
    held = world.git("rev-list", "--objects", "--missing=allow-any", *made.values(), "^main").splitlines()
    listing = world.git("bundle", "verify", f"{state}/.splinter/refs.bundle")
    assert f"requires this ref:\n{world.git('rev-parse', 'main')}" in listing
    assert len(held) < 40  # what main holds is not packed
    fresh = clone(world, "fresh")
    done = fresh.doit("unpack", state)
    assert (done.status, done.out) == (0, f"state taken, with {len(made) - 1} refs\n")
    assert refs(fresh, "refs/splinter", "refs/heads/splinter").items() == {
        (name, id) for name, id in made.items() if not name.startswith("refs/splinter/head/")
    }
    assert fresh.git("branch", "--list", "mine") == ""
    assert fresh.doit("run", "workstreams").status == 0
    assert fresh.new_calls() == []
    assert fresh.doit("unpack", state).status == 3  # it has state of its own by now
    assert world.doit("pack", str(fresh.root)).status == 3  # and would lose it
    assert world.doit("unpack", str(world.home / "none")).status == 0  # a first night


@pytest.mark.lane("stories")
@pytest.mark.usefixtures("origin")
def test_a_shard_hands_on_what_it_made_and_not_what_it_was_given(world: World) -> None:
    """The second of two nights: kept results of the first are in the plan's folder, and go no further."""
    assert world.doit("run", "workstreams").status == 0
    world.workstream("c", when="daily", steps=[world.step("go", "echo other > c.txt")])
    world.commit()
    world.git("push", "-q", "origin", "main")
    night = world.home / "night"
    assert world.doit("pack", str(night)).status == 0
    assert world.doit("plan", "--write", str(night / "plan.json"), "--shards", "2").status == 0
    shard, made, file = clone(world, "work"), str(world.home / "made-1"), str(night / "plan.json")
    assert shard.doit("unpack", str(night)).status == 0
    assert shard.doit("run", "--plan", file, "--shard", "1/2", "workstreams").status == 0
    assert shard.doit("pack", "--plan", file, made).status == 0
    carried = world.git("bundle", "list-heads", f"{made}/.splinter/refs.bundle")
    assert sorted(line.split()[1] for line in carried.splitlines()) == [
        "refs/heads/splinter/c", "refs/splinter/accepted/c", "refs/splinter/checkpoints/c/go",
    ]  # fmt: skip
    assert list(Path(made, ".splinter/runs").glob("*/c/*.log"))
    publishes = clone(world, "publish")
    assert publishes.doit("unpack", str(night)).status == 0
    assert publishes.doit("gather", "--plan", file, made).status == 0
    assert tips(publishes) == tips(world) | tips(shard)
    assert publishes.outcomes() == {"c": "changed"}


@pytest.mark.lane("attacks")
@pytest.mark.usefixtures("origin")
def test_of_what_was_packed_only_refs_of_ours_are_taken_and_a_spoilt_bundle_costs_no_night(world: World) -> None:
    assert world.doit("run", "workstreams").status == 0
    state, main = world.home / "packed", world.git("rev-parse", "main")
    assert world.doit("pack", str(state)).status == 0
    taken = (
        "refs/heads/other",
        "refs/tags/x",
        "refs/remotes/origin/main",
        "refs/splinter/slots/a",
        "refs/splinter/head/x",
    )
    odd = ("refs/splinter/../x", "refs/splinter/a..b", "refs/splinter/accepted/x y", "HEAD")
    with (state / ".splinter/refs").open("a") as listing:
        listing.writelines(f"{main} {name}\n" for name in (*taken, *odd))
        listing.write(f"{'0' * 40} refs/splinter/accepted/zero\nno line\n{main} refs/splinter/accepted/ours\n")
    bundle = state / ".splinter/refs.bundle"
    bundle.write_bytes(bundle.read_bytes()[:-100])
    (state / ".splinter/history.db").rename(state / "kept.db")
    (state / ".splinter/history.db").symlink_to(state / "kept.db")
    fresh = clone(world, "fresh")
    before = refs(fresh)
    assert fresh.doit("unpack", str(state)).status == 2  # a link
    (state / ".splinter/history.db").unlink()
    (state / "kept.db").rename(state / ".splinter/history.db")
    assert not (fresh.root / ".doit.db").exists()  # half a state is none
    done = fresh.doit("unpack", str(state))
    assert (done.status, done.err.partition(",")[0]) == (2, "state was taken without its commits")
    brought = dict(refs(fresh).items() - before.items())
    assert {*brought} == {f"refs/splinter/checkpoints/{id}/prepare" for id in "ac"} | {
        "refs/splinter/accepted/ours", "refs/splinter/base/origin/main"
    }  # fmt: skip
    assert {*brought.values()} == {main}
    with sqlite3.connect(fresh.root / ".splinter/history.db") as history:
        assert history.execute("select count(*) from workstreams").fetchone() == (3,)
    assert fresh.doit("run", "workstreams").status == 0
    assert len(fresh.branches()) == 3
