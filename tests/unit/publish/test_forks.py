"""A remote that is pushed to elsewhere: what a forge calls the branch there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from splinter.engine import project
from splinter.publish import plugins
from tests.world import World

HERE = "https://github.com/octo/project"


@pytest.mark.parametrize(
    ("pushed", "head"),
    [
        ("git@github.com:me/project.git", "me:splinter/w"),
        ("https://github.com/me/project", "me:splinter/w"),
        ("git@github.com:octo/project.git", "splinter/w"),  # the same by ssh
        ("https://example.org/me/project", "splinter/w"),
        ("", "splinter/w"),
    ],
)
def test_a_branch_of_a_fork_has_its_owner(
    sealed_world: Path, monkeypatch: pytest.MonkeyPatch, pushed: str, head: str
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "made-up-token")
    world = World(sealed_world / "project", sealed_world)
    world.git("remote", "add", "origin", HERE)
    if pushed:
        world.git("config", "remote.origin.pushurl", pushed)
    world.commit()
    session = project.open_session(project.read(world.root), auth=plugins.auth, is_read_only=True)
    assert plugins.pushed_as(session.outside, "splinter/w") == head
    place, auth = session.outside.pushed_to("origin")
    assert place == (pushed or "origin")
    assert bool(auth) == (pushed in ("", "https://github.com/me/project"))
    bare = replace(session.outside, snapshot=replace(session.outside.snapshot, remotes={}, push_urls={}))
    assert plugins.pushed_as(bare, "splinter/w") == "splinter/w"
