"""With a token and a remote: one draft pull request on GitHub, kept up to date, and a branch on a real bare remote."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.counterparts import GITHUB, TOKEN, emulated
from tests.world import TUESDAY, World

NAME = "octo/project"


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulated("github", GITHUB, tmp_path_factory.mktemp("github")) as url:
        yield url


def call(url: str, method: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}{path}", method=method, data=data, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.fixture
def forked(world: World, github: str, tmp_path: Path) -> World:
    """A project with a bare remote and a token for a repository on GitHub."""
    if not any(one["full_name"] == NAME for one in call(github, "GET", "/user/repos")):
        call(github, "POST", "/user/repos", {"name": "project", "auto_init": True})
    for pull in call(github, "GET", f"/repos/{NAME}/pulls?state=open"):
        call(github, "PATCH", f"/repos/{NAME}/pulls/{pull['number']}", {"state": "closed", "body": ""})
    world.env |= {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": NAME, "GITHUB_API_URL": github}
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.workstream("tidy", steps=[world.step("write", "echo tidy > tidy.txt")], metadata={"phase": "PH-01"})
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    return world


def open_pulls(url: str) -> list[Any]:
    found: list[Any] = call(url, "GET", f"/repos/{NAME}/pulls?state=open")
    return found


def test_one_draft_is_opened_left_alone_and_brought_up_to_date(forked: World, github: str) -> None:
    done = forked.doit()
    assert done.status == 0, done.out + done.err
    (pull,) = open_pulls(github)
    assert (pull["draft"], pull["title"], pull["head"]["ref"], pull["base"]["ref"]) == (
        True,
        "Title of tidy",
        "splinter/tidy",
        "main",
    )
    assert "| phase | PH-01 |" in pull["body"]
    assert pull["html_url"] in done.out
    assert pull["html_url"] in (forked.root / "reports/latest/report.md").read_text()
    tip = forked.git("rev-parse", "splinter/tidy")
    assert forked.git("ls-remote", "origin", "refs/heads/splinter/tidy").split()[0] == tip

    assert forked.doit().status == 0
    forked.now = TUESDAY
    assert forked.doit().status == 0
    assert open_pulls(github) == [pull]
    (forked.root / ".doit.db").unlink()
    shutil.rmtree(forked.root / ".splinter")
    assert forked.doit().status == 0, "as a fresh clone that has the refs"
    assert open_pulls(github) == [pull], "what is left of a lost history replaces nothing"

    forked.workstream("tidy", steps=[forked.step("write", "echo tidier > tidy.txt; echo x > more.txt")])
    done = forked.doit()
    assert done.status == 0, done.out
    (updated,) = open_pulls(github)
    assert updated["number"] == pull["number"]
    assert "more.txt" in updated["body"]
    assert "updated" in done.out
    tip = forked.git("rev-parse", "splinter/tidy")
    assert forked.git("ls-remote", "origin", "refs/heads/splinter/tidy").split()[0] == tip
    assert TOKEN not in done.out + (forked.root / "reports/latest/report.md").read_text()


def test_a_failed_workstream_opens_nothing_and_leaves_an_open_pull_request_as_it_is(forked: World, github: str) -> None:
    forked.workstream("tidy", steps=[forked.step("write", "echo x > x.txt; exit 3")])
    assert forked.doit().status == 1
    assert open_pulls(github) == []
    forked.workstream("tidy", steps=[forked.step("write", "echo x > x.txt")])
    assert forked.doit().status == 0
    (pull,) = open_pulls(github)
    forked.workstream("tidy", steps=[forked.step("write", "echo x > x.txt; exit 3")])
    assert forked.doit().status == 1
    assert open_pulls(github) == [pull]


@pytest.mark.lane("stories")
def test_a_dependent_aims_at_the_branch_it_starts_from(forked: World, github: str) -> None:
    forked.workstream("docs", depends_on=["tidy"], steps=[forked.step("count", "wc -l tidy.txt > count.txt")])
    assert forked.doit().status == 0
    bases = {pull["head"]["ref"]: pull["base"]["ref"] for pull in open_pulls(github)}
    assert bases == {"splinter/tidy": "main", "splinter/docs": "splinter/tidy"}


def test_an_api_out_of_reach_is_reported_and_everything_else_stands(forked: World) -> None:
    forked.env["GITHUB_API_URL"] = "http://127.0.0.1:9"
    done = forked.doit()
    assert done.status == 2
    assert forked.outcomes() == {"tidy": "changed"}
    assert (forked.root / "reports/latest/report.md").exists()


@pytest.mark.lane("publish")
def test_one_pull_request_of_all_is_kept_up_to_date_and_keeps_a_persons_commit(forked: World, github: str) -> None:
    forked.write("splinter.toml", 'pull_requests = "together"\n')
    forked.workstream("other", steps=[forked.step("o", "echo o > other.txt")])
    forked.commit()
    forked.git("push", "--quiet", "origin", "main")
    done = forked.doit()
    assert done.status == 0, done.out + done.err
    (pull,) = open_pulls(github)
    assert (pull["draft"], pull["title"], pull["head"]["ref"]) == (
        True,
        "2 workstreams: other, tidy",
        "splinter/together",
    )
    assert forked.git("ls-remote", "origin", "refs/heads/splinter/*").split()[1:] == ["refs/heads/splinter/together"]
    clone = forked.root.parent / "clone"
    forked.git("clone", "--quiet", "--branch", "splinter/together", "../origin.git", str(clone))
    forked.git("-C", str(clone), "commit", "--quiet", "--allow-empty", "-m", "by a person")
    forked.git("-C", str(clone), "push", "--quiet")
    forked.now = TUESDAY
    assert forked.doit().status == 0
    forked.workstream("other", steps=[forked.step("o", "echo new > other.txt")])
    assert forked.doit().status == 0
    assert [one["number"] for one in open_pulls(github)] == [pull["number"]]
    forked.git("fetch", "--quiet", "origin")
    tip = "refs/remotes/origin/splinter/together"
    assert forked.git("log", "--reverse", "--format=%s", f"main..{tip}").splitlines() == [
        "Title of other (o)", "Title of tidy (write)", "by a person"]  # fmt: skip
    assert forked.git("show", f"{tip}:other.txt") == "new"
