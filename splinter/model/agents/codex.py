"""codex: `codex exec --json`, a line an event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from splinter.model.agents import reports
from splinter.model.agents.agent import Agent
from splinter.model.agents.reports import UNREAD, Reading
from splinter.model.tool import Tool
from splinter.text import printed_json

_REFUSED, _REJECTED = "ERROR codex_core::tools::router: error=", "rejected"
_NOT_WRITTEN = "Failed to write file "  # where its own sandbox did not start, such as inside of another one


def read(output: str) -> Reading:
    """For codex with `exec --json`: a line an event; usage is of the whole turn."""
    reading, failed = replace(UNREAD, denied=tuple(_denied(output))), None
    for event in printed_json.objects(output):
        kind = event.get("type")
        if kind == "thread.started":
            reading = replace(reading, session=reports.text(event.get("thread_id")))
        elif kind == "turn.completed":
            usage = reports.mapping(event.get("usage"))
            read, written = reports.total(usage, "input_tokens"), reports.total(usage, "output_tokens")
            counted = reports.usage(read=read, written=written) if usage else reading.usage
            reading, failed = replace(reading, usage=counted, is_understood=True), None
        elif kind == "turn.failed":
            failed = reports.text(reports.mapping(event.get("error")).get("message")) or "the turn failed"
    return reports.blamed(reading, failed) if failed else reading


def _denied(output: str) -> Iterator[str]:
    for line in output.split("\n"):
        refused = line.partition(_REFUSED)[2]
        if _REJECTED in refused or line.startswith(_NOT_WRITTEN):
            yield refused or line


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
    ),
    read=read,
    install="npm install -g @openai/codex",
    orders=(".codex",),
    keys=("CODEX_API_KEY", "OPENAI_API_KEY"),
    login=(".codex/auth.json",),
    settings=(".codex/config.toml", ".codex/AGENTS.md"),
    place=("CODEX_HOME", ".codex"),
)  # fmt: skip
