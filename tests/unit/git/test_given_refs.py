"""What the git of a work tree is given of the user's refs and remote, and what of it a step changed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from splinter.git import base_store, given_refs, user_repository, worktree
from splinter.git.command_line import Repository, WorkTree
from splinter.git.given_refs import Given
from tests import deep
from tests.world import World

URLS = {
    "https://me:made-up-word@github.com/o/n.git": "https://github.com/o/n.git",
    "https://made-up-word@github.com/o/n": "https://github.com/o/n",
    "https://me:made@up@host:8443/n.git?token=made-up-word#x": "https://host:8443/n.git",
    "ssh://git:made-up-word@host:22/o/n.git": "ssh://git@host:22/o/n.git",
    "git@github.com:o/n.git": "git@github.com:o/n.git",
    "/srv/git/n@2.git": "/srv/git/n@2.git",
    "file:///srv/git/n.git": "file:///srv/git/n.git",
    "helper::https://me:made-up-word@host/n": "helper::https://host/n",
}


@pytest.mark.parametrize(("url", "bare"), URLS.items())
def test_an_address_is_given_without_credentials(url: str, bare: str) -> None:
    assert given_refs.without_credentials(url) == bare


@pytest.fixture
def repository(world: World) -> Repository:
    """One with tags on its base, beside it, and of each kind."""
    world.commit("one")
    world.git("tag", "v1")
    world.git("tag", "-a", "-m", "annotated", "v2")
    world.git("tag", "-a", "-m", "of a tag", "nested", "v2")
    world.git("tag", "tree", "HEAD^{tree}")
    world.git("checkout", "-q", "-b", "aside")
    world.commit("aside")
    world.git("tag", "elsewhere")
    world.git("checkout", "-q", "main")
    return user_repository.open_repository(world.root, dict(os.environ))


def placed(repository: Repository, state: Path, tags: dict[str, str], url: str | None = None) -> WorkTree:
    base = ids("main", repository.root)
    base_store.hold(repository, base, tags)
    tree = worktree.locate(state, "w")
    given_refs.remember(tree, Given(base=base, branch="main", url=url))
    worktree.ensure(repository, tree, ())
    worktree.place(repository, tree, base)
    return tree


def tags_of(repository: Repository) -> dict[str, str]:
    refs = user_repository.snapshot(repository).refs
    return {ref: id for ref, id in refs.items() if ref.startswith("refs/tags/")}


def inside(tree: WorkTree, *words: str, ok: bool = True) -> str:
    done = subprocess.run(["git", *words], cwd=tree.path, capture_output=True, text=True, check=False)
    assert not ok or done.returncode == 0, done.stderr
    return (done.stdout + done.stderr).strip()


def ids(name: str, root: Path) -> str:
    return subprocess.run(
        ["git", "rev-parse", name], cwd=root, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_tags_that_the_base_reaches_are_there_whole_and_no_others(repository: Repository, tmp_path: Path) -> None:
    tree = placed(repository, tmp_path / "state", tags_of(repository))
    assert inside(tree, "tag").split() == ["nested", "v1", "v2"]
    assert inside(tree, "describe") in ("v2", "nested")
    assert inside(tree, "rev-parse", "nested^{commit}") == inside(tree, "rev-parse", "v2^{commit}", "--")[:40]
    assert inside(tree, "for-each-ref", "refs/heads", "refs/remotes", "--format=%(refname)") == "refs/heads/main"
    assert inside(tree, "fsck", "--full", "--strict", "--no-dangling") == ""
    assert worktree.guard(tree) == worktree.Guarded()


def test_a_tag_that_comes_moves_or_goes_later_does_so_in_the_next_work_tree(
    world: World, repository: Repository, tmp_path: Path
) -> None:
    placed(repository, tmp_path / "state", tags_of(repository))
    world.git("tag", "-a", "-m", "released", "v3")
    world.git("tag", "-a", "-f", "-m", "again", "v2")
    world.git("tag", "-d", "v1")
    tree = placed(repository, tmp_path / "state", tags_of(repository))
    assert inside(tree, "tag").split() == ["nested", "v2", "v3"]
    assert (
        inside(tree, "for-each-ref", "--format=%(contents:subject)", "refs/tags/v2", "refs/tags/v3")
        == "again\nreleased"
    )
    assert inside(tree, "fsck", "--full", "--no-dangling") == ""


def test_what_is_held_for_the_same_tags_asks_git_nothing(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags, base = tags_of(repository), ids("main", repository.root)
    base_store.hold(repository, base, tags)
    asked: list[str] = []
    monkeypatch.setattr(base_store.command_line, "call", lambda repository, verb, *words, **more: asked.append(verb))
    base_store.hold(repository, base, tags)
    assert asked == []


def test_a_pack_of_tags_that_is_gone_is_made_again(repository: Repository, tmp_path: Path) -> None:
    base_store.hold(repository, ids("main", repository.root), {})
    before = set(base_store.place(repository).glob("pack/*"))
    placed(repository, tmp_path / "state", tags_of(repository))
    for file in set(base_store.place(repository).glob("pack/*")) - before:
        file.unlink()
    tree = placed(repository, tmp_path / "state", tags_of(repository))
    assert inside(tree, "cat-file", "-t", "v2") == "tag"


def test_a_damaged_tag_costs_tags_and_not_the_run(world: World, repository: Repository, tmp_path: Path) -> None:
    (world.root / ".git/refs/tags/lost").write_text(f"{'1' * 40}\n")
    tree = placed(repository, tmp_path / "state", tags_of(repository))
    assert inside(tree, "tag").split() == ["nested", "v1", "v2"]
    torn = world.git("rev-parse", "v2")
    file = world.root / ".git/objects" / torn[:2] / torn[2:]
    file.chmod(0o600)
    file.write_bytes(b"torn")
    world.git("tag", "v3")
    tree = placed(repository, tmp_path / "state", tags_of(repository))
    assert inside(tree, "tag") == ""
    assert inside(tree, "rev-parse", "main") == ids("main", world.root)


def test_the_base_is_named_as_in_a_clone_and_nothing_is_pushed(
    world: World, repository: Repository, tmp_path: Path
) -> None:
    remote = tmp_path / "a remote.git"
    world.git("clone", "-q", "--bare", str(world.root), str(remote))
    before = world.git("-C", str(remote), "for-each-ref")
    tree = placed(repository, tmp_path / "state", {}, url=str(remote))
    for name in ("main", "origin/main", "origin/HEAD", "origin"):
        assert inside(tree, "rev-parse", name) == ids("main", world.root)
    assert inside(tree, "diff", "--stat", "origin/main...HEAD") == ""
    assert inside(tree, "config", "remote.origin.url") == str(remote)
    for words in (
        ["origin", "HEAD:new"],
        ["origin", "--all"],
        [str(remote), "HEAD:new"],
        ["-f", "--tags", str(remote)[:-4]],
    ):
        assert "a step cannot push; splinter pushes what passes its checks" in inside(tree, "push", *words, ok=False)
    assert world.git("-C", str(remote), "for-each-ref") == before
    inside(tree, "fetch", "-q", "--no-tags")
    assert worktree.guard(tree).refs == ("refs/remotes/origin/aside",)


CHANGES = {
    "made": ("git branch own; git stash list; git tag v9", ("refs/heads/own", "refs/tags/v9"), 2),
    "moved": ("git commit -q --allow-empty -m x; git tag -f v1", ("refs/tags/v1",), 1),
    "deleted": ("git tag -d v1; git branch -D main", ("refs/heads/main", "refs/tags/v1"), 0),
    "all packed": ("git pack-refs --all", (), 0),
    "collected": ("git gc -q --prune=now", (), 0),
    "packed with its own": ("git tag v9; git pack-refs --all", ("refs/tags/v9",), 1),
    "another origin": ("git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/x", ("refs/remotes/origin/HEAD",), 1),
    "a file that is none": ("rm .git/packed-refs; mkfifo .git/packed-refs; mkfifo .git/refs/heads/pipe; rm -r .git/refs/remotes",
                            ("refs/heads/main", "refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/tags/v1"), 0),
}  # fmt: skip


@pytest.mark.parametrize("what", deep.rows(CHANGES, "git", ordinary=("moved", "deleted", "collected")))
def test_refs_that_a_step_changed_are_named_and_those_that_it_only_packed_are_not(
    repository: Repository, tmp_path: Path, what: str
) -> None:
    command, named, held = CHANGES[what]
    base = ids("main", repository.root)
    tree = placed(repository, tmp_path / "state", {"refs/tags/v1": base}, url="https://host/n.git")
    subprocess.run(["sh", "-ec", command], cwd=tree.path, check=True, capture_output=True)
    guarded = worktree.guard(tree)
    assert (guarded.refs, guarded.altered) == (named, ())
    assert len(worktree.own_refs(tree)) == held
    worktree.place(repository, tree, base)
    assert worktree.guard(tree) == worktree.Guarded()
