"""Refs of ours are set by a program that lives on, with the same outcome as by a call of git's."""

from __future__ import annotations

from pathlib import Path

import pytest

from splinter.errors import GitError
from splinter.git import command_line, ref_writer, user_repository
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.commands import RefUpdate
from tests.world import World

REF = "refs/splinter/checkpoints/w/s"


@pytest.fixture
def repository(world: World) -> Repository:
    world.commit()
    return user_repository.open_repository(world.root, world.environ())


def test_refs_are_set_one_after_the_other_without_a_call(
    world: World, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line, "call", None)
    for number in range(3):
        world.write("file", str(number))
        world.commit()
        if number == 1:
            world.git("gc", "--quiet", "--prune=now")
        head = world.git("rev-parse", "HEAD")
        git.update_refs(repository, [RefUpdate(ref=f"{REF}{one}", new=head) for one in "ab"], why="x")
        assert world.git("rev-parse", f"{REF}a", f"{REF}b").split() == [head, head]
    with ref_writer._writer.turn(repository) as turn:
        assert turn.talk
        turn.talk._child.kill()
        turn.talk._child.wait()
    monkeypatch.undo()
    git.update_refs(repository, [RefUpdate(ref=f"{REF}a", new=world.git("rev-parse", "HEAD~1"))], why="x")
    assert world.git("rev-parse", f"{REF}a") == world.git("rev-parse", "HEAD~1")


def test_what_cannot_be_set_is_said_as_git_says_it_and_nothing_is_moved(world: World, repository: Repository) -> None:
    head = world.git("rev-parse", "HEAD")
    git.update_refs(repository, [RefUpdate(ref=REF, new=head)], why="x")
    for ref, id, said in (
        (f"{REF}/below", head, "exists; cannot create"),
        (f"{REF}-2", "1" * 40, "nonexistent object"),
    ):
        both = [RefUpdate(ref=f"{REF}-other", new=head), RefUpdate(ref=ref, new=id)]
        with pytest.raises(GitError, match=said):
            git.update_refs(repository, both, why="x")
        assert world.git("for-each-ref", "--format=%(refname)", "refs/splinter") == REF
    git.update_refs(repository, [RefUpdate(ref=f"{REF}-other", new=head)], why="x")


def test_a_branch_has_our_word_in_its_log(world: World, repository: Repository) -> None:
    head = world.git("rev-parse", "HEAD")
    updates = [RefUpdate(ref=REF, new=head), RefUpdate(ref="refs/heads/new", new=head)]
    git.update_refs(repository, updates, why="splinter: why")
    assert world.git("reflog", "new", "--format=%gs") == "splinter: why"
    assert not Path(repository.common / "logs" / REF).exists()
