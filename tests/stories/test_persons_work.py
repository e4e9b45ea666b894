"""What a person made in one of our work trees: kept and named, or left alone with a sentence, whatever is called."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests import deep
from tests.world import TUESDAY, World

DEEP = pytest.mark.lane("git")
BELOW = "refs/splinter/backups/w.work-tree"


def sh(folder: Path, script: str) -> str:
    return subprocess.run(["sh", "-ec", script], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def done(sealed_world: Path) -> World:
    """A workstream that ran once, with its work tree."""
    world = World(sealed_world / "project", sealed_world)
    world.workstream("w", steps=[world.step("s", "echo 1 > x.txt")])
    world.commit()
    assert world.doit().status == 0
    return world


def work(world: World) -> dict[str, str]:
    """Two stashes, a branch and a commit on no branch, each with a file of its own; their ids by the ends of refs."""
    tree = world.worktree("w")
    sh(tree, "echo first > x.txt; git stash -q; echo second > x.txt; git stash -q")
    sh(tree, "git checkout -q -b own; echo own > own.txt; git add .; git commit -qm own; git checkout -q --detach")
    sh(tree, "echo none > none.txt; git add .; git commit -qm none")
    names = {"heads/own": "own", "stash": "stash@{0}", "stash-1": "stash@{1}", "HEAD": "HEAD"}
    return {end: sh(tree, f"git rev-parse '{name}'") for end, name in names.items()}


def held(world: World) -> dict[str, str]:
    lines = world.git("for-each-ref", "--format=%(refname) %(objectname)", BELOW).splitlines()
    return {line.split()[0].split("/", 5)[5]: line.split()[1] for line in lines}


@pytest.mark.parametrize("how", ["run", pytest.param("clean", marks=DEEP)])
def test_stashes_and_commits_in_a_work_tree_are_kept_with_all_they_reach(done: World, how: str) -> None:
    made = work(done)
    done.now = TUESDAY
    said = done.doit("clean", "w") if how == "clean" else done.doit()
    assert said.status == 0
    assert held(done) == made
    assert f"what was made with git in its work tree is kept as {BELOW}/" in said.out
    assert done.git("show", f"{made['stash-1']}:x.txt") == "first"
    assert done.git("show", f"{made['HEAD']}:none.txt") == "none"
    assert done.git("fsck", "--strict", "--no-dangling", "--no-progress") == ""
    done.now = "2026-11-25T02:00:00+00:00"
    assert done.doit().status == 0
    assert held(done) == made  # and the next run finds none


def test_clean_keeps_hand_edits_as_a_patch_that_outlives_the_next_clean(done: World) -> None:
    sh(done.worktree("w"), "echo mine > x.txt; echo new > new.txt")
    said = done.doit("clean", "w")
    assert "w: changes found in its work tree were kept as .splinter/runs/" in said.out
    done.now = TUESDAY
    done.doit()
    assert done.doit("clean", "w").status == 0
    (patch,) = (done.root / ".splinter/runs").glob("*/w/found-in-worktree.patch")
    assert "+mine" in patch.read_text()
    assert "+new" in patch.read_text()


OTHERS = {
    "folder": "mkdir -p {tree}; echo mine > {tree}/mine.txt",
    "file": "echo mine > {tree}",
    "clone": "git clone -q . {tree}; echo mine > {tree}/mine.txt",
    "work tree": "git worktree add -q --detach {tree}; echo mine > {tree}/mine.txt",
}


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=DEEP if kind != "clone" else ()) for kind in OTHERS])
def test_what_somebody_put_in_its_place_is_left_alone(done: World, kind: str) -> None:
    tree = done.worktree("w")
    assert done.doit("clean", "w").status == 0
    sh(done.root, OTHERS[kind].format(tree=tree))
    before = {path: path.read_bytes() for path in (tree, *tree.rglob("*")) if path.is_file()}
    done.now = TUESDAY
    for said in (done.doit(), done.doit("clean", "w")):
        assert f"{tree} holds what no run put there, and is left alone; move it away, and call again" in said.out
        assert {path: path.read_bytes() for path in (tree, *tree.rglob("*")) if path.is_file()} == before
    shutil.move(tree, done.home / "moved")
    assert done.doit().status == 0


@DEEP
def test_a_work_tree_of_ours_that_lost_its_index_keeps_what_is_in_it(done: World) -> None:
    tree = done.worktree("w")
    sh(tree, "echo mine > x.txt; git stash -q; echo again > x.txt")
    shutil.rmtree(tree.parent.parent / "index")
    done.now = TUESDAY
    assert done.doit().status == 0
    assert set(held(done)) == {"stash"}
    (patch,) = (done.root / ".splinter/runs").glob("*/w/found-in-worktree.patch")
    assert "+again" in patch.read_text()


@DEEP
def test_what_a_step_made_with_git_is_told_and_no_persons_work_of_the_next_run(done: World) -> None:
    done.workstream(
        "w", steps=[done.step("s", "echo 2 > x.txt; git stash -q; git stash apply -q; git branch b")],
        checks=[{"id": "no", "run": "test ! -e x.txt"}],
    )  # fmt: skip
    assert done.doit().status == 1
    done.now = TUESDAY
    said = done.doit()
    assert "work-tree" not in said.out
    assert held(done) == {}


@pytest.mark.parametrize(
    "left", deep.rows([b"", b"\0" * 40, b"\xff\xfe garbage", b"HEAD"], "git", ordinary=[b"\xff\xfe garbage"])
)
def test_what_a_power_cut_left_of_our_notes_on_a_work_tree_stops_nothing(world: World, left: bytes) -> None:
    world.workstream("w", steps=[world.step("one", "echo 1 > one.txt"), world.step("two", "echo 2 > two.txt")])
    world.commit()
    assert world.doit("w").status == 0
    notes = {file.name: file for file in (world.worktree("w").parents[1] / "index").glob("w.*")}
    for name in ("w.at", "w.git", "w.given"):  # as they were before, too
        notes[name].write_bytes(world.git("rev-parse", "HEAD").encode() if left == b"HEAD" else left)
    world.workstream("w", steps=[world.step("one", "echo 1 > one.txt"), world.step("two", "echo 3 > two.txt")])
    world.commit()
    assert world.doit("w").status == 0
    assert world.outcomes() == {"w": "changed"}
    assert world.git("show", "splinter/w:two.txt").strip() == "3"
    assert not world.git("for-each-ref", f"{BELOW}*")
