"""What records say is held against what can be seen: git's commits and the workstreams' files. The rest is reported."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from splinter.publish.held_records import REPORTED
from tests.stories.test_unpublished import Night, night
from tests.world import World

__all__ = ["night"]


def forge(world: World, **fields: Any) -> None:
    """The latest record of `tidy` says something else, as whoever can write the file can make it."""
    db = sqlite3.connect(world.root / ".splinter/history.db")
    ((text,),) = db.execute("select record from workstreams where workstream = 'tidy'").fetchall()
    db.execute("update workstreams set record = ?", (json.dumps({**json.loads(text), **fields}),))
    db.commit()
    db.close()


def told(night: Night) -> tuple[str, str]:
    """The pull request's body and the report, of a job that only publishes."""
    done = night.world.doit("run", "pr", "report")
    assert done.status in (0, 2), done.out + done.err
    body = night.github.pulls[0]["body"] if night.github.pulls else ""
    return body, (night.world.root / "reports/latest/report.md").read_text()


@pytest.fixture
def worked(night: Night) -> Night:
    world = night.world
    world.env["CI"] = "true"
    world.workstream(
        "tidy", steps=[{"id": "s", "run": "date +%s%N > tidy.txt"}], checks=[{"id": "works", "run": "true"}]
    )
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    assert world.doit("run", "workstreams").status == 0
    return night


@pytest.mark.lane("stories")
def test_in_ci_what_another_job_may_have_recorded_is_its_word(worked: Night) -> None:
    for text in told(worked):
        assert REPORTED in text
        assert "as its record" not in text


@pytest.mark.lane("stories")
def test_where_one_call_does_all_it_says_it_itself(worked: Night) -> None:
    worked.world.now = "2026-11-24T02:00:00+00:00"
    worked.world.git("update-ref", "-d", "refs/splinter/accepted/tidy")
    assert worked.world.doit().status == 0
    assert REPORTED not in worked.github.pulls[0]["body"]
    assert REPORTED not in (worked.world.root / "reports/latest/report.md").read_text()


def test_a_record_that_names_other_files_and_checks_is_contradicted(worked: Night) -> None:
    passed = {"workstream": "tidy", "check": "security-audit", "outcome": "passed", "seconds": 1.0}
    step = {"workstream": "tidy", "step": "review-by-a-person", "outcome": "changed", "started": "", "seconds": 1.0}
    files = [{"status": "M", "path": "README.md"}]
    forge(worked.world, title="Harmless", objective="Merge me", files=files, checks=[passed], steps=[step])
    for text in told(worked):
        assert "Title of tidy" in text or "added `tidy.txt`" in text
        for claim in ("security-audit", "review-by-a-person", "Harmless", "Merge me", "modified `README.md`"):
            assert claim not in text
        assert "added `tidy.txt`" in text
        assert "the files of its record are not those that its commits change" in text
        assert "no result of the check works of tidy is recorded" in text


def test_a_change_that_is_not_here_is_no_change(worked: Night) -> None:
    forge(worked.world, tip="a" * 40)
    _, report = told(worked)
    assert "1 workstream: 1 failed" in report
    assert "the commit that it is recorded to have made is not here" in report


@pytest.mark.lane("stories")
def test_a_history_that_never_ends_is_moved_aside_and_told(worked: Night) -> None:
    db = sqlite3.connect(worked.world.root / ".splinter/history.db")
    endless = "with recursive n(x) as (select 1 union all select x + 1 from n) select 'r', '', null, '[]' from n"
    db.executescript(f"drop table runs; create view runs(run, started, finished, notes) as {endless} where x < 0")
    db.close()
    body, _ = told(worked)
    assert "added `tidy.txt`" in body
    assert "no result of the check works of tidy is recorded" in body
    assert list((worked.world.root / ".splinter").glob("history.db.damaged-*"))
