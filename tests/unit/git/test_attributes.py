"""Line ends, `ident`, encodings and Git LFS: what nobody touched does not change, and what was touched is git's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from splinter.git import commands as git
from splinter.git import user_repository, worktree
from splinter.git.command_line import Repository, WorkTree
from tests.world import World

FILES = {"crlf.txt": b"a\r\nb\r\n", "mixed.txt": b"a\r\nb\n", "id.txt": b"$Id: junk $\n", "lf.txt": b"a\n"}
POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)
LFS = '[filter "lfs"]\n\tclean = false\n\tsmudge = false\n\tprocess = false\n\trequired = true\n'
ATTRIBUTES = ("*.txt text ident", "*.txt eol=crlf", "*.txt eol=lf ident", "* text=auto", "*.txt -text", "")


def placed(world: World, attributes: str) -> tuple[Repository, WorkTree, str]:
    """A work tree at a commit whose blobs were written before there were attributes."""
    for name, data in FILES.items():
        (world.root / name).write_bytes(data)
    world.commit()
    world.write(".gitattributes", f"{attributes}\n")
    world.git("add", ".gitattributes")
    world.git("commit", "--quiet", "-m", "attributes")
    commit, repository = world.git("rev-parse", "HEAD"), user_repository.open_repository(world.root, dict(os.environ))
    tree = worktree.locate(world.home / "state", "w")
    worktree.ensure(repository, tree, ())
    worktree.place(repository, tree, commit)
    return repository, tree, commit


@pytest.mark.parametrize("attributes", ATTRIBUTES)
def test_files_that_nobody_touched_do_not_change_whatever_their_attributes_demand(
    world: World, attributes: str
) -> None:
    repository, tree, commit = placed(world, attributes)
    for name in FILES:  # git looks into a file again whose times are others
        os.utime(tree.path / name, (1, 1))
    assert worktree.measure(repository, tree) == git.tree_of(repository, commit)
    (tree.path / "mixed.txt").chmod(0o755)
    changes = git.diff(repository, commit, worktree.measure(repository, tree))
    assert [(one.path, one.new_mode, one.new_blob == one.old_blob) for one in changes] == [
        ("mixed.txt", "100755", True)
    ]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [("*.txt text", b"a\nb\nc\n"), ("*.txt eol=crlf", b"a\nb\nc\n"), ("*.txt -text", b"a\r\nb\r\nc\r\n"),
     ("* text=auto", b"a\r\nb\r\nc\r\n"), ("", b"a\r\nb\r\nc\r\n")],
)  # fmt: skip
def test_an_edit_is_committed_as_the_repository_s_attributes_demand_and_else_byte_for_byte(
    world: World, attributes: str, expected: bytes
) -> None:
    repository, tree, commit = placed(world, attributes)
    with (tree.path / "crlf.txt").open("ab") as file:
        file.write(b"c\r\n")
    now = worktree.measure(repository, tree)
    assert [change.path for change in git.diff(repository, commit, now)] == ["crlf.txt"]
    shown = subprocess.run(["git", "show", f"{now}:crlf.txt"], cwd=world.root, capture_output=True, check=True)
    assert shown.stdout == expected


@pytest.fixture
def large(world: World, sealed_world: Path) -> World:
    """A project with a pointer to a large file, and filters in the user's config that fail when they are run."""
    world.write("large.bin", POINTER)
    world.commit()
    world.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    world.git("add", ".gitattributes")
    world.git("commit", "--quiet", "-m", "attributes")
    config = sealed_world / ".gitconfig"
    config.write_text(config.read_text() + LFS)
    return world


@pytest.mark.lane("git")
def test_pointers_stay_as_they_are_and_may_be_moved_or_deleted(large: World) -> None:
    large.write(
        "workstreams/w.yaml",
        "id: w\ntitle: T\nsteps: [{id: s, run: 'touch large.bin; cp large.bin next.bin; touch a'}]\n",
    )
    done = large.doit()
    assert done.status == 0, done.out + done.err
    assert large.git("diff", "--raw", "--name-only", "main", "splinter/w").split() == ["a", "next.bin"]
    assert large.git("cat-file", "blob", "splinter/w:next.bin") == POINTER.strip()


def test_a_large_file_in_the_place_of_a_pointer_is_out_of_scope(large: World) -> None:
    large.write(
        "workstreams/w.yaml",
        "id: w\ntitle: T\nsteps: [{id: s, run: 'head -c 5000 /dev/zero > large.bin; echo x > b.bin'}]\n",
    )
    done = large.doit()
    assert done.status == 1, done.out + done.err
    record = large.records()["w"]
    told = "is kept by Git LFS and must be a pointer to be committed"
    assert (record["reason"], record["message"]) == ("out_of_scope", f"b.bin {told}; large.bin {told}")
    assert large.branches() == []
