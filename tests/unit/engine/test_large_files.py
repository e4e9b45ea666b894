"""Files of a result that GitHub warns of, or refuses; limits are 1,024 times smaller here."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from splinter.engine.steps import large_files
from splinter.errors import Reason, StepError
from splinter.git import commands as git
from splinter.git import sizes, user_repository
from splinter.model.settings import Environment
from splinter.publish import plugins
from tests.world import World


@pytest.fixture(autouse=True)
def smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LARGE_FILE", "LARGEST_FILE", "MB"):
        monkeypatch.setattr(sizes, name, getattr(sizes, name) // 1024)


def notes(
    world: World, *, remote: str | None = "origin", is_hosted: bool = True, pushed_to: str | None = None
) -> tuple[str, ...]:
    """Of the last commit."""
    pushed = {"origin": pushed_to} if pushed_to else {}
    outside: Any = SimpleNamespace(
        snapshot=SimpleNamespace(remotes={"origin": "git@github.com:o/n.git"}, push_urls=pushed), environment=None,
        is_hosted=lambda url, environment: is_hosted and "github" in url,
    )  # fmt: skip
    plan: Any = SimpleNamespace(base=SimpleNamespace(remote=remote))
    repository = user_repository.open_repository(world.root, dict(os.environ))
    head = world.git("rev-parse", "HEAD", "HEAD~").split()
    return large_files.notes(outside, plan, repository, git.diff(repository, head[1], head[0]))


@pytest.fixture
def large(world: World) -> World:
    world.write("old.bin", "x" * 200 * 1024)
    world.commit()
    world.write("small.bin", "x" * 50 * 1024)
    world.write("warned.bin", "x" * 51 * 1024)
    (world.root / "old.bin").unlink()
    world.commit()
    return world


def test_what_is_new_and_large_is_noted_the_largest_first(large: World) -> None:
    told = "GitHub takes no file above 100 MB, and it warns above 50 MB"
    assert notes(large) == (f"large: warned.bin (51 MB); {told}",)
    large.write("old.bin", "x" * 110 * 1024)
    large.git("add", "-A")
    large.git("commit", "-q", "--amend", "-m", "more")
    assert notes(large, remote=None) == (f"large: old.bin (110 MB), warned.bin (51 MB); {told}",)
    assert notes(large, is_hosted=False) == notes(large, remote=None)
    large.commit("nothing")
    assert notes(large) == ()


def test_what_goes_to_github_and_would_be_refused_is_too_large(large: World) -> None:
    large.write("refused.bin", "x" * 101 * 1024)
    large.commit()
    with pytest.raises(StepError) as failed:
        notes(large)
    assert failed.value.reason == Reason.TOO_LARGE
    assert str(failed.value) == "refused.bin (101 MB): GitHub takes no file above 100 MB"
    assert len(notes(large, pushed_to="git@gitlab.com:o/n.git")) == 1  # it goes elsewhere


def test_files_that_hold_the_same_are_each_named(large: World) -> None:
    large.write("again.bin", "x" * 51 * 1024)
    large.git("add", "-A")
    large.git("commit", "-q", "--amend", "-m", "more")
    assert "again.bin (51 MB), warned.bin (51 MB)" in notes(large)[0]


def test_a_remote_counts_as_githubs_with_and_without_a_token(world: World) -> None:
    environments = [Environment(variables={}), Environment(variables={"GITHUB_TOKEN": "made-up-word"})]
    assert [plugins.is_hosted("git@github.com:o/n.git", one) for one in environments] == [True, True]
    assert [plugins.is_hosted("git@gitlab.com:o/n.git", one) for one in environments] == [False, False]
