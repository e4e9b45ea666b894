"""`doit run --dry-run pr`: the whole page of each pull request, and what would become of it; nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counterparts.forge import Forge, forge
from tests.world import World

NOBODY = "http://127.0.0.1:9"  # a call that asks would fail
SILENT = "as far as is known without asking github"


@pytest.fixture
def github() -> Iterator[Forge]:
    with forge() as one:
        yield one


@pytest.fixture
def stacked(world: World, github: Forge, tmp_path: Path) -> World:
    """One workstream on top of another, with a remote and a token."""
    world.env |= github.env
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.workstream("low", steps=[world.step("go", "echo low > low.txt")])
    top(world, draft=False, labels=["docs", "night"], reviewers=["octocat", "org/team"], assignees=["octo"])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    return world


def top(world: World, **asked: object) -> None:
    steps = [world.step("go", "echo top > top.txt")]
    world.workstream("top", depends_on=["low"], objective="Say it.", pull_request=asked, steps=steps)


def pages(world: World) -> dict[str, list[str]]:
    """The lines of each pull request that a dry run of `pr` prints, by the name of its task."""
    done = world.doit("run", "--dry-run", "pr")
    assert done.status == 0, done.err
    found: dict[str, list[str]] = {}
    for line in done.out.splitlines():
        if not line.startswith("     "):
            found[line.split()[1]] = [line]
        else:
            found[[*found][-1]].append(line.removeprefix("     | "))
    return found


def test_the_whole_page_is_printed_before_there_is_a_result_and_when_nothing_is_due(
    stacked: World, github: Forge
) -> None:
    url = stacked.env["GITHUB_API_URL"]
    stacked.env["GITHUB_API_URL"] = NOBODY
    before = pages(stacked)
    assert before["pr:low"][0] == f"-- pr:low  has no result yet; with one it would open a draft pull request, {SILENT}"
    assert before["pr:top"] == [
        f"-- pr:top  has no result yet; with one it would open a pull request, {SILENT}",
        "to: github:octo/project", "title: Title of top", "head: splinter/top", "base: splinter/low", "draft: no",
        "labels: docs, night", "reviewers: octocat, org/team", "assignees: octo", "milestone: none", "", "Say it.", "",
        "The rest says what the run comes to.",
    ]  # fmt: skip
    stacked.env["GITHUB_API_URL"] = url
    top(stacked, labels=["docs"])
    assert stacked.doit().status == 0
    where = {pull["head"]["ref"]: pull["html_url"] for pull in github.pulls}
    stacked.env["GITHUB_API_URL"] = NOBODY
    after = pages(stacked)
    assert after["pr:low"][0] == f"-- pr:low  would leave {where['splinter/low']} alone"
    assert after["pr:top"][3:7] == ["head: splinter/top", "base: splinter/low", "draft: yes", "labels: docs"]
    assert "top.txt" in "\n".join(after["pr:top"])
    assert stacked.doit("run", "--dry-run").out.count("title:") == 0, "of what is up to date, only where it is named"
    top(stacked, labels=["new"])
    changed = pages(stacked)["pr:top"]
    assert changed[0] == f".. pr:top  would update {where['splinter/top']} where it differs, {SILENT}"
    assert changed[5:7] == ["draft: yes", "labels: new"]


@pytest.mark.lane("stories")
def test_a_file_is_written_or_left_as_it_is_and_one_with_nothing_left_is_closed(world: World) -> None:
    world.workstream("tidy", steps=[world.step("go", "echo tidy > tidy.txt")])
    world.commit()
    world.doit("workstreams")
    assert pages(world)["pr:tidy"][0] == ".. pr:tidy  would write .splinter/pull-requests/tidy.md"
    assert world.doit("run", "pr").status == 0
    assert pages(world)["pr:tidy"][0] == "-- pr:tidy  would leave .splinter/pull-requests/tidy.md alone"
    (world.root / ".splinter/pull-requests/tidy.md").unlink()
    world.workstream("tidy", steps=[world.step("go", "true")])
    world.doit("workstreams")
    assert pages(world)["pr:tidy"][0].startswith(
        ".. pr:tidy  would close .splinter/pull-requests/tidy.md, for nothing is left to propose"
    )


@pytest.mark.lane("stories")
def test_what_is_left_over_is_named(world: World) -> None:
    for id in ("kept", "old"):
        world.workstream(id, steps=[world.step("go", f"echo {id} > {id}.txt")])
    world.commit()
    assert world.doit().status == 0
    world.write("splinter.toml", "close_removed = true\n")
    (world.root / "workstreams/old.yaml").unlink()
    (line,) = pages(world)["pr:left_over"]
    assert line == (".. pr:left_over  would close .splinter/pull-requests/old.md: no workstream is called old any more")
