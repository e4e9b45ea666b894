"""What of the user's checkout is another is seen at once, and git is asked only where something is."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from splinter.git import checkout_state, user_repository
from splinter.system import process
from tests.world import World


def same_size_and_times(world: World) -> None:
    file = world.root / "file.txt"
    before = file.stat()
    with file.open("r+") as held:
        held.write("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, tuple[Callable[[World], object], tuple[str, ...]]] = {
    "nothing": (lambda world: None, ()),
    "same size and times": (same_size_and_times, ("file.txt",)),
    "new": (lambda world: world.write("folder/new", ""), ("folder/",)),
    "gone": (lambda world: (world.root / "file.txt").unlink(), ("file.txt",)),
    "staged": (lambda world: world.git("rm", "-q", "--cached", "file.txt"), ("file.txt",)),
    "commit": (lambda world: world.git("commit", "-q", "--allow-empty", "-m", "x"), ("its commit or branch",)),
    "branch": (lambda world: world.git("switch", "-q", "-c", "other"), ("its commit or branch",)),
    "config": (lambda world: world.git("config", "a.b", "c"), ("git's config",)),
    "ignored": (lambda world: world.write("ignored/more", ""), ()),
    "packed": (lambda world: world.git("pack-refs", "--all"), ()),
}


@pytest.mark.parametrize(
    ("how", "is_linked"),
    [*((how, False) for how in CHANGES), *((how, True) for how in ("nothing", "staged", "commit"))],
)
def test_what_is_another_is_named(
    world: World, how: str, is_linked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    change, named = CHANGES[how]
    world.write(".gitignore", "ignored/\n")
    world.write("file.txt", "one")
    world.commit()
    if is_linked:
        world.git("worktree", "add", "-q", "-b", "linked", str(world.home / "linked"))
        world.root = world.home / "linked"
    world.write("ignored/file", "")
    repository = user_repository.open_repository(world.root, world.environ())
    repository.state.mkdir(parents=True, exist_ok=True)
    before = checkout_state.look(repository)
    assert before.is_clean
    assert before.seen
    change(world)
    now = checkout_state.look(repository, before)
    assert now.differences(before) == named
    again = checkout_state.look(repository, now)
    assert again.differences(before) == named
    if how == "nothing":
        monkeypatch.setattr(process, "capture", None)
        assert checkout_state.look(repository, now) is now
