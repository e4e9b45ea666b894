"""claude-code: `claude --print`, a line an event, the last one the result."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from splinter.model.agents import reports, streams
from splinter.model.agents.agent import MODEL, Agent
from splinter.model.agents.reports import UNREAD, Reading
from splinter.model.agents.streams import Event, Piece
from splinter.model.records import Usage
from splinter.model.tool import Tool
from splinter.text import printed_json

_READ = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
_TRIED = 20  # places where a result may begin

# not in a string of JSON's: the quotes have backslashes there
_RESULT = re.compile(r'\{\s*"type"\s*:\s*"result"')


def read(output: str) -> Reading:
    """For claude-code, whose last event is the result; with `--output-format json` it is all that is printed.

    There, where a user's settings have it say more (`verbose`, `viewMode`), it is the last entry of a list of events.
    """
    results = [
        one for one in (*printed_json.listed(output), *printed_json.objects(output)) if one.get("type") == "result"
    ]
    result = next((one for one in results if one.get("is_error")), results[-1] if results else _torn_result(output))
    if result is None:
        return UNREAD
    reading = Reading(
        usage=_usage(result),
        model=", ".join(reports.mapping(result.get("modelUsage"))) or None,
        session=reports.text(result.get("session_id")),
        denied=_denials(result.get("permission_denials")),
    )
    if any(one != result for one in results):  # of several, nobody knows which is the program's own
        reading = replace(reading, usage=Usage(calls=1))
    subtype = reports.text(result.get("subtype")) or ""
    if subtype.startswith("error_max"):
        return replace(reading, error=subtype.removeprefix("error_").replace("_", " "), fault=reports.Fault.LIMIT)
    if not result.get("is_error"):
        return reading
    return reports.blamed(reading, _failure(result))


def _usage(result: Event) -> Usage:
    models = reports.mapping(result.get("modelUsage"))  # `usage` beside it forgets the call that a limit ended
    spent = [reports.mapping(one) for one in models.values()]
    return reports.usage(
        usd=result.get("total_cost_usd"),
        read=sum(reports.total(one, *_READ) for one in spent) if spent else None,
        written=sum(reports.total(one, "outputTokens") for one in spent),
    )


def _failure(result: Event) -> str:
    errors = "; ".join(one for one in reports.listed(result.get("errors")) if isinstance(one, str))
    message = reports.text(result.get("result")) or errors or reports.text(result.get("subtype")) or "an error"
    status = reports.scalar(result.get("api_error_status"))
    return f"{status}: {message}" if status else message


def _torn_result(output: str) -> dict[str, Any] | None:
    """claude-code's result where it is at the end of a list whose beginning was cut away."""
    begins = [one.start() for one in _RESULT.finditer(output)]
    found = (printed_json.loaded(output[begin:]) for begin in reversed(begins[-_TRIED:]))
    return next((one for one in found if one and one.get("type") == "result"), None)


def _denials(found: object) -> tuple[str, ...]:
    entries = [reports.mapping(entry) for entry in reports.listed(found)]
    return tuple(reports.called(entry.get("tool_name"), entry.get("tool_input")) for entry in entries)


