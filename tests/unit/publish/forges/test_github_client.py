"""GitHub as one client a run asks it: within limits, with kept answers, repeated where that is right; nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from github import GithubException

from splinter.errors import PostponedError, PublishError
from splinter.model.ports import Proposal
from splinter.model.records import WorkstreamRecord
from splinter.publish import pull_request_body
from splinter.publish.forges import github_errors
from splinter.publish.waiting import FixedWaiting
from tests.counterparts import TOKEN, github_description
from tests.counterparts.github_server import MONDAY, Fault, GitHubServer, github_server

HEAD = "splinter/tidy"


def page_of(id: str = "tidy", *, title: str = "Tidy", base: str = "main", **fields: object) -> Proposal:
    record = WorkstreamRecord(workstream=id, title=title, outcome="changed")
    body = pull_request_body.body(record, run="run-1", reproduce=f"doit {id}", definition="abc")
    return Proposal(workstream=id, head=f"splinter/{id}", base=base, title=title, own_body=body, **fields)


@pytest.fixture
def clock() -> FixedWaiting:
    return FixedWaiting(MONDAY)


@pytest.fixture
def hub(clock: FixedWaiting) -> Iterator[GitHubServer]:
    with github_server(clock) as hub:
        hub.push(HEAD)
        yield hub


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
    for file in tmp_path.iterdir():
        text = file.read_text()
        assert "open" in text or "octo/demo" in text or "[]" in text
        file.write_text(text.replace('\\"state\\": \\"open\\"', '\\"state\\": \\"shut\\"').replace("Tidy", "Evil"))
    assert hub.forge(answers=tmp_path).publish(page_of()).action == "unchanged"


def test_a_folder_that_takes_nothing_costs_only_the_answers(hub: GitHubServer, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    assert hub.forge(answers=place / "below").publish(page_of()).action == "opened"


# --- limits ---


def test_fifty_pull_requests_at_once_stay_within_the_limits_of_writes(clock: FixedWaiting) -> None:
    with github_server(clock) as hub:
        pages = [
            page_of(f"w-{number}", labels=("docs",), reviewers=("hubot",), creates_labels=True) for number in range(50)
        ]
        for one in pages:
            hub.push(one.head)
        forge = hub.forge()
        threads = [threading.Thread(target=forge.publish, args=(one,)) for one in pages]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(hub.pulls) == len({one["head"]["ref"] for one in hub.pulls.values()}) == 50
        assert all(one["labels"] and one["requested_reviewers"] for one in hub.pulls.values())
        assert len(hub.writes) == len(hub.written) == 150  # none was refused
        assert min(b - a for a, b in zip(hub.written, hub.written[1:], strict=False)) >= 1
        assert sum(one.path == "/repos/octo/demo" for one in hub.server.asked) == 1


def test_what_was_written_in_the_last_hour_counts_for_the_next_run(hub: GitHubServer, clock: FixedWaiting) -> None:
    now = clock.now_s()
    hub.memory.set_json_fact("writes/127.0.0.1", {"at": [now - 600 + number for number in range(500)]})
    with pytest.raises(PostponedError) as error:
        hub.forge(wait_s=300).publish(page_of())
    assert str(error.value) == (
        "GitHub's limit of 500 writes an hour is reached until 02:50:00 UTC; run `doit run pr` after that"
    )
    assert (hub.writes, clock.waited_s) == ([], 0)
    clock.pause(3000)
    assert hub.forge().publish(page_of()).action == "opened"


def test_a_run_right_after_another_keeps_to_eighty_writes_a_minute(hub: GitHubServer, clock: FixedWaiting) -> None:
    now = clock.now_s()
    hub.memory.set_json_fact("writes/127.0.0.1", {"at": [now - 40 + number / 2 for number in range(80)], "x": 1})
    assert hub.forge().publish(page_of()).action == "opened"
    assert clock.waited_s == 20


@pytest.mark.parametrize("fact", ["{}", '{"at": 3}', '{"at": ["x", null, 1e300, -5, true]}'])
def test_times_that_nobody_can_read_count_for_nothing(hub: GitHubServer, fact: str) -> None:
    hub.memory.facts["writes/127.0.0.1"] = fact
    assert hub.forge().publish(page_of()).action == "opened"


def test_a_limit_that_ends_soon_is_waited_for(hub: GitHubServer, clock: FixedWaiting) -> None:
    hub.forge().publish(page_of())
    hub.used = hub.limit
    clock.pause(3500)
    assert hub.forge().publish(page_of(title="New")).action == "updated"
    assert clock.waited_s == 3600


def test_a_limit_that_ends_late_is_told_with_its_time_and_the_next_run_finishes(
    hub: GitHubServer, clock: FixedWaiting
) -> None:
    hub.forge().publish(page_of())
    hub.used = hub.limit
    forge, asked = hub.forge(), len(hub.server.asked)
    for _ in range(3):
        with pytest.raises(PostponedError) as error:
            forge.publish(page_of(title="New"))
        assert str(error.value) == (
            "GitHub's rate limit (403 API rate limit exceeded for user ID 1.) is reached until 03:00:00 UTC;"
            " run `doit run pr` after that"
        )
    assert len(hub.server.asked) == asked + 1  # the others were told without a request
    clock.pause(3600)
    assert hub.forge().publish(page_of(title="New")).action == "updated"


def test_the_reserve_is_never_spent(hub: GitHubServer) -> None:
    hub.forge().publish(page_of())
    hub.used = hub.limit - 102
    forge = hub.forge()
    forge.publish(page_of())
    with pytest.raises(PostponedError, match=r"rate limit but for a reserve of 100 requests is reached until 03:00:00"):
        forge.publish(page_of())
    assert hub.left == 100


@pytest.mark.parametrize(
    ("headers", "waited"),
    [({"Retry-After": "30"}, 30), ({}, 60), ({"Retry-After": "Mon, 23 Nov 2026 02:02:00 GMT"}, 120)],
)
@pytest.mark.parametrize(
    ("status", "message"), [(403, "You have exceeded a secondary rate limit."), (429, "Slow down")]
)
def test_a_secondary_limit_is_waited_for_and_the_write_done_once(
    hub: GitHubServer, clock: FixedWaiting, status: int, message: str, headers: dict[str, str], waited: int
) -> None:
    hub.faults.append(Fault("POST", "/pulls$", status=status, message=message, headers=headers))
    assert hub.forge().publish(page_of()).action == "opened"
    assert len(hub.pulls) == 1
    assert waited <= clock.waited_s < waited + 2


@pytest.mark.parametrize(
    ("status", "headers", "text", "words"),
    [
        (200, {}, '{"errors": [{"type": "RATE_LIMITED", "message": "Slow down"}]}', "200 Slow down"),
        (200, {}, '[{"body": "about \\"RATE_LIMITED\\""}]', None),
        (200, {}, '{"title": "RATE_LIMITED"}', None),
        (403, {}, '{"message": "Resource not accessible"}', None),
        (403, {"retry-after": "1"}, "<html>", "403 <html>"),
        (404, {"retry-after": "1"}, '{"message": "rate limit"}', None),
        (429, {}, f'{{"message": "no {TOKEN}"}}', "429 no ***"),
    ],
)
def test_a_refusal_for_too_much_is_told_from_every_other(
    status: int, headers: dict[str, str], text: str, words: str | None
) -> None:
    found = github_errors.limit_answer((status, headers, text), TOKEN)
    assert (found.words if found else None) == words


def test_refusals_without_an_end_are_given_up_within_what_may_be_waited(hub: GitHubServer, clock: FixedWaiting) -> None:
    hub.faults.append(Fault("GET", "", status=429, times=99))
    with pytest.raises(PostponedError):
        hub.forge(wait_s=300).publish(page_of())
    assert (len(hub.server.asked), clock.waited_s) == (3, 60 + 120)


def test_a_call_that_ends_waits_for_nothing(hub: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FixedWaiting, "pause", lambda self, seconds: False)
    hub.faults.append(Fault("GET", "", status=429))
    with pytest.raises(PublishError, match=r"^the run was ended before GitHub was asked; run `doit run pr` again$"):
        hub.forge().publish(page_of())


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


def test_an_answer_between_two_that_did_not_come_ends_the_silence(hub: GitHubServer) -> None:
    hub.faults += [Fault("GET", "/demo$", cut=True), Fault("GET", "/pulls$", cut=True)]
    forge = hub.forge()
    assert forge.publish(page_of()).action == "opened"


# --- other servers ---


def test_a_github_of_ones_own_is_asked_below_its_prefix_with_all_its_pages(clock: FixedWaiting) -> None:
    with github_server(clock, prefix="/api/v3") as hub:
        forge = hub.forge()
        for number in range(130):
            hub.push(f"o{number}:{HEAD}")
            hub.open({"head": f"o{number}:{HEAD}", "base": "main", "title": "x"})
        assert len(forge._repository().get_pulls(state="open").get_page(1)) == 30
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
    reason="requests were not held against GitHub's description: npm ci --prefix tests/counterparts",
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
