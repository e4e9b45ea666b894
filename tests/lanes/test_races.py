"""Many work trees made at once, and git's own housekeeping beside them: no lock is missed, no object lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from splinter.git import commands as git
from splinter.git import submodules, user_repository, worktree
from splinter.git.command_line import Repository
from splinter.git.commands import RefUpdate
from splinter.system import process
from tests.world import World

AT_ONCE = 20
TIDIED = (
    b"error: unable to create temporary file: No such file or directory\n",
    b"fatal: bad object 1b894470e19ea3269addab3197559201be795922\n",
)


def project(world: World, at_once: int) -> tuple[Repository, list[str]]:
    """A repository of some files, and one commit for each work tree, which differs from the others in each of ten."""
    for number in range(60):
        world.write(f"d{number % 7}/f{number}.txt", f"{number}\n")
    commits = []
    for number in range(at_once):
        for name in range(10):
            world.write(f"own/{name}.txt", f"{name} of {number}\n")
        commits.append(world.commit(f"number {number}"))
    return user_repository.open_repository(world.root, dict(os.environ)), commits


def begin(repository: Repository, state: Path, number: int, commit: str, round_number: int) -> str:
    """What a workstream's start and a first step do: a new work tree, a change, its commit, its refs."""
    tree = worktree.locate(state, f"w{number}")
    worktree.ensure(repository, tree, ())
    worktree.place(repository, tree, commit)
    assert (tree.path / "own/3.txt").read_text() == f"3 of {number}\n"
    assert worktree.measure(repository, tree) == git.tree_of(repository, commit)
    (tree.path / "made.txt").write_text(f"{number} in round {round_number}\n")
    (tree.path / "own/0.txt").unlink()
    guarded = worktree.guard(tree)
    assert (guarded.refs, guarded.altered, submodules.changed(repository, tree)) == ((), (), ())
    after = worktree.measure(repository, tree)
    made = git.commit_tree(repository, after, [commit], f"round {round_number}\n", date_s=round_number)
    pin = RefUpdate(ref=f"refs/splinter/checkpoints/w{number}/s", new=made)
    git.update_refs(repository, [pin, RefUpdate(ref=f"refs/heads/splinter/w{number}", new=made)], why="a test")
    changes = git.diff(repository, commit, made)
    assert [(one.status, one.path) for one in changes] == [("A", "made.txt"), ("D", "own/0.txt")]
    status = subprocess.run(["git", "status", "--porcelain"], cwd=tree.path, capture_output=True, text=True, check=True)
    assert status.stdout.splitlines() == [" D own/0.txt", "?? made.txt"]
    return made


def race(world: World, rounds: int, at_once: int = AT_ONCE) -> float:
    """Begin that many work trees at once, new ones in each round; returns the seconds of a round."""
    repository, commits = project(world, at_once)
    state, began = world.home / "state", time.monotonic()
    start = threading.Barrier(at_once)

    def one(number: int, round_number: int) -> str:
        start.wait()
        return begin(repository, state, number, commits[number], round_number)

    with ThreadPoolExecutor(at_once) as pool:
        for round_number in range(rounds):
            made = list(pool.map(one, range(at_once), [round_number] * at_once))
            listing = world.git("for-each-ref", "--format=%(refname:lstrip=3) %(objectname)", "refs/heads/splinter")
            assert dict(line.split() for line in listing.splitlines()) == {
                f"w{number}": commit for number, commit in enumerate(made)
            }
            assert not list((world.root / ".git").rglob("*.lock"))
            shutil.rmtree(state)
            if round_number % 100 == 99:
                sound(world)
    sound(world)
    return (time.monotonic() - began) / rounds


def sound(world: World) -> None:
    fsck = subprocess.run(
        ["git", "fsck", "--strict", "--no-dangling"], cwd=world.root, capture_output=True, text=True, check=False
    )
    assert (fsck.returncode, fsck.stdout) == (0, ""), fsck.stdout + fsck.stderr


