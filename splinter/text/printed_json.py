"""JSON among whatever else a tool prints: found by where it begins, and read as far as it is whole.

It knows no tool and no meaning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_TRIED = 20  # places where a value may begin


def objects(output: str) -> Iterator[dict[str, Any]]:
    """Lines that are JSON objects; what else is printed between them does not matter.

    Only a line feed ends a line: JavaScript leaves the other line ends of Unicode as they are inside of strings.
    """
    for line in output.split("\n"):
        start = line.find("{")
        found = loaded(line[start:]) if start >= 0 else None
        if found is not None:
            yield found


def listed(output: str) -> Iterator[dict[str, Any]]:
    """The objects of the last list that begins a line, and the last object that does: both over several lines too."""
    text, end = f"\n{output}", None
    for _ in range(_TRIED):
        end = max(text.rfind("\n[", 0, end), text.rfind("\n{", 0, end))
        if end < 0:
            break
        found = _decoded(text[end + 1 :])
        entries = found if isinstance(found, list) else [found]
        objects = [one for one in entries if isinstance(one, dict)]
        if objects:
            yield from objects
            break


def last_object(output: str, names: tuple[str, ...]) -> dict[str, Any] | None:
    """The last JSON object that begins a line and holds one of the names."""
    text, end = f"\n{output}", None
    for _ in range(_TRIED):
        end = text.rfind("\n{", 0, end)
        if end < 0:
            break
        found = loaded(text[end + 1 :])
        if found is not None and any(name in found for name in names):
            return found
    return None


def loaded(text: str) -> dict[str, Any] | None:
    """The object that a text begins with, None for anything else."""
    found = _decoded(text)
    return found if isinstance(found, dict) else None


def _decoded(text: str) -> Any:
    """The value that a text begins with, None for none."""
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None
