"""What is asked of git once: an index of the same bytes, an empty repository of one kind."""

from __future__ import annotations

import subprocess
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
    assert asked == []


@pytest.mark.parametrize("kind", ["plain", "intended", "sha256", "version 4", "split", "torn"])
def test_an_index_is_read_as_git_reads_it(tmp_path: Path, kind: str) -> None:
    def git(*words: str) -> bytes:
        return subprocess.run(["git", "-C", tmp_path, *words], check=True, capture_output=True).stdout

    git("init", "-q", f"--object-format={'sha256' if kind == 'sha256' else 'sha1'}")
    for name in ("a", "folder/b", "folder/" + "c" * 200, "ä\nö"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    git("add", ".")
    id = git("rev-parse", ":a").decode().strip()
    git("update-index", "--add", "--cacheinfo", f"160000,{id},sub")
    if kind == "intended":
        (tmp_path / "new").touch()
        git("add", "--intent-to-add", "new")
    if kind == "version 4":
        git("update-index", "--index-version=4")
    if kind == "split":
        git("update-index", "--split-index")
    listed = git("ls-files", "--stage", "-z")
    data = (tmp_path / ".git/index").read_bytes()
    known = staged._parsed(data[:-30] if kind == "torn" else data, id_bytes=32 if kind == "sha256" else 20)
    if kind in ("version 4", "split", "torn"):
        assert known is None
    else:
        assert known == tuple(staged._entry(line) for line in listed.split(b"\0") if line)


def test_the_second_empty_repository_is_as_git_made_the_first(world: World, tmp_path: Path) -> None:
    def made(name: str) -> dict[str, bytes | None]:
        folder = tmp_path / name
        empty_repository.make(user_repository.open_repository(world.root, world.environ()), folder)
        return {
            path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
            for path in folder.rglob("*")
        }

    first, second = made("one"), made("two")
    assert first == second
    assert b"repositoryformatversion" in (second["config"] or b"")
    assert "objects/pack" in second


def test_what_is_left_of_making_the_first_lies_where_the_next_is_made(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = user_repository.open_repository(world.root, world.environ())
    before = {*tmp_path.iterdir()}
    monkeypatch.setattr(empty_repository, "_templates", {})
    monkeypatch.setattr(empty_repository, "_read", lambda made: made / 0)
    with pytest.raises(TypeError):
        empty_repository.make(repository, tmp_path / "w.made")
    assert {*tmp_path.iterdir()} - before == {tmp_path / "w.made"}
