"""Whether a pull request was merged, asked of the forge that it stands on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from splinter.errors import PublishError
from splinter.model.settings import Environment, Settings
from splinter.publish import plugins

UPSTREAM, FORK = "git@github.com:octo/n.git", "git@github.com:me/n.git"


def asked(monkeypatch: pytest.MonkeyPatch, *, push_urls: dict[str, str], token: str = "made-up") -> list[str]:
    """The heads that the forge was asked for."""
    heads: list[str] = []
    forge = SimpleNamespace(merged=lambda head, base, tip: heads.append(head))
    monkeypatch.setattr(plugins, "opened", lambda session, name, repository: forge)
    environment = Environment(variables={"GITHUB_TOKEN": token} if token else {})
    snapshot = SimpleNamespace(remotes={"origin": UPSTREAM}, push_urls=push_urls)
    session: Any = SimpleNamespace(
        outside=SimpleNamespace(settings=Settings(), snapshot=snapshot, environment=environment)
    )
    plugins.merged(session, UPSTREAM, "splinter/w", "main", "1" * 40)
    return heads


def test_that_of_a_fork_is_asked_for_by_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another builds on lies in the fork, and is proposed from there."""
    assert asked(monkeypatch, push_urls={"origin": FORK}) == ["me:splinter/w"]
    assert asked(monkeypatch, push_urls={}) == ["splinter/w"]


def test_without_a_token_it_is_not_known_and_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PublishError, match=r"^GITHUB_TOKEN is not set$"):
        asked(monkeypatch, push_urls={}, token="")
