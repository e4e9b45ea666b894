"""A message in a Slack channel, through an incoming webhook. It never shows the webhook's address, its secret."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, ClassVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request

from splinter.errors import NotTakenError, PublishError, UnansweredError
from splinter.model import finding
from splinter.model.finding import Finding
from splinter.model.ports import Message, Sender
from splinter.model.settings import Environment
from splinter.publish.notifiers.line import HttpLine
from splinter.text.markdown import one_line
from splinter.text.redact import Redactor

# Slack's limits, in characters; of all blocks together it takes some 13,000 and says so nowhere (msg_blocks_too_long),
# so that 50 blocks, the most of a message, are never reached
LONGEST_HEADER = 150
LONGEST_TEXT = 3_000
LONGEST_MESSAGE = 10_000
# a 500 says that something broke, not when; 502 and 504 are a proxy's, which does not know. All other answers are given
# before anything is posted, 429 and 503 among them.
_PERHAPS = (500, 502, 504)
_OF_THE_MESSAGE = (400, 413)
CUT = "_Cut here: Slack takes no more. The report of the run has the rest._"

_RULE = re.compile(r"\|[\s:|-]+\|")
_CELLS = re.compile(r"(?<!\\)\|")
_BOLD = re.compile(r"\*\*(\w+)\*\*")
_LINK = re.compile(r"<(https?://[^<>]+)>")
_NAMED_LINK = re.compile(r"\[(#\d+)\]\((https?://[^()<>\s]+)\)")
_ESCAPE = re.compile(r"\\([\\`*_\[\]#+.)-])")


@dataclass(frozen=True, slots=True)
class Slack:
    """The channel that the webhook belongs to; `timeout_s` bounds each wait."""

    goes_out: ClassVar[bool] = True
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
        """Post the report and say where it went; it is posted once, and not again where no answer came."""
        host = _host(self.url)
        text = _cut(_escaped(message.subject), LONGEST_TEXT)
        body = json.dumps({"text": text, "blocks": blocks(message)}).encode()
        request = Request(self.url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310  checked
        line = HttpLine()
        try:
            with line.answer(request, timeout_s=self.timeout_s):
                return f"message to Slack at {host}"
        except HTTPError as error:
            raise self._refusal(host, error) from error
        except (OSError, HTTPException, ValueError) as error:  # ValueError: an address that is no ASCII
            said = one_line(getattr(error, "reason", "") or type(error).__name__)
            if line.is_up:
                raise UnansweredError(
                    f"Slack at {host} was handed the message and did not answer ({said}), so that nobody knows whether"
                    " it arrived; it is not sent again"
                ) from error
            raise PublishError(f"Slack at {host} does not answer ({said})") from error

    def _refusal(self, host: str, error: HTTPError) -> PublishError:
        said = Redactor((self.url, urlsplit(self.url).path)).text(_answered(error))
        told = f"Slack at {host} refused the message ({error.code} {said})"
        if error.code in _PERHAPS:
            return UnansweredError(f"{told}, and may have posted it all the same; it is not sent again")
        kind = NotTakenError if error.code in _OF_THE_MESSAGE else PublishError
        return kind(f"{told}; {_remedy(error)}")


def blocks(message: Message) -> list[dict[str, Any]]:
    """The message as Slack's blocks: the subject, then the Markdown's lines in Slack's own markup."""
    header = {"type": "header", "text": {"type": "plain_text", "text": _cut(one_line(message.subject), LONGEST_HEADER)}}
    texts = _pieces(_fitting(_lines(message.for_messengers)))
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
    bare = _BOLD.sub(r"*\1*", _LINK.sub(r"\1", _NAMED_LINK.sub(r"\1 \2", markdown.strip())))
    return _escaped(html.unescape(_ESCAPE.sub(r"\1", bare)))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fitting(lines: Iterator[str]) -> Iterator[str]:
    """As many lines as Slack takes of a message, and where it is cut, that it is."""
    left = LONGEST_MESSAGE
    for line in lines:
        short = _cut(line, LONGEST_TEXT)
        left -= len(short) + 1
        if left < 0:
            yield CUT
            return
        yield short


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    """The lines in as few texts as Slack's limit allows."""
    piece = ""
    for line in lines:
        if piece and len(piece) + 1 + len(line) > LONGEST_TEXT:
            yield piece
            piece = ""
        piece = f"{piece}\n{line}".lstrip("\n")
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


def _remedy(error: HTTPError) -> str:
    if error.code in (403, 404, 410):
        return "the webhook was revoked or its channel is gone: make a new one for SLACK_WEBHOOK_URL"
    if error.code < 400:
        return "it leads elsewhere, where nothing is sent to; check SLACK_WEBHOOK_URL"
    wait_s = error.headers.get("Retry-After", "") if error.code == HTTPStatus.TOO_MANY_REQUESTS else ""
    return f"run `doit run slack` again {f'in {wait_s} s' if wait_s.isdecimal() else 'later'}"
