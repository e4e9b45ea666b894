"""claude-code: `claude --print`, one JSON result at the end."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from splinter.model.agents import reports
from splinter.model.agents.agent import Agent
from splinter.model.agents.reports import UNREAD, Reading
from splinter.model.records import Usage
from splinter.model.tool import Tool
from splinter.text import printed_json

_READ = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
_TRIED = 20  # places where a result may begin

# not in a string of JSON's: the quotes have backslashes there
_RESULT = re.compile(r'\{\s*"type"\s*:\s*"result"')


def read(output: str) -> Reading:
    """For claude-code with `--output-format json`: one object at the end.

    Where a user's settings have it say more (`verbose`, `viewMode`), that is the last entry of a list of all events.
    """
    results = [
        one for one in (*printed_json.listed(output), *printed_json.objects(output)) if one.get("type") == "result"
    ]
    result = next((one for one in results if one.get("is_error")), results[-1] if results else _torn_result(output))
    if result is None:
        return UNREAD
    models = reports.mapping(result.get("modelUsage"))  # `usage` beside it forgets the call that a limit ended
    spent = [reports.mapping(one) for one in models.values()]
    reading = Reading(
        usage=reports.usage(
            usd=result.get("total_cost_usd"),
            read=sum(reports.total(one, *_READ) for one in spent),
            written=sum(reports.total(one, "outputTokens") for one in spent),
        ),
        model=", ".join(models) or None,
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
    errors = "; ".join(one for one in reports.listed(result.get("errors")) if isinstance(one, str))
    message = reports.text(result.get("result")) or errors or subtype or "an error"
    status = reports.scalar(result.get("api_error_status"))
    return reports.blamed(reading, f"{status}: {message}" if status else message)


def _torn_result(output: str) -> dict[str, Any] | None:
    """claude-code's result where it is at the end of a list whose beginning was cut away."""
    begins = [one.start() for one in _RESULT.finditer(output)]
    found = (printed_json.loaded(output[begin:]) for begin in reversed(begins[-_TRIED:]))
    return next((one for one in found if one and one.get("type") == "result"), None)


def _denials(found: object) -> tuple[str, ...]:
    entries = [reports.mapping(entry) for entry in reports.listed(found)]
    return tuple(reports.called(entry.get("tool_name"), entry.get("tool_input")) for entry in entries)


AGENT = Agent(
    profile=Tool(
        name="claude-code",
        command="claude",
        args=(
            "--output-format=json",
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
    ),
    read=read,
    install="npm install -g @anthropic-ai/claude-code",
    orders=(".claude",),
    keys=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
    login=(".claude/.credentials.json",),
    # its servers in `.claude.json` and hooks in `settings.json` are commands: copies, so that none is put there
    settings=(".claude.json", ".claude/settings.json", ".claude/CLAUDE.md"),
)  # fmt: skip
