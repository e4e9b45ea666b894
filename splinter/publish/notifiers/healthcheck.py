"""A ping that says that the run took place. It never shows the address, which is the secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import SplitResult, urlsplit
from urllib.request import Request, urlopen

from splinter.errors import PublishError
from splinter.model import finding
from splinter.model.finding import Finding
from splinter.model.ports import Message, Sender
from splinter.model.settings import Environment
from splinter.text.markdown import one_line


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """A check as healthchecks.io and its kin have them: a ping is a sign of life, with `/fail` appended a failure."""

    url: str = field(repr=False)
    timeout_s: float = 10.0

    @classmethod
    def from_env(cls, environment: Environment, sender: Sender) -> Healthcheck:
        """By the address of HEALTHCHECK_URL."""
        return cls(environment.variable("HEALTHCHECK_URL") or "")

    def finding(self) -> Finding:
        """That it is configured; the address is the secret."""
        return finding.ok(
            "healthcheck", "healthcheck", "is configured: HEALTHCHECK_URL is set; `doit healthcheck --test` proves it"
        )

    def send(self, message: Message) -> str:
        """Ping, with the subject as the body that the service shows, and say what was reported to whom."""
        parts = _parts(self.url)
        path = f"{parts.path.rstrip('/')}/fail" if message.is_failure else parts.path
        request = Request(parts._replace(path=path).geturl(), data=one_line(message.subject).encode())  # noqa: S310
        try:
            with urlopen(request, timeout=self.timeout_s) as answer:  # noqa: S310  http and https alone
                answer.read(1_000)
        except HTTPError as error:
            error.close()
            raise PublishError(f"{parts.hostname} refused the ping ({error.code}); check HEALTHCHECK_URL") from error
        except (OSError, HTTPException, ValueError) as error:  # ValueError: an address that is no ASCII
            said = one_line(getattr(error, "reason", "") or type(error).__name__)
            raise PublishError(f"{parts.hostname} does not answer the ping ({said})") from error
        return f"{'failure' if message.is_failure else 'success'} reported to {parts.hostname}"


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return parts
    except ValueError:
        pass
    raise PublishError("HEALTHCHECK_URL is not an address; it must begin with https://")
