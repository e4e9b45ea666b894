from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from splinter.errors import PublishError
from splinter.model.ports import Message
from splinter.publish.notifiers.healthcheck import Healthcheck
from splinter.text.redact import Masked
from tests.counterparts.scripted import Answer, scripted

SECRET = "0f3b7c1e-secret"
ID = "5f0b1e0a-0000-4000-8000-000000000001"
GOOD = Message(run="r", subject="[splinter] 2 changed · r", text="t", html="h", is_failure=False)
BAD = Message(run="r", subject="[splinter] 1 failed · r", text="t", html="h", is_failure=True)


def test_a_good_run_pings_the_address_itself() -> None:
    with scripted(lambda _: Answer(200, "OK")) as server:
        assert Healthcheck(f"{server.url}/{SECRET}").send(GOOD) == "success reported to 127.0.0.1"
    assert [(one.method, one.path, one.body.decode()) for one in server.asked] == [
        ("POST", f"/{SECRET}", "[splinter] 2 changed · r\n\nt")
    ]


@pytest.mark.parametrize(("address", "asked"), [("", "/fail"), ("/", "/fail"), ("?create=1", "/fail?create=1")])
def test_a_bad_run_pings_its_failure(address: str, asked: str) -> None:
    with scripted(lambda _: Answer(200, "OK")) as server:
        told = Healthcheck(f"{server.url}/{SECRET}{address}").send(BAD)
    assert told == "failure reported to 127.0.0.1"
    assert [one.path for one in server.asked] == [f"/{SECRET}{asked}"]


def test_begin_and_end_of_a_call_carry_its_id() -> None:
    with scripted(lambda _: Answer(200, "OK")) as server:
        check = Healthcheck(f"{server.url}/{SECRET}?create=1")
        check.begin(ID)
        check.send(replace(BAD, id=ID))
    assert [one.path for one in server.asked] == [
        f"/{SECRET}/start?create=1&rid={ID}", f"/{SECRET}/fail?create=1&rid={ID}"
    ]  # fmt: skip


def test_a_service_that_knows_no_begin_is_left_alone_with_it() -> None:
    with scripted(lambda _: Answer(404)) as server:
        Healthcheck(f"{server.url}/{SECRET}").begin(ID)
    with scripted(lambda _: Answer(403)) as server, pytest.raises(PublishError):
        Healthcheck(f"{server.url}/{SECRET}").begin(ID)


def test_a_ping_is_repeated_a_little_with_the_same_id() -> None:
    answers = iter([Answer(503), Answer(429), Answer(200)])
    with scripted(lambda _: next(answers)) as server:
        Healthcheck(f"{server.url}/{SECRET}", pauses_s=(0, 0)).send(replace(GOOD, id=ID))
    assert [one.path for one in server.asked] == [f"/{SECRET}?rid={ID}"] * 3
    with scripted(lambda _: Answer(503)) as server, pytest.raises(PublishError):
        Healthcheck(f"{server.url}/{SECRET}", pauses_s=(0, 0)).send(GOOD)
    assert len(server.asked) == 3


def test_a_long_report_is_cut_to_what_the_service_keeps() -> None:
    with scripted(lambda _: Answer(200)) as server:
        Healthcheck(f"{server.url}/{SECRET}").send(replace(GOOD, text=Masked("é" * 60_000)))
    assert 99_990 < len(server.asked[0].body) <= 100_000
    server.asked[0].body.decode()


def test_a_refusal_is_reported_without_the_address() -> None:
    with scripted(lambda _: Answer(404, "not found")) as server, pytest.raises(PublishError) as error:
        Healthcheck(f"{server.url}/{SECRET}").send(GOOD)
    assert str(error.value) == "127.0.0.1 refused the ping (404); check HEALTHCHECK_URL"


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_ping_that_is_led_elsewhere_is_no_success(status: int) -> None:
    """A page to log in, say, answers 200 to whoever is led there, and nobody hears of the run."""
    with (
        scripted(
            lambda asked: Answer(200) if asked.path == "/login" else Answer(status, "", {"Location": "/login"})
        ) as server,
        pytest.raises(PublishError) as error,
    ):
        Healthcheck(f"{server.url}/{SECRET}").send(BAD)
    assert str(error.value) == f"127.0.0.1 leads elsewhere ({status}); put where it leads into HEALTHCHECK_URL"
    assert len(server.asked) == 1


def test_a_service_that_stalls_is_given_up() -> None:
    done = threading.Event()
    with scripted(lambda _: Answer(200 if done.wait(10) else 500)) as server:
        try:
            with pytest.raises(PublishError) as error:
                Healthcheck(f"{server.url}/{SECRET}", timeout_s=0.2, pauses_s=()).send(GOOD)
        finally:
            done.set()
    assert str(error.value) == "127.0.0.1 does not answer the ping (TimeoutError)"


def test_a_service_that_is_not_there_is_reported() -> None:
    with pytest.raises(PublishError) as error:
        Healthcheck(f"http://127.0.0.1:1/{SECRET}", pauses_s=(0,)).send(GOOD)
    assert str(error.value) == "127.0.0.1 does not answer the ping ([Errno 111] Connection refused)"


@pytest.mark.parametrize(
    "url", [SECRET, f"file:///etc/{SECRET}", f"ftp://x/{SECRET}", "https://", f"https://[{SECRET}"]
)
def test_an_address_that_is_none_is_reported_without_being_shown(url: str) -> None:
    with pytest.raises(PublishError) as error:
        Healthcheck(url).send(GOOD)
    assert str(error.value) == "HEALTHCHECK_URL is not an address; it must begin with https://"


def test_an_address_that_cannot_be_sent_is_reported_without_being_shown() -> None:
    with pytest.raises(PublishError) as error:
        Healthcheck(f"http://127.0.0.1:1/ü {SECRET}").send(GOOD)
    assert SECRET not in str(error.value)


def test_the_address_is_not_shown_when_it_is_printed() -> None:
    assert SECRET not in repr(Healthcheck(f"https://hc-ping.com/{SECRET}"))
