"""What is wrong with `options`: names that a tool's profile lacks, and values that it does not take.

A shipped profile takes no value that would permit what it does not permit by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from splinter.config.yaml_documents import Document, Problem
from splinter.config.yaml_events import Keys
from splinter.model.agents import registry as agents
from splinter.model.tool import Tool
from splinter.model.workstream import FILE_OPTIONS
from splinter.text import values
from splinter.text.patterns import did_you_mean, path_problem, shown


def check(document: Document, tools: Mapping[str, Tool]) -> Iterator[Problem]:
    """All that is wrong with the options of a workstream and its steps."""
    shared = document.data.get("tool")
    yield from _of(document, (), document.data, shared, tools)
    steps = document.data.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, dict):
            asks = "prompt" in step or "prompt_file" in step
            yield from _of(document, ("steps", index), step, step.get("tool", shared if asks else None), tools)


def _of(
    document: Document, keys: Keys, entry: Mapping[str, Any], name: object, tools: Mapping[str, Tool]
) -> Iterator[Problem]:  # fmt: skip
    options = entry.get("options")
    if not isinstance(options, dict) or (isinstance(name, str) and name not in tools):
        return
    if not isinstance(name, str):
        yield document.problem((*keys, "options"), "options are those of a tool, and none is called here", at_key=True)
        return
    for option, value in options.items():
        here = (*keys, "options", option)
        if option not in tools[name].options:
            known = ", ".join(tools[name].options)
            has = f"it has {known}" if known else "it has none"
            meant = did_you_mean(str(option), tools[name].options)
            message = f"{name} has no option {shown(option)}{meant or ''}; {has}"
            yield document.problem(here, message, at_key=True)
        elif why := value_problem(tools[name], option, value):
            yield document.problem(here, why)


def value_problem(tool: Tool, option: str, value: Any) -> str | None:
    """Why a value is not handed to a program, None where it is."""
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int) and not isinstance(one, bool) for one in items):
        return None  # the schema has told
    texts = [str(one) for one in items]
    if option in FILE_OPTIONS:
        if not isinstance(value, str):
            return f"{option} is the path of a file"
        if values.references(value):
            return "no value can be filled in here: the file is read before any is known"
        return f"path {shown(value)} {why}" if (why := path_problem(value)) else None
    if any("\0" in text for text in texts):
        return "it holds the NUL character"
    if "{value}" in tool.options[option] and any(text.startswith("-") for text in texts):
        return 'it starts with "-", which the tool would read as an option'
    agent = agents.of(tool)
    fits = agent.values.get(option) if agent and tool.options[option] == agent.profile.options.get(option) else None
    bad = next((text for text in texts if fits and not values.references(text) and not re.fullmatch(fits, text)), None)
    return f"{tool.name} takes no {option} {shown(bad)}" if bad is not None else None
