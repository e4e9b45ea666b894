"""The shipped tool profiles, with those of the settings laid over them. It never looks for a program nor starts one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from splinter.config import packaged_files
from splinter.errors import InputError
from splinter.model.agents import registry as agents
from splinter.model.tool import PLACEHOLDER, Tool
from splinter.text.patterns import seconds, suggestion

PLACEHOLDERS = (
    "prompt", "prompt_file", "files", "model", "max_turns", "budget_usd", "junit", "recorded", "fenced", "unfenced",
)  # fmt: skip


def shipped() -> dict[str, Tool]:
    """The profiles that ship with splinter, by name: agents, then plain tools, which get no model's key."""
    plain = merged({}, tomllib.loads(packaged_files.tool_profiles().read_text("utf-8")))
    profiles = {agent.profile.name: agent.profile for agent in agents.AGENTS}
    return profiles | {name: replace(tool, hides=agents.KEYS) for name, tool in plain.items()}


def merged(shipped: Mapping[str, Tool], tables: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Tool]:
    """Profiles with tables of the settings laid over them, field by field; raises InputError for the first bad one."""
    tools = dict(shipped)
    for name, table in tables.items():
        tools[name] = _laid_over(tools.get(name), name, table)
    return tools


def _laid_over(below: Tool | None, name: str, table: Mapping[str, Any]) -> Tool:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    for key in ("timeout", "backoff"):
        if key in fields:
            fields[f"{key}_s"] = seconds(fields.pop(key))
    if "options" in fields:
        own = {option: tuple(arguments) for option, arguments in fields["options"].items()}
        fields["options"] = {**(below.options if below else {}), **own}
    if below is None and "command" not in fields:
        raise InputError(f'tool "{name}" has no command')
    tool = replace(below, **fields) if below else Tool(name=name, **fields)
    for argument in (*tool.args, *(tool.prompt_args or ()), *tool.version):
        why = placeholder_problem(argument)
        if why:
            raise InputError(f'tool "{tool.name}": {why}')
    for option, arguments in tool.options.items():
        if not any("{value}" in argument for argument in arguments):
            raise InputError(f'tool "{tool.name}": no argument of its option "{option}" holds "{{value}}"')
    return tool


def placeholder_problem(argument: str) -> str | None:
    """What is wrong with the placeholders in an argument of a profile, None where nothing is."""
    for word in PLACEHOLDER.findall(argument):
        if word not in PLACEHOLDERS:
            known = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
            near = suggestion(word, PLACEHOLDERS)
            meant = f'; did you mean "{{{near}}}"?' if near else f"; known are {known}"
            return f'unknown placeholder "{{{word}}}"{meant}'
    if "{files}" in argument and argument != "{files}":
        return '"{files}" must be an argument of its own: it becomes one a file'
    return None
