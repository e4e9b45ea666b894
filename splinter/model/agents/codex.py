"""codex: `codex exec --json`, a line an event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from splinter.model.agents import reports, streams
from splinter.model.agents.agent import MODEL, Agent
from splinter.model.agents.reports import UNREAD, Reading
from splinter.model.agents.streams import Event, Piece
from splinter.model.records import Usage
from splinter.model.tool import Tool
from splinter.text import printed_json

_REFUSED, _REJECTED = "ERROR codex_core::tools::router: error=", "rejected"
_COUNTS = frozenset({"input_tokens", "output_tokens"})
_NOT_WRITTEN = "Failed to write file "  # where its own sandbox did not start, such as inside of another one


def read(output: str) -> Reading:
    """For codex with `exec --json`: a line an event; usage is of the whole turn."""
    reading, failed = replace(UNREAD, denied=tuple(_denied(output))), None
    for event in printed_json.objects(output):
        kind = event.get("type")
        if kind == "thread.started":
            reading = replace(reading, session=reports.text(event.get("thread_id")))
        elif kind == "turn.completed":
            reading, failed = replace(reading, usage=_usage(event) or reading.usage, is_understood=True), None
        elif kind == "turn.failed":
            failed = _failure(event)
    return reports.blamed(reading, failed) if failed else reading


def _denied(output: str) -> Iterator[str]:
    for line in output.split("\n"):
        refused = line.partition(_REFUSED)[2]
        if _REJECTED in refused or line.startswith(_NOT_WRITTEN):
            yield refused or line


def _usage(event: Event) -> Usage | None:
    usage = reports.mapping(event.get("usage"))
    read, written = reports.total(usage, "input_tokens"), reports.total(usage, "output_tokens")
    return reports.usage(read=read, written=written) if usage.keys() >= _COUNTS else None


def _failure(event: Event) -> str:
    return reports.text(reports.mapping(event.get("error")).get("message")) or "the turn failed"


class Stream:
    """Its events: an item begins, and ends with all that came of it."""

    usage: Usage | None = None
    last = ""

    def tell(self, event: Event) -> list[Piece] | None:
        """What one says."""
        kind, item = event.get("type"), reports.mapping(event.get("item"))
        if kind in ("thread.started", "turn.started", "item.updated"):
            return []
        if kind == "item.started":
            return _begun(item)
        if kind == "item.completed":
            self.last = streams.message("", item.get("text")) if item.get("type") == "agent_message" else self.last
            return _completed(item)
        if kind == "turn.completed":
            return [streams.end("done", _usage(event))]
        if kind == "turn.failed":
            return [streams.error(_failure(event))]
        return [streams.error(event.get("message"))] if kind == "error" else None

    def counts(self, event: Event) -> bool:
        """Items are for people."""
        return not str(event.get("type")).startswith("item.")


def _begun(item: Event) -> list[Piece]:
    kind = item.get("type")
    if kind == "command_execution":
        return [streams.call("shell", item)]
    if kind == "mcp_tool_call":
        return [streams.call(item.get("tool"), item.get("arguments"))]
    return []


def _completed(item: Event) -> list[Piece] | None:
    kind = item.get("type")
    if kind in ("agent_message", "reasoning"):
        return streams.said(item.get("text"))
    if kind == "command_execution":
        status = item.get("exit_code")
        return [
            *streams.output(item.get("aggregated_output")),
            *([streams.end(f"exit status {status}")] if status else []),
        ]
    if kind == "file_change":
        changes = [reports.mapping(one) for one in reports.listed(item.get("changes"))]
        how = " (failed)" if item.get("status") == "failed" else ""
        return [streams.call(f"{reports.scalar(one.get('kind'))}{how}", one) for one in changes]
    if kind == "mcp_tool_call":
        return streams.output(json.dumps(item.get("result") or item.get("error"), ensure_ascii=False))
    if kind == "web_search":
        return [streams.call("web_search", {"query": item.get("query")})]
    if kind == "todo_list":
        entries = [reports.mapping(one) for one in reports.listed(item.get("items"))]
        return streams.output(
            "\n".join(f"[{'x' if one.get('completed') else ' '}] {one.get('text')}" for one in entries)
        )
    return [streams.error(item.get("message"))] if kind == "error" else None


AGENT = Agent(
    profile=Tool(
        name="codex",
        command="codex",
        args=(
            "exec", "--json",
            # its own sandbox cannot start in another one: there every edit fails, and it exits 0
            "--sandbox=workspace-write{unfenced}", "--sandbox=danger-full-access{fenced}",
            "-c", "analytics.enabled=false", "--model={model}",
        ),
        prompt_args=("-",),
        stdin="prompt",
        env=("CODEX_API_KEY", "OPENAI_API_KEY", "CODEX_HOME", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"),
        reader="codex",
        # of its `-c`, which overrides whatever is configured, its sandbox too, this alone
        options={"model": ("--model={value}",), "effort": ("-c", 'model_reasoning_effort="{value}"')},
    ),
    read=read,
    stream=Stream,
    install="npm install -g @openai/codex",
    orders=(".codex",),
    keys=("CODEX_API_KEY", "OPENAI_API_KEY"),
    login=(".codex/auth.json",),
    settings=(".codex/config.toml", ".codex/AGENTS.md"),
    values={"model": MODEL, "effort": "none|minimal|low|medium|high|xhigh|max"},
    place=("CODEX_HOME", ".codex"),
)  # fmt: skip
