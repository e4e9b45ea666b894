"""What is kept of a work tree's own git, where whoever worked there made it say what is not so."""

from __future__ import annotations

import os
import subprocess
import zlib
from pathlib import Path

import pytest

from splinter.errors import GitError
from splinter.git import base_store, given_refs, private_refs, quarantine, user_repository, worktree
from splinter.git.command_line import Repository, WorkTree
from splinter.git.given_refs import Given
from tests.world import World


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(world: World) -> Repository:
    world.commit("one")
    return user_repository.open_repository(world.root, dict(os.environ))


@pytest.fixture
def tree(repository: Repository, tmp_path: Path) -> WorkTree:
    base = git(repository.root, "rev-parse", "main")
    base_store.hold(repository, base, {})
    tree = worktree.locate(tmp_path / "state", "w")
    given_refs.remember(tree, Given(base=base, branch="main"))
    worktree.ensure(repository, tree, ())
    worktree.place(repository, tree, base)
    return tree


def commit_in(tree: WorkTree, text: str) -> str:
    """A branch there with a file; returns the file's id."""
    (tree.path / "evil.txt").write_text(text)
    git(tree.path, "switch", "-qc", "theirs")
    git(tree.path, "add", "evil.txt")
    git(tree.path, "commit", "-qm", "x")
    return git(tree.path, "rev-parse", "HEAD:evil.txt")


def forge(tree: WorkTree, id: str, text: str) -> None:
    """Let an object there hold something else than its id says."""
    file = tree.path / ".git/objects" / id[:2] / id[2:]
    file.chmod(0o644)
    file.write_bytes(zlib.compress(b"blob %d\0" % len(text) + text.encode()))


def kept(repository: Repository, tree: WorkTree) -> None:
    with quarantine.opened(repository) as apart:
        private_refs.keep(apart, tree, private_refs.found(apart, tree), "refs/splinter/backups/w")


@pytest.mark.parametrize("is_there", [False, True], ids=["an id of the future", "the id of a file that is there"])
def test_no_object_comes_in_by_the_id_of_another(repository: Repository, tree: WorkTree, *, is_there: bool) -> None:
    """git copies loose objects and packs as they are, and would read the forged one from then on."""
    id = commit_in(tree, "good\n")
    if is_there:
        (repository.root / "good.txt").write_text("good\n")
        git(repository.root, "add", "good.txt")
        git(repository.root, "commit", "-qm", "with it")
    forge(tree, id, "evil\n")
    if is_there:
        kept(repository, tree)
        assert git(repository.root, "cat-file", "blob", id) == "good"
    else:
        with pytest.raises(GitError):
            kept(repository, tree)
        assert id not in git(repository.root, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    assert git(repository.root, "fsck", "--strict", "--no-dangling", "--no-progress") == ""


def test_a_name_that_git_gives_no_ref_is_not_followed(repository: Repository, tree: WorkTree, tmp_path: Path) -> None:
    """It would be read as a path, of a pipe or of another's file, and no run would get past it."""
    commit_in(tree, "good\n")
    head = git(tree.path, "rev-parse", "HEAD")
    outside = tmp_path / "id"
    outside.write_text(head)
    names = (str(outside), "refs/../../../id", "refs/heads/a b", "refs/heads/x.lock", "refs/heads/.x", "HEAD")
    with (tree.path / ".git/packed-refs").open("a") as packed:
        packed.writelines(f"{head} {name}\n" for name in names)
    assert private_refs.found(repository, tree) == {"heads/theirs": head}
    kept(repository, tree)
    assert git(repository.root, "rev-parse", "refs/splinter/backups/w/heads/theirs") == head


def test_refs_that_are_led_elsewhere_are_not_taken_for_those_of_the_work_tree(
    repository: Repository, tree: WorkTree
) -> None:
    git(repository.root, "commit", "--allow-empty", "-qm", "two")
    refs = tree.path / ".git/refs"
    refs.rename(refs.with_name("old"))
    refs.symlink_to(repository.common / "refs")
    assert given_refs.differing(tree, with_missing=False) == ()
