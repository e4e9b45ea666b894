"""Which texts of a document may hold values, and which: the schema says so. It judges none, and fills none in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splinter.config import schema
from splinter.config.yaml_events import Keys

FILE, EARLY, LATE, ENVIRONMENT, NONE = "file", "early", "late", "environment", ""
_LISTS = ("steps", "checks", "preflight")  # their entries are known by their ids
_WHOLE = ("metadata", "env", "options")  # mappings that are one field


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A text in which `{{` stands: where, of which field, what may be filled in there, and what it must fit.

    `field` is its name in the fingerprints, such as `steps.update.prompt`.
    """

    keys: Keys
    text: str
    field: str
    values: str
    schema: Mapping[str, Any]


def of(data: Any) -> tuple[Place, ...]:
    """All of a document's; what stands in its matrix is what others are filled with."""
    if not isinstance(data, dict):
        return ()
    found = list(_with_braces({key: value for key, value in data.items() if key != "matrix"}, ()))
    return tuple(_place(data, keys, text) for keys, text in found)


def _with_braces(value: Any, keys: Keys) -> Iterator[tuple[Keys, str]]:
    if isinstance(value, str):
        if "{{" in value:
            yield keys, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _with_braces(one, (*keys, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _with_braces(one, (*keys, index))


def _place(data: Mapping[str, Any], keys: Keys, text: str) -> Place:
    node: Mapping[str, Any] = schema.whole()
    for key in keys:
        node = _below(node, key)
    return Place(keys=keys, text=text, field=field(data, keys), values=node.get("x-values", NONE), schema=node)


def _below(node: Mapping[str, Any], key: str | int) -> Mapping[str, Any]:
    """What the schema says of a part; of one that it does not speak of, what it says of the whole."""
    if isinstance(key, int):
        found = node.get("items") or node.get("then", {}).get("items")
    else:
        found = node.get("properties", {}).get(key) or node.get("additionalProperties")
    if isinstance(found, dict) and ("x-values" in found or "x-values" not in node):
        return found
    return {"x-values": node["x-values"]} if "x-values" in node else {}


def field(data: Mapping[str, Any], keys: Keys) -> str:
    """The name of the field that a text is part of."""
    first, *rest = map(str, keys)
    if first in _WHOLE or not rest:
        return first
    index = keys[1]
    if isinstance(index, int) and first in (*_LISTS, "setup"):
        entry = data[first][index]
        own = entry.get("id") if isinstance(entry, dict) and first != "setup" else None
        name = own or (f"preflight-{index + 1}" if first == "preflight" else str(index + 1))
        key = keys[2] if len(keys) > 2 else ""
        return f"{first}.{name}.{key}"
    return first if isinstance(index, int) else f"{first}.{index}"
