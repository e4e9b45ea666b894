"""Objects that are written here have the ids that git gives them, and git takes them for its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from splinter.git import command_line, loose_objects, quarantine, user_repository
from splinter.git import commands as git
from splinter.model.settings import Identity
from splinter.text.redact import Masked
from tests.world import World

MESSAGES = ("one\n", "no end", "ä\n\nö: ü\n", "", "\n\nlines before\n", "tab\t and\r\n", "\U0001f600\n")
ODD_MESSAGES = ("not a character \ufdd0\n", "nor \U0001ffff\n")
PEOPLE = (
    Identity(name="A B", email="a@b.c"),
    Identity(name="José (x)", email="j+x@y"),
    Identity(name="a.b", email="c"),
)
ODD_PEOPLE = (
    Identity(name=" A. ", email="a@b.c"),
    Identity(name="A <B>", email="a@b"),
    Identity(name="A", email="'a'"),
)


def test_a_commit_has_the_id_that_git_gives_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.commit()
    head = world.git("rev-parse", "HEAD")
    written: list[str | None] = []
    write = loose_objects.commit
    monkeypatch.setattr(
        loose_objects, "commit", lambda *words, **named: written.append(write(*words, **named)) or written[-1]
    )
    with quarantine.opened(user_repository.open_repository(world.root, world.environ())) as apart:
        tree = git.tree_of(apart, head)
        cases = [(one, PEOPLE[0]) for one in (*MESSAGES, *ODD_MESSAGES)] + [
            (MESSAGES[0], who) for who in (*PEOPLE[1:], *ODD_PEOPLE)
        ]
        for message, who in cases:
            repository = replace(apart, identity=who)
            for parents in ([], [head]):
                made = git.commit_tree(repository, tree, parents, Masked(message), date_s=1_700_000_000)
                monkeypatch.setattr(loose_objects, "commit", lambda *_, **__: None)
                assert git.commit_tree(repository, tree, parents, Masked(message), date_s=1_700_000_000) == made
                monkeypatch.undo()
                monkeypatch.setattr(
                    loose_objects,
                    "commit",
                    lambda *words, **named: written.append(write(*words, **named)) or written[-1],
                )
        assert written.count(None) == 2 * len(ODD_MESSAGES + ODD_PEOPLE)
        assert command_line.call(apart, "fsck", "--strict", *filter(None, written)).exit_status == 0


def test_what_git_would_refuse_is_not_written(world: World) -> None:
    world.commit()
    head = world.git("rev-parse", "HEAD")
    who = ("A", "a@b", "@1 +0000")
    opened = user_repository.open_repository(world.root, world.environ())
    assert loose_objects.commit(opened, head, [head], b"", author=who, committer=who) is None
    with quarantine.opened(opened) as apart:
        tree = git.tree_of(apart, head)
        for id, parents in ((head, [head]), (tree, [tree]), (tree, ["0" * 40]), (tree, [head, head]), ("HEAD", [])):
            assert loose_objects.commit(apart, id, parents, b"x", author=who, committer=who) is None
        assert loose_objects.commit(apart, tree, [head], b"a\0b", author=who, committer=who) is None
        assert loose_objects.commit(apart, tree, [head], b"\xff", author=who, committer=who) is None
        for zone in ("-0000", "+9999"):  # git writes another one
            odd = ("A", "a@b", f"@1 {zone}")
            assert loose_objects.commit(apart, tree, [head], b"x", author=odd, committer=who) is None
