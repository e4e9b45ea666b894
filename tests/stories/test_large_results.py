"""A result that is too large, or that takes too long to be looked at: it ends the step, and nothing of git's stays."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace

import psutil
import pytest

from splinter.engine import project
from splinter.errors import Reason, StepError
from splinter.git import worktree
from tests.world import World, end_group, wait_for

GB = 1024**3


def test_a_sparse_file_of_forty_gigabytes_is_refused_before_git_reads_it(world: World) -> None:
    world.workstream("w", steps=[world.step("s", "echo kept > small.txt; truncate -s 40G large.bin", timeout="10s")])
    world.commit()
    began = time.monotonic()
    assert world.doit("w").status == 1
    assert time.monotonic() - began < 60, "git takes minutes to read it"
    record = world.records()["w"]
    assert record["reason"] == "too_large"
    assert '"large.bin" (40.0 GB): more than 2 GB are no result' in record["message"]
    assert 'too large to be kept: "large.bin" (40.0 GB)' in record["message"]
    patch = (world.root / record["steps"][-1]["patch"]).read_text()
    assert "+kept" in patch
    assert "large.bin" not in patch
    assert not (world.worktree("w") / "large.bin").exists()


@pytest.mark.lane("disk")
@pytest.mark.parametrize("size", [101, 60])
def test_a_file_that_is_large_for_github_is_told_at_the_step_before_the_next_one_is_paid(
    world: World, size: int
) -> None:
    world.env["GITHUB_REPOSITORY"] = "octo/project"  # no token: the job that works has none
    makes = world.step("s", f"truncate -s {size}M big.bin")
    world.workstream("w", base="main", steps=[makes, world.step("paid", "echo x > x")])
    world.commit()
    world.git("clone", "-q", "--bare", str(world.root), str(world.home / "origin.git"))
    world.git("remote", "add", "origin", str(world.home / "origin.git"))
    world.doit("w")
    record = world.records()["w"]
    if size > 100:
        assert record["reason"] == "too_large"
        assert record["message"] == "big.bin (101 MB): GitHub takes no file above 100 MB"
        assert world.calls() == ["s"]
    else:
        assert record["outcome"] == "changed"
        told = "large: big.bin (60 MB); GitHub takes no file above 100 MB, and it warns above 50 MB"
        assert told in [note for step in record["steps"] for note in step["notes"]]


@pytest.mark.lane("disk")
@pytest.mark.parametrize("where", ["build/large.bin", "inner/large.bin"])
def test_what_never_becomes_a_commit_may_be_large(world: World, where: str) -> None:
    """Ignored files, and those in a repository of the step's own, which is no result in any case."""
    world.write(".gitignore", "build/\n")
    makes = f"mkdir build inner; echo x > x.txt; truncate -s 40G {where}"
    makes += "; git -C inner init -q" if where.startswith("inner") else ""
    world.workstream("w", steps=[world.step("s", makes, timeout="10s")])
    world.commit()
    world.doit("w")
    record = world.records()["w"]
    if where.startswith("build"):
        assert record["outcome"] == "changed"
    else:
        assert record["reason"] == "out_of_scope"
        assert 'too large to be kept: "large.bin" (40.0 GB)' in record["message"]


def test_a_call_of_gits_ends_at_the_deadline_of_what_it_is_for(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world.write("a.txt", "a\n")
    world.commit()
    repository = project.read(world.root).repository
    tree = worktree.locate(tmp_path_factory.mktemp("state"), "w")
    worktree.ensure(repository, tree, ())
    worktree.place(repository, tree, world.git("rev-parse", "HEAD"))
    with (tree.path / "large.bin").open("wb") as file:
        file.truncate(GB)
    began = time.monotonic()
    with pytest.raises(StepError) as failed:
        worktree.measure(replace(repository, until=began + 0.5), tree)
    assert time.monotonic() - began < 5
    assert failed.value.reason == Reason.TIMED_OUT
    assert str(failed.value) == "its result was not looked at to the end before its deadline"
    assert not tree.index.with_name("w.lock").exists()


@pytest.mark.lane("kills")
def test_git_does_not_go_on_when_doit_is_killed_while_it_measures(world: World) -> None:
    world.workstream("w", steps=[world.step("s", "truncate -s 1900M large.bin")])
    world.commit()
    doit = world.start("w")
    calls: list[psutil.Process] = []

    def adds() -> bool:
        for one in psutil.Process(doit.pid).children():
            with suppress(psutil.Error):  # it has just ended
                calls.extend([one] if "add" in one.cmdline() else [])
        return bool(calls)

    wait_for(adds, "git add")
    lock = world.worktree("w").parents[1] / "index/w.lock"
    wait_for(lock.exists, "its lock")
    end_group(doit)
    wait_for(lambda: not any(psutil.pid_exists(one.pid) for one in calls), "the end of git", seconds=5)
    assert not lock.exists()


@pytest.mark.lane("disk")
def test_measuring_counts_in_the_deadline_of_its_step(world: World) -> None:
    """Bytes that cannot be made smaller take git longest."""
    piece, large = os.urandom(10 * 1024**2), world.home / "large.bin"
    with large.open("wb") as file:
        for _ in range(190):
            file.write(piece)
    world.workstream("w", steps=[world.step("s", f"ln {large} large.bin", timeout="9s")])
    world.commit()
    began = time.monotonic()
    world.doit("w")
    record = world.records()["w"]
    assert record["reason"] == "timed_out"
    assert "its result was not looked at to the end before its deadline\nwhat it made stays in " in record["message"]
    assert time.monotonic() - began < 60
