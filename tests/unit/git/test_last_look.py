"""A work tree is known as untouched only where nothing in it, nor our index, could have been another meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from splinter.git import clean_tree, command_line, last_look, user_repository, worktree
from splinter.git.command_line import Repository, WorkTree
from tests.world import World


@pytest.fixture
def placed(world: World, tmp_path: Path) -> tuple[Repository, WorkTree, str]:
    world.write("folder/file.txt", "one")
    world.commit()
    repository = user_repository.open_repository(world.root, world.environ())
    tree, commit = worktree.locate(tmp_path, "w"), world.git("rev-parse", "HEAD")
    worktree.ensure(repository, tree, ())
    worktree.place(repository, tree, commit)
    return repository, tree, commit


def has_git_of(tree: WorkTree) -> str | None:
    known = last_look.unchanged(tree)
    return known.commit if known else None


def same_size_and_times(tree: Path) -> None:
    file = tree / "folder/file.txt"
    before = file.stat()
    with file.open("r+") as held:
        held.write("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def another_in_its_place(tree: Path) -> None:
    file, copy = tree / "folder/file.txt", tree / "folder/copy"
    copy.write_text("two")
    os.utime(copy, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    copy.replace(file)


def moved(tree: Path) -> None:
    (tree / "folder").rename(tree / "other")


TOUCHES: dict[str, Callable[[Path], object]] = {
    "same size and times": same_size_and_times,
    "another in its place": another_in_its_place,
    "moved": moved,
    "mode": lambda tree: (tree / "folder/file.txt").chmod(0o755),
    "empty folder": lambda tree: (tree / "new").mkdir(),
    "ignored or not": lambda tree: (tree / "new").write_text("x"),
    "gone": lambda tree: (tree / "folder/file.txt").unlink(),
    "pipe": lambda tree: os.mkfifo(tree / "pipe"),
    "link": lambda tree: (tree / "folder/link").symlink_to("file.txt"),
    "a repository": lambda tree: (tree / "folder/.git").mkdir(),
}


@pytest.mark.parametrize("how", TOUCHES)
def test_whatever_is_done_in_it_is_seen_at_once_and_undone(
    placed: tuple[Repository, WorkTree, str], how: str
) -> None:  # fmt: skip
    repository, tree, commit = placed
    assert has_git_of(tree) == commit
    before = worktree.measure(repository, tree)
    TOUCHES[how](tree.path)
    assert not last_look.unchanged(tree)
    worktree.place(repository, tree, commit)
    assert worktree.measure(repository, tree) == before
    assert (tree.path / "folder/file.txt").read_text() == "one"
    assert not (tree.path / "new").exists()


@pytest.mark.parametrize("what", ["config", "HEAD", "hooks/new", "index"])
def test_a_git_that_was_touched_is_made_again(placed: tuple[Repository, WorkTree, str], what: str) -> None:
    repository, tree, commit = placed
    file = tree.path / ".git" / what
    before = file.read_bytes() if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"x" * len(before or b"x"))
    assert has_git_of(tree) == ""
    worktree.place(repository, tree, commit)
    assert (file.read_bytes() if file.exists() else None) == before


def test_an_index_that_somebody_wrote_is_not_believed(placed: tuple[Repository, WorkTree, str]) -> None:
    repository, tree, commit = placed
    (tree.path / "folder/file.txt").write_text("two")
    seen = last_look.look(tree)
    command_line.call(repository, "update-index", "--assume-unchanged", "folder/file.txt", worktree=tree)
    assert not last_look.unchanged(tree, seen)
    worktree.place(repository, tree, commit)
    tree.index.write_bytes(tree.index.read_bytes())
    assert not last_look.unchanged(tree)


def test_nothing_is_asked_of_git_where_nothing_was_touched(
    placed: tuple[Repository, WorkTree, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, tree, commit = placed
    (tree.path / "folder/file.txt").write_text("two")
    changed = worktree.measure(repository, tree)
    monkeypatch.setattr(command_line, "call", None)
    assert worktree.measure(repository, tree) == changed
    monkeypatch.undo()
    worktree.place(repository, tree, commit)
    monkeypatch.setattr(command_line, "call", None)
    worktree.place(repository, tree, commit)
    assert clean_tree.changed(repository, tree) == clean_tree.Changed()


def test_what_is_too_much_to_look_at_is_put_back_each_time(
    placed: tuple[Repository, WorkTree, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, tree, commit = placed
    monkeypatch.setattr(last_look, "_MOST", 1)
    assert last_look.look(tree) is None
    (tree.path / "folder/file.txt").write_text("two")
    worktree.place(repository, tree, commit)
    assert (tree.path / "folder/file.txt").read_text() == "one"
    last_look._too_large.clear()


def test_no_more_of_a_large_folder_is_looked_at_than_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        (tmp_path / str(number)).touch()
    read: list[str] = []
    monkeypatch.setattr(last_look, "_TICK_NS", 10**12)  # so that each is fresh, however slow this is
    monkeypatch.setattr(last_look, "_MOST", 5)
    monkeypatch.setattr(last_look, "_content", lambda path: read.append(path) or b"")
    assert last_look.scan(str(tmp_path)) is None
    assert len(read) == 5


def test_a_new_git_there_is_no_change_of_the_files(placed: tuple[Repository, WorkTree, str]) -> None:
    repository, tree, commit = placed
    worktree.renew_private(repository, tree, commit)
    assert has_git_of(tree) == ""
