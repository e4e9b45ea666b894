"""How much is asked of GitHub and when: its limits are waited for or told, and never spent to the last; nobody waits."""

from __future__ import annotations

import threading

import pytest

from splinter.errors import PostponedError, PublishError
from splinter.publish.forges import github_errors
from splinter.publish.waiting import FixedWaiting
from tests.counterparts import TOKEN
from tests.counterparts.github_server import Fault, GitHubServer, github_server
from tests.unit.publish.forges.pages import page_of


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


@pytest.mark.parametrize("fact", ["{}", '{"at": 3}', '{"at": ["x", null, 1e300, -5, true, 1%s]}' % ("0" * 400)])
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
    [
        ({"Retry-After": "30"}, 30),
        ({}, 60),
        ({"Retry-After": "Mon, 23 Nov 2026 02:02:00 GMT"}, 120),
        ({"Retry-After": "Fri, 01 Jan 99999999999999999999 00:00:00 GMT"}, 60),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -1200"}, 60),
    ],
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
