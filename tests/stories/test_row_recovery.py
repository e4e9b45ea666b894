"""Rows of doit's that were lost come back from git, and only what was lost, whole, and is still there does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.world import World

PREFIX = "refs/splinter/accepted"


@pytest.fixture
def done(world: World) -> World:
    """Two workstreams, one built on the other, that are done."""
    world.workstream("w", steps=[world.step("first", "echo 1 > one.txt"), world.step("second", "echo 2 > two.txt")])
    world.workstream("after", depends_on=["w"], steps=[world.step("last", "cat one.txt two.txt > three.txt")])
    world.commit()
    assert world.doit("workstreams").status == 0
    assert world.new_calls() == ["first", "second", "last"]
    return world


NEXT = "next: 2026-11-24 00:00 UTC"
UP_TO_DATE = f"w      up to date; {NEXT}\nafter  up to date; {NEXT}\n"


def lose(world: World) -> None:
    for file in world.root.glob(".doit.db*"):
        file.unlink()


def told(world: World, id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.git("log", "-1", "--format=%b", f"{PREFIX}/{id}"))
    return found


def bytes_of(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_a_lost_database_comes_back_and_commands_that_look_write_none(done: World) -> None:
    lose(done)
    before = bytes_of(done.root)
    assert done.doit("plan").out == UP_TO_DATE
    assert "U w:second" in done.doit("list", "--all", "--status").out.replace("  ", " ")
    dry = done.doit("run", "--dry-run", "workstreams").out
    assert "would run" not in dry
    assert bytes_of(done.root) == before
    assert done.doit("-n", "4", "workstreams").status == 0
    assert done.calls() == []
    lose(done)
    done.workstream("after", depends_on=["w"], steps=[done.step("last", "cat one.txt two.txt > four.txt")])
    assert done.doit("workstreams").status == 0
    assert done.new_calls() == ["last"], "what was edited meanwhile is due, and nothing else"
    done.git("update-ref", "-d", f"{PREFIX}/w")
    assert done.doit("plan").out == UP_TO_DATE, "what came back stays"


@pytest.mark.lane("stories")
def test_a_clone_with_the_refs_of_what_was_accepted_has_nothing_to_do(done: World, tmp_path: Path) -> None:
    # the same tree again: the branch keeps its commits, and the steps' new ones hang on the accepted commit alone
    assert done.doit("-a", "w").status == 0
    assert done.git("rev-parse", f"{PREFIX}/w^1") == done.git("rev-parse", "splinter/w")
    done.git("clone", "--quiet", str(done.root), str(tmp_path / "second"))
    second = object.__new__(World)
    second.__dict__.update(done.__dict__, root=tmp_path / "second")
    second.git("fetch", "--quiet", "origin", "refs/splinter/accepted/*:refs/splinter/accepted/*")
    done.new_calls()
    assert second.doit("plan").out == UP_TO_DATE
    assert not (second.root / ".doit.db").exists()
    ran = second.doit("workstreams")
    assert ran.status == 0, ran.out
    assert done.calls() == []
    second.workstream("w", steps=[second.step("first", "echo 3 | tee one.txt > two.txt")])
    assert second.doit("workstreams").status == 0
    assert done.calls() == ["first", "last"]


@pytest.mark.lane("stories")
def test_what_failed_or_was_forgotten_was_not_lost(done: World) -> None:
    done.doit("forget", "w")
    assert done.doit("w").status == 0
    assert done.new_calls() == ["first", "second"]
    file = done.root / "workstreams/w.yaml"
    good = file.read_text()
    file.write_text(good.replace("echo 1", "exit 3; echo 1"))
    assert done.doit("w").status == 1
    done.new_calls()
    file.write_text(good)
    done.doit("forget", "--all")
    assert done.doit("plan", "--json").out.count('"due": true') == 2
    assert done.doit("w").status == 0
    assert done.calls() == ["first", "second"]


def say(world: World, id: str, message: str, *parents: str) -> None:
    """Let the ref name a commit that says something else."""
    words = [word for parent in parents for word in ("-p", parent)]
    world.git("update-ref", f"{PREFIX}/{id}", world.git("commit-tree", "main^{tree}", *words, "-m", message))


def say_told(world: World, id: str, found: dict[str, Any]) -> None:
    say(world, id, f"splinter accepted {id}\n\n{json.dumps(found)}", world.git("rev-parse", f"{PREFIX}/{id}^1"))


def old(world: World, id: str) -> None:
    found = told(world, id)
    del found["tasks"]
    say_told(world, id, found)


def without_a_commit(world: World, id: str) -> None:
    found = told(world, id)
    found["tasks"]["s"]["commit"] = "1" * 40
    say_told(world, id, found)


def torn(world: World, id: str) -> None:
    name = world.git("rev-parse", f"{PREFIX}/{id}")
    file = world.root / ".git/objects" / name[:2] / name[2:]
    file.chmod(0o644)
    file.write_bytes(b"")


FORGED: dict[str, Callable[[World, str], object]] = {
    "old": old,
    "without-a-commit": without_a_commit,
    "of-another-tip": lambda world, id: say(world, id, f"x\n\n{json.dumps(told(world, id))}", "main"),
    "torn": torn,
    "a-word": lambda world, id: say(world, id, "hello", "main"),
    "deep": lambda world, id: say(world, id, f"x\n\n{'[' * 100_000}", "main"),
    "of-another-kind": lambda world, id: world.git("update-ref", f"{PREFIX}/{id}", "main:README.md"),
    "other-shapes": lambda world, id: say_told(
        world, id, {**told(world, id), "tasks": {"prepare": {"files": [1]}, "accept": {}}}
    ),
    "no-ids": lambda world, id: say_told(world, id, {**told(world, id), "start": "--all", "rows": {"base": 1}}),
}
FORGED_ORDINARY = ("of-another-tip", "torn", "other-shapes")


@pytest.mark.parametrize("forged", [FORGED_ORDINARY, pytest.param(tuple(FORGED), marks=pytest.mark.lane("attacks"))])
def test_an_accepted_commit_that_is_not_whole_and_ours_tells_nothing(world: World, forged: tuple[str, ...]) -> None:
    for id in (*forged, "whole"):
        world.workstream(id, steps=[world.step("s", f"echo {id} >> {id}.txt")])
    world.commit()
    assert world.doit("workstreams").status == 0
    world.calls_file.unlink()
    for id in forged:
        FORGED[id](world, id)
    lose(world)
    plan = dict(line.split(None, 1) for line in world.doit("plan").out.splitlines())
    assert {id for id, text in plan.items() if text.startswith("up to date")} == {"whole"}
    ran = world.doit("workstreams")
    assert ran.status == 0, ran.out + ran.err
    assert world.calls() == ["s"] * len(forged)
    assert all("tasks" in told(world, id) for id in forged)


@pytest.mark.lane("stories")
def test_rows_that_are_there_cost_no_git_call_a_workstream(done: World, monkeypatch: pytest.MonkeyPatch) -> None:
    count, real = done.home / "git-calls", shutil.which("git")
    (done.home / "bin").mkdir()
    (done.home / "bin/git").write_text(f'#!/bin/sh\necho >> "{count}"\nexec {real} "$@"\n')
    (done.home / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", str(done.home / "bin"), prepend=":")
    done.env["SPLINTER_SHORTCUT"] = "off"

    def calls() -> int:
        count.unlink(missing_ok=True)
        assert done.doit("workstreams").status == 0
        return len(count.read_text().splitlines())

    there = calls()
    lose(done)
    assert calls() <= there + 1, "at most one for all that was lost"
    assert calls() == there
    done.git("update-ref", "-d", "refs/splinter/accepted/after")
    (done.root / "workstreams/after.yaml").unlink()
    assert calls() == there


def test_names_that_are_like_a_secret_come_back_as_they_were(world: World) -> None:
    """What is kept is masked in its values: `postgres` may be a password here, and a part of a step's id."""
    world.env |= {"POSTGRES_PASSWORD": "postgres", "PIN_TOKEN": "1234567"}
    world.workstream(
        "w", env=["POSTGRES_PASSWORD", "PIN_TOKEN"], budget={"tokens": 1234567},
        steps=[world.step("postgres-schema", "echo 1 > one.txt")],
    )  # fmt: skip
    world.commit()
    assert world.doit().status == 0
    json.loads((world.root / "reports/latest/report.json").read_text())
    lose(world)
    assert world.doit("plan").out == f"w  up to date; {NEXT}\n"
