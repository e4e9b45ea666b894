"""The main job from end to end: real doit, real git, real processes."""

from __future__ import annotations

import email
import email.policy
import json
import re

import pytest

from tests.world import TUESDAY, World

TRAILERS = ("Workstream", "Step", "Tool", "Run", "Fingerprint")


@pytest.fixture
def pair(world: World) -> World:
    """`tidy`, daily, of two steps, and `docs`, once, that depends on it; and `alone`, daily."""
    world.workstream(
        "tidy",
        steps=[world.step("strip", "echo tidy > tidy.txt"), world.step("add", "cat tidy.txt tidy.txt > twice.txt")],
        checks=[{"id": "there", "run": "test -s twice.txt"}],
        artifacts=["twice.txt"],
        metadata={"phase": "PH-01"},
    )
    world.workstream(
        "docs", when="once", depends_on=["tidy"], steps=[world.step("count", "wc -l tidy.txt > count.txt")]
    )
    world.workstream("alone", steps=[world.step("write", "echo alone > alone.txt")])
    world.commit()
    return world


def test_a_first_run_leaves_branches_commits_pull_requests_a_report_and_one_mail(pair: World) -> None:
    head = pair.git("rev-parse", "HEAD")
    done = pair.doit()
    assert done.status == 0, done.out + done.err
    assert pair.branches() == ["splinter/alone", "splinter/docs", "splinter/tidy"]
    assert pair.git("log", "--format=%s", "main..splinter/tidy").splitlines() == [
        "Title of tidy (add)",
        "Title of tidy (strip)",
    ]
    for trailer in TRAILERS:
        assert pair.git("log", "-1", f"--format=%(trailers:key={trailer},valueonly)", "splinter/tidy")
    assert pair.git("diff", "--name-only", "main", "splinter/tidy").splitlines() == ["tidy.txt", "twice.txt"]
    assert pair.git("merge-base", "splinter/tidy", "splinter/docs") == pair.git("rev-parse", "splinter/tidy")
    pages = sorted(path.name for path in (pair.root / ".splinter/pull-requests").glob("*.md"))
    assert pages == ["alone.md", "docs.md", "tidy.md"]
    assert "PH-01" in (pair.root / ".splinter/pull-requests/tidy.md").read_text()
    report = json.loads((pair.root / "reports/latest/report.json").read_text())
    assert {one["workstream"]: one["outcome"] for one in report["workstreams"]} == dict.fromkeys(
        ["alone", "docs", "tidy"], "changed"
    )
    assert "Title of tidy" in (pair.root / "reports/latest/index.html").read_text()
    (mail,) = pair.mails()
    parsed = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    assert [part.get_content_type() for part in parsed.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/html"
    ]  # fmt: skip
    assert pair.git("status", "--porcelain") == ""
    assert pair.git("rev-parse", "HEAD") == head
    assert pair.git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_the_same_again_finds_every_task_up_to_date(pair: World) -> None:
    pair.doit()
    pair.new_calls()
    refs, mails = pair.git("for-each-ref"), pair.mails()
    reports = sorted(path.name for path in (pair.root / "reports").iterdir())
    done = pair.doit()
    assert done.status == 0
    assert done.out.startswith("nothing ")
    assert pair.new_calls() == []
    assert (pair.git("for-each-ref"), pair.mails()) == (refs, mails)
    assert sorted(path.name for path in (pair.root / "reports").iterdir()) == reports


def test_on_the_next_day_daily_ones_run_and_once_ones_do_not(pair: World) -> None:
    pair.doit()
    pair.new_calls()
    before = pair.git("rev-parse", "splinter/tidy", "splinter/docs")
    pair.now = TUESDAY
    done = pair.doit()
    assert done.status == 0
    assert sorted(pair.new_calls()) == ["add", "strip", "write"]
    assert pair.git("rev-parse", "splinter/tidy", "splinter/docs") == before
    assert pair.outcomes() == {"tidy": "changed", "alone": "changed"}


def test_an_edit_runs_its_workstream_and_dependents_whose_input_differs(pair: World) -> None:
    pair.doit()
    pair.new_calls()
    pair.workstream("tidy", steps=[pair.step("strip", "echo other > tidy.txt"), pair.step("add", "echo > twice.txt")])
    pair.doit()
    assert pair.new_calls() == ["strip", "add", "count"]


@pytest.mark.lane("stories")
def test_an_edit_with_the_same_result_runs_no_dependent(pair: World) -> None:
    pair.doit()
    pair.new_calls()
    same = [pair.step("strip", "echo tidy | cat > tidy.txt"), pair.step("add", "cat tidy.txt tidy.txt > twice.txt")]
    pair.workstream("tidy", steps=same)
    done = pair.doit()
    assert pair.new_calls() == ["strip", "add"]
    assert "docs:" not in done.out


