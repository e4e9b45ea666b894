"""What a step made and what was not accepted leaves no object in the user's repository, and nothing behind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from splinter.errors import GitError
from splinter.git import command_line, quarantine, remotes, user_repository
from splinter.git import commands as git
from splinter.git.commands import RefUpdate
from splinter.text.redact import Masked
from tests.world import World

CANARY = "made-up-canary/4f9c+2d"


def objects(world: World) -> set[str]:
    return set(world.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split())


def left(world: World) -> list[Path]:
    return list(Path(os.environ["XDG_STATE_HOME"]).glob("splinter/*/quarantine/*"))


@pytest.mark.parametrize(
    ("command", "reason"),
    [('printf %s "$CANARY_TOKEN" > key.txt', "secret_in_result"), ("echo big > elsewhere.txt", "out_of_scope"),
     ("echo half > key.txt; exit 1", "exit_code")],
)  # fmt: skip
def test_a_rejected_result_leaves_a_patch_and_no_object(world: World, command: str, reason: str) -> None:
    world.env["CANARY_TOKEN"] = CANARY
    scope = {"modify": ["key.txt"], "create": ["key.txt"]}
    world.workstream("w", base="main", env=["CANARY_TOKEN"], scope=scope, steps=[{"id": "s", "run": command}])
    world.commit()
    world.git("gc", "--quiet")
    before = objects(world)
    world.doit("w")
    record = world.records()["w"]
    assert record["reason"] == reason
    patch = (world.root / record["steps"][-1]["patch"]).read_text()
    assert "+++ b/" in patch
    assert objects(world) == before
    assert not left(world)


def test_a_run_that_finds_many_loose_refs_of_ours_packs_them_at_its_end(world: World) -> None:
    world.workstream("a", steps=[{"id": "s", "run": "echo a > a.txt"}])
    at = world.commit()
    many = "".join(f"create refs/splinter/backups/a/{number} {at}\n" for number in range(200))
    subprocess.run(["git", "update-ref", "--stdin"], input=many, cwd=world.root, text=True, check=True)
    assert world.doit("workstreams").status == 0
    refs = world.root / ".git/refs"
    assert [file for file in refs.rglob("*") if file.is_file()] == [refs / "heads/main"]
    assert len(world.git("for-each-ref").splitlines()) > 203
    assert world.doit("workstreams").out.startswith("nothing ")


def test_what_is_accepted_is_whole_in_the_users_repository(world: World) -> None:
    """Also what builds on two others, on a merge that no ref of the user's had."""
    for id in ("a", "b"):
        world.workstream(id, base="main", steps=[world.step("s", f"mkdir -p d/{id}; echo {id} > d/{id}/made.txt")])
    world.workstream("c", base="main", depends_on=["a", "b"], steps=[world.step("s", "cat d/*/made.txt > all.txt")])
    world.commit()
    done = world.doit()
    assert done.status == 0, done.out + done.err
    assert world.git("show", "splinter/c:all.txt") == "a\nb"
    assert "missing" not in world.git("fsck", "--full", "--strict")
    assert not left(world)


def test_objects_come_with_the_ref_that_names_them(world: World) -> None:
    commit = world.commit()
    repository = user_repository.open_repository(world.root, dict(os.environ))
    with quarantine.opened(repository) as apart:
        tree = git.tree_of(apart, commit)
        made = git.commit_tree(apart, tree, [commit], Masked("made\n"), date_s=0)
        assert made not in objects(world)
        with pytest.raises(GitError):
            git.update_refs(apart, [RefUpdate(ref="refs/heads/main", new=made, old="1" * 40)], why="raced")
        git.update_refs(apart, [RefUpdate(ref="refs/heads/made", new=made)], why="made")
        assert git.tree_of(apart, made) == tree
    assert world.git("rev-parse", "made") == made
    assert world.git("rev-parse", "main") == commit


@pytest.mark.parametrize("how", ["a branch", "refs of ours"])
def test_what_is_fetched_into_a_ref_stays_when_what_is_apart_goes(world: World, how: str) -> None:
    world.commit()
    theirs = world.home / "theirs"
    world.git("clone", "-q", str(world.root), str(theirs))
    world.git("-C", str(theirs), "commit", "-q", "--allow-empty", "-m", "theirs")
    world.git("-C", str(theirs), "update-ref", "refs/splinter/results/k/1", "HEAD")
    repository = user_repository.open_repository(world.root, dict(os.environ))
    with quarantine.opened(repository) as apart:
        if how == "a branch":
            remotes.fetch(apart, str(theirs), "main", "refs/splinter/remote/w", {})
        else:
            remotes.fetch_refs(apart, str(theirs), "refs/splinter/results/k/*", {})
        assert git.existing(apart, [world.git("-C", str(theirs), "rev-parse", "HEAD")])
    assert world.git("fsck", "--strict", "--no-dangling") == ""
    assert world.git("log", "-1", "--format=%s", "--glob=refs/splinter/*") == "theirs"


def test_another_file_system_gets_whole_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the state folder lies on another disk than the repository, each is copied, written through and renamed."""
    world.commit()
    repository = user_repository.open_repository(world.root, dict(os.environ))
    real, store = Path.rename, world.root / ".git/objects"

    def rename(self: Path, target: Path) -> Path:
        if store in target.parents and store not in self.parents:
            raise OSError(18, "Invalid cross-device link")
        return real(self, target)

    with quarantine.opened(repository) as apart:
        world.write("made.txt", "made\n")
        id = command_line.text(apart, "hash-object", "-w", str(world.root / "made.txt")).strip()
        monkeypatch.setattr(Path, "rename", rename)
        quarantine.keep(apart)
    assert world.git("cat-file", "blob", id) == "made"
    assert oct((store / id[:2] / id[2:]).stat().st_mode & 0o777) == "0o444"
    assert not list(store.glob("*/tmp_obj_*"))


def test_what_a_killed_run_left_apart_is_gone_after_the_next(world: World) -> None:
    world.workstream("w", base="main", steps=[world.step("s", "echo made > made.txt")])
    world.commit()
    repository = user_repository.open_repository(world.root, dict(os.environ))
    (repository.state / "quarantine/tmpkilled/ab").mkdir(parents=True)
    assert left(world)
    assert world.doit().status == 0
    assert not left(world)
