"""GitHub takes no more for now, or nothing at all: what waits is told, and the next run finishes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from splinter.system.memory import Memory
from tests.counterparts.github_server import SECONDARY, Fault, GitHubServer, github_server
from tests.world import TUESDAY, World

NAMES = ("one", "two", "three")


@pytest.fixture
def hub(world: World, tmp_path: Path) -> Iterator[GitHubServer]:
    bare = tmp_path / "origin.git"
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    world.git("remote", "add", "origin", str(bare))
    for name in NAMES:
        world.workstream(name, when="once", steps=[world.step("write", f"echo {name} > {name}.txt")])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    with github_server(name="octo/project", remote=bare) as hub:
        world.env |= hub.env
        yield hub


def test_what_github_puts_off_is_told_with_its_number_and_goes_with_the_next_run(
    world: World, hub: GitHubServer
) -> None:
    hub.faults.append(Fault("POST", "/pulls$", status=403, message=SECONDARY, headers={"Retry-After": "3600"}))
    done = world.doit()
    assert done.status == 2
    told = "3 pull requests wait for GitHub's limit; they go with the next run after 03:00:00 UTC."
    assert told in done.out
    assert told in (world.root / "reports/latest/report.md").read_text()
    assert (hub.pulls, len(hub.writes)) == ({}, 1)
    asked = len(hub.server.asked)
    world.now = TUESDAY
    done = world.doit()
    assert (done.status, len(hub.pulls), len(hub.writes)) == (0, 3, 4)
    assert "wait for GitHub" not in done.out
    assert sum(one.path == "/repos/octo/project" for one in hub.server.asked[asked:]) == 1  # one client, three tasks
    assert hub.unmodified >= 3  # what the first run kept: the repository, and that nothing is open or closed
    memory = Memory(world.root / ".splinter", is_read_only=True)
    assert len(memory.json_fact("writes/127.0.0.1")["at"]) == 3  # a night later the first run's no longer counts


@pytest.mark.lane("stories")
def test_a_github_that_cuts_every_connection_is_asked_twice_for_all_pull_requests(
    world: World, hub: GitHubServer
) -> None:
    hub.faults.append(Fault("GET", "", cut=True, times=99))
    done = world.doit()
    assert (done.status, len(hub.server.asked)) == (2, 2)
    assert done.out.count("127.0.0.1 did not answer 2 times, so it is not asked again in this run") == 2
    hub.faults.clear()
    assert (world.doit().status, len(hub.pulls)) == (0, 3)
