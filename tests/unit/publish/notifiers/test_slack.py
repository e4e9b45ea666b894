from __future__ import annotations

import json
import socket
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.errors import NotTakenError, PublishError, UnansweredError
from splinter.model.ports import Message
from splinter.model.records import RunRecord, StepRecord, WorkstreamRecord
from splinter.publish import mail
from splinter.publish.notifiers.slack import CUT, Slack, blocks
from splinter.text.redact import Masked
from tests.counterparts import SLACK, emulated
from tests.counterparts.scripted import Answer, scripted
from tests.unit.publish.notifiers.test_mail import certificate_in

SECRET = "/services/T000000001/B000000001/XXXXsecretXXXX"
RECORD = WorkstreamRecord(
    workstream="docs", title="Docs <!channel> & more", outcome="failed", step="write", reason="exit_code",
    message="a < b & c\n**kwargs",
    steps=(StepRecord(workstream="docs", step="write", outcome="failed", started="", seconds=2, reason="exit_code"),),
)  # fmt: skip
RUN = RunRecord(run="run-1", started="2026-01-02T02:00:00Z", finished="2026-01-02T02:00:01Z", workstreams=(RECORD,))
MESSAGE = mail.message(RUN, Masked)


@pytest.fixture(scope="module")
def slack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulated("slack", SLACK, tmp_path_factory.mktemp("slack")) as url:
        yield url


def history(url: str) -> list[dict[str, object]]:
    """What stands in the channel `general`, the newest first."""

    def call(method: str, **fields: str) -> dict[str, list[dict[str, object]]]:
        request = urllib.request.Request(f"{url}/api/{method}", data=json.dumps(fields).encode())
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", "Bearer xoxb-test")
        with urllib.request.urlopen(request) as answer:
            found: dict[str, list[dict[str, object]]] = json.load(answer)
            assert found["ok"], found
            return found

    channel = next(one["id"] for one in call("conversations.list")["channels"] if one["name"] == "general")
    return call("conversations.history", channel=str(channel))["messages"]


def test_a_report_arrives_in_the_channel(slack: str) -> None:
    assert Slack(f"{slack}{SECRET}").send(MESSAGE) == "message to Slack at 127.0.0.1"
    newest = history(slack)[0]
    assert newest["text"] == "[splinter] 1 failed · run-1"
    assert newest["blocks"] == blocks(MESSAGE)


def test_a_report_at_slacks_limits_is_taken(slack: str) -> None:
    text = "".join(f"{'<' * 900}{number}\n" for number in range(200))
    Slack(f"{slack}{SECRET}").send(Message(run="r", subject="x" * 500, text=text, html="", is_failure=False))
    newest = history(slack)[0]
    assert isinstance(newest["blocks"], list)
    assert sum(len(block["text"]["text"]) for block in newest["blocks"]) < 11_000, "it takes some 13,000 of all blocks"
    assert newest["blocks"][-1]["text"]["text"].endswith(CUT)


def test_markdown_becomes_slacks_own() -> None:
    header, section = blocks(MESSAGE)
    assert header == {"type": "header", "text": {"type": "plain_text", "text": "[splinter] 1 failed · run-1"}}
    lines = section["text"]["text"].split("\n")
    assert lines[0] == "*1 workstream: 1 failed*"
    assert "*docs: Docs &lt;!channel&gt; &amp; more*" in lines
    assert "*Failed* at `write` (`exit_code`)" in lines
    assert "    a &lt; b &amp; c" in lines
    assert "    **kwargs" in lines
    assert "Workstream · Outcome · Pull request · Cost · Time" in lines
    assert "docs · *failed* · \u2013 · \u2013 · 2 s" in lines


def test_links_stay_links() -> None:
    message = Message(
        run="r", subject="s", text="- <https://github.com/o/r/pull/1>, [#2](https://x.y/2)", html="", is_failure=False
    )
    assert blocks(message)[1]["text"]["text"] == "- https://github.com/o/r/pull/1, #2 https://x.y/2"


