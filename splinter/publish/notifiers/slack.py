"""A message in a Slack channel, through an incoming webhook. It never shows the webhook's address, its secret."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from splinter.errors import PublishError
from splinter.model import finding
from splinter.model.finding import Finding
from splinter.model.ports import Message, Sender
from splinter.model.settings import Environment
from splinter.text.markdown import one_line
from splinter.text.redact import Redactor

# Slack's limits, in characters and blocks
LONGEST_HEADER = 150
LONGEST_TEXT = 3_000
MOST_BLOCKS = 50
CUT = "_Cut here: Slack takes no more. The report of the run has the rest._"

_RULE = re.compile(r"\|[\s:|-]+\|")
_CELLS = re.compile(r"(?<!\\)\|")
_BOLD = re.compile(r"\*\*(\w+)\*\*")
_LINK = re.compile(r"<(https?://[^<>]+)>")
_ESCAPE = re.compile(r"\\([\\`*_\[\]#+.)-])")


@dataclass(frozen=True, slots=True)
class Slack:
    """The channel that the webhook belongs to; `timeout_s` bounds each wait."""

    url: str = field(repr=False)
    timeout_s: float = 10.0

    @classmethod
    def from_env(cls, environment: Environment, sender: Sender) -> Slack:
        """By the webhook of SLACK_WEBHOOK_URL."""
        return cls(environment.variable("SLACK_WEBHOOK_URL") or "")

    def finding(self) -> Finding:
        """That it is configured; the address is the secret."""
        return finding.ok("slack", "slack", "is configured: SLACK_WEBHOOK_URL is set; `doit slack --test` proves it")

    def send(self, message: Message) -> str:
        """Post the report and say where it went."""
        host = _host(self.url)
        body = json.dumps({"text": _escaped(message.subject), "blocks": blocks(message)}).encode()
        request = Request(self.url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310  checked
        try:
            with build_opener(_StayHere).open(request, timeout=self.timeout_s) as answer:
                answer.read(1_000)
        except HTTPError as error:
            answer = Redactor((self.url, urlsplit(self.url).path)).text(_answered(error))
            raise PublishError(
                f"Slack at {host} refused the message ({error.code} {answer}); {_remedy(error.code)}"
            ) from error
        except (OSError, HTTPException, ValueError) as error:  # ValueError: an address that is no ASCII
            said = one_line(getattr(error, "reason", "") or type(error).__name__)
            raise PublishError(f"Slack at {host} does not answer ({said})") from error
        return f"message to Slack at {host}"


class _StayHere(HTTPRedirectHandler):
    """A redirect of a POST would arrive as a GET and look like a success."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def blocks(message: Message) -> list[dict[str, Any]]:
    """The message as Slack's blocks: the subject, then the Markdown's lines in Slack's own markup."""
    header = {"type": "header", "text": {"type": "plain_text", "text": _cut(one_line(message.subject), LONGEST_HEADER)}}
    texts = list(_pieces(_lines(message.text)))
    if len(texts) > MOST_BLOCKS - 1:
        texts = [*texts[: MOST_BLOCKS - 2], CUT]
    return [header, *({"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in texts)]


def _lines(markdown: str) -> Iterator[str]:
    for line in markdown.splitlines():
        if line.startswith("#"):
            yield f"*{_plain(line.lstrip('#'))}*"
        elif _RULE.fullmatch(line):
            continue
        elif line.startswith("|"):
            yield " · ".join(_plain(cell) for cell in _CELLS.split(line)[1:-1])
        else:
            yield _escaped(line) if line.startswith("    ") else _plain(line)


def _plain(markdown: str) -> str:
    """Our Markdown without its escapes, in Slack's: nothing in it can mention anybody."""
    bare = _BOLD.sub(r"*\1*", _LINK.sub(r"\1", markdown.strip()))
    return _escaped(html.unescape(_ESCAPE.sub(r"\1", bare)))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    """The lines in as few texts as Slack's limit allows."""
    piece = ""
    for line in lines:
        short = _cut(line, LONGEST_TEXT)
        if piece and len(piece) + 1 + len(short) > LONGEST_TEXT:
            yield piece
            piece = ""
        piece = f"{piece}\n{short}".lstrip("\n")
    if piece.strip():
        yield piece


def _answered(error: HTTPError) -> str:
    with error, suppress(OSError, HTTPException):
        return one_line(error.read(300).decode("utf-8", "replace"))
    return ""


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return parts.hostname
    except ValueError:
        pass
    raise PublishError("SLACK_WEBHOOK_URL is not an address; it must read https://hooks.slack.com/services/…")


def _remedy(status: int) -> str:
    if status in (403, 404, 410):
        return "the webhook was revoked or its channel is gone: make a new one for SLACK_WEBHOOK_URL"
    return "run `doit run slack` again later"