class Stream:
    """Its events: an answer comes in blocks, in pieces before that where it is asked to print those, too."""

    usage: Usage | None = None
    last = ""
    _is_in_pieces = _has_said = False

    def tell(self, event: Event) -> list[Piece] | None:
        """What one says."""
        kind, message = event.get("type"), reports.mapping(event.get("message"))
        if kind == "system":
            return _of_the_system(event)
        if kind == "stream_event":
            return self._part(reports.mapping(event.get("event")))
        if kind in ("assistant", "user"):
            content = message.get("content")
            blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
            return [piece for one in map(reports.mapping, blocks) for piece in self._block(event, one)]
        return self._result(event) if kind == "result" else None

    def counts(self, event: Event) -> bool:
        """All but the result is for people."""
        return event.get("type") == "result"

    def _part(self, inner: Event) -> list[Piece]:
        delta = reports.mapping(inner.get("delta"))
        pieces = streams.said_in_part(delta.get("text") or delta.get("thinking"))
        self._is_in_pieces = bool(pieces) or (self._is_in_pieces and inner.get("type") != "message_start")
        return pieces

    def _block(self, event: Event, block: Event) -> list[Piece]:
        kind = block.get("type")
        if kind == "tool_use":
            return [streams.call(block.get("name"), block.get("input"))]
        if kind == "tool_result":
            return [piece for text in _texts(block.get("content")) for piece in streams.output(text)]
        if event.get("type") == "user" or (self._is_in_pieces and event.get("parent_tool_use_id") is None):
            return []  # what it was told, and what is told already
        pieces = streams.said(block.get("text") or block.get("thinking"))
        self._has_said |= bool(pieces)
        return pieces

    def _result(self, result: Event) -> list[Piece]:
        answer = [] if self._has_said or self._is_in_pieces else streams.said(result.get("result"))
        if result.get("is_error"):
            return [streams.error(_failure(result)), streams.end("failed", _usage(result))]
        self.last = streams.message("", result.get("result"))
        return [*answer, streams.end("done", _usage(result))]


def _of_the_system(event: Event) -> list[Piece]:
    if event.get("subtype") == "api_retry":
        error = reports.text(event.get("error")) or "an error"
        tries = f"{reports.scalar(event.get('attempt'))} of {reports.scalar(event.get('max_retries'))}"
        return [streams.error(f"{reports.scalar(event.get('error_status'))} {error}, tried again: {tries}".strip())]
    return []


def _texts(content: object) -> list[object]:
    parts = [reports.mapping(one) for one in reports.listed(content)]
    return [one.get("text") or f"[{one.get('type')}]" for one in parts] if parts else [content]


AGENT = Agent(
    profile=Tool(
        name="claude-code",
        command="claude",
        args=(
            "--output-format=stream-json", "--verbose",
            "--permission-mode=acceptEdits",
            "--model={model}",
            "--max-turns={max_turns}",
            "--max-budget-usd={budget_usd}",
        ),
        prompt_args=("--print",),
        stdin="prompt",
        env=(
            "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "CLAUDE_CODE_OAUTH_TOKEN",
            "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS",
        ),
        variables={
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        },
        reader="claude",
        options={
            "model": ("--model={value}",),
            "max_turns": ("--max-turns={value}",),
            "effort": ("--effort={value}",),
            "system_prompt": ("--append-system-prompt={value}",),
            # of the built-in tools only these: --allowed-tools would permit without asking what is denied else
            "allowed_tools": ("--tools={value}",),
            "denied_tools": ("--disallowed-tools={value}",),
            # without servers of the user's or the repository's, which nobody here named
            "mcp_config": ("--strict-mcp-config", "--mcp-config={value}"),
            # tools of those servers: in a call that asks nobody all others of theirs are denied
            "mcp_tools": ("--strict-mcp-config", "--allowed-tools={value}"),
        },
    ),
    read=read,
    stream=Stream,
    install="npm install -g @anthropic-ai/claude-code",
    orders=(".claude",),
    keys=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
    login=(".claude/.credentials.json",),
    # its servers in `.claude.json` and hooks in `settings.json` are commands: copies, so that none is put there
    values={
        "model": MODEL,
        "max_turns": r"[1-9][0-9]{0,3}",
        "effort": "low|medium|high|xhigh|max",
        "allowed_tools": r"[A-Z][A-Za-z]*",
        "denied_tools": r"[A-Za-z][^,\n]*",
        "mcp_tools": r"mcp__[A-Za-z0-9_-]+",
    },
    settings=(".claude.json", ".claude/settings.json", ".claude/CLAUDE.md"),
)  # fmt: skip