@given(st.text(st.sampled_from("ab<>&|*_`\\#@ \n-"), max_size=20_000))
def test_no_text_exceeds_slacks_limits_or_mentions_anybody(text: str) -> None:
    made = blocks(Message(run="r", subject=text, text=text, html="", is_failure=False))
    assert len(made) <= 50
    assert sum(len(block["text"]["text"]) for block in made) < 11_000
    for block in made[1:]:
        assert 0 < len(block["text"]["text"]) <= 3_000
        assert not set(block["text"]["text"]) & {"<", ">"}
    assert len(made[0]["text"]["text"]) <= 150


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        (
            404,
            "no_service",
            "(404 no_service); the webhook was revoked or its channel is gone: make a new one for SLACK_WEBHOOK_URL",
        ),
        (500, "rollup_error", "(500 rollup_error), and may have posted it all the same; it is not sent again"),
        (503, "", "(503 ); run `doit run slack` again later"),
        (429, "", "(429 ); run `doit run slack` again in 30 s"),
        (302, "", "(302 ); it leads elsewhere, where nothing is sent to; check SLACK_WEBHOOK_URL"),
        (400, f"invalid {SECRET}\x1b[31m", "(400 invalid ***); run `doit run slack` again later"),
    ],
)
def test_a_refusal_is_reported_without_the_address(status: int, said: str, told: str) -> None:
    answer = Answer(status, said, {302: {"Location": "/elsewhere"}, 429: {"Retry-After": "30"}}.get(status, {}))
    with scripted(lambda _: answer) as server, pytest.raises(PublishError) as error:
        Slack(f"{server.url}{SECRET}").send(MESSAGE)
    assert str(error.value) == f"Slack at 127.0.0.1 refused the message {told}"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, UnansweredError), (502, UnansweredError), (503, PublishError), (429, PublishError), (404, PublishError),
     (302, PublishError), (400, NotTakenError)],
)  # fmt: skip
def test_an_answer_says_whether_it_may_be_sent_again(status: int, kind: type[PublishError]) -> None:
    with scripted(lambda _: Answer(status)) as server, pytest.raises(PublishError) as error:
        Slack(f"{server.url}{SECRET}").send(MESSAGE)
    assert type(error.value) is kind


def test_a_slack_that_is_not_there_is_reported() -> None:
    with pytest.raises(PublishError) as error:
        Slack(f"http://127.0.0.1:1{SECRET}").send(MESSAGE)
    assert str(error.value) == "Slack at 127.0.0.1 does not answer ([Errno 111] Connection refused)"
    assert type(error.value) is PublishError, "nothing was sent"


def test_a_slack_that_falls_silent_may_have_posted_it() -> None:
    done = threading.Event()
    with scripted(lambda _: Answer(200 if done.wait(10) else 500)) as server:
        try:
            with pytest.raises(UnansweredError) as error:
                Slack(f"{server.url}{SECRET}", timeout_s=0.2).send(MESSAGE)
        finally:
            done.set()
    assert str(error.value) == (
        "Slack at 127.0.0.1 was handed the message and did not answer (TimeoutError), so that nobody knows whether it"
        " arrived; it is not sent again"
    )


def test_a_line_that_drops_may_have_carried_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:
        thread = threading.Thread(target=lambda: rude.accept()[0].close())
        thread.start()
        with pytest.raises(UnansweredError):
            Slack(f"http://127.0.0.1:{rude.getsockname()[1]}{SECRET}").send(MESSAGE)
        thread.join()


def test_a_certificate_that_nobody_signed_stops_the_message(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_in(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            with suppress(OSError):
                context.wrap_socket(listening.accept()[0], server_side=True)

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(PublishError) as error:
            Slack(f"https://127.0.0.1:{listening.getsockname()[1]}{SECRET}").send(MESSAGE)
        thread.join()
    assert type(error.value) is PublishError, "no line was made, so that nothing was sent"


@pytest.mark.parametrize("url", [SECRET, f"file://{SECRET}", "https://["])
def test_an_address_that_is_none_is_reported_without_being_shown(url: str) -> None:
    with pytest.raises(PublishError) as error:
        Slack(url).send(MESSAGE)
    assert str(error.value) == "SLACK_WEBHOOK_URL is not an address; it must read https://hooks.slack.com/services/…"
    assert "secret" not in repr(Slack(url))