def started(world: World) -> World:
    """Twenty workstreams, each of which keeps its own files and an own change."""
    for number in range(AT_ONCE):
        world.workstream(f"w{number}", base="main", when="always", steps=[
            {"id": "make", "run": f"git status --porcelain; cat d*/*.txt | cksum > made-{number}.txt"},
            {"id": "more", "run": f"git log --oneline; echo more >> made-{number}.txt; git gc -q"},
        ])  # fmt: skip
    for number in range(60):
        world.write(f"d{number % 7}/f{number}.txt", f"{number}\n")
    world.commit()
    return world


def all_at_once(world: World) -> None:
    done = world.doit("-n", str(AT_ONCE))
    assert done.status == 0, done.out + done.err
    assert set(world.outcomes().values()) == {"changed"}
    for number in range(AT_ONCE):
        changed = world.git("diff", "--name-only", "main", f"splinter/w{number}")
        assert changed == f"made-{number}.txt"


@contextmanager
def housekeeping(world: World) -> Iterator[list[int]]:
    """git packs, prunes and repacks the user's repository, over and over; how often comes back as the only item."""
    over, counted = threading.Event(), [0]

    def keep_house() -> None:
        verbs = (["gc", "--auto", "--quiet"], ["repack", "-adq"], ["pack-refs", "--all", "--prune"], ["gc", "--quiet"])
        while not over.is_set():
            for words in verbs:
                argv = ["git", "-c", "gc.auto=1", "-c", "gc.autoDetach=false", *words]
                done = subprocess.run(argv, cwd=world.root, capture_output=True, text=True, check=False)
                # the gc of a step takes a pack that is half renamed for garbage, also where it only borrows: docs/git.md
                assert done.returncode == 0 or "renaming pack" in done.stderr, done.stderr
            counted[0] += 1

    worker = ThreadPoolExecutor(1)
    kept = worker.submit(keep_house)
    try:
        yield counted
    finally:
        over.set()
        kept.result(timeout=60)
        worker.shutdown()


def test_work_trees_begun_at_once_hold_what_they_should(world: World) -> None:
    race(world, rounds=1, at_once=8)


@pytest.mark.lane("races")
def test_a_run_beside_git_s_own_housekeeping_loses_nothing(world: World) -> None:
    started(world)
    with housekeeping(world) as counted:
        all_at_once(world)
    assert counted[0] > 0
    sound(world)


@pytest.mark.parametrize("said", TIDIED, ids=["a folder", "a pack"])
def test_what_is_tidied_away_under_a_call_is_no_failure(
    world: World, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Seen in few of many runs: a gc removes the folder that git writes into, a repack the pack that it reads."""
    commit = world.commit()
    repository, real = user_repository.open_repository(world.root, dict(os.environ)), process.capture
    answers = iter([process.Captured(exit_status=1, stdout=b"", stderr=said)] * 2)
    monkeypatch.setattr(process, "capture", lambda *a, **k: next(answers, None) or real(*a, **k))
    made = git.commit_tree(repository, git.tree_of(repository, commit), [commit], "made", date_s=1)
    assert world.git("show", "-s", "--format=%s", made) == "made"
    assert list(answers) == []


@pytest.mark.lane("races")
@pytest.mark.timeout(7200)
def test_five_hundred_rounds_of_twenty_at_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    seconds = race(world, rounds=500)
    with capsys.disabled():
        print(f"\n500 rounds of {AT_ONCE} work trees, {seconds:.2f} s a round")


@pytest.mark.lane("races")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("beside", ["nothing", "housekeeping"])
def test_twenty_workstreams_at_once_over_and_over(
    world: World, capsys: pytest.CaptureFixture[str], beside: str
) -> None:
    started(world)
    rounds, began = 15, time.monotonic()
    for _ in range(rounds):
        if beside == "nothing":
            all_at_once(world)
        else:
            with housekeeping(world):
                all_at_once(world)
        shutil.rmtree(world.worktree("w0").parent.parent)
    sound(world)
    with capsys.disabled():
        print(
            f"\n{rounds} runs of {AT_ONCE} workstreams beside {beside}, {(time.monotonic() - began) / rounds:.1f} s each"
        )
