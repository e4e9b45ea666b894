"""A pack that is written here is one of git's, byte for byte beside its index, and holds all that a commit needs."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from splinter.git import base_store, command_line, object_reader, pack_file, user_repository, worktree
from splinter.git.object_reader import Object
from tests.world import World

SIZES = (0, 1, 15, 16, 17, 2047, 2048, 2049, 300_000)  # about where another byte is needed to say it


@pytest.mark.parametrize("format", ["sha1", "sha256"])
def test_the_index_is_what_git_makes_of_the_pack(world: World, tmp_path: Path, format: str) -> None:
    subprocess.run(["git", "init", "-q", f"--object-format={format}", tmp_path], check=True)
    choice = random.Random(7)
    length = 40 if format == "sha1" else 64
    objects = []
    for size in (*SIZES, *(choice.randrange(5_000) for _ in range(400))):
        data = choice.randbytes(size)
        id = object_reader.digest(f"blob {size}\0".encode() + data, length)
        objects.append(Object(id, "blob", size, data))
    folder = tmp_path / ".git/objects/pack"
    pack_file.write(folder, list({one.id: one for one in objects}.values()))
    (pack,), (index,) = folder.glob("*.pack"), folder.glob("*.idx")
    made = tmp_path / "made.idx"
    subprocess.run(["git", "index-pack", "-o", made, pack], cwd=tmp_path, check=True, capture_output=True)
    assert index.read_bytes() == made.read_bytes()
    subprocess.run(["git", "fsck", "--strict"], cwd=tmp_path, check=True)


def test_what_is_not_as_its_id_says_is_not_sound() -> None:
    id = object_reader.digest(b"blob 3\0new", 40)
    assert object_reader.is_sound(Object(id, "blob", 3, b"new"))
    assert not object_reader.is_sound(Object(id, "blob", 3, b"bad"))
    assert not object_reader.is_sound(Object(id, "tree", 3, b"new"))


def test_what_is_not_sound_is_left_to_git(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world.commit()
    repository = user_repository.open_repository(world.root, world.environ())
    base_store.hold(repository, world.git("rev-parse", "HEAD"), {})
    world.write("new.txt", "new")
    world.commit()
    tip = world.git("rev-parse", "HEAD")
    written: list[int] = []
    monkeypatch.setattr(pack_file, "write", lambda folder, objects: written.append(len(objects)))
    base_store.lend(repository, tmp_path / "sound", tip)
    assert written == [3]
    monkeypatch.setattr(object_reader, "is_sound", lambda one: one.kind != "blob")
    base_store.lend(repository, tmp_path / "unsound", tip)
    assert written == [3]
    assert list((tmp_path / "unsound/pack").glob("*.idx"))


@pytest.mark.parametrize(("limit", "most"), [("_MOST_SMALL", 100), ("_MOST_SMALL", 3), ("_MOST_BYTES", 3)])
def test_a_work_trees_git_has_all_that_a_commit_reaches(
    world: World, tmp_path: Path, limit: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_store, limit, most)
    asked: list[str] = []
    call = command_line.call
    monkeypatch.setattr(command_line, "call", lambda *words, **named: asked.append(words[1]) or call(*words, **named))
    world.write("folder/old.txt", "old")
    world.commit()
    base = world.git("rev-parse", "HEAD")
    for name in ("folder/new.txt", "other/deep/file.txt"):
        world.write(name, name)
        world.commit()
    world.git(
        "merge", "-q", "--no-ff", "-m", "both", world.git("commit-tree", "-p", base, "-m", "side", f"{base}^{{tree}}")
    )
    tip = world.git("rev-parse", "HEAD")
    repository = user_repository.open_repository(world.root, world.environ())
    tree = worktree.locate(tmp_path, "w")
    base_store.hold(repository, base, {})
    worktree.ensure(repository, tree, ())
    asked.clear()
    worktree.place(repository, tree, tip)
    assert ("pack-objects" in asked) == (most == 3)
    assert world.git("-C", str(tree.path), "rev-list", "--objects", "HEAD") == world.git(
        "rev-list", "--objects", "HEAD"
    )
    world.git("-C", str(tree.path), "fsck", "--strict")
