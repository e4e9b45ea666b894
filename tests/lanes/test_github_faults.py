"""Whole runs with a GitHub that misbehaves in each write: one right pull request, or a failure that the next run ends.

Figures are printed: `pytest --lane publish -s tests/lanes/test_github_faults.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from splinter.errors import PublishError
from splinter.model.ports import Proposal
from splinter.publish.forges.github import GitHub
from splinter.publish.waiting import FixedWaiting
from tests.counterparts.github_server import MONDAY, SECONDARY, Fault, GitHubServer, github_server
from tests.unit.publish.forges.pages import page_of
from tests.world import World

pytestmark = pytest.mark.lane("publish")

WRITES = {
    "open": ("POST", "/pulls$"),
    "labels": ("POST", "/labels$"),
    "assignees": ("POST", "/assignees$"),
    "reviewers": ("POST", "/requested_reviewers$"),
    "edit": ("PATCH", r"/pulls/\d+$"),
}
LIMITED = {"status": 403, "message": SECONDARY}
FAULTS: dict[str, dict[str, Any]] = {
    "401": {"status": 401, "message": "Bad credentials"},
    "403": {"status": 403, "message": "Resource not accessible by personal access token"},
    "404": {"status": 404, "message": "Not Found"},
    "409": {"status": 409, "message": "Conflict"},
    "422": {"status": 422, "message": "Validation Failed", "errors": ({"resource": "PullRequest", "code": "unprocessable"},)},
    "429": {"status": 429, "message": "Too many"},
    "limit-soon": {**LIMITED, "headers": {"Retry-After": "60"}},
    "limit-late": {**LIMITED, "headers": {"Retry-After": "3600"}},
    "500": {"status": 500},
    "502": {"status": 502},
    "500-done": {"status": 500, "is_done": True},
    "502-thrice": {"status": 502, "times": 3},
    "cut-before": {"cut": True},
    "cut-after": {"cut": True, "is_done": True},
    "cut-within": {"sent": 0.5, "is_done": True},
    "cut-thrice": {"cut": True, "is_done": True, "times": 3},
}  # fmt: skip
PEOPLE = {"assignees": "assignees", "reviewers": "requested_reviewers"}
WANTED = {"labels": ["docs"], "assignees": ["hubot"], "reviewers": ["monalisa"]}


@pytest.fixture
def hub(world: World, tmp_path: Path) -> Iterator[GitHubServer]:
    bare = tmp_path / "origin.git"
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    world.git("remote", "add", "origin", str(bare))
    with github_server(name="octo/project", remote=bare) as hub:
        hub.make_label({"name": "docs"})
        yield hub


def define(world: World, id: str, **more: Any) -> None:
    step = world.step("write", f"echo {id} > {id}.txt")
    world.workstream(id, when="once", steps=[step], pull_request=WANTED, **more)


def end(hub: GitHubServer, id: str) -> dict[str, Any]:
    """How the world ends for one workstream: its one pull request, and its fields."""
    (pull,) = [one for one in hub.pulls.values() if one["head"]["ref"] == f"splinter/{id}"]
    assert (pull["state"], pull["draft"], pull["base"]["ref"]) == ("open", True, "main")
    assert pull["body"].count("splinter:begin") == 1
    people = {name: [one["login"] for one in pull[key]] for name, key in PEOPLE.items()}
    return {**people, "labels": [one["name"] for one in pull["labels"]], "title": pull["title"]}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("write", WRITES)
def test_a_write_may_fail_in_every_way(world: World, hub: GitHubServer, write: str) -> None:
    cells = {f"{write}-{fault}": fault for fault in FAULTS}
    for id in cells:
        define(world, id)
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    assert world.doit(*cells).status == 0
    world.env |= hub.env
    if write == "edit":
        assert world.doit("run", "pr").status == 0
        for id in cells:
            define(world, id, title=f"New {id}")
    lines = [cell(world, hub, id, Fault(*WRITES[write], **FAULTS[fault])) for id, fault in cells.items()]
    print("\n" + "\n".join(lines))
    assert [line for line in lines if "WRONG" in line] == []


def cell(world: World, hub: GitHubServer, id: str, fault: Fault) -> str:
    """Publish it with a fault, then until it is done, then once more, which must write nothing; how it went, in a line."""
    write = id.partition("-")[0]
    hub.faults[:] = [fault]
    runs = [world.doit("run", id, f"pr:{id}")]
    while runs[-1].status == 2 and len(runs) < 4:
        hub.faults.clear()
        runs.append(world.doit("run", id, f"pr:{id}"))
    found, writes = end(hub, id), len(hub.writes)
    idle = world.doit("run", id, f"pr:{id}")
    wanted = {**WANTED, "title": f"New {id}" if write == "edit" else f"Title of {id}"}
    lacks = [name for name, value in wanted.items() if found[name] != value]
    is_refused = "GitHub refused (" in "".join(one.out for one in runs)
    is_right = not runs[-1].status and not idle.status and len(hub.writes) == writes
    words = (f"{id:24}", " ".join(str(one.status) for one in runs), "refused" if is_refused else "", " ".join(lacks))
    is_right &= not lacks or (is_refused and lacks == [write])
    return " ".join(filter(None, words)) if is_right else f"{' '.join(words)} WRONG\n{runs[0].out}{runs[-1].out}"


def test_six_hundred_writes_take_two_runs_and_are_each_done_once() -> None:
    with github_server(FixedWaiting(MONDAY)) as hub:
        hub.make_label({"name": "docs"})
        pages = [page_of(f"w-{number}", labels=("docs",)) for number in range(300)]
        for one in pages:
            hub.push(one.head)
        told = list(filter(None, map(partial(tried, hub.forge()), pages)))
        assert set(told) == {
            "GitHub's limit of 500 writes an hour is reached until 03:00:00 UTC; run `doit run pr` after that"
        }
        assert (len(hub.writes), len(hub.written), len(hub.pulls), len(told)) == (500, 500, 250, 50)
        hub.clock.pause(3600)
        assert not any(map(partial(tried, hub.forge()), pages))
        assert (len(hub.writes), len(hub.written), len(hub.pulls)) == (600, 600, 300)
        assert all(one["labels"] for one in hub.pulls.values())
        print(f"{hub.used} requests, {hub.clock.waited_s:.0f} s of their time")


def tried(forge: GitHub, page: Proposal) -> str:
    """What it said that it could not do, empty for nothing."""
    try:
        return "; ".join(forge.publish(page).unfinished)
    except PublishError as error:
        return str(error)
