"""The line to a server that takes a message: cut after a while, however slowly it speaks, and never led elsewhere.

It decides nothing about messages. What it does not bound is the handshake of TLS, where only each wait ends in time.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

WAITS = 4  # as long as so many answers that come just in time; then the line is cut, whatever still comes over it
_AGAIN_S = 0.1


@contextmanager
def cut_after(seconds: float, line: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Around what goes over a line: whoever waits for something on it then finds that it ended."""
    over = threading.Event()

    def cut() -> None:
        wait_s = seconds
        while not over.wait(wait_s):
            with suppress(OSError):
                if found := line():
                    socket.socket.shutdown(found, socket.SHUT_RDWR)  # TLS's own would say goodbye first
            wait_s = _AGAIN_S

    thread = threading.Thread(target=cut, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class HttpLine:
    """For one request over HTTP; `is_up` says whether a connection was made: until then nothing of it was sent."""

    is_up = False
    _socket: socket.socket | None = None

    @contextmanager
    def answer(self, request: Request, *, timeout_s: float) -> Iterator[Any]:
        """The answer, as urllib has it; raises what urllib does, a redirection being an HTTPError."""
        opener = build_opener(_StayHere, self._over(HTTPHandler), self._over(HTTPSHandler))
        try:
            with (
                cut_after(WAITS * timeout_s, lambda: self._socket),
                opener.open(request, timeout=timeout_s) as answer,
            ):
                yield answer
        finally:
            if self._socket:
                self._socket.close()

    def _over(self, handler: type[HTTPHandler | HTTPSHandler]) -> HTTPHandler | HTTPSHandler:
        """A handler of urllib's, whose connections say that they were made."""
        line = self

        class Watching(handler):  # type: ignore[misc, valid-type]
            def do_open(self, connection: Any, *arguments: Any, **named: Any) -> Any:
                def made(*its: Any, **own: Any) -> Any:
                    one = connection(*its, **own)
                    connect = one.connect

                    def connected() -> None:
                        connect()
                        line._socket = socket.fromfd(one.sock.fileno(), one.sock.family, one.sock.type)
                        line.is_up = True

                    one.connect = connected
                    return one

                return super().do_open(made, *arguments, **named)

        return Watching()


class _StayHere(HTTPRedirectHandler):
    """A redirect of a POST would arrive as a GET, at whoever it leads to, and look like a success."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None
