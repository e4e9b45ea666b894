"""opencode: `--format json`, a line an event, each step with its own tokens and cost."""

from __future__ import annotations

import re
from dataclasses import replace

from splinter.model.agents import reports
from splinter.model.agents.agent import Agent
from splinter.model.agents.reports import UNREAD, Reading
from splinter.model.tool import Tool
from splinter.text import printed_json

_DENIED = re.compile(r"The user (?:rejected permission|has specified a rule)")


def read(output: str) -> Reading:
    """For opencode with `--format json`: a line an event, each step with its own tokens and cost.

    It stops where a permission is denied, in the middle of its work, and exits 0.
    """
    reading, error = UNREAD, None
    usd, read, written, steps, ended, denied = 0.0, 0, 0, 0, None, []
    for event in printed_json.objects(output):
        kind, part = event.get("type"), reports.mapping(event.get("part"))
        reading = replace(reading, session=reports.text(event.get("sessionID")) or reading.session)
        if kind == "step_finish":
            tokens = reports.mapping(part.get("tokens"))
            cache = reports.mapping(tokens.get("cache"))
            usd, steps, ended = usd + (reports.number(part.get("cost")) or 0.0), steps + 1, part.get("reason")
            read += reports.total(tokens, "input") + reports.total(cache, "read", "write")
            written += reports.total(tokens, "output", "reasoning")
        elif kind == "tool_use":
            state = reports.mapping(part.get("state"))
            if state.get("status") == "error" and _DENIED.match(reports.text(state.get("error")) or ""):
                denied.append(reports.called(part.get("tool"), state.get("input")))
        elif kind == "error":
            whole = reports.mapping(event.get("error"))
            data = reports.mapping(whole.get("data"))
            message = reports.text(data.get("message")) or reports.text(whole.get("name")) or "an error"
            error = f"{reports.scalar(data.get('statusCode'))} {message}".strip()
    if steps:
        reading = replace(reading, usage=reports.usage(usd=usd or None, read=read, written=written), is_understood=True)
    reading = replace(reading, denied=tuple(denied))
    if not error and denied and ended == "tool-calls":
        error = "it stopped before it was done, where a permission was denied"
    return reports.blamed(reading, error) if error else reading


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
    ),
    read=read,
    is_summed=True,
    install="npm install -g opencode-ai",
    orders=(".opencode", "opencode.json"),
    keys=("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY"),
    login=(".local/share/opencode/auth.json",),
    settings=(".config/opencode/opencode.json", ".config/opencode/opencode.jsonc", ".config/opencode/AGENTS.md"),
)  # fmt: skip
