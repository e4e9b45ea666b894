from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.errors import PublishError
from splinter.model.ports import Message
from splinter.model.records import RunRecord, StepRecord, WorkstreamRecord
from splinter.publish import report
from splinter.publish.notifiers.slack import CUT, Slack, blocks
from splinter.text.redact import Masked
from tests.counterparts import SLACK, emulated
from tests.counterparts.scripted import Answer, scripted

SECRET = "/services/T000000001/B000000001/XXXXsecretXXXX"
RECORD = WorkstreamRecord(
    workstream="docs", title="Docs <!channel> & more", outcome="failed", step="write", reason="exit_code",
    message="a < b & c\n**kwargs",
    steps=(StepRecord(workstream="docs", step="write", outcome="failed", started="", seconds=2, reason="exit_code"),),
)  # fmt: skip
RUN = RunRecord(run="run-1", started="2026-01-02T02:00:00Z", finished="2026-01-02T02:00:01Z", workstreams=(RECORD,))
MESSAGE = report.mail(RUN, Masked)


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
    assert len(newest["blocks"]) == 50
    assert newest["blocks"][-1]["text"]["text"] == CUT


def test_markdown_becomes_slacks_own() -> None:
    header, section = blocks(MESSAGE)
    assert header == {"type": "header", "text": {"type": "plain_text", "text": "[splinter] 1 failed · run-1"}}
    lines = section["text"]["text"].split("\n")
    assert lines[0] == "*1 workstream: 1 failed*"
    assert "*docs: Docs &lt;!channel&gt; &amp; more*" in lines
    assert "*Failed* at step `write`, reason `exit_code`" in lines
    assert "    a &lt; b &amp; c" in lines
    assert "    **kwargs" in lines
    assert "Step · Outcome · Seconds · Files" in lines
    assert "`write` · failed (`exit_code`) · 2.0 · 0" in lines


def test_links_stay_links() -> None:
    message = Message(
        run="r", subject="s", text="- Pull request: <https://github.com/o/r/pull/1>", html="", is_failure=False
    )
    assert blocks(message)[1]["text"]["text"] == "- Pull request: https://github.com/o/r/pull/1"


@given(st.text(st.sampled_from("ab<>&|*_`\\#@ \n-"), max_size=9_000))
def test_no_text_exceeds_slacks_limits_or_mentions_anybody(text: str) -> None:
    made = blocks(Message(run="r", subject=text, text=text, html="", is_failure=False))
    assert len(made) <= 50
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
        (500, "rollup_error", "(500 rollup_error); run `doit run slack` again later"),
        (302, "", "(302 ); run `doit run slack` again later"),
        (400, f"invalid {SECRET}\x1b[31m", "(400 invalid ***); run `doit run slack` again later"),
    ],
)
def test_a_refusal_is_reported_without_the_address(status: int, said: str, told: str) -> None:
    answer = Answer(status, said, {"Location": "/elsewhere"} if status == 302 else {})
    with scripted(lambda _: answer) as server, pytest.raises(PublishError) as error:
        Slack(f"{server.url}{SECRET}").send(MESSAGE)
    assert str(error.value) == f"Slack at 127.0.0.1 refused the message {told}"
    assert len(server.asked) == 1


def test_a_slack_that_is_not_there_is_reported() -> None:
    with pytest.raises(PublishError) as error:
        Slack(f"http://127.0.0.1:1{SECRET}").send(MESSAGE)
    assert str(error.value) == "Slack at 127.0.0.1 does not answer ([Errno 111] Connection refused)"


@pytest.mark.parametrize("url", [SECRET, f"file://{SECRET}", "https://["])
def test_an_address_that_is_none_is_reported_without_being_shown(url: str) -> None:
    with pytest.raises(PublishError) as error:
        Slack(url).send(MESSAGE)
    assert str(error.value) == "SLACK_WEBHOOK_URL is not an address; it must read https://hooks.slack.com/services/…"
    assert "secret" not in repr(Slack(url))
