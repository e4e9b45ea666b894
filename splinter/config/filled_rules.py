"""What the rules beyond the schema say of one text with its values: the same as if it had been typed.

They judge a document before its values are known; what depends on more than the text itself is not judged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splinter.config import environment_rules, option_rules, rules
from splinter.config.value_places import Place
from splinter.model.tool import Tool


def problem(data: Mapping[str, Any], place: Place, made: str, tools: Mapping[str, Tool]) -> str | None:
    """Why a text of a sound document is refused with its values, None where it is not."""
    if place.field == "options" or place.field.endswith(".options"):
        at = place.keys.index("options")
        entry = rules.value_at(data, place.keys[:at])
        tool = tools[entry.get("tool", data.get("tool"))]
        return option_rules.value_problem(tool, str(place.keys[at + 1]), made)
    if place.field == "env":
        name, value = str(place.keys[-1]), made
        if isinstance(place.keys[-1], int):
            name, _, value = made.partition("=")
        return environment_rules.problem(name, value)
    return rules.body_problem(made) if place.field == "pull_request.body" else None
