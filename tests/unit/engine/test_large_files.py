"""Files of a result that GitHub warns of, or refuses; limits are a thousandth here."""

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
def thousandth(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LARGE_FILE", "LARGEST_FILE"):
        monkeypatch.setattr(sizes, name, getattr(sizes, name) // 1_000)
    monkeypatch.setattr(large_files, "_MB", 1_000)


def notes(world: World, *, remote: str | None = "origin", is_hosted: bool = True) -> tuple[str, ...]:
    """Of the last commit."""
    outside: Any = SimpleNamespace(
        snapshot=SimpleNamespace(remotes={"origin": "git@github.com:o/n.git"}), environment=None,
        is_hosted=lambda url, environment: is_hosted,
    )  # fmt: skip
    plan: Any = SimpleNamespace(base=SimpleNamespace(remote=remote))
    repository = user_repository.open_repository(world.root, dict(os.environ))
    head = world.git("rev-parse", "HEAD", "HEAD~").split()
    return large_files.notes(outside, plan, repository, git.diff(repository, head[1], head[0]))


@pytest.fixture
def large(world: World) -> World:
    world.write("old.bin", "x" * 200_000)
    world.commit()
    world.write("small.bin", "x" * 50_000)
    world.write("warned.bin", "x" * 51_000)
    (world.root / "old.bin").unlink()
    world.commit()
    return world


def test_what_is_new_and_large_is_noted_the_largest_first(large: World) -> None:
    told = "GitHub takes no file above 100 MB, and it warns above 50 MB"
    assert notes(large) == (f"large: warned.bin (51 MB); {told}",)
    large.write("old.bin", "x" * 110_000)
    large.git("add", "-A")
    large.git("commit", "-q", "--amend", "-m", "more")
    assert notes(large, remote=None) == (f"large: old.bin (110 MB), warned.bin (51 MB); {told}",)
    assert notes(large, is_hosted=False) == notes(large, remote=None)
    large.commit("nothing")
    assert notes(large) == ()


def test_what_goes_to_github_and_would_be_refused_is_too_large(large: World) -> None:
    large.write("refused.bin", "x" * 101_000)
    large.commit()
    with pytest.raises(StepError) as failed:
        notes(large)
    assert failed.value.reason == Reason.TOO_LARGE
    assert str(failed.value) == "refused.bin (101 MB): GitHub takes no file above 100 MB"


def test_a_remote_counts_as_githubs_with_and_without_a_token(world: World) -> None:
    environments = [Environment(variables={}), Environment(variables={"GITHUB_TOKEN": "made-up-word"})]
    assert [plugins.is_hosted("git@github.com:o/n.git", one) for one in environments] == [True, True]
    assert [plugins.is_hosted("git@gitlab.com:o/n.git", one) for one in environments] == [False, False]
