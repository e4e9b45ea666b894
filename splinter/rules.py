"""What the schema cannot say of one document: names, refs, paths, tools. It never reads a file nor another document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splinter import when
from splinter.documents import Document, Problem, bounded
from splinter.events import Keys
from splinter.notation import did_you_mean, matches, path_problem, pattern, ref_problem, shown
from splinter.tools import Tool
from splinter.workstream import COMMANDS_OF_DOIT, RESERVED_IDS, RESERVED_STEP_IDS

ENTRIES = ("preflight", "steps", "checks")
NUMBERED = re.compile(r"(?:fix|preflight)-[0-9]+")
# the rest of what is forbidden without being named may well be there already, and an artifact only has to exist
NEVER_AN_ARTIFACT = (".git", "**/.git/**", ".splinter", ".doit.db*")


def check(document: Document, tools: Mapping[str, Tool]) -> tuple[Problem, ...]:
    """All that is wrong with one readable document beyond its schema; values of the wrong type are passed over."""
    if not isinstance(document.data, dict):
        return ()
    return tuple(problem for rule in RULES for problem in bounded(rule(document, tools)))


def value_at(data: Any, keys: Keys) -> Any:
    """The value there, None where the document has another shape."""
    for key in keys:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int):
            data = data[key] if key < len(data) else None
        else:
            return None
    return data


def texts(document: Document, *keys: str) -> Iterator[tuple[Keys, str]]:
    """The texts of a list, or the one text, that stands there, each with its keys."""
    found = value_at(document.data, keys)
    if isinstance(found, str) and found:
        yield keys, found
    for index, item in enumerate(found if isinstance(found, list) else ()):
        if isinstance(item, str):
            yield (*keys, index), item


def entries(document: Document, *names: str) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """The mappings in the lists of those names, each with its keys."""
    for name in names:
        found = document.data.get(name)
        for index, entry in enumerate(found if isinstance(found, list) else ()):
            if isinstance(entry, dict):
                yield (name, index), entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Something that is asked of an agent: where it stands, in which step, and the agent's name with its place."""

    keys: Keys
    step: Mapping[str, Any] | None
    tool: object
    tool_keys: Keys


def asked(document: Document) -> Iterator[Asked]:
    """Every prompt, and `fix`."""
    shared = document.data.get("tool")
    for keys, entry in entries(document, "steps"):
        key = next((key for key in ("prompt", "prompt_file") if key in entry), None)
        if key:
            own = "tool" in entry
            tool_keys = (*keys, "tool") if own else ("tool",)
            yield Asked(keys=(*keys, key), step=entry, tool=entry["tool"] if own else shared, tool_keys=tool_keys)
    if isinstance(document.data.get("fix"), dict):
        yield Asked(keys=("fix",), step=None, tool=shared, tool_keys=("tool",))


def _ids(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    own = document.data.get("id")
    if isinstance(own, str) and own in RESERVED_IDS:
        whose = "doit" if own in COMMANDS_OF_DOIT else "splinter"
        yield document.problem(("id",), f"id {shown(own)} is reserved for {whose}; choose another")
    first: dict[str, Keys] = {}
    for keys, entry in entries(document, *ENTRIES):
        name = entry.get("id")
        if not isinstance(name, str):
            continue
        here: Keys = (*keys, "id")
        if name in RESERVED_STEP_IDS or NUMBERED.fullmatch(name):
            yield document.problem(here, f"id {shown(name)} is reserved for splinter; choose another")
        elif name in first:
            line = document.place(first[name]).line
            yield document.problem(here, f"id {shown(name)} is taken on line {line}; ids differ within a workstream")
        first.setdefault(name, here)


def _times(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    for keys, rule in texts(document, "when"):
        if rule not in when.RULES and len(rule.split()) == 5:
            why = when.cron_problem(rule)
            if why:
                yield document.problem(keys, f"{shown(rule)} {why}")


def _refs(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    for place in (("base",), ("pull_request", "base")):
        for keys, name in texts(document, *place):
            why = ref_problem(name)
            if why:
                yield document.problem(keys, f"branch {shown(name)} {why}")


def _paths(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    lists = (("scope", "modify"), ("scope", "create"), ("scope", "forbid"), ("inputs",), ("artifacts",))
    found = [(keys, text) for place in lists for keys, text in texts(document, *place)]
    for entry_keys, entry in entries(document, "steps"):
        if isinstance(entry.get("prompt_file"), str):
            found.append(((*entry_keys, "prompt_file"), entry["prompt_file"]))
    for keys, text in found:
        why = path_problem(text)
        if why:
            yield document.problem(keys, f"path {shown(text)} {why}")


def _variables(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    for keys, name in texts(document, "env"):
        if name.startswith("GIT_"):
            yield document.problem(keys, f"{name} never reaches a tool: it would steer git in the worktree")


def _calls(document: Document, tools: Mapping[str, Tool]) -> Iterator[Problem]:
    named = [((*keys, "tool"), entry.get("tool")) for keys, entry in entries(document, *ENTRIES)]
    for keys, name in [(("tool",), document.data.get("tool")), *named]:
        if isinstance(name, str) and name and name not in tools:
            meant = did_you_mean(name, tools) or f"; known are {', '.join(sorted(tools))}"
            yield document.problem(keys, f"unknown tool {shown(name)}{meant}")


def _agent(document: Document, tools: Mapping[str, Tool]) -> Iterator[Problem]:
    agents = ", ".join(sorted(tool.name for tool in tools.values() if tool.takes_prompts))
    unable: set[Keys] = set()
    for call in asked(document):
        name = call.tool
        if name is None:
            what = "a prompt" if call.step else "fix"
            yield document.problem(call.keys, f'{what} needs a tool; add "tool: NAME" to the workstream', at_key=True)
            return
        if isinstance(name, str) and name in tools and not tools[name].takes_prompts and call.tool_keys not in unable:
            unable.add(call.tool_keys)
            yield document.problem(call.tool_keys, f"tool {shown(name)} takes no prompts; those that do: {agents}")


def _artifacts(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    forbidden = [pattern(text) for _, text in texts(document, "scope", "forbid") if path_problem(text) is None]
    for keys, path in texts(document, "artifacts"):
        bare = path.removesuffix("/")
        why = next((own for own in (*NEVER_AN_ARTIFACT, *forbidden) if matches(own, bare)), None)
        if why:
            yield document.problem(keys, f"artifact {shown(path)} cannot be made: {shown(why)} is forbidden")


Rule = Callable[[Document, Mapping[str, Tool]], Iterator[Problem]]
RULES: tuple[Rule, ...] = (_ids, _times, _refs, _paths, _variables, _calls, _agent, _artifacts)
