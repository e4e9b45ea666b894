"""A GitHub on loopback whose time is the forge's, with one branch that is pushed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from splinter.publish.waiting import FixedWaiting
from tests.counterparts.github_server import MONDAY, GitHubServer, github_server
from tests.unit.publish.forges.pages import HEAD


@pytest.fixture
def clock() -> FixedWaiting:
    return FixedWaiting(MONDAY)


@pytest.fixture
def hub(clock: FixedWaiting) -> Iterator[GitHubServer]:
    with github_server(clock) as hub:
        hub.push(HEAD)
        yield hub
