"""Objects and differences that are read here are what git says, whoever moves or repacks them meanwhile."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from splinter.engine.steps import scope_check
from splinter.errors import GitError
from splinter.git import command_line, loose_objects, object_reader, quarantine, tree_diff, user_repository
from splinter.git import commands as git
from splinter.git.command_line import Repository
from tests.world import World

NAMES = ("a", "a-b", "a.c", "ab", "b", "Ä", "a b", "[x]", "z\n")
PATTERNS = ("a", "a/", "*", "**", "a*/**", "**/b", "?", "[!a]", "a/*/b", "**/a/**", "[[]x]", "Ä/*", "*/a?", "[a-b]*",
            "[x]", "a/[x]", "[", "[/b]", "[x", "[!]", "[^]")  # fmt: skip


def opened(world: World) -> Repository:
    return user_repository.open_repository(world.root, world.environ())


def by_git(repository: Repository, *words: str) -> bytes:
    return command_line.call(repository, *words).stdout


def random_tree(repository: Repository, choice: random.Random, depth: int = 0) -> str:
    rows = b""
    for name in choice.sample(NAMES, choice.randint(1, 5)):
        kind = choice.choice(("file", "program", "link", "folder", "folder"))
        if kind == "folder" and depth < 3:
            mode, type, id = "040000", "tree", random_tree(repository, choice, depth + 1)
        else:
            mode, type = {"program": "100755", "link": "120000"}.get(kind, "100644"), "blob"
            data = choice.choice((b"x", b"y", b""))
            id = command_line.call(repository, "hash-object", "-w", "--stdin", stdin=data).stdout.decode().strip()
        rows += f"{mode} {type} {id}\t".encode() + os.fsencode(name) + b"\0"
    return command_line.call(repository, "mktree", "-z", stdin=rows).stdout.decode().strip()


@pytest.mark.parametrize("seed", range(3))
def test_two_trees_differ_as_git_says(world: World, seed: int) -> None:
    world.commit()
    choice = random.Random(seed)
    with quarantine.opened(opened(world)) as repository:
        trees = [random_tree(repository, choice) for _ in range(4)]
        pairs = [(one, other) for one in trees for other in trees]
        words = ("-r", "-z", "--raw", "--no-renames", "--full-index")
        for old, new in pairs:
            assert tree_diff.raw(repository, old, new) == by_git(repository, "diff-tree", *words, old, new, "--")
        for tree in trees:
            listed = by_git(repository, "ls-tree", "-r", "-z", "--name-only", "--full-tree", tree)
            assert tree_diff.paths(repository, tree) == listed
        old, new = pairs[1]
        for pattern in PATTERNS:
            asked = by_git(repository, "diff-tree", "-r", "-z", "--name-only", old, new, "--", f":(glob){pattern}")
            found = scope_check._matching(repository, old, new, [pattern])
            if not pattern.endswith("/"):  # those of workstreams are made `a/**` before
                assert found == frozenset(os.fsdecode(path) for path in asked.split(b"\0") if path), pattern


def test_folders_in_folders_are_compared_however_deep_they_are(world: World) -> None:
    world.commit()
    repository = opened(world)
    tree = world.git("rev-parse", "HEAD^{tree}")
    for _ in range(700):
        tree = loose_objects.write(repository.store, "tree", b"40000 a\0" + bytes.fromhex(tree))
    paths = tuple("a/" * 700 + name for name in ("README.md", "dodo.py", "doit.cfg"))
    for other in (tree_diff.raw, tree_diff.raw):  # more is known the second time
        other(repository, git.empty_tree(repository), tree)
    assert [change.path for change in git.diff(repository, git.empty_tree(repository), tree)] == [*paths]
    assert git.paths_of(repository, tree) == paths
    commit = git.commit_as(
        repository, tree, [], b"deep", author=("a", "b", "@5 +0000"), date="@5 +0000", is_signed=False
    )  # fmt: skip
    assert tree_diff.reached(repository, commit, but=(), most=1000, most_bytes=10**6) is None


def test_a_file_that_speaks_of_a_tree_is_no_commit(world: World) -> None:
    head = world.commit()
    text = f"tree {world.git('rev-parse', f'{head}^{{tree}}')}\n\nx".encode()
    repository = opened(world)
    blob = loose_objects.write(repository.store, "blob", text)
    assert object_reader.tree_of(repository, blob) is None
    with pytest.raises(GitError):
        git.tree_of(repository, blob)


def test_packed_refs_that_are_written_over_in_the_same_second_are_read_again(world: World) -> None:
    first = world.commit()
    world.write("new.txt", "x")
    second = world.commit()
    world.git("update-ref", "refs/heads/x", first)
    world.git("pack-refs", "--all")
    repository, packed = opened(world), world.root / ".git/packed-refs"
    for one, other in ((first, second), (second, first)):
        text = packed.read_text()
        packed.write_text(text)
        assert git.resolve(repository, "refs/heads/x") == one
        packed.write_text(text.replace(f"{one} refs/heads/x", f"{other} refs/heads/x"))
        assert git.resolve(repository, "refs/heads/x") == other


def test_what_is_out_of_the_ordinary_is_left_to_git(world: World) -> None:
    world.commit()
    repository = opened(world)
    head = world.git("rev-parse", "HEAD")
    row = f"160000 commit {head}\tsub\n".encode()
    tree = command_line.call(repository, "mktree", stdin=row).stdout.decode().strip()
    assert tree_diff.raw(repository, tree, head) is None
    assert tree_diff.raw(repository, "0" * 40, head) is None
    assert tree_diff.raw(repository, "main", head) is None
    assert object_reader.read(repository, "0" * 40) is None
    assert [change.path for change in git.diff(repository, world.git("rev-parse", "HEAD^{tree}"), tree)]


def test_refs_that_others_move_and_objects_that_others_pack_are_seen(world: World) -> None:
    world.commit()
    repository = opened(world)
    first = world.git("rev-parse", "HEAD")
    assert git.resolve(repository, "refs/heads/main") == first
    assert git.resolve(repository, "refs/heads/none") is None
    assert git.commits(repository, ["refs/heads/none"]) == (None,)
    world.write("new.txt", "x")
    world.commit()
    second = world.git("rev-parse", "HEAD")
    assert git.resolve(repository, "refs/heads/main") == second
    world.git("gc", "--quiet", "--prune=now")
    assert git.resolve(repository, "refs/heads/main") == second
    world.git("update-ref", "refs/heads/main", first)
    assert git.resolve(repository, "refs/heads/main") == first
    world.git("reflog", "expire", "--expire=now", "--all")
    world.git("gc", "--quiet", "--prune=now")
    assert object_reader.read(repository, second) is None  # its pack was open when it went
    assert object_reader.read(repository, first)


def test_a_conversation_that_was_ended_is_begun_again(world: World) -> None:
    world.commit()
    repository = opened(world)
    first = world.git("rev-parse", "HEAD")
    assert git.resolve(repository, "refs/heads/main") == first
    with object_reader._reader.turn(repository) as turn:
        assert turn.talk
        turn.talk._child.kill()
        turn.talk._child.wait()
    assert git.resolve(repository, "refs/heads/main") == first


def test_what_lies_apart_is_believed_by_its_hash_alone(world: World, tmp_path: Path) -> None:
    world.commit()
    with quarantine.opened(opened(world)) as repository:
        ids = [
            command_line.call(repository, "hash-object", "-w", "--stdin", stdin=data).stdout.decode().strip()
            for data in (b"one", b"two", b"large" * 300_000)
        ]
        assert repository.objects
        one, two = (repository.objects / id[:2] / id[2:] for id in ids[:2])
        assert object_reader.read(repository, ids[0])
        assert object_reader.info(repository, ids[2]) == object_reader.Object(ids[2], "blob", 1_500_000)
        assert object_reader.read(repository, ids[2]) is None
        one.chmod(0o600)
        one.write_bytes(two.read_bytes())
        object_reader._kept.clear()
        assert object_reader.read(repository, ids[0]) is None


def test_a_program_that_says_nothing_holds_nobody_up(world: World, tmp_path: Path) -> None:
    world.commit()
    program = tmp_path / "bin/git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    environ = {**world.environ(), "PATH": f"{program.parent}:{os.environ['PATH']}"}
    repository = opened(world)
    silent = Repository(**{name: getattr(repository, name) for name in Repository.__slots__} | {"environ": environ})
    assert object_reader.named(silent, "refs/heads/main", is_whole=False) is None
    assert subprocess.run([program], check=False).returncode == 3
