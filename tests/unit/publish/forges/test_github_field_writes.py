"""What stands on GitHub after fields were asked for: applied until they are there, and a person's changes stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from splinter.model.effects import Kind, State
from splinter.model.ports import Proposal
from splinter.model.records import PullRequestRecord, WorkstreamRecord
from splinter.publish import pull_request_body
from splinter.publish.forges import github_field_writes
from splinter.publish.journal import Journal
from splinter.publish.waiting import FixedWaiting
from splinter.system.memory import Memory
from splinter.text.redact import Redactor
from tests.counterparts.github_server import MONDAY, Fault, GitHubServer, github_server

HEAD = "splinter/tidy"


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 11, 26, 12, tzinfo=UTC)


def page_of(*, result: str = "1", **fields: object) -> Proposal:
    record = WorkstreamRecord(workstream="tidy", title="Tidy", outcome="changed", metadata={"result": result})
    body = pull_request_body.body(record, run="run-1", reproduce="doit tidy", definition="abc")
    return Proposal(workstream="tidy", head=HEAD, base="main", title="Tidy", own_body=body, **fields)  # type: ignore[arg-type]


WHOLE = page_of(
    labels=("docs", "good first review"), assignees=("hubot",), reviewers=("monalisa", "octo/docs"), milestone="1.0"
)


@pytest.fixture
def hub() -> Iterator[GitHubServer]:
    with github_server(FixedWaiting(MONDAY)) as hub:
        hub.push(HEAD)
        for name in ("docs", "good first review", "late"):
            hub.make_label({"name": name})
        for title in ("1.0", "2.0"):
            hub.make_milestone(title)
        yield hub


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    redactor = Redactor(())
    memory = Memory(tmp_path / ".splinter", redactor=redactor)
    return Journal(memory=memory, clock=Noon(), redactor=redactor, run=lambda: "run-1")


def publish(hub: GitHubServer, page: Proposal, journal: Journal | None = None) -> PullRequestRecord:
    return hub.forge().publish(page, None, journal)


def fields(hub: GitHubServer) -> dict[str, object]:
    pull = hub.pulls[1]
    return {
        "labels": sorted(one["name"] for one in pull["labels"]),
        "assignees": [one["login"] for one in pull["assignees"]],
        "reviewers": [one["login"] for one in pull["requested_reviewers"]],
        "teams": [one["slug"] for one in pull["requested_teams"]],
        "milestone": pull["milestone"] and pull["milestone"]["title"],
        "draft": pull["draft"],
    }


ALL = {
    "labels": ["docs", "good first review"], "assignees": ["hubot"], "reviewers": ["monalisa"], "teams": ["docs"],
    "milestone": "1.0", "draft": True,
}  # fmt: skip


def test_all_are_there_and_the_same_again_writes_nothing(hub: GitHubServer) -> None:
    assert publish(hub, WHOLE).action == "opened"
    assert fields(hub) == ALL
    count = len(hub.writes)
    assert publish(hub, WHOLE) == replace(publish(hub, WHOLE), action="unchanged")
    assert len(hub.writes) == count


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/labels$", Kind.LABELS), ("/assignees$", Kind.ASSIGNEES), ("/requested_reviewers$", Kind.REVIEWERS)],
)
def test_one_that_failed_is_told_and_finished_by_the_next_run_of_whoever(
    path: str, kind: Kind, hub: GitHubServer, journal: Journal
) -> None:
    hub.faults.append(Fault("POST", f"/1{path}", status=502, times=9))
    done = publish(hub, WHOLE, journal)
    assert done.action == "opened"
    assert [one.partition(" ")[0] for one in done.unfinished] == [kind]
    effect = journal.memory.effect(kind, "tidy")
    assert effect
    assert effect.state == State.WAITING
    hub.faults.clear()
    assert publish(hub, WHOLE).unfinished == ()  # of a fresh clone
    assert fields(hub) == ALL


def test_what_a_person_took_away_stays_away(hub: GitHubServer) -> None:
    publish(hub, WHOLE)
    pull = hub.pulls[1]
    pull["labels"], pull["assignees"], pull["requested_reviewers"], pull["requested_teams"] = [], [], [], []
    hub.edit(1, milestone=None, draft=False)
    before = fields(hub)
    assert publish(hub, replace(WHOLE, own_body=page_of(result="2").own_body)).action == "updated"
    assert fields(hub) == before


def test_a_change_of_our_definition_is_applied_and_what_a_person_added_stays(hub: GitHubServer) -> None:
    publish(hub, WHOLE)
    hub.label(1, ["theirs"], by="person")
    hub.assign(1, ["octo"])
    done = publish(
        hub, page_of(labels=("docs", "late"), reviewers=("hubot",), milestone="2.0", assignees=(), draft=False)
    )
    assert done.action == "updated"
    assert fields(hub) == {
        "labels": ["docs", "late", "theirs"], "assignees": ["octo"], "reviewers": ["hubot"], "teams": [],
        "milestone": "2.0", "draft": False,
    }  # fmt: skip
    publish(hub, page_of())
    assert fields(hub) == {
        "labels": ["theirs"], "assignees": ["octo"], "reviewers": [], "teams": [], "milestone": None, "draft": True,
    }  # fmt: skip


def test_a_change_that_failed_is_taken_up_though_the_body_was_written(hub: GitHubServer) -> None:
    publish(hub, WHOLE)
    changed = replace(WHOLE, labels=("docs", "late"), own_body=page_of(result="2").own_body)
    hub.faults.append(Fault("DELETE", "/1/labels/", status=500, times=9))
    done = publish(hub, changed)
    assert (done.action, done.unfinished) == (
        "updated",
        ("labels (late, without good first review): 500 broken on purpose",),
    )
    assert "| result | 2 |" in hub.pulls[1]["body"]
    hub.faults.clear()
    assert publish(hub, changed).unfinished == ()
    assert fields(hub)["labels"] == ["docs", "late"]


def test_what_github_refuses_is_told_and_not_asked_for_again(hub: GitHubServer, journal: Journal) -> None:
    page = page_of(reviewers=("ghost", "hubot"), assignees=("stranger", "octo"))
    told = (
        "assignee stranger: GitHub did not take them",
        "reviewer ghost: GitHub refused (422 Reviews may only be requested from collaborators.)",
    )
    assert publish(hub, page, journal).notes == told
    count = len(hub.writes)
    done = publish(hub, page, journal)
    assert (done.action, done.notes, done.unfinished) == ("unchanged", told, ())
    assert len(hub.writes) == count
    assert (fields(hub)["reviewers"], fields(hub)["assignees"]) == (["hubot"], ["octo"])
    refused = journal.memory.effects(State.REFUSED)
    assert {(one.kind, one.said) for one in refused} == {(Kind.ASSIGNEES, told[0]), (Kind.REVIEWERS, told[1])}


def test_a_label_or_milestone_that_the_repository_lacks_is_told_until_it_is_there(
    hub: GitHubServer, journal: Journal
) -> None:
    page = page_of(labels=("docs", "new"), milestone="3.0")
    assert publish(hub, page, journal).notes == (
        "label new: the repository has none of that name; create it, or set create_labels = true",
        "milestone 3.0: the repository has none of that name; create it",
    )
    assert "new" not in hub.labels
    hub.make_label({"name": "new"})
    hub.make_milestone("3.0")
    assert publish(hub, page, journal).notes == ()
    assert (fields(hub)["labels"], fields(hub)["milestone"]) == (["docs", "new"], "3.0")


def test_a_setting_has_labels_created(hub: GitHubServer) -> None:
    assert publish(hub, page_of(labels=("area/new",), creates_labels=True)).notes == ()
    assert fields(hub)["labels"] == ["area/new"]
    publish(hub, page_of())
    assert fields(hub)["labels"] == []


def test_events_are_read_to_their_last_page(hub: GitHubServer) -> None:
    publish(hub, page_of())
    for _ in range(250):
        hub.event(1, "mentioned")
    found = hub.forge()._repository().get_pull(1)
    assert len([*github_field_writes.events(found)]) == 251


def test_a_base_that_a_person_chose_stays_and_is_told(hub: GitHubServer) -> None:
    hub.push("release")
    publish(hub, page_of())
    hub.edit(1, base="release")
    done = publish(hub, page_of(result="2"))
    assert (done.action, done.notes) == (
        "updated",
        ("it aims at release, which somebody chose, and not at main: that stays",),
    )
    assert hub.pulls[1]["base"]["ref"] == "release"


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("write", ["comment", "close"])
def test_a_cut_while_closing_makes_no_second_comment(write: str, is_done: bool, hub: GitHubServer) -> None:
    publish(hub, page_of())
    place = ("POST", "/1/comments$") if write == "comment" else ("PATCH", "/pulls/1$")
    hub.faults.append(Fault(*place, cut=True, is_done=is_done, times=9))
    for _ in range(3):
        try:
            hub.forge().close(workstream="tidy", head=HEAD, comment="Nothing is left.")
        except Exception as error:
            assert "cannot be reached" in str(error) or "did not answer" in str(error), error  # noqa: PT017
        hub.faults.clear()
    assert [one["body"] for one in hub.comments[1]] == ["Nothing is left.\n\n<!-- splinter:comment closed:1 -->"]
    assert hub.pulls[1]["state"] == "closed"
