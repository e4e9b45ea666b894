"""Pings that say that a call began, and how it ended. They never show the address, which is the secret."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import ClassVar
from urllib.error import HTTPError
from urllib.parse import SplitResult, urlencode, urlsplit
from urllib.request import Request

from splinter.errors import PublishError
from splinter.model import finding
from splinter.model.finding import Finding
from splinter.model.ports import Message, Sender
from splinter.model.settings import Environment
from splinter.publish.notifiers.line import HttpLine
from splinter.text.markdown import one_line

LONGEST_BODY = 100_000  # bytes that healthchecks.io keeps of a ping
_PASSES = (408, 425, 429, 500, 502, 503, 504)  # answers after which the very same ping may get through
_KNOWS_NO_START = (404, 405)


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """A check as healthchecks.io and its kin have them: a ping is a sign of life, with `/fail` appended a failure.

    A ping is repeated after each of `pauses_s`: its `rid` says that it is the same.
    """

    goes_out: ClassVar[bool] = True
    url: str = field(repr=False)
    timeout_s: float = 10.0
    pauses_s: tuple[float, ...] = (0.5, 1.0)

    @classmethod
    def from_env(cls, environment: Environment, sender: Sender) -> Healthcheck:
        """By the address of HEALTHCHECK_URL."""
        return cls(environment.variable("HEALTHCHECK_URL") or "")

    def finding(self) -> Finding:
        """That it is configured; the address is the secret."""
        return finding.ok(
            "healthcheck", "healthcheck", "is configured: HEALTHCHECK_URL is set; `doit healthcheck --test` proves it"
        )

    def begin(self, id: str) -> None:
        """Ping that a call begins; a service that knows no such ping is none the worse for it."""
        self._ping("/start", id, "", passes_over=_KNOWS_NO_START)

    def send(self, message: Message) -> str:
        """Ping, with the message as the body that the service shows, and say what was reported to whom."""
        self._ping("/fail" if message.is_failure else "", message.id, f"{one_line(message.subject)}\n\n{message.text}")
        return f"{'failure' if message.is_failure else 'success'} reported to {_parts(self.url).hostname}"

    def _ping(self, what: str, id: str, body: str, *, passes_over: tuple[int, ...] = ()) -> None:
        request = Request(_address(_parts(self.url), what, id), data=_cut(body))  # noqa: S310  http and https alone
        for pause_s in (*self.pauses_s, None):
            try:
                with HttpLine().answer(request, timeout_s=self.timeout_s):
                    return
            except HTTPError as error:
                error.close()
                if error.code in passes_over:
                    return
                if pause_s is None or error.code not in _PASSES:
                    raise self._failure(error) from error
            except (OSError, HTTPException, ValueError) as error:  # ValueError: an address that is no ASCII
                if pause_s is None or isinstance(error, ValueError):
                    raise self._failure(error) from error
            time.sleep(pause_s)

    def _failure(self, error: Exception) -> PublishError:
        host = _parts(self.url).hostname
        if isinstance(error, HTTPError) and error.code < 400:
            return PublishError(f"{host} leads elsewhere ({error.code}); put where it leads into HEALTHCHECK_URL")
        if isinstance(error, HTTPError):
            return PublishError(f"{host} refused the ping ({error.code}); check HEALTHCHECK_URL")
        said = one_line(getattr(error, "reason", "") or type(error).__name__)
        return PublishError(f"{host} does not answer the ping ({said})")


def _address(parts: SplitResult, what: str, id: str) -> str:
    path = f"{parts.path.rstrip('/')}{what}" if what else parts.path
    query = "&".join(filter(None, (parts.query, urlencode({"rid": id}) if id else "")))
    return parts._replace(path=path, query=query).geturl()


def _cut(body: str) -> bytes:
    return body.encode()[:LONGEST_BODY].decode("utf-8", "ignore").encode()


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return parts
    except ValueError:
        pass
    raise PublishError("HEALTHCHECK_URL is not an address; it must begin with https://")
