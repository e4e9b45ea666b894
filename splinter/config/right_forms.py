"""The right form of a value that somebody wrote another way: a string in place of a list, a command in place of a step.

It proposes only what the schema takes, and judges nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from splinter.config.yaml_events import CONSTANTS, NUMBER

Schema = Mapping[str, Any]
MOST = 200  # characters of a form; a longer one helps nobody
LONGEST = 40  # characters of a text that is shown again; of a longer one the form alone
# what a short form of these most likely means
_FIRST = {"scope": "modify", "budget": "usd", "fix": "attempts"}
_FLAGS = {"pull_request": ("draft",)}
# words of other programs for keys of ours
_ALIASES = {
    "name": ("id", "title"), "description": ("objective", "title"), "summary": ("title",), "goal": ("objective",),
    "schedule": ("when",), "cron": ("when",), "on": ("when",), "every": ("when",),
    "needs": ("depends_on",), "requires": ("depends_on",), "dependencies": ("depends_on",), "after": ("depends_on",),
    "cmd": ("run",), "command": ("run",), "script": ("run",), "shell": ("run",), "exec": ("run",), "uses": ("tool",),
    "agent": ("tool",), "environment": ("env",), "tests": ("checks",), "jobs": ("steps",), "tasks": ("steps",),
    "allow": ("modify",), "include": ("modify",), "paths": ("modify",), "write": ("modify",),
    "if": ("only_if",), "exclude": ("forbid",), "deny": ("forbid",), "ignore": ("forbid",),
    "dollars": ("usd",), "cost": ("usd",), "time": ("minutes",), "tries": ("attempts",), "retries": ("attempts",),
}  # fmt: skip
ONLY_IF = "only_if"
_CONDITIONS = (ONLY_IF, "if")  # the second is that of GitHub Actions, and an expression there
_PLAIN = re.compile(r"[A-Za-z0-9_./](?:[A-Za-z0-9_./+=@-]| (?![#]))*(?<! )")
_AMOUNT = re.compile(r"\$?\s*([0-9]+(?:\.[0-9]+)?)\s*(?:\$|usd|dollars?)?", re.IGNORECASE)
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|h|d)(?:ec|econds?|in|inutes?|rs?|ours?|ays?)?", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def of(schema: Schema, keys: tuple[str | int, ...], value: Any, *, path: str) -> str:
    """`; write depends_on: [lint]`, or nothing where it is not clear what was meant; in the language of that file."""
    key = next((one for one in reversed(keys) if isinstance(one, str)), "")
    is_variables = key == "env" and isinstance(value, dict)
    has_values = is_variables and "=" in str(schema.get("pattern"))
    meant = _variables(value, has_values=has_values) if is_variables else _meant(schema, key, value)
    if meant is None:
        return ""
    is_item = not key or (isinstance(keys[-1], int) and key != "env")
    form = f"; write {written(meant, path=path) if is_item else _line(key, meant, path)}"
    if is_variables and not has_values:
        form += ", and give the values where doit is called"
    return form if len(form) <= MOST else ""


def _variables(value: Mapping[str, Any], *, has_values: bool) -> list[str]:
    return [f"{name}={one}" if has_values and isinstance(one, str) else name for name, one in value.items()]


def _line(key: str, value: Any, path: str) -> str:
    return written({key: value}, path=path)[1:-1]


def meant_by(key: str, known: Mapping[str, Any]) -> str | None:
    """The key of ours for which other programs have that word."""
    return next((one for one in _ALIASES.get(key.lower(), ()) if one in known), None)


def alias(key: str, known: Mapping[str, Any]) -> str:
    """`; did you mean "run"?` for such a word, or nothing."""
    meant = meant_by(key, known)
    return f'; did you mean "{meant}"?' if meant else ""


def elsewhere(key: str, value: Any, schema: Schema, whole: Schema, *, path: str) -> str:
    """Where a key belongs that stands in the wrong mapping: in a step, or at the top."""
    top, step = whole.get("properties", {}), _items(whole, "steps")
    if key.startswith("-") and key[1:] in step.get("properties", {}):
        return '; put a blank after the "-"'
    if key in _CONDITIONS:
        return _condition(key, schema, top)
    if schema.get("properties") == top and key in step.get("properties", {}):
        action = isinstance(value, str) and key in ("run", "prompt")
        entry = _step(step, value) if action and key == "run" else {"id": "write", key: _short(value)}
        form = f": write {_line('steps', [entry], path)}" if action else ""
        return f"; it belongs in a step{form}"
    if key in top and step and schema.get("properties") != top:
        return "; it belongs at the top of the workstream"
    return ""


def _condition(key: str, schema: Schema, top: Mapping[str, Any]) -> str:
    """What to do about a condition, which steps alone may have."""
    if "only_if" in schema.get("properties", {}):
        return f"; write {ONLY_IF}: a command, of which 0 runs the step and 1 skips it"
    kind = schema.get("title", "")
    if kind in ("check", "preflight", "setup"):
        return f"; a {kind} always runs: only a step has {ONLY_IF}"
    return f"; {'it' if key == ONLY_IF else ONLY_IF} belongs in a step" if schema.get("properties") == top else ""


def called(name: str, tools: Mapping[str, Any], *, is_entry: bool, path: str) -> str:
    """What to write for a tool's name with arguments behind it, or for a program that is no tool; else nothing."""
    first, *more = name.split()
    if first in tools and more and is_entry:
        whole = f"; write {_line('tool', first, path)} and {_line('args', more, path)}"
        return whole if len(whole) <= MOST else ""
    if first in tools and more:
        return f"; write {_line('tool', first, path)}: options of a tool stand in its profile, in the settings"
    return ""


