"""gemini: `--output-format stream-json`, a line an event among much noise."""

from __future__ import annotations

import re
from dataclasses import replace

from splinter.model.agents import reports, streams
from splinter.model.agents.agent import MODEL, Agent
from splinter.model.agents.reports import UNREAD, Reading
from splinter.model.agents.streams import Event, Piece
from splinter.model.records import Usage
from splinter.model.tool import Tool
from splinter.text import printed_json

_DENIED = re.compile(
    r"^Error executing tool (\S{1,100}): "
    r"(?:Path not in workspace: Attempted path \"([^\"\n]{1,200})|(.{0,200}denied by policy))",
    re.MULTILINE,
)
_EVENTS = ("init", "error", "result")
_WRAPPED = "[API Error: "
_LIMIT = re.compile(r"max(?:imum)? session turns", re.IGNORECASE)


def read(output: str) -> Reading:
    """For gemini, of whose events the last is the result; with `--output-format json` there is one object."""
    events = [one for one in printed_json.objects(output) if one.get("type") in _EVENTS]
    if all(one["type"] == "error" for one in events):
        return _read_object(output)
    results = [one for one in events if one["type"] == "result"]
    result = next((one for one in results if one.get("status") != "success"), results[-1] if results else {})
    begun = next((one for one in events if one["type"] == "init"), {})
    stats = reports.mapping(result.get("stats"))
    reading = replace(
        UNREAD,
        usage=_usage(result),
        model=", ".join(reports.mapping(stats.get("models"))) or reports.text(begun.get("model")),
        session=reports.text(begun.get("session_id")),
        denied=_denied(output),
        is_understood=bool(result),
    )
    if any(one != result for one in results):  # of several, nobody knows which is the program's own
        reading = replace(reading, usage=Usage(calls=1))
    if result and result.get("status") != "success":
        return _blamed(reading, _failure(reports.mapping(result.get("error"))))
    stopped = next((one for one in events if one["type"] == "error" and _is_end(one)), None)
    return _blamed(reading, _failure(stopped)) if stopped else reading


def _is_end(error: Event) -> bool:
    """Whether it went no further; else it only warns."""
    return error.get("severity") == "error" or "stopping execution" in (reports.text(error.get("message")) or "")


def _usage(result: Event) -> Usage:
    stats = reports.mapping(result.get("stats"))
    read, written = reports.total(stats, "input_tokens"), reports.total(stats, "output_tokens")
    return reports.usage(read=read if stats else None, written=written)


def _denied(output: str) -> tuple[str, ...]:
    return tuple(f"{tool} {path or why}" for tool, path, why in _DENIED.findall(output))


def _failure(error: Event) -> str:
    message = reports.text(error.get("message")) or reports.text(error.get("type")) or "an error"
    wrapped = message.removeprefix(_WRAPPED)
    inner = reports.mapping((printed_json.loaded(wrapped) or {}).get("error"))  # the provider's own, as it came
    code = reports.scalar(error.get("code")) or reports.scalar(inner.get("code"))
    return f"{code}: {reports.text(inner.get('message')) or message}".removeprefix(": ")


def _blamed(reading: Reading, error: str) -> Reading:
    if _LIMIT.search(error):
        return replace(reading, error=error, fault=reports.Fault.LIMIT)
    return reports.blamed(reading, error)


def _read_object(output: str) -> Reading:
    """One object, over several lines, among much noise.

    A result comes on standard output, an error on standard error, after traces that hold braces too.
    """
    result = printed_json.last_object(output, ("stats", "error")) or {}
    models = reports.mapping(reports.mapping(result.get("stats")).get("models"))
    tokens = [reports.mapping(reports.mapping(one).get("tokens")) for one in models.values()]
    reading = Reading(
        usage=reports.usage(
            read=sum(reports.total(one, "prompt") for one in tokens) if tokens else None,
            written=sum(reports.total(one, "candidates", "thoughts") for one in tokens),
        ),
        model=", ".join(models) or None,
        session=reports.text(result.get("session_id")),
        denied=_denied(output),
        is_understood=bool(result),
    )
    error = reports.mapping(result.get("error"))
    if error:
        return _blamed(reading, _failure(error))
    warnings = (one for one in reports.listed(result.get("warnings")) if isinstance(one, str))
    stopped = next((one for one in warnings if "stopping execution" in one), None)
    return reports.blamed(reading, stopped) if stopped else reading


class Stream:
    """Its events: an answer comes in pieces."""

    usage: Usage | None = None
    last = ""
    _goes_on = False

    def tell(self, event: Event) -> list[Piece] | None:
        """What one says."""
        kind = event.get("type")
        if kind == "message":
            return self._message(event) if event.get("role") == "assistant" else []
        if kind == "tool_use":
            self._goes_on = False
            return [streams.call(event.get("tool_name"), event.get("parameters"))]
        if kind == "tool_result":
            failed = event.get("status") == "error"
            message = reports.mapping(event.get("error")).get("message")
            given = event.get("output")
            return [streams.error(message or given)] if failed else streams.output(given)
        if kind == "error":
            return [streams.error(event.get("message"))]
        if kind == "result":
            return self._result(event)
        return [] if kind == "init" else None

    def counts(self, event: Event) -> bool:
        """The begin and the end."""
        return event.get("type") in _EVENTS

    def _message(self, event: Event) -> list[Piece]:
        is_part, content = bool(event.get("delta")), event.get("content")
        self.last = streams.message(self.last if is_part and self._goes_on else "", content)
        self._goes_on = is_part
        return streams.said_in_part(content) if is_part else streams.said(content)

    def _result(self, result: Event) -> list[Piece]:
        if result.get("status") == "success":
            return [streams.end("done", _usage(result))]
        return [streams.error(_failure(reports.mapping(result.get("error")))), streams.end("failed", _usage(result))]


AGENT = Agent(
    profile=Tool(
        name="gemini",
        command="gemini",
        args=("--approval-mode=auto_edit", "--output-format=stream-json", "--model={model}"),
        prompt_args=(),
        stdin="prompt",
        env=(
            "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL",
            "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS",
        ),
        variables={"GEMINI_CLI_TRUST_WORKSPACE": "true"},
        reader="gemini",
        options={"model": ("--model={value}",)},  # its others add tools, folders or extensions to what it may use
    ),
    read=read,
    stream=Stream,
    install="npm install -g @google/gemini-cli",
    values={"model": MODEL},
    orders=(".gemini", ".env"),
    keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    login=(".gemini/oauth_creds.json",),
    settings=(".gemini/settings.json", ".gemini/google_accounts.json", ".gemini/installation_id", ".gemini/GEMINI.md"),
)  # fmt: skip
