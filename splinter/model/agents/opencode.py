"""opencode: `--format json`, a line an event, each step with its own tokens and cost."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from splinter.model.agents import reports, streams
from splinter.model.agents.agent import MODEL, Agent
from splinter.model.agents.reports import UNREAD, Reading
from splinter.model.agents.streams import Event, Piece
from splinter.model.records import Usage
from splinter.model.tool import Tool
from splinter.text import printed_json

_DENIED = re.compile(r"The user (?:rejected permission|has specified a rule)")


def read(output: str) -> Reading:
    """For opencode with `--format json`: a line an event, each step with its own tokens and cost.

    It stops where a permission is denied, in the middle of its work, and exits 0.
    """
    reading, error = UNREAD, None
    steps, ended, denied = [], None, []
    for event in printed_json.objects(output):
        kind, part = event.get("type"), reports.mapping(event.get("part"))
        reading = replace(reading, session=reports.text(event.get("sessionID")) or reading.session)
        if kind == "step_finish":
            ended = part.get("reason")
            steps.append(_step(part))
        elif kind == "tool_use":
            state = reports.mapping(part.get("state"))
            if state.get("status") == "error" and _DENIED.match(reports.text(state.get("error")) or ""):
                denied.append(reports.called(part.get("tool"), state.get("input")))
        elif kind == "error":
            error = _failure(event)
    if steps:
        reading = replace(reading, usage=_usage(steps), is_understood=True)
    reading = replace(reading, denied=tuple(denied))
    if not error and denied and ended == "tool-calls":
        error = "it stopped before it was done, where a permission was denied"
    return reports.blamed(reading, error) if error else reading


def _step(part: Event) -> tuple[float, int | None, int]:
    """What a step cost, in dollars, tokens read, None where it does not say, and tokens written."""
    tokens = reports.mapping(part.get("tokens"))
    cache = reports.mapping(tokens.get("cache"))
    read = reports.total(tokens, "input") + reports.total(cache, "read", "write")
    usd, written = reports.number(part.get("cost")) or 0.0, reports.total(tokens, "output", "reasoning")
    return usd, read if "output" in tokens else None, written


def _usage(steps: Iterable[tuple[float, int | None, int]]) -> Usage:
    usd, read, written = zip(*steps, strict=True)
    return reports.usage(usd=sum(usd) or None, read=None if None in read else sum(read), written=sum(written))


def _failure(event: Event) -> str:
    whole = reports.mapping(event.get("error"))
    data = reports.mapping(whole.get("data"))
    message = reports.text(data.get("message")) or reports.text(whole.get("name")) or "an error"
    return f"{reports.scalar(data.get('statusCode'))} {message}".strip()


class Stream:
    """Its events: a tool is told of when it has ended, a step with what it cost."""

    usage: Usage | None = None
    last = ""
    _goes_on = False

    def __init__(self) -> None:
        """Nothing is spent yet."""
        self._spent: list[tuple[float, int | None, int]] = []

    def tell(self, event: Event) -> list[Piece] | None:
        """What one says."""
        kind, part = event.get("type"), reports.mapping(event.get("part"))
        if kind in ("text", "reasoning"):
            if kind == "text":
                self.last = streams.message(f"{self.last}\n\n" if self._goes_on else "", part.get("text"))
                self._goes_on = True
            return streams.said(part.get("text"))
        if kind == "tool_use":
            state = reports.mapping(part.get("state"))
            called = streams.call(part.get("tool"), state.get("input"))
            failed = [streams.error(state.get("error"))] if state.get("status") == "error" else []
            return [called, *streams.output(state.get("output")), *failed]
        if kind == "step_finish":
            self._goes_on = False
            self._spent.append(_step(part))
            self.usage = _usage(self._spent)
            return [streams.end("done", self.usage)] if part.get("reason") == "stop" else []
        if kind == "error":
            return [streams.error(_failure(event))]
        return [] if kind == "step_start" else None

    def counts(self, event: Event) -> bool:
        """Of tools those that were denied."""
        state = reports.mapping(reports.mapping(event.get("part")).get("state"))
        return event.get("type") not in ("text", "reasoning", "tool_use") or state.get("status") == "error"


AGENT = Agent(
    profile=Tool(
        name="opencode",
        command="opencode",
        args=("run", "--format=json", "--model={model}"),
        prompt_args=(),
        stdin="prompt",
        env=(
            "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY", "OPENCODE_CONFIG_CONTENT",
            "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS",
        ),
        variables={"OPENCODE_DISABLE_AUTOUPDATE": "true"},
        reader="opencode",
        options={"model": ("--model={value}",), "effort": ("--variant={value}",)},
    ),
    read=read,
    stream=Stream,
    is_summed=True,
    install="npm install -g opencode-ai",
    values={"model": MODEL, "effort": r"[a-z][a-z0-9-]*"},
    orders=(".opencode", "opencode.json"),
    keys=("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY"),
    login=(".local/share/opencode/auth.json",),
    settings=(".config/opencode/opencode.json", ".config/opencode/opencode.jsonc", ".config/opencode/AGENTS.md"),
)  # fmt: skip
