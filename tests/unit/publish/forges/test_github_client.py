"""GitHub as one client a run asks it: within limits, with kept answers, repeated where that is right; nobody waits."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from github import GithubException

from splinter.config import settings_file
from splinter.errors import PublishError
from splinter.model.ports import Proposal
from splinter.publish import waiting
from splinter.publish.forges.github_answers import Answers
from splinter.publish.forges.github_client import Answer, Client
from splinter.publish.forges.github_limits import Limits
from splinter.publish.waiting import FixedWaiting
from tests.counterparts import INSTALL, TOKEN, github_description
from tests.counterparts.github_server import Fault, GitHubServer, github_server
from tests.unit.publish.forges.pages import HEAD, page_of

# --- answers that are kept ---


def test_the_next_run_pays_for_no_answer_that_still_holds(hub: GitHubServer, tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    hub.forge(answers=folder).publish(page_of())
    assert hub.forge(answers=folder).publish(page_of()).action == "unchanged"
    used, writes = hub.used, len(hub.writes)
    assert hub.forge(answers=folder).publish(page_of()).action == "unchanged"
    assert (hub.used, len(hub.writes), hub.unmodified) == (used, writes, 2 + 1)
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not any(TOKEN in file.read_text() for file in folder.iterdir())


def test_a_kept_answer_that_no_longer_holds_is_not_used(hub: GitHubServer, tmp_path: Path) -> None:
    hub.forge(answers=tmp_path).publish(page_of())
    hub.forge(answers=tmp_path).publish(page_of())
    hub.edit(1, state="closed")
    assert hub.forge(answers=tmp_path).publish(page_of()).action == "none"


@pytest.mark.parametrize("content", [b"", b"\xff", b"{}", b"0" * 64 + b'\n{"etag": "x", "headers": {}, "text": "[]"}'])
def test_a_kept_answer_that_is_broken_or_foreign_is_none(hub: GitHubServer, tmp_path: Path, content: bytes) -> None:
    hub.forge(answers=tmp_path).publish(page_of())
    for file in tmp_path.iterdir():
        file.write_bytes(content)
    hub.unmodified = 0
    assert hub.forge(answers=tmp_path).publish(page_of()).action == "unchanged"
    assert hub.unmodified == 0


def test_an_answer_cannot_be_forged_without_the_token(hub: GitHubServer, tmp_path: Path) -> None:
    hub.forge(answers=tmp_path).publish(page_of())
    hub.forge(answers=tmp_path).publish(page_of())
    writes = len(hub.writes)
    for file in tmp_path.iterdir():
        seal, _, content = file.read_text().partition("\n")
        said = json.loads(content)
        if said["text"].startswith("["):  # a listing: nothing is there, it is to say
            file.write_text(f"{seal}\n{json.dumps({**said, 'text': '[]'})}")
    assert hub.forge(answers=tmp_path).publish(page_of()).action == "unchanged"
    assert len(hub.writes) == writes


def test_a_folder_that_takes_nothing_costs_only_the_answers(hub: GitHubServer, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    assert hub.forge(answers=place / "below").publish(page_of()).action == "opened"


# --- what is sent again, and what is not ---


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_may_be_repeated_is_repeated(hub: GitHubServer, status: int) -> None:
    hub.forge().publish(page_of())
    hub.faults += [Fault("GET", "", status=status, times=2), Fault("PATCH", "", status=status, is_done=True, times=2)]
    assert hub.forge().publish(page_of(title="New")).action == "updated"
    assert hub.pulls[1]["title"] == "New"


def test_each_next_try_is_waited_for_longer(hub: GitHubServer, clock: FixedWaiting) -> None:
    hub.faults += [Fault("GET", "/demo$", status=502), Fault("GET", "/demo$", cut=True)]
    hub.forge()._repository()
    assert 0.5 + 1 <= clock.waited_s <= 1 + 2


@pytest.mark.parametrize("fault", [{"status": 502}, {"cut": True}, {"sent": 0.5}])
def test_a_pull_request_whose_answer_is_lost_is_not_asked_for_twice(hub: GitHubServer, fault: dict[str, Any]) -> None:
    hub.faults.append(Fault("POST", "/pulls$", is_done=True, times=9, **fault))
    with pytest.raises(PublishError):
        hub.forge().publish(page_of())
    assert (len(hub.writes), len(hub.pulls)) == (1, 1)
    assert hub.forge().publish(page_of()).action == "unchanged"
    assert (len(hub.writes), len(hub.pulls)) == (1, 1)


def test_what_an_earlier_try_deleted_is_gone(hub: GitHubServer) -> None:
    hub.forge().publish(page_of())
    hub.label(1, ["docs"])
    hub.faults.append(Fault("DELETE", "/labels/docs$", cut=True, is_done=True))
    requester = hub.forge()._repository().requester
    requester.requestJsonAndCheck("DELETE", "/repos/octo/demo/issues/1/labels/docs")
    assert hub.pulls[1]["labels"] == []
    with pytest.raises(GithubException, match="404"):
        requester.requestJsonAndCheck("DELETE", "/repos/octo/demo/issues/1/labels/docs")


def test_a_branch_that_github_does_not_see_yet_is_tried_again(hub: GitHubServer, clock: FixedWaiting) -> None:
    hub.push(HEAD, after=3)
    assert hub.forge().publish(page_of()).action == "opened"
    assert clock.waited_s == 7
    assert len(hub.writes) == 4


@pytest.mark.parametrize(
    ("proposal", "told"),
    [
        (page_of("unknown"), "GitHub does not accept it (422 Validation Failed: PullRequest.head invalid)"),
        (page_of(base="gone"), "GitHub does not accept it (422 Validation Failed: PullRequest.base invalid)"),
    ],
)
def test_a_422_is_told_with_field_and_code(hub: GitHubServer, proposal: Proposal, told: str) -> None:
    with pytest.raises(PublishError) as error:
        hub.forge().publish(proposal)
    assert (str(error.value), hub.pulls) == (told, {})


# --- silence ---


@pytest.mark.lane("publish")
def test_a_silent_github_is_asked_twice_in_a_run(hub: GitHubServer) -> None:
    hub.faults.append(Fault("GET", "", is_silent=True, times=99))
    forge = hub.forge(timeout_s=1)
    with pytest.raises(PublishError, match=r"^127\.0\.0\.1 cannot be reached \(\w+\); run `doit run pr` again later$"):
        forge.publish(page_of())
    for _ in range(3):
        with pytest.raises(PublishError) as error:
            forge.publish(page_of())
        assert str(error.value) == (
            "127.0.0.1 did not answer 2 times, so it is not asked again in this run; run `doit run pr` again later"
        )
    assert len(hub.server.asked) == 2
    hub.faults.clear()
    assert hub.forge().publish(page_of()).action == "opened"


def test_an_answer_that_comes_without_an_end_is_silence_and_nothing_more_is_asked() -> None:
    """A byte now and then, or a redirection to the next: no wait for a single one of them is too long."""
    caller, asked, over = waiting.impatient(settings_file.environment({})), [], threading.Event()
    client = Client(
        limits=Limits(caller, host="h", again="x"), answers=Answers(None, TOKEN), host="h", tries=3, again="x",
        longest_s=0.1,
    )  # fmt: skip

    def send(headers: dict[str, Any]) -> Answer:
        asked.append(headers)
        over.wait(10)
        return 200, {}, "{}"

    with pytest.raises(TimeoutError):
        client.ask("GET", "/x", "x", {}, send)
    with pytest.raises(PublishError, match="is not asked again in this run"):
        client.ask("GET", "/x", "x", {}, send)
    over.set()
    assert len(asked) == 1


def test_an_answer_between_two_that_did_not_come_ends_the_silence(hub: GitHubServer) -> None:
    hub.faults += [Fault("GET", "/demo$", cut=True), Fault("GET", "/pulls$", cut=True)]
    forge = hub.forge()
    assert forge.publish(page_of()).action == "opened"


# --- other servers ---


def test_a_github_of_ones_own_is_asked_below_its_prefix_with_all_its_pages(clock: FixedWaiting, tmp_path: Path) -> None:
    with github_server(clock, prefix="/api/v3") as hub:
        forge = hub.forge(answers=tmp_path)
        for number in range(130):
            hub.push(f"o{number}:{HEAD}")
            hub.open({"head": f"o{number}:{HEAD}", "base": "main", "title": "x"})
        assert [len([*forge._repository().get_pulls(state="open")]) for _ in range(2)] == [130, 130]
        assert hub.unmodified == 2
        hub.push(HEAD)
        assert forge.publish(page_of()).number == 131
        assert forge.publish(page_of()).action == "unchanged"


def test_the_branch_of_a_fork_is_proposed_and_found_again(hub: GitHubServer) -> None:
    hub.push(f"monalisa:{HEAD}")
    fork = replace(page_of(), head=f"monalisa:{HEAD}")
    assert hub.forge().publish(fork).action == "opened"
    assert hub.forge().publish(fork).action == "unchanged"
    assert hub.pulls[1]["head"]["label"] == f"monalisa:{HEAD}"


@pytest.mark.skipif(
    not github_description.DESCRIPTION.exists(),
    reason=f"requests were not held against GitHub's description: {INSTALL}",
)
@pytest.mark.parametrize(
    ("method", "path", "body", "wrong"),
    [
        ("POST", "/repos/o/r/pulls", b'{"head": "x", "base": "y", "title": "t", "draft": true}', ""),
        ("POST", "/repos/o/r/pulls", b'{"head": "x", "base": 3}', "$.base: 3 is not of type 'string'"),
        ("POST", "/repos/o/r/pulls", b'{"head": "x", "base": "y", "reviewer": "t"}', "no field reviewer"),
        ("GET", "/repos/o/r/pulls?state=shut", b"", "no query state=shut"),
        ("GET", "/repos/o/r/pull", b"", "is nothing that GitHub describes"),
        ("POST", "/repos/o/r/issues/1/labels", b'["docs"]', ""),
        ("DELETE", "/repos/o/r/git/refs/heads/a/b", b"", ""),
        ("PATCH", "/repos/o/r/issues/1", b'{"milestone": null}', ""),
    ],
)
def test_the_server_knows_what_github_takes(method: str, path: str, body: bytes, wrong: str) -> None:
    found = github_description.problem(method, path, body)
    assert wrong in found
    assert bool(wrong) == bool(found)
