"""Records to JSON's types and back. What an earlier or later version wrote is read as far as it is understood.

A field that nobody knows is left out, one that is missing is what it is by default, or says nothing, and so does one
that is of another type.
"""

from __future__ import annotations

import functools
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from typing import Any, TypeVar

from splinter.model.effects import Kind, State
from splinter.model.records import Action, LeftOutReason, Outcome
from splinter.model.verdict import Itself

Record = TypeVar("Record")
_NOTHING: Mapping[Any, Any] = {
    str: "", int: 0, float: 0.0, bool: False, tuple: (), Outcome: Outcome.ERROR, Action: Action.NONE,
    Itself: Itself.AS_ITS_CASES, Kind: Kind.PING, State: State.UNKNOWN,
    LeftOutReason: LeftOutReason.UNKNOWN,
}  # fmt: skip
_PLAIN: Mapping[Any, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float), bool: (bool,)}

_LEAVES = (str, int, float)


def to_json(record: Any) -> dict[str, Any]:
    """A record as JSON's types: as `asdict` does, without a copy of what cannot change."""
    return {name: _plain(getattr(record, name)) for name in _names(type(record))}  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, _LEAVES):
        return value
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return to_json(value) if is_dataclass(value) else value


@functools.cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def from_json(kind: type[Record], data: Mapping[str, Any]) -> Record:
    """The inverse of `to_json`."""
    hints = _hints(kind)  # type: ignore[arg-type]  # a class can be hashed
    read = {name: _read(hints[name], value) for name, value in data.items() if name in hints}
    missing = {
        field.name: _NOTHING.get(typing.get_origin(hints[field.name]) or hints[field.name])
        for field in fields(kind)  # type: ignore[arg-type]
        if field.name not in read and field.default is MISSING and field.default_factory is MISSING
    }
    return kind(**read, **missing)


@functools.cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _read(hint: Any, value: Any) -> Any:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):  # one type, or None
        return None if value is None else _read(next(part for part in parts if part is not type(None)), value)
    if origin is Mapping:
        return {key: _read(parts[1], one) for key, one in value.items()} if isinstance(value, dict) else {}
    if origin is tuple:
        return tuple(_read(parts[0], one) for one in value) if isinstance(value, list | tuple) else ()
    if hint in _PLAIN:
        is_one = type(value) in _PLAIN[hint] and (hint is not float or math.isfinite(value))
        return value if is_one else _NOTHING[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        known = {one.value: one for one in hint}
        return known.get(value if isinstance(value, str) else "", _NOTHING.get(hint))
    if isinstance(hint, type) and is_dataclass(hint):
        return from_json(hint, dict(value))
    return value
