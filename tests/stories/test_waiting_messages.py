"""What could not be sent waits and goes later, the oldest first; a mail under one id, a Slack message at most once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.counterparts.scripted import Answer, Asked, Scripted, scripted
from tests.unit.publish.notifiers.test_mail import Postbox, certificate_in, serving
from tests.world import World, end_group, wait_for

NIGHTS = [f"2026-11-{day}T02:00:00+00:00" for day in range(20, 30)]


@pytest.fixture
def nightly(world: World) -> World:
    """Something changes every night, and is told to two people."""
    world.workstream("tidy", steps=[world.step("write", "echo >> tidy.txt")])
    world.commit()
    world.env |= {
        "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1", "SMTP_SECURITY": "none",
        "REPORT_RECIPIENTS": "team@example.org,lead@example.org", "SMTP_FROM": "Splinter <bot@example.org>",
    }  # fmt: skip
    return world


@contextmanager
def mail_server(world: World, postbox: Postbox, folder: Path) -> Iterator[None]:
    with serving(postbox, certificate_in(folder), has_tls=False) as port:
        world.env["SMTP_PORT"] = str(port)
        yield


def night(world: World, number: int) -> int:
    world.now = NIGHTS[number]
    return world.doit("run", "tidy", "report", "email").status


def runs(world: World) -> list[str]:
    """The ids of all runs, the oldest first."""
    return [one["run"] for one in reversed(json.loads(world.doit("history", "--json").out))]


def subjects(postbox: Postbox) -> list[str]:
    return [str(one["Subject"]).split(" · ")[-1] for one in postbox.letters()]


@pytest.mark.lane("stories")
def test_three_nights_without_a_mail_server_lose_nothing(nightly: World, tmp_path: Path) -> None:
    assert [night(nightly, number) for number in range(3)] == [2, 2, 2]
    told = nightly.doit("doctor", "--offline").out
    first, _, third = runs(nightly)
    assert (
        f"note     email: 3 waiting since 2026-11-20T02:00:00+00:00, of {first}, after 3 tries; said last: mail server"
        " 127.0.0.1:1 does not take the mail (Connection refused); check SMTP_HOST and SMTP_PORT" in told
    )
    assert f"email of {third}: waiting since 2026-11-22T02:00:00+00:00" in nightly.doit("history").out
    postbox = Postbox()
    with mail_server(nightly, postbox, tmp_path):
        assert night(nightly, 3) == 0
        assert nightly.doit("run", "tidy", "report", "email").status == 0
    assert subjects(postbox) == runs(nightly)
    assert len({one["Message-ID"] for one in postbox.letters()}) == 4
    assert "earlier run" in postbox.letters()[0]["Subject"]
    assert "earlier run" not in postbox.letters()[3]["Subject"]
    assert " email: " not in nightly.doit("doctor", "--offline").out
    assert "done after all" in nightly.doit("show", first).out


@pytest.mark.lane("stories")
def test_a_mail_that_is_refused_for_good_holds_no_other_up_and_is_given_up(nightly: World, tmp_path: Path) -> None:
    postbox = Postbox(after_data="552 too big")
    with mail_server(nightly, postbox, tmp_path):
        assert night(nightly, 0) == 2
        first = runs(nightly)[0]
        postbox.refuses_text = first
        postbox.after_data = "250 OK"
        assert night(nightly, 1) == 2
        assert subjects(postbox) == runs(nightly)[1:]
        nightly.now = NIGHTS[2]
        done = nightly.doit("run", "tidy", "report", "email")
        assert done.status == 2
        assert f"it is given up after 3 tries, and `doit show {first}` prints it" in done.out
        assert f"email of {first}: refused since" in nightly.doit("history").out
        assert night(nightly, 3) == 0
    assert subjects(postbox) == runs(nightly)[1:]


@pytest.mark.lane("stories")
def test_a_server_that_drops_after_it_took_the_mail_gets_it_again_under_the_same_id(
    nightly: World, tmp_path: Path
) -> None:
    postbox = Postbox(drops=2)
    with mail_server(nightly, postbox, tmp_path):
        assert night(nightly, 0) == 2
        (Path(nightly.root) / ".splinter/memory.db").unlink()
        assert nightly.doit("run", "tidy", "report", "email").status == 2
        assert nightly.doit("run", "tidy", "report", "email").status == 0
    assert len(postbox.letters()) == 3
    assert len({one["Message-ID"] for one in postbox.letters()}) == 1


@pytest.mark.lane("stories")
def test_a_mail_that_had_nobody_to_go_to_waits_too(nightly: World, tmp_path: Path) -> None:
    recipients = nightly.env.pop("REPORT_RECIPIENTS")
    assert night(nightly, 0) == 2
    nightly.env["REPORT_RECIPIENTS"] = recipients
    postbox = Postbox()
    with mail_server(nightly, postbox, tmp_path):
        assert night(nightly, 1) == 0
    assert subjects(postbox) == runs(nightly)


@pytest.mark.lane("stories")
def test_files_that_were_written_without_a_mail_server_are_never_sent(nightly: World, tmp_path: Path) -> None:
    host = nightly.env.pop("SMTP_HOST")
    assert night(nightly, 0) == 0
    assert len(nightly.mails()) == 1
    nightly.env["SMTP_HOST"] = host
    postbox = Postbox()
    with mail_server(nightly, postbox, tmp_path):
        assert night(nightly, 1) == 0
    assert subjects(postbox) == runs(nightly)[1:]


@pytest.mark.lane("kills")
def test_a_run_killed_while_its_mail_is_sent_sends_it_again_under_the_same_id(nightly: World, tmp_path: Path) -> None:
    postbox = Postbox(holds=True)
    with mail_server(nightly, postbox, tmp_path):
        nightly.now = NIGHTS[0]
        process = nightly.start("run", "tidy", "report", "email")
        wait_for(lambda: postbox.envelopes, "the mail was taken")
        end_group(process)
        postbox.holds = False
        assert night(nightly, 1) == 0
    first, second = runs(nightly)
    assert subjects(postbox) == [first, first, second]
    assert len({one["Message-ID"] for one in postbox.letters()}) == 2


# --- Slack ---


@contextmanager
def slack(world: World, answer: list[Answer]) -> Iterator[Scripted]:
    def answered(_: Asked) -> Answer:
        return answer.pop(0) if answer else Answer(body="ok")

    with scripted(answered) as server:
        world.env["SLACK_WEBHOOK_URL"] = f"{server.url}/hook"
        yield server


def posted(server: Scripted) -> list[str]:
    return [one.json()["text"].split(" · ")[-1] for one in server.asked]


def slack_night(world: World, number: int) -> int:
    world.now = NIGHTS[number]
    return world.doit("run", "tidy", "report", "slack").status


@pytest.mark.lane("stories")
def test_a_slack_that_refuses_or_is_away_gets_its_messages_later(nightly: World) -> None:
    nightly.env["SLACK_WEBHOOK_URL"] = "http://127.0.0.1:1/hook"
    assert slack_night(nightly, 0) == 2
    with slack(nightly, [Answer(429, headers={"Retry-After": "30"})] * 2) as server:
        assert slack_night(nightly, 1) == 2
        assert slack_night(nightly, 2) == 0
    assert posted(server)[2:] == runs(nightly)


@pytest.mark.lane("stories")
def test_a_message_that_may_have_arrived_is_told_and_not_sent_again(nightly: World) -> None:
    with slack(nightly, [Answer(500, "rollup_error")]) as server:
        assert slack_night(nightly, 0) == 2
        assert slack_night(nightly, 0) == 0
        assert "may have posted it all the same; it is not sent again" in nightly.doit("history").out
        assert "1 perhaps done since 2026-11-20" in nightly.doit("doctor", "--offline").out
        assert slack_night(nightly, 1) == 0
        assert posted(server) == runs(nightly)
        assert nightly.doit("-a", "slack").status == 0, "asked for by name"
    assert posted(server) == [*runs(nightly)[:2], runs(nightly)[1]]


@pytest.mark.lane("publish")
def test_a_run_killed_after_its_post_posts_once(nightly: World) -> None:
    taken: list[str] = []

    def never(asked: Asked) -> Answer:
        taken.append(asked.path)
        if len(taken) == 1:
            wait_for(lambda: process.poll() is not None, "the run was killed")
        return Answer(body="ok")

    with scripted(never) as server:
        nightly.env["SLACK_WEBHOOK_URL"] = f"{server.url}/hook"
        nightly.now = NIGHTS[0]
        process = nightly.start("run", "tidy", "report", "slack")
        wait_for(lambda: taken, "the post was taken")
        end_group(process)
        nightly.now = NIGHTS[1]
        done = nightly.doit("run", "tidy", "report", "slack")
        assert done.status == 2
        first, second = runs(nightly)
        assert f"of the run {first}: a call was ended while it was sent" in done.out
        assert slack_night(nightly, 2) == 0
        assert posted(server) == runs(nightly) == [first, second, runs(nightly)[2]]


# --- the healthcheck ---


@pytest.mark.lane("publish")
def test_a_ping_that_fails_is_told_and_fails_nothing(nightly: World) -> None:
    nightly.env["HEALTHCHECK_URL"] = "http://127.0.0.1:1/ping"
    nightly.now = NIGHTS[0]
    done = nightly.doit("run", "tidy", "report", "healthcheck")
    assert done.status == 0
    assert "healthcheck  not told  127.0.0.1 does not answer the ping ([Errno 111] Connection refused)" in done.out
    assert "not published" not in done.out
    (run,) = runs(nightly)
    assert f"ping of {run}: waiting since" in nightly.doit("history").out
    nightly.now = NIGHTS[1]
    with scripted(lambda _: Answer(body="OK")) as server:
        nightly.env["HEALTHCHECK_URL"] = f"{server.url}/ping"
        nightly.doit("run", "tidy", "report", "healthcheck")
    begun, ended = server.asked
    assert begun.path.startswith("/ping/start?rid=")
    assert ended.path == begun.path.replace("/start", "")
    assert f"How the run {run} ended could not be told to the healthcheck: " in ended.body.decode()
