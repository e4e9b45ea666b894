from __future__ import annotations

from pathlib import Path

import pytest

from splinter.config import settings_file
from splinter.errors import PublishError, UnansweredError
from splinter.model.ports import Message, Sender
from splinter.publish.notifiers.messengers import Messengers
from splinter.text.redact import Masked, Redactor
from tests.counterparts.scripted import Answer, Asked, scripted

pytest.importorskip("apprise", reason="the extra is not installed: pip install -e '.[test]'")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise imports what Python deprecates
MESSAGE = Message(
    run="run-1", subject=Masked("[splinter] 1 failed · run-1"), text=Masked("# One"), html=Masked(""), is_failure=True
)
SENDER = Sender(address="bot@example.org", outbox=Path("outbox"))


def messengers(*urls: str) -> Messengers:
    return Messengers.from_env(settings_file.environment({"APPRISE_URLS": "\n ".join(urls)}), SENDER)


def test_a_message_arrives_at_each_address() -> None:
    with scripted(lambda _: Answer(200)) as server:
        host = server.url.removeprefix("http://")
        assert messengers(f"json://{host}/one", f"xml://{host}/two").send(MESSAGE) == "message to json, xml"
    one, two = server.asked
    assert (one.path, two.path) == ("/one", "/two")
    sent = one.json()
    assert (sent["title"], sent["message"], sent["type"]) == ("[splinter] 1 failed · run-1", "# One", "failure")


def test_what_a_service_did_not_confirm_is_told_and_costs_no_other() -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(500 if asked.path == "/made-up-secret" else 200)

    with scripted(answer) as server:
        host = server.url.removeprefix("http://")
        with pytest.raises(UnansweredError) as error:
            messengers(f"json://{host}/made-up-secret", f"xml://{host}/two").send(MESSAGE)
    assert [one.path for one in server.asked] == ["/made-up-secret", "/two"]
    assert str(error.value).startswith("json did not confirm the message (")
    assert "made-up-secret" not in str(error.value)


def test_an_address_that_is_none_is_reported_before_anything_is_sent() -> None:
    with scripted(lambda _: Answer(200)) as server:
        host = server.url.removeprefix("http://")
        with pytest.raises(PublishError) as error:
            messengers(f"json://{host}/one", "carrier-pigeon://made-up-secret").send(MESSAGE)
    assert not server.asked
    assert str(error.value) == ("APPRISE_URLS: apprise does not understand an address of carrier-pigeon")


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splinter.publish.notifiers.messengers.find_spec", lambda _: None)
    with pytest.raises(PublishError, match=r"^APPRISE_URLS is set, and apprise is not installed; `pip install 'doit-"):
        messengers("json://127.0.0.1/one")


def test_tokens_in_addresses_are_secrets_wherever_they_stand() -> None:
    urls = (
        "tgram://123456789:made-up-token-aaaa/4711  discord://made-up-id-bbbb/made-up-token-cccc?to=made-up-dddd-long"
    )
    redactor = Redactor(settings_file.environment({"APPRISE_URLS": urls}).secrets())
    for part in ("made-up-token-aaaa", "made-up-id-bbbb", "made-up-token-cccc", "made-up-dddd-long"):
        assert redactor.text(f"said {part} twice") == "said *** twice"
    assert "made-up" not in repr(messengers(*urls.split()))
