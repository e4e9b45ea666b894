"""Folders that a shard's agents had in their hands: what is wrong with one is told, and nothing of it is taken."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stories.test_shards import clone, hand_on, planned, tips
from tests.stories.test_shards import origin as origin
from tests.world import World

pytestmark = [pytest.mark.lane("attacks"), pytest.mark.usefixtures("origin")]


def ran(world: World) -> tuple[World, World, str]:
    """Two shards that did their part, and the file of their plan."""
    planned(world, "--shards", "2")
    file = str(world.home / "plan.json")
    shards = clone(world, "night-1"), clone(world, "night-2")
    for number, shard in enumerate(shards, 1):
        assert shard.doit("run", "--plan", file, "--shard", f"{number}/2", "workstreams").status == 0
        hand_on(shard)
    return *shards, file


def history(root: Path, sql: str) -> None:
    with sqlite3.connect(root / ".splinter/history.db", isolation_level=None) as db:
        db.executescript(sql)


def torn(root: Path) -> None:
    (root / ".splinter/history.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    (root / ".splinter/history.db-wal").unlink(missing_ok=True)


def linked(root: Path) -> None:
    (root / ".doit.db").rename(root / "elsewhere.db")
    (root / ".doit.db").symlink_to(root / "elsewhere.db")


def piped(root: Path) -> None:
    (root / ".splinter/refs.bundle").unlink()
    os.mkfifo(root / ".splinter/refs.bundle")


def linked_state(root: Path) -> None:
    (root / ".splinter").rename(root / "state")
    (root / ".splinter").symlink_to(root / "state")


def cut_bundle(root: Path) -> None:
    bundle = root / ".splinter/refs.bundle"
    bundle.write_bytes(bundle.read_bytes()[:-200])


ATTACKS: dict[str, Callable[[Path], None]] = {
    "a damaged history": torn,
    "a link in the place of the rows": linked,
    "a pipe in the place of the bundle": piped,
    "a link in the place of the state": linked_state,
    "a bundle that is cut off": cut_bundle,
    "a run whose id is a path": lambda root: history(root, "insert into runs values ('../../x', 'x', null, '[]')"),
    "a trigger": lambda root: history(root, "create trigger t after insert on runs begin select 1; end"),
    "a view": lambda root: history(root, "alter table steps rename to s; create view steps as select * from s"),
    "a later version": lambda root: history(root, "pragma user_version = 99"),
    "nothing at all": lambda root: shutil.rmtree(root),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_folder_that_cannot_be_trusted_is_left_out_and_the_others_are_taken(world: World, attack: str) -> None:
    one, two, file = ran(world)
    made = tips(one)
    ATTACKS[attack](two.root)
    folders = [str(root) for root in (one.root, two.root) if root.is_dir()]
    done = world.doit("gather", "--plan", file, *folders)
    assert (done.status, done.err) == (2, "")
    assert "shard 2 was left out: " in done.out
    assert tips(world) == made
    assert world.outcomes() == {"a": "changed", "b": "changed", "c": "interrupted"}
    assert "shard 2 of 2 was left out: " in world.records()["c"]["message"]
    world.new_calls()
    assert world.doit("run", "workstreams").status == 0
    assert world.new_calls() == ["go"]  # what is missing is done


def test_folders_that_are_no_shards_of_the_plan_are_refused(world: World) -> None:
    planned(world, "--shards", "2")
    file = str(world.home / "plan.json")
    for name in ("night-0", "night-3", "night", "deep/night-1"):
        (world.home / name).mkdir(parents=True)
    (world.home / "night-1").mkdir()
    for names in (["night-0"], ["night-3"], ["night"], ["night-1", "deep/night-1"], ["none-1"]):
        done = world.doit("gather", "--plan", file, *(str(world.home / name) for name in names))
        assert done.status == 3, done
    assert world.doit("gather", str(world.home / "night-1")).status == 3
    assert not (world.root / ".splinter/runs").is_dir()
