"""gemini: `--output-format json`, one object among much noise."""

from __future__ import annotations

import re
from dataclasses import replace

from splinter.model.agents import reports
from splinter.model.agents.agent import Agent
from splinter.model.agents.reports import Reading
from splinter.model.tool import Tool
from splinter.text import printed_json

_DENIED = re.compile(
    r"^Error executing tool (\S{1,100}): "
    r"(?:Path not in workspace: Attempted path \"([^\"\n]{1,200})|(.{0,200}denied by policy))",
    re.MULTILINE,
)
_LIMIT = re.compile(r"max(?:imum)? session turns", re.IGNORECASE)


def read(output: str) -> Reading:
    """For gemini with `--output-format json`: one object, over several lines, among much noise.

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
        denied=tuple(f"{tool} {path or why}" for tool, path, why in _DENIED.findall(output)),
        is_understood=bool(result),
    )
    error = reports.mapping(result.get("error"))
    if error:
        message = reports.text(error.get("message")) or reports.text(error.get("type")) or "an error"
        inner = reports.mapping((printed_json.loaded(message) or {}).get("error"))  # the provider's own, as it came
        message = reports.text(inner.get("message")) or message
        shown = f"{reports.scalar(error.get('code'))}: {message}".removeprefix(": ")
        is_limit = _LIMIT.search(shown)
        return replace(reading, error=shown, fault=reports.Fault.LIMIT) if is_limit else reports.blamed(reading, shown)
    warnings = (one for one in reports.listed(result.get("warnings")) if isinstance(one, str))
    stopped = next((one for one in warnings if "stopping execution" in one), None)
    return reports.blamed(reading, stopped) if stopped else reading


AGENT = Agent(
    profile=Tool(
        name="gemini",
        command="gemini",
        args=("--approval-mode=auto_edit", "--output-format=json", "--model={model}"),
        prompt_args=(),
        stdin="prompt",
        env=(
            "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL",
            "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS",
        ),
        variables={"GEMINI_CLI_TRUST_WORKSPACE": "true"},
        reader="gemini",
    ),
    read=read,
    install="npm install -g @google/gemini-cli",
    orders=(".gemini", ".env"),
    keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    login=(".gemini/oauth_creds.json",),
    settings=(".gemini/settings.json", ".gemini/google_accounts.json", ".gemini/installation_id", ".gemini/GEMINI.md"),
)  # fmt: skip