@pytest.mark.lane("stories")
def test_a_run_whose_steps_come_to_the_same_says_so(world: World) -> None:
    """It said that no workstream ran."""
    for run in ("true", ": as before"):
        world.workstream("w", steps=[world.step("s", run)])
        world.commit()
        done = world.doit()
        assert world.new_calls() == ["s"]
    assert re.search("^run .*: no new result$", done.out, re.MULTILINE)


@pytest.mark.lane("stories")
def test_comments_key_order_and_file_name_run_nothing(pair: World) -> None:
    pair.doit()
    pair.new_calls()
    file = pair.root / "workstreams/tidy.yaml"
    lines = file.read_text().split("\nsteps:", 1)
    file.write_text(f"# a comment\nsteps:{lines[1]}{lines[0]}\n")
    file.rename(pair.root / "workstreams/zzz.yml")
    done = pair.doit()
    assert done.status == 0
    assert done.out.startswith("nothing ")
    assert pair.doit().out.startswith("nothing ")
    assert pair.new_calls() == []


@pytest.mark.parametrize(
    "commits",
    [pytest.param(False, id="uncommitted"), pytest.param(True, id="committed", marks=pytest.mark.lane("stories"))],
)
def test_an_edit_of_the_second_step_does_not_run_the_first_again(pair: World, commits: bool) -> None:
    pair.doit()
    pair.new_calls()
    text = (pair.root / "workstreams/tidy.yaml").read_text()
    pair.write("workstreams/tidy.yaml", text.replace("cat tidy.txt tidy.txt", "cat tidy.txt"))
    if commits:
        pair.commit("edit a workstream")
    assert pair.doit().status == 0
    assert pair.new_calls() == ["add", "count"]


def test_a_broken_workstream_blocks_its_dependents_and_nobody_else(pair: World) -> None:
    text = (pair.root / "workstreams/tidy.yaml").read_text()
    pair.write("workstreams/tidy.yaml", text.replace("cat tidy.txt tidy.txt > twice.txt", "exit 3"))
    done = pair.doit()
    assert done.status == 1
    assert pair.outcomes() == {"alone": "changed", "docs": "blocked", "tidy": "failed"}
    tidy = pair.records()["tidy"]
    assert (tidy["reason"], tidy["step"]) == ("exit_code", "add")
    assert "ended with exit status 3" in tidy["message"]
    assert "1 failed" in (pair.root / "reports/latest/report.md").read_text()
    assert len(pair.mails()) == 1
    assert "failed" in email.message_from_bytes(pair.mails()[0].read_bytes(), policy=email.policy.default)["subject"]
    assert pair.branches() == ["splinter/alone"]
    pair.new_calls()
    pair.write("workstreams/tidy.yaml", text)
    assert pair.doit().status == 0
    assert pair.new_calls() == ["add", "count"]
    assert pair.outcomes() == {"tidy": "changed", "docs": "changed"}
    steps = [step["step"] for step in pair.records()["tidy"]["steps"]]
    assert steps == ["strip", "add"]


@pytest.mark.lane("stories")
def test_publishing_alone_starts_no_workstream(pair: World) -> None:
    done = pair.doit("run", "pr", "report")
    assert done.status == 0
    assert pair.calls() == []
    pair.doit("workstreams")
    pair.new_calls()
    pair.now = TUESDAY
    done = pair.doit("run", "pr", "report", "email")
    assert done.status == 0
    assert pair.calls() == []
    assert (pair.root / ".splinter/pull-requests/tidy.md").exists()
    assert "2 changed" not in (pair.root / "reports/latest/report.md").read_text()
    assert len(pair.mails()) == 1


@pytest.mark.lane("stories")
def test_a_single_workstream_runs_with_what_it_depends_on(pair: World) -> None:
    assert pair.doit("docs").status == 0
    assert pair.new_calls() == ["strip", "add", "count"]
    assert not (pair.root / "reports").exists()
    assert pair.doit("-n", "3", "alone").status == 0
    assert pair.new_calls() == ["write"]


@pytest.mark.lane("stories")
def test_a_deleted_branch_comes_back_without_running_a_step(pair: World) -> None:
    pair.doit()
    pair.new_calls()
    tip = pair.git("rev-parse", "splinter/tidy")
    pair.git("branch", "-D", "splinter/tidy")
    assert pair.doit().status == 0
    assert pair.new_calls() == []
    assert pair.git("rev-parse", "splinter/tidy") == tip
