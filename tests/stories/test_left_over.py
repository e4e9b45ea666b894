"""A pull request that nothing asks for any more: it is named, closed where that is wanted, and nothing else changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from splinter.model.effects import Effect, Kind, State
from splinter.system.memory import Memory
from tests.counterparts.forge import Forge, forge
from tests.world import TUESDAY, World

DEEP = pytest.mark.lane("gc")
WHY = "no workstream is called old any more"
FILE = ".splinter/pull-requests/old.md"
CLOSES = "`doit gc --close` closes it"


@pytest.fixture
def github() -> Iterator[Forge]:
    with forge() as one:
        yield one


@pytest.fixture
def local(world: World) -> World:
    """Two workstreams whose pull requests are files."""
    for id in ("kept", "old"):
        world.workstream(id, steps=[world.step("go", f"echo {id} > {id}.txt")])
    world.commit()
    assert world.doit().status == 0
    return world


@pytest.fixture
def hosted(world: World, github: Forge, tmp_path: Path) -> World:
    """The same two, with a remote and pull requests on GitHub."""
    world.env |= github.env
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    for id in ("kept", "old"):
        world.workstream(id, steps=[world.step("go", f"echo {id} > {id}.txt")])
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    assert world.doit().status == 0
    return world


def remove(world: World, id: str) -> None:
    (world.root / f"workstreams/{id}.yaml").unlink()
    world.commit()
    if world.git("remote"):
        world.git("push", "--quiet", "origin", "main")


def states(github: Forge) -> dict[str, str]:
    return {pull["head"]["ref"]: pull["state"] for pull in github.pulls}


def pull(github: Forge, id: str) -> dict[str, Any]:
    return next(one for one in github.pulls if one["head"]["ref"] == f"splinter/{id}")


def state(world: World, id: str) -> str:
    lines = (world.root / f".splinter/pull-requests/{id}.md").read_text().splitlines()
    return next(line for line in lines if line.startswith("state: "))


def report(world: World) -> str:
    return (world.root / "reports/latest/report.md").read_text()


def test_a_removed_workstream_is_named_by_plan_and_the_next_report_and_closed_by_gc(local: World) -> None:
    remove(local, "old")
    left = f"The pull request of old ({FILE}) is left over: {WHY}; {CLOSES}."
    assert local.doit("plan").out.splitlines() == ["kept  up to date; next: 2026-11-24 00:00 UTC", left]
    assert json.loads(local.doit("plan", "--json").out)[1] == {
        "workstream": "old", "due": False, "why": [WHY], "left_over": FILE}  # fmt: skip
    assert local.doit().out.startswith("nothing "), "an idle call says and makes nothing of it"
    local.now = TUESDAY
    assert local.doit().status == 0
    assert local.notes() == [left]
    assert "is left over" in report(local)
    before = local.git("for-each-ref", "refs/heads")
    memory = Memory(local.root / ".splinter")
    for id in ("kept", "old"):
        memory.put_effect(Effect(kind=Kind.LABELS, target=id, made_of="x", state=State.WAITING))
        memory.put_effect(Effect(kind=Kind.REVIEWERS, target=id, made_of="x", state=State.REFUSED))
    assert f"would close {FILE}: {WHY}" in local.doit("gc", "--close", "--dry-run").out
    assert state(local, "old") == "state: open"
    done = local.doit("gc", "--close")
    assert (done.status, f"closed {FILE}: {WHY}" in done.out) == (0, True), done.out + done.err
    assert (state(local, "old"), state(local, "kept")) == ("state: closed", "state: open")
    assert f"Nothing asks for this pull request any more: {WHY}." in (local.root / FILE).read_text()
    assert local.git("for-each-ref", "refs/heads") == before
    left = [one.target for one in memory.effects(State.WAITING, State.REFUSED)]
    assert left == ["kept", "kept"], "nothing of it waits for a later run, or is told for ever"
    memory.close()
    assert "left over" not in local.doit("plan").out
    text = (local.root / FILE).read_text()
    assert "closed " not in local.doit("gc", "--close").out
    assert (local.root / FILE).read_text() == text, "once"


@pytest.mark.lane("gc")
def test_with_the_setting_a_run_closes_it_and_says_so(hosted: World, github: Forge) -> None:
    hosted.write("splinter.toml", "close_removed = true\n")
    remove(hosted, "old")
    done = hosted.doit()
    assert done.status == 0, done.out + done.err
    assert states(github) == {"splinter/kept": "open", "splinter/old": "closed"}
    assert hosted.notes() == [f"The pull request of old ({pull(github, 'old')['html_url']}) was closed: {WHY}."]
    assert hosted.git("ls-remote", "origin", "refs/heads/splinter/old"), "the branch stays"
    again = hosted.doit()
    assert again.out.startswith("nothing ")


@DEEP
def test_what_no_run_can_have_recorded_is_no_pull_request(local: World) -> None:
    """In CI another job hands `.splinter/` over: a name there is no path, and an address steers no terminal."""
    memory = Memory(local.root / ".splinter")
    memory.set_fact("pull_request/../../mine", FILE)
    memory.set_fact("pull_request/gone", "https://example.org/\x1b[31m1")
    memory.put_effect(Effect(kind=Kind.LABELS, target="a\x1b[31mb", made_of="x", state=State.WAITING))
    memory.close()
    mine = '---\nstate: open\nhead: "splinter/../../mine"\n---\n\n<!-- splinter:begin -->\n<!-- splinter:end -->\n'
    local.write("mine.md", mine)
    seen = "".join(
        local.doit(*call).out for call in (["plan"], ["gc", "--close"], ["doctor", "--offline"], ["history"])
    )
    assert (local.root / "mine.md").read_text() == mine
    assert "mine" not in seen
    assert "\x1b" not in seen
    assert "the pull request of gone (https://example.org/1) is left over" in seen


@DEEP
def test_one_that_a_person_closed_is_no_longer_named(hosted: World, github: Forge) -> None:
    remove(hosted, "old")
    pull(github, "old")["state"] = "closed"
    hosted.now = TUESDAY
    assert hosted.doit().status == 0
    assert hosted.notes() == []
    assert "left over" not in hosted.doit("plan").out


@pytest.mark.parametrize("way", ["gc", pytest.param("setting", marks=DEEP)])
def test_one_that_still_proposes_a_persons_commit_stays_open(hosted: World, github: Forge, way: str) -> None:
    clone = hosted.root.parent / "clone"
    hosted.git("clone", "--quiet", "--branch", "splinter/old", "../origin.git", str(clone))
    (clone / "mine.txt").write_text("a person's\n")
    hosted.git("-C", str(clone), "add", "mine.txt")
    hosted.git("-C", str(clone), "commit", "--quiet", "-m", "by a person")
    hosted.git("-C", str(clone), "push", "--quiet")
    remove(hosted, "old")
    if way == "setting":
        hosted.write("splinter.toml", "close_removed = true\n")
        done = hosted.doit()
        assert hosted.doit().out.startswith("nothing "), "it is looked at once"
    else:
        done = hosted.doit("gc", "--close")
    assert done.status == 0, done.out + done.err
    assert "holds commits that are not ours: it stays open" in done.out
    assert states(github)["splinter/old"] == "open"


@pytest.mark.lane("stories")
def test_without_a_token_gc_says_why_it_stays_open(hosted: World, github: Forge) -> None:
    remove(hosted, "old")
    hosted.env["GITHUB_TOKEN"] = ""
    done = hosted.doit("gc", "--close")
    assert done.status == 2
    assert (
        f"({pull(github, 'old')['html_url']}) is left over: {WHY}; it stays open, for GITHUB_TOKEN is not set"
        in done.out
    )
    hosted.write("splinter.toml", "close_removed = true\n")
    done = hosted.doit("run", "pr")
    assert done.status == 0, "as where a pull request becomes a file"
    assert "it stays open, for GITHUB_TOKEN is not set." in done.out
    assert states(github)["splinter/old"] == "open"


@pytest.mark.lane("stories")
def test_a_lost_memory_is_made_up_for_by_our_refs_and_the_marker_never_by_the_name_of_a_branch(
    hosted: World, github: Forge
) -> None:
    own = pull(github, "old")
    head = {**own["head"], "ref": "splinter/by-hand"}
    github.pulls.append({**own, "number": 3, "body": "by hand", "html_url": f"{github.url}/3", "head": head})
    remove(hosted, "old")
    (hosted.root / ".splinter/memory.db").unlink()
    assert "left over" not in hosted.doit("plan").out
    done = hosted.doit("gc", "--close")
    assert done.status == 0, done.out + done.err
    assert states(github) == {"splinter/kept": "open", "splinter/old": "closed", "splinter/by-hand": "open"}


@pytest.mark.lane("stories")
def test_pull_request_false_and_the_switch_to_one_for_all_leave_pull_requests_over(local: World) -> None:
    local.workstream("old", pull_request=False, steps=[local.step("go", "echo old > old.txt")])
    assert "its workstream asks for none any more" in local.doit("plan").out
    (rows,) = [one for one in json.loads(local.doit("plan", "--json").out) if one["workstream"] == "old"]
    assert rows["left_over"] == FILE
    local.write("splinter.toml", 'pull_requests = "together"\nclose_removed = true\n')
    local.workstream("old", steps=[local.step("go", "echo old > old.txt")])
    assert local.doit("plan").out.count("all workstreams share one pull request now") == 2
    assert local.doit().status == 0
    assert [state(local, id) for id in ("kept", "old", "together")] == ["state: closed", "state: closed", "state: open"]
    local.write("splinter.toml", "close_removed = true\n")
    assert "each workstream has a pull request of its own now" in local.doit("plan").out
    local.now = TUESDAY
    assert local.doit().status == 0
    assert [state(local, id) for id in ("kept", "old", "together")] == ["state: open", "state: open", "state: closed"]


@pytest.mark.lane("stories")
def test_one_for_all_is_closed_where_nothing_is_left_of_any(local: World) -> None:
    local.write("splinter.toml", 'pull_requests = "together"\n')
    assert local.doit().status == 0
    assert state(local, "together") == "state: open"
    for id in ("kept", "old"):
        local.workstream(id, steps=[local.step("go", "true")])
    done = local.doit()
    assert done.status == 0, done.out
    assert state(local, "together") == "state: closed"


@DEEP
def test_where_a_file_is_broken_nobody_knows_what_is_left_over(local: World) -> None:
    (local.root / "workstreams/old.yaml").write_text("id: [\n")
    assert "left over" not in local.doit("plan").out
    done = local.doit("gc", "--close")
    assert (done.status, state(local, "old")) == (0, "state: open")
    assert "nobody knows which are left over" in done.out


@DEEP
def test_an_empty_checkout_closes_nothing_by_itself(local: World) -> None:
    local.write("splinter.toml", "close_removed = true\n")
    for id in ("kept", "old"):
        (local.root / f"workstreams/{id}.yaml").unlink()
    assert local.doit().status == 0
    assert local.doit("run", "pr").status == 0
    assert [state(local, id) for id in ("kept", "old")] == ["state: open", "state: open"]
    assert local.doit("plan").out.count(CLOSES) == 2


@DEEP
def test_what_the_main_checkout_has_is_not_left_over_for_a_linked_worktree(local: World) -> None:
    linked = local.root.parent / "linked"
    local.git("worktree", "add", "--quiet", "-b", "feature", str(linked))
    (linked / "workstreams/old.yaml").unlink()
    assert "left over" not in local.doit("plan", cwd=linked).out
    local.write("splinter.toml", "close_removed = true\n")
    (linked / "splinter.toml").write_text("close_removed = true\n")
    local.now = TUESDAY
    assert local.doit(cwd=linked).status == 0
    assert "closed" not in local.doit("gc", "--close", cwd=linked).out
    assert state(local, "old") == "state: open"
