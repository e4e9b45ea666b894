"""The git of a work tree shows the history of what it stands on, and nothing else of the user's repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from splinter.git import base_store, user_repository
from tests import deep
from tests.world import World


def shown(world: World, name: str) -> set[str]:
    """The objects that the steps listed."""
    return set((world.home / name).read_text().split())


def lists(world: World, name: str) -> str:
    return f"git cat-file --batch-all-objects --batch-check='%(objectname)' > {world.home}/{name}\n"


def packs() -> list[Path]:
    return list(Path(os.environ["XDG_STATE_HOME"]).glob("splinter/*/store/pack/*.pack"))


def test_a_step_sees_its_history_and_no_stash_branch_or_result_of_others(world: World) -> None:
    world.commit("the first")
    world.git("tag", "-a", "-m", "a tag", "v1")
    world.git("switch", "--quiet", "-c", "private")
    world.write("private.txt", "unpushed\n")
    private = world.commit("unpushed")
    world.git("switch", "--quiet", "main")
    world.write("README.md", "stashed\n")
    world.git("stash", "--quiet")
    stash = world.git("rev-parse", "stash")
    works = (
        "git log --oneline | grep 'the first'; git show HEAD:README.md; git diff HEAD~1 HEAD --stat; git fsck --full\n"
    )
    world.workstream("a", base="main", steps=[world.step("s", f"echo a > a.txt\n{works}{lists(world, 'a')}")])
    world.workstream("b", base="main", steps=[world.step("s", f"echo b > b.txt\n{works}{lists(world, 'b')}"),
                     world.step("t", f"git show HEAD:b.txt; git log -p > /dev/null\n{lists(world, 't')}")])  # fmt: skip
    world.workstream(
        "c", base="main", depends_on=["a"], steps=[world.step("s", f"cat a.txt > c.txt\n{lists(world, 'c')}")]
    )
    base = world.commit("the base")
    done = world.doit()
    assert done.status == 0, done.out + done.err
    blobs = {name: world.git("rev-parse", f"splinter/{name}:{name}.txt") for name in "abc"}
    for name in ("a", "b", "t", "c"):
        seen = shown(world, name)
        assert {base, world.git("rev-parse", "v1")} <= seen
        assert not {private, stash, world.git("rev-parse", "private:private.txt")} & seen
    assert blobs["b"] not in shown(world, "a")
    assert blobs["a"] not in shown(world, "b")
    assert blobs["b"] in shown(world, "t")
    assert blobs["a"] in shown(world, "c")


def test_a_new_base_adds_what_it_brings(world: World) -> None:
    world.write("big.bin", os.urandom(200_000).hex())
    world.commit("big")
    repository = user_repository.open_repository(world.root, dict(os.environ))
    base_store.hold(repository, world.git("rev-parse", "main"))
    first = packs()
    world.write("small.txt", "small\n")
    base_store.hold(repository, world.commit("small"))
    second = [pack for pack in packs() if pack not in first]
    assert (len(first), len(second)) == (1, 1)
    assert second[0].stat().st_size < 2_000
    base_store.hold(repository, world.git("rev-parse", "main"))
    assert len(packs()) == 2


@pytest.mark.lane("stories")
def test_a_base_that_was_rewritten_goes_with_the_next_gc(world: World) -> None:
    world.workstream("w", base="main", steps=[world.step("s", "echo made > made.txt")])
    world.commit()
    repository = user_repository.open_repository(world.root, dict(os.environ))
    world.write("secret.txt", os.urandom(50_000).hex())
    gone = world.commit("force-pushed away")
    base_store.hold(repository, gone)
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    assert world.doit().status == 0
    told = world.doit("gc", "--dry-run").out
    done = world.doit("gc")
    assert done.status == 0, done.out + done.err
    assert "base store" in told
    assert "base store" in done.out
    listed = world.git("--git-dir", str(repository.own), "cat-file", "--batch-all-objects", "--batch-check")
    assert gone in listed  # the user's own clean-up decides about theirs
    assert sum(pack.stat().st_size for pack in packs()) < 50_000
    assert "base store" not in world.doit("gc").out


@pytest.mark.parametrize("damage", deep.rows(("truncated", "forged", "gone"), "git", ordinary=("forged",)))
def test_a_store_that_somebody_changed_is_made_again(world: World, damage: str) -> None:
    world.workstream("w", base="main", steps=[world.step("s", "git show HEAD:README.md > made.txt; git fsck")])
    world.commit()
    repository = user_repository.open_repository(world.root, dict(os.environ))
    base_store.hold(repository, world.git("rev-parse", "main"))
    bases = base_store.place(repository) / "bases"
    if damage == "forged":
        bases.write_text(f"{'1' * 40} -\n")
    elif damage == "truncated":
        bases.write_text("x")
    else:
        packs()[0].with_suffix(".idx").unlink()
    done = world.doit()
    assert done.status == 0, done.out + done.err
    assert world.git("show", "splinter/w:made.txt") == "hello"


def test_setup_steps_and_checks_find_tags_the_base_and_its_remote_and_push_nowhere(world: World) -> None:
    """What versions, "affected" tests and linters of a change ask git for."""
    origin = world.home / "origin.git"
    looks = (
        "git describe --tags --abbrev=0; git rev-parse --abbrev-ref origin/HEAD; git diff --name-only main...HEAD; "
        "git config remote.origin.url; test $(git rev-parse main) = $(git rev-parse origin/main)"
    )
    world.write(".gitignore", "*.seen\n")
    world.workstream(
        "w", setup=[{"run": f"({looks}) > setup.seen"}],
        steps=[world.step("s", f"({looks}) > step.txt; echo made > made.txt; ! git push origin HEAD 2> push.txt")],
        checks=[{"id": "c", "run": f"{looks}\ncat setup.seen > /dev/null"}],
    )  # fmt: skip
    world.commit()
    world.git("tag", "-a", "-m", "released", "v1.2.0")
    world.commit("since")
    world.git("clone", "-q", "--bare", str(world.root), str(origin))
    world.git("remote", "add", "origin", str(origin))
    assert world.doit("w").status == 0, world.records()["w"]["message"]
    record = world.records()["w"]
    told = ["v1.2.0", "origin/main", str(origin)]
    assert world.git("show", "splinter/w:step.txt").splitlines() == told
    assert (world.worktree("w") / "setup.seen").read_text().splitlines() == told
    checked = (world.root / record["checks"][0]["log"]).read_text()
    assert "v1.2.0\norigin/main\nmade.txt\npush.txt\nstep.txt\n" in checked
    assert "a step cannot push; splinter pushes what passes its checks" in world.git("show", "splinter/w:push.txt")
    assert [record["steps"][-1]["notes"], record["checks"][0]["notes"]] == [[], []]
    assert "refs/heads/splinter" not in world.git("ls-remote", str(origin))
