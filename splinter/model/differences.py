"""How the inputs of two successes differ, in words that a user would choose. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from splinter.model import fingerprints
from splinter.model.fingerprints import Inputs

_SHOWN = 60
_LISTED = 5


class Kind(StrEnum):
    """What differs: an input of a workstream, or, from `base` on, a part of a result's key."""

    DEFINITION = "definition"
    OCCURRENCE = "occurrence"
    INPUTS = "inputs"
    DEPENDENCY = "dependency"
    PROFILE = "profile"
    RECORDING = "recording"
    VERSION = "version"
    BASE = "base"
    CHANGE = "change"
    STEP = "step"
    EARLIER_STEP = "earlier step"
    TOOL = "tool"
    VALUE = "value"
    OUTPUTS = "outputs"


_SUBJECTS = {
    Kind.BASE: "what the inputs and the scope show of the base",
    Kind.CHANGE: "what the steps before it change",
}


_KINDS = frozenset(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key that differs.

    `was` and `now` are values as they are kept, None where the key was added or is gone.
    """

    kind: Kind
    key: str
    was: Any
    now: Any

    def text(self) -> str:
        """The difference as a sentence's part."""
        if self.kind == Kind.DEPENDENCY and self.was is None:
            return f"it depends on {self.key} now"
        if self.kind == Kind.DEPENDENCY and self.now is None:
            return f"it no longer depends on {self.key}"
        if self.kind == Kind.DEPENDENCY:
            return f"the result of {self.key} changed"
        if self.kind == Kind.VERSION:
            return f"{self.key} was {self.was}, is {self.now}"
        if self.kind == Kind.OUTPUTS:
            return f"what the step {self.key} wrote is another"
        if self.kind in _SUBJECTS:
            return f"{_SUBJECTS[self.kind]} is another"
        name = {Kind.PROFILE: _of_profile(self.key), Kind.RECORDING: f"the recorded patch of {self.key}",
                Kind.STEP: f"its {self.key}", Kind.EARLIER_STEP: f"the step {self.key} before it",
                Kind.TOOL: "the model" if self.key == "model" else f"its tool's {self.key}",
                Kind.VALUE: f"the value of {self.key}"}  # fmt: skip
        what = name.get(self.kind, self.key)
        if self.kind == Kind.INPUTS:
            return f"inputs changed on the base: {_listed(self.now)}"
        if self.was is None or self.now is None:
            return f"{what} was {'added' if self.was is None else 'removed'}"
        shown = _shown(self.was), _shown(self.now)
        return f"{what} was {shown[0]}, is {shown[1]}" if all(shown) else f"{what} was edited"


def of_result(material: Mapping[str, Any]) -> Inputs:
    """What the key of a step's result is made of, in short: `name/part` -> a short value, or the start of its hash.

    What an environment or a profile's variables say is hashed however short it is.
    """
    flat: Inputs = {}
    for name, value in material.items():
        if name == "steps":
            *earlier, own = value
            flat |= {f"{name}/{one['id']}": _brief(one, is_shown=False) for one in earlier}
            flat |= {f"{name}//{field}": _brief(part) for field, part in _own(own).items()}
        elif isinstance(value, Mapping):
            hidden = name == "values of env"
            parts = value.items() if name != "tool" else ((key, part) for key, part in value.items() if part)
            flat |= {f"{name}/{key}": _brief(part, is_shown=not hidden and key != "variables") for key, part in parts}
        else:
            flat[name] = _brief(value)
    return flat


def result_differences(was: Inputs, now: Inputs, names: Iterable[str]) -> tuple[Difference, ...]:
    """Which parts of a result's key differ, of those whose names are given: the others are not known."""
    kinds = {
        "version of the tool": Kind.VERSION, "recorded patch": Kind.RECORDING, "values of env": Kind.VALUE,
        "tool": Kind.TOOL, "results of dependencies": Kind.DEPENDENCY, "earlier steps' change": Kind.CHANGE,
        "inputs on the base": Kind.BASE, "occurrence": Kind.OCCURRENCE, "steps": Kind.EARLIER_STEP,
        fingerprints.OUTPUTS: Kind.OUTPUTS,
    }  # fmt: skip
    found = []
    for key in [*now, *(key for key in was if key not in now)]:
        name, _, part = key.partition("/")
        if was.get(key) == now.get(key) or name not in names:
            continue
        kind = Kind.STEP if part.startswith("/") else kinds.get(name, Kind.DEFINITION)
        label = f"{name}.{part}" if name == "scope" else part.removeprefix("/") or name
        found.append(Difference(kind=kind, key=label, was=was.get(key), now=now.get(key)))
    return tuple(found)


def _own(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step's fields by the names of a workstream's file."""
    action = {"prompt" if key == "text" else key: value for key, value in step["action"].items() if value is not None}
    named = {key.removesuffix("_s"): value for key, value in step.items() if key != "action" and value is not None}
    return {**named, **action}


def _brief(value: Any, *, is_shown: bool = True) -> Any:
    text = json.dumps(value, sort_keys=True, default=list)
    if is_shown and len(text) <= _SHOWN:
        return json.loads(text)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def differences(was: Mapping[str, Any], now: Inputs) -> tuple[Difference, ...]:
    """Which inputs differ, in the order in which a file is read; a step or profile that came or went is one."""
    found = []
    for name in [*now, *(name for name in was if name not in now)]:
        if was.get(name) == now.get(name) or _is_order_of_others(name, was.get(name), now.get(name)):
            continue
        kind, key = _kind(name)
        found.append(Difference(kind=kind, key=key, was=was.get(name), now=now.get(name)))
    return tuple(_folded(found))


def _kind(name: str) -> tuple[Kind, str]:
    """What an input is by its name; one that an earlier or later version kept is a part of the definition."""
    kind, colon, key = name.partition(":")
    return (Kind(kind), key or kind) if colon and kind in _KINDS else (Kind.DEFINITION, name)


def _is_order_of_others(name: str, was: Any, now: Any) -> bool:
    """Whether an order differs for the one reason that something came or went, which is a difference of its own."""
    return name.startswith("the order of ") and not (
        isinstance(was, list) and isinstance(now, list) and sorted(was) == sorted(now)
    )


def _folded(found: list[Difference]) -> Iterator[Difference]:
    """`steps.write` once, where all that is in it was added or removed with it; a profile likewise."""
    told: set[tuple[str, str]] = set()
    for one in found:
        whole = _came_or_went(one, found)
        if whole is None:
            yield one
        elif (one.kind, whole) not in told:
            told.add((one.kind, whole))
            was, now = (None if side is None else "" for side in (one.was, one.now))
            yield Difference(kind=one.kind, key=whole, was=was, now=now)


def _came_or_went(one: Difference, found: list[Difference]) -> str | None:
    """The step or profile that a difference is part of, where the whole of it was added or removed."""
    parent, _, _ = one.key.rpartition(".")
    mark = {Kind.DEFINITION: "id", Kind.PROFILE: "name"}.get(one.kind)  # what every step, every profile has
    if not parent or mark is None:
        return None
    marks = (other for other in found if (other.kind, other.key) == (one.kind, f"{parent}.{mark}"))
    return next((parent for other in marks if other.was is None or other.now is None), None)


def _of_profile(key: str) -> str:
    tool, _, field = key.partition(".")
    return f"{field.removesuffix('_s')} of the profile {tool}" if field else f"the profile of {tool}"


def _shown(value: Any) -> str:
    """A value where it is short enough to read, else nothing."""
    text = value if isinstance(value, str) else str(value)
    return "" if not text or len(text) > _SHOWN or "\n" in text or text.startswith("sha256:") else text


def _listed(paths: Any) -> str:
    more = f" and {len(paths) - _LISTED} more" if len(paths) > _LISTED else ""
    return ", ".join(paths[:_LISTED]) + more
