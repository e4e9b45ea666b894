"""A server that speaks too slowly to fall silent, or without an end, holds up nobody for long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from splinter.errors import PublishError, UnansweredError
from splinter.publish.notifiers.healthcheck import Healthcheck
from splinter.publish.notifiers.slack import Slack
from tests.unit.publish.notifiers.test_mail import MESSAGE, certificate_in, mail_to


@contextmanager
def speaking(said: bytes, pause_s: float) -> Iterator[int]:
    """A server that says the same over and over, whatever it hears."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            with suppress(OSError), server.accept()[0] as line:
                while True:
                    line.sendall(said)
                    time.sleep(pause_s)

        thread = threading.Thread(target=speak)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive(), "the line was cut"


def by_mail(port: int, folder: Path) -> str:
    return mail_to(port, certificate_in(folder), security="none", timeout_s=0.1).send(MESSAGE)


def by_slack(port: int, _: Path) -> str:
    return Slack(f"http://127.0.0.1:{port}/made-up", timeout_s=0.1).send(MESSAGE)


def by_ping(port: int, _: Path) -> str:
    return Healthcheck(f"http://127.0.0.1:{port}/made-up", timeout_s=0.1, pauses_s=()).send(MESSAGE)


@pytest.mark.parametrize(
    ("send", "said", "kind"),
    [
        (by_mail, b"2", PublishError), (by_mail, b"220-hello\r\n" * 1000, PublishError),
        (by_slack, b"2", UnansweredError), (by_ping, b"2", PublishError),
    ],
)  # fmt: skip
def test_a_line_that_never_ends_is_cut(
    send: Callable[[int, Path], str], said: bytes, kind: type[PublishError], tmp_path: Path
) -> None:
    begun = time.monotonic()
    with speaking(said, pause_s=0.02) as port, pytest.raises(PublishError) as error:
        send(port, tmp_path)
    assert type(error.value) is kind
    assert time.monotonic() - begun < 10
