"""What runs left loose goes into packs: nothing of the user's is touched, and nothing is lost, whenever it is killed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from splinter.git import packing, user_repository
from splinter.git.command_line import Repository
from splinter.model import layout
from tests.world import World

PREFIX = "splinter/"


def opened(world: World) -> Repository:
    repository = user_repository.open_repository(world.root, world.environ())
    repository.state.mkdir(parents=True, exist_ok=True)
    return repository


def ours(world: World, night: int) -> None:
    """What a run leaves: a branch, a checkpoint and an older tip that a backup holds."""
    lines = []
    for ref in (
        "heads/splinter/a",
        f"splinter/backups/a/{night}",
        "splinter/checkpoints/a/s",
        "remotes/origin/splinter/a",
    ):
        held = f"{night} {ref}\n"
        lines.append(
            f"commit refs/{ref}\ncommitter T <t@example.org> 1700000000 +0000\ndata 1\nx\nfrom refs/heads/main^0\n"
            f"M 100644 inline {night}.txt\ndata {len(held)}\n{held}\n"
        )
    words = ["git", "fast-import", "--quiet", "--force"]
    subprocess.run(words, input="".join(lines), cwd=world.root, text=True, check=True)


def objects(world: World) -> set[str]:
    words = ("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    return set(world.git(*words).split())


def loose(world: World) -> dict[str, int]:
    found = (world.root / ".git/objects").glob("[0-9a-f][0-9a-f]/*")
    return {f"{file.parent.name}{file.name}": file.stat().st_ino for file in found}


def packs(world: World) -> list[Path]:
    return sorted((world.root / ".git/objects/pack").glob("*.pack"))


@pytest.fixture
def much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any is much."""
    monkeypatch.setattr(packing, "MOST_OBJECTS", -1)
    monkeypatch.setattr(packing, "MOST_REFS", 0)


@pytest.mark.usefixtures("much")
def test_what_is_ours_is_packed_and_the_users_stays_as_it_is(world: World) -> None:
    world.commit()
    world.git("tag", "v1")
    world.git("branch", "theirs")
    users_objects, git = loose(world), world.root / ".git"
    users = {file: file.stat().st_ino for file in (git / "refs").rglob("*") if file.is_file()}
    ours(world, 1)
    before, refs = objects(world), world.git("for-each-ref")
    packing.tidy(opened(world), PREFIX)
    assert loose(world) == users_objects
    assert {file: file.stat().st_ino for file in users} == users
    assert {file for file in (git / "refs").rglob("*") if file.is_file()} - users.keys() == {
        git / "refs/remotes/origin/splinter/a"
    }  # fmt: skip
    packed = (git / "packed-refs").read_text()
    assert "refs/splinter/backups/a/1" in packed
    assert "refs/heads/splinter/a" in packed
    assert "main" not in packed
    assert (objects(world), world.git("for-each-ref")) == (before, refs)
    assert world.git("fsck", "--strict", "--full") == ""


def test_little_is_left_as_it_is_and_asks_git_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.commit()
    ours(world, 1)
    before, repository = loose(world), opened(world)
    monkeypatch.setattr(packing.command_line, "call", pytest.fail)
    packing.tidy(repository, PREFIX)
    assert loose(world) == before
    assert packs(world) == []


@pytest.mark.usefixtures("much")
def test_packs_of_ours_are_joined_and_the_users_never(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MOST_PACKS", 3)
    world.commit()
    world.git("repack", "-d", "-q")
    (users,) = packs(world)
    every: set[str] = set()
    for night in range(9):
        ours(world, night)
        every |= objects(world)
        packing.tidy(opened(world), PREFIX)
        assert len(packs(world)) <= 1 + 4
    assert users in packs(world)
    assert objects(world) == every  # what no ref holds any more too
    assert loose(world) == {}
    named = (opened(world).state / layout.PACKS).read_text().split()
    assert {f"pack-{name}.pack" for name in named} == {file.name for file in packs(world)} - {users.name}
    assert world.git("fsck", "--strict", "--full", "--no-dangling") == ""


class Killed(BaseException):
    pass


@pytest.mark.usefixtures("much")
@pytest.mark.parametrize("after", [0, 1, 7, pytest.param(4, marks=pytest.mark.lane("kills"))])
def test_a_kill_while_it_deletes_what_is_packed_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(packing, "MOST_PACKS", 1)
    world.commit()
    ours(world, 1)
    packing.tidy(opened(world), PREFIX)
    ours(world, 2)
    before, refs, left, unlink = objects(world), world.git("for-each-ref"), [None] * after, Path.unlink

    def dying(self: Path, *, missing_ok: bool = False) -> None:
        if world.root in self.parents:
            if not left:
                raise Killed
            left.pop()
        unlink(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", dying)
    with pytest.raises(Killed):
        packing.tidy(opened(world), PREFIX)
    monkeypatch.setattr(Path, "unlink", unlink)
    assert (objects(world), world.git("for-each-ref")) == (before, refs)
    assert world.git("fsck", "--strict", "--full", "--no-dangling") == ""
    ours(world, 3)
    packing.tidy(opened(world), PREFIX)
    assert before <= objects(world)
    assert world.git("fsck", "--strict", "--full", "--no-dangling") == ""


@pytest.mark.usefixtures("much")
def test_what_fails_leaves_all_as_it_was(world: World) -> None:
    world.commit()
    ours(world, 1)
    (world.root / ".git/packed-refs.lock").touch()  # of a git of the user's that works, or was killed
    pack = world.root / ".git/objects/pack"
    pack.mkdir(exist_ok=True)
    (world.root / ".git/refs/splinter/torn").write_text("1" * 40 + "\n")
    before, files = loose(world), sorted((world.root / ".git/refs").rglob("*"))
    packing.tidy(opened(world), PREFIX)
    assert loose(world) == before
    assert sorted((world.root / ".git/refs").rglob("*")) == files
    assert list(pack.iterdir()) == []
