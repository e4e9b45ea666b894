"""What is asked of git once: an index of the same bytes, an empty repository of one kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from splinter.git import command_line, empty_repository, staged, user_repository, worktree
from tests.world import World


def test_an_index_is_read_again_once_it_is_another(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.commit()
    repository = user_repository.open_repository(world.root, world.environ())
    tree = worktree.locate(tmp_path, "w")
    worktree.ensure(repository, tree, ())
    worktree.read_index(repository, tree, world.git("rev-parse", "HEAD"))
    before = staged.entries(repository, tree)
    asked, call = [], command_line.call

    def counted(*words: object, **named: object) -> object:
        asked.append(words[1])
        return call(*words, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(command_line, "call", counted)
    assert staged.entries(repository, tree) == before
    assert asked == []
    (tree.path / "new.txt").write_text("x")
    call(repository, "add", "new.txt", worktree=tree)
    assert {one.path for one in staged.entries(repository, tree)} - {one.path for one in before} == {"new.txt"}
    assert asked == ["ls-files"]


def test_the_second_empty_repository_is_as_git_made_the_first(world: World, tmp_path: Path) -> None:
    def made(name: str) -> dict[str, bytes | None]:
        folder = tmp_path / name
        folder.mkdir()
        empty_repository.make(user_repository.open_repository(world.root, world.environ()), folder)
        return {
            path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
            for path in folder.rglob("*")
        }

    first, second = made("one"), made("two")
    assert first == second
    assert b"repositoryformatversion" in (second[".git/config"] or b"")
    assert ".git/objects/pack" in second