def text(schema: Schema, value: str) -> str:
    """`; did you mean "20m"?` for the text `20 min`, or nothing: for durations, names and ids."""
    pattern = str(schema.get("pattern", ""))
    make = next((one for start, one in _MAKERS.items() if pattern.startswith(start)), None)
    meant = make(value) if make else None
    return f'; did you mean "{meant}"?' if meant and re.fullmatch(pattern, meant) else ""


def _duration(text: str) -> str | None:
    found = _DURATION.fullmatch(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2].lower()] if found else 0.0
    if seconds < 1 or seconds != int(seconds):
        return None
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _SECONDS[unit] == 0)
    return f"{int(seconds) // _SECONDS[unit]}{unit}"


def _id(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _name(text: str) -> str:
    return text.partition("=")[0].strip("${}@ ")


# by how the patterns begin that the schemas have for durations, ids, names of variables, and accounts
_MAKERS = {"^[1-9]": _duration, "^[a-z0-9]": _id, "^[A-Za-z_]": _name, "^[A-Za-z0-9]": _name}


def written(value: Any, *, path: str) -> str:
    """A value on one line, as YAML, TOML or JSON by the file's name; a mapping in braces."""
    if path.endswith(".json"):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, dict):
        sign = " = " if path.endswith(".toml") else ": "
        return "{" + ", ".join(f"{key}{sign}{written(one, path=path)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(one, path=path) for one in value) + "]"
    is_plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value not in CONSTANTS
    if is_plain and not NUMBER.fullmatch(value) and not path.endswith(".toml"):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _meant(schema: Schema, key: str, value: Any) -> Any:
    wanted = schema.get("type")
    if wanted == "array" or (isinstance(wanted, list) and wanted[0] == "array"):
        return _list(schema.get("items", {}), value)
    if wanted == "object" or key in _FLAGS:
        return _mapping(schema, key, value)
    if wanted == "number" and isinstance(value, str) and (found := _AMOUNT.fullmatch(value)):
        return float(found[1]) if "." in found[1] else int(found[1])
    if wanted not in ("string", ["string", "array"]) or ("anyOf" in schema and not isinstance(value, list | dict)):
        return None
    return _text(key, value)


def _list(items: Schema, value: Any) -> Any:
    """A list of texts or of steps, of one of them or of a mapping by their names."""
    if items.get("type") == "string":
        if isinstance(value, str) and value.strip():
            return [part for part in re.split(r"[,\s]+", value) if part]
        return list(value) if isinstance(value, dict) and value else None
    if isinstance(value, str) and value.strip():
        return [_step(items, value)] if "run" in items.get("properties", {}) else None
    if not isinstance(value, dict) or not value or len(value) > 3:
        return None
    if value.keys() & items.get("properties", {}).keys() and value.keys() <= items["properties"].keys():
        return [{key: _short(one) for key, one in value.items()}]
    if all(isinstance(one, str) and one.strip() for one in value.values()):
        return [_step(items, one, id=key) for key, one in value.items()]
    if all(isinstance(one, dict) and one for one in value.values()) and "id" in items.get("properties", {}):
        return [{"id": key, **{name: _short(own) for name, own in one.items()}} for key, one in value.items()]
    return None


def _mapping(schema: Schema, key: str, value: Any) -> Any:
    properties = schema.get("properties", {})
    if isinstance(value, str) and "run" in properties:
        return _step(schema, value) if value.strip() else None
    if value in _FLAGS.get(key, ()):
        return {value: True}
    first = _FIRST.get(key)
    if first is None or first not in properties or isinstance(value, bool) or value in (None, "", []):
        return None
    inner = properties[first]
    if isinstance(value, str | list) and inner.get("type") == "array":
        return {first: value if isinstance(value, list) else _list(inner.get("items", {}), value)}
    if isinstance(value, int | float):
        return {first: value}
    meant = _meant(inner, first, value)
    return None if meant is None else {first: meant}


def _text(key: str, value: Any) -> Any:
    """A text that was written as a number, as the one item of a list, or as a mapping."""
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value) and key not in ("", "prompt"):
        return value[0] if len(value) == 1 else None
    if isinstance(value, dict) and len(value) == 1 and all(isinstance(one, str) for one in value.values()):
        ((name, own),) = value.items()
        return own if key == "when" else f"{name}: {own}"
    return None


def _step(items: Schema, command: str, *, id: str | None = None) -> dict[str, Any]:
    """A command as a step, a check or a setup: named where it needs a name."""
    word = _id(id or command.split()[0].rpartition("/")[2])
    name = {"id": word[:63] or "step"} if "id" in items.get("required", ()) else {}
    return {**name, "run": _short(command)}


def _items(whole: Schema, key: str) -> Schema:
    found: Schema = whole.get("properties", {}).get(key, {}).get("items", {})
    return found


def _short(value: Any) -> Any:
    return f"{value[:LONGEST]}…" if isinstance(value, str) and len(value) > LONGEST else value
