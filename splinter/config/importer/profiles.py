"""`tool_profiles.json` and `circuit_breakers.yaml` of the earlier orchestrator as settings. It writes no file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from splinter.config import schema, tool_profiles
from splinter.config.importer.agents import Table
from splinter.config.importer.phrases import duration, identifier
from splinter.config.importer.source import Source
from splinter.config.yaml_documents import Document
from splinter.config.yaml_events import Keys
from splinter.errors import InputError
from splinter.model.tool import Tool
from splinter.text.patterns import harmless, shown

GROUPS = ("tool_profiles", "profiles", "tools")
SAME = ("version", "env", "leaves", "at_once", "prompt_args")
PROMPT_WORDS = {"{message}": "{prompt}", "{task}": "{prompt}", "{file}": "{files}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakers:
    """What a file of circuit breakers says: limits by id, and those for everybody."""

    path: str
    attempts: Mapping[str, int]
    minutes: Mapping[str, float]
    ids: frozenset[str]
    default_attempts: int | None = None


def group(data: Any) -> Keys:
    """Where in a file the profiles stand."""
    if isinstance(data, dict):
        return next(((name,) for name in GROUPS if isinstance(data.get(name), dict)), ())
    return ()


def is_profiles(data: Mapping[str, Any]) -> bool:
    """Whether a file holds tool profiles: mappings that name a command."""
    place = group(data)
    inside = data[str(place[0])] if place else data
    found = [value for value in inside.values() if isinstance(value, dict)]
    called = [value for value in found if "command" in value or "cmd" in value]
    return bool(called) and 2 * len(called) >= len(found)


def tables(source: Source, shipped: Mapping[str, Tool]) -> dict[str, Table]:
    """The tables of a file's profiles by name; what has no field becomes a comment in them, with a warning."""
    found: dict[str, Table] = {}
    place = group(source.document.data)
    for keys, profile in source.items(*place):
        if not isinstance(profile, dict):
            continue
        table = _table(source, keys, profile, shipped)
        why = _problem(table, shipped) if table else "has no command"
        if table is None or why:
            source.warn(keys, f"profile {shown(keys[-1])} {why}; left out", at_key=True)
        elif table.name in found:
            source.warn(keys, f"profile {shown(keys[-1])} is called like another; left out", at_key=True)
        else:
            found[table.name] = table
        source.take(keys)
    for key in source.document.data:
        if (key,) != place and not any(taken[:1] == (key,) for taken in source.taken):
            source.warn((key,), f"{shown(key)} has no counterpart in the settings; left out", at_key=True)
    return found


def breakers(source: Source) -> Breakers:
    """The limits in a file of circuit breakers; a workstream that speaks of them gets them as fix and budget."""
    attempts: dict[str, int] = {}
    minutes: dict[str, float] = {}
    ids = set()
    for keys, entry in source.items("circuit_breakers"):
        id = source.text(*keys, "id") if isinstance(entry, dict) else None
        if id is None:
            continue
        ids.add(id)
        limit, length = source.number(*keys, "limit"), source.number(*keys, "duration_minutes")
        if entry.get("type") == "max_attempts" and limit is not None and 1 <= limit <= 100:
            attempts[id] = int(limit)
        if entry.get("type") == "timeout" and length is not None and length > 0:
            minutes[id] = length
    shared = source.number("defaults", "max_attempts")
    return Breakers(
        path=source.path, attempts=attempts, minutes=minutes, ids=frozenset(ids),
        default_attempts=int(shared) if shared is not None and 1 <= shared <= 100 else None,
    )  # fmt: skip


def breaker_comments(source: Source) -> tuple[str, ...]:
    """A file of circuit breakers as comments for the settings."""
    lines = map(harmless, source.document.text.rstrip().splitlines())
    name = re.split(r"[/\\]", source.path)[-1]
    head = f"From {name}: limits stand in each workstream, as fix and budget; splinter itself ends a fix loop that"
    return (head, "turns in circles and a step that leaves its scope. The file said:", *lines)


def text(found: Iterable[Table], *, prefix: str) -> str:
    """Tables as TOML; `prefix` is `tools`, or `tool.splinter.tools` inside pyproject.toml."""
    parts = []
    for table in found:
        lines = [f"# {line}" for line in table.comments]
        lines.append(f"[{prefix}.{table.name}]")
        lines += [f"{key} = {_toml(value)}" for key, value in table.fields.items()]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _table(source: Source, keys: Keys, profile: Mapping[str, Any], shipped: Mapping[str, Tool]) -> Table | None:
    command, *args = _words(profile.get("command", profile.get("cmd"))) or [""]
    args += _words(profile.get("args", profile.get("arguments")))
    name = identifier(str(keys[-1]))
    fields: dict[str, Any] = {"command": command}
    args = [_word(word) for word in args]
    prompts = any("{prompt" in word for word in args)
    below = shipped.get(name)
    rest: dict[str, Any] = {}
    if below is not None and below.takes_prompts:
        # what is shipped knows how that agent is called and what it prints; another call would not fit its reader
        rest, fields = {key: value for key, value in (("command", command), ("args", args)) if value}, {}
    elif below is not None and not all(word.startswith("-") for word in args):
        # in front of every call's own arguments they would change what workstreams that name this tool do
        rest["args"] = args
    elif args:
        shipped_args = below.args if below is not None and below.command == command else ()
        fields["prompt_args" if prompts else "args"] = [*([] if prompts else shipped_args), *args]
    timeout = duration(_seconds(profile) or 0)
    if timeout:
        fields["timeout"] = timeout
    fields |= {key: profile[key] for key in SAME if key in profile and isinstance(profile[key], list | int)}
    rest |= {key: value for key, value in profile.items() if key not in USED and key not in fields}
    if rest:
        source.warn(keys, f"profile {shown(keys[-1])}: kept as a comment: {', '.join(rest)}", at_key=True)
    comments = tuple(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in rest.items())
    return Table(name=name, fields=fields, comments=comments) if command else None


USED = ("command", "cmd", "args", "arguments", "timeout_seconds", "timeout_sec", "timeout", "timeout_minutes")


def _seconds(profile: Mapping[str, Any]) -> float | None:
    for key, factor in (("timeout_seconds", 1), ("timeout_sec", 1), ("timeout", 1), ("timeout_minutes", 60)):
        value = profile.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value * factor
    return None


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value if isinstance(item, str | int | float)] if isinstance(value, list) else []


def _word(word: str) -> str:
    return PROMPT_WORDS.get(word, word)


def _problem(table: Table, shipped: Mapping[str, Tool]) -> str | None:
    found = schema.check(Document(path="", text="", data={"tools": {table.name: dict(table.fields)}}), "settings")
    if found:
        return f"does not fit: {found[0].message}"
    try:
        tool_profiles.merged(shipped, {table.name: table.fields})
    except InputError as error:
        return f"does not fit: {error}"
    return None


def _toml(value: object) -> str:
    # JSON's texts are TOML's, but for the one control character that JSON lets stand
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
