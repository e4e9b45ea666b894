"""Folders that a shard's agents had in their hands: what is wrong with one is told, and nothing of it is taken."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.counterparts.forge import forge
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
    "a bundle of three gigabytes": lambda root: os.truncate(root / ".splinter/refs.bundle", 3_000_000_000),
    "rows of two gigabytes": lambda root: os.truncate(root / ".doit.db", 2_000_000_000),
    "a list of refs that is a link": lambda root: (root / ".splinter/refs").symlink_to("/etc/hostname"),
    "no record of the run": lambda root: history(root, "delete from runs"),
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


def test_a_list_of_refs_names_nothing_of_others(world: World) -> None:
    """Neither another shard's workstream, nor a branch of the user's, nor what the remote was seen at."""
    one, two, file = ran(world)
    made, main = tips(one) | tips(two), world.git("rev-parse", "main")
    other = two.git("rev-parse", "splinter/c")
    names = ("heads/splinter/a", "splinter/accepted/a", "heads/main", "heads/x", "tags/x", "splinter/base/origin/main")
    lines = (f"{other} refs/{name}\n" for name in (*names, "splinter/slots/a", "splinter/checkpoints/c/../../a"))
    (two.root / ".splinter/refs").write_text("".join(lines))
    assert world.doit("gather", "--plan", file, str(one.root), str(two.root)).status == 0
    assert (tips(world), world.git("rev-parse", "main")) == (made, main)
    found = world.git("for-each-ref", "--format=%(refname) %(objectname)")
    assert not [line for line in found.splitlines() if line.endswith(other) and "/c" not in line]


def test_what_a_shard_puts_on_its_branch_and_a_forged_plan_push_nothing(world: World) -> None:
    """A workflow file on top of a good result, and a plan that says that the base has it already."""
    with forge() as github:
        _, two, file = ran(world)
        workflow = two.root / ".github/workflows/evil.yml"
        two.git("switch", "-q", "splinter/c")
        workflow.parent.mkdir(parents=True)
        workflow.write_text("on: push\n")
        two.git("add", "--all", ".github")
        two.git("commit", "-q", "-m", "evil")
        evil = two.git("rev-parse", "HEAD")
        with sqlite3.connect(two.root / ".doit.db") as rows:
            (data,) = rows.execute("select task_data from doit where task_id = 'c:accept'").fetchone()
            good = two.git("rev-parse", "HEAD~1")
            assert good in data
            rows.execute("update doit set task_data = ? where task_id = 'c:accept'", (data.replace(good, evil),))
        hand_on(two)
        world.doit("gather", "--plan", file, str(two.root))
        assert world.git("rev-parse", "splinter/c") == evil
        forged = json.loads(Path(file).read_text("utf-8"))
        forged["bases"][0]["commit"] = evil
        Path(file).write_text(json.dumps(forged), "utf-8")
        world.env |= {**github.env, "CI": "true"}
        done = world.doit("run", "--plan", file, "pr", "report")
        assert done.status == 2, done.out + done.err
        assert "pr:c  error  " in done.out
        assert ".github/workflows/evil.yml" in done.out
        assert world.git("ls-remote", "origin", "refs/heads/splinter/*") == ""
        assert not github.pulls


def test_records_of_a_shard_are_called_as_reported_and_not_seen(world: World) -> None:
    one, two, file = ran(world)
    history(
        two.root, "update workstreams set record = json_set(record, '$.checks', json('[{\"check\": \"made up\"}]'))"
    )
    world.env["CI"] = "true"
    assert world.doit("gather", "--plan", file, str(one.root), str(two.root)).status == 0
    assert world.doit("run", "--plan", file, "report").status == 0
    assert "are as reported by the job that worked" in (world.root / "reports/latest/report.md").read_text("utf-8")
