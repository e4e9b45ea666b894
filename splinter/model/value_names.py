"""The names of values that texts are filled with, and of the variables that hold the same for commands. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

ID, OCCURRENCE, BASE = "workstream.id", "occurrence", "base"
PLANNED = (OCCURRENCE, BASE)  # known with the plan; those of the matrix and the id are known with the file
MATRIX = "matrix."
OUTPUT = re.compile(r"steps\.([a-z0-9][a-z0-9-]*)\.outputs\.([A-Za-z_][A-Za-z0-9_-]*)")
_VARIABLES = {ID: "WORKSTREAM_ID", OCCURRENCE: "WORKSTREAM_OCCURRENCE", BASE: "WORKSTREAM_BASE"}
_LONGEST = 12  # characters of an occurrence that is a hash


def variable(name: str) -> str:
    """The variable in which a command finds the value of that name."""
    output = OUTPUT.fullmatch(name)
    if output:
        return _capitals(f"OUTPUT_{output[1]}_{output[2]}")
    return _VARIABLES.get(name) or _capitals(name)


def variables(values: Mapping[str, str]) -> dict[str, str]:
    """Values as variables."""
    return {variable(name): value for name, value in values.items()}


def of_matrix(matrix: Mapping[str, str]) -> dict[str, str]:
    """A member's values by their names in texts."""
    return {f"{MATRIX}{key}": value for key, value in matrix.items()}


def of_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """The names of what each list of a matrix gives."""
    return tuple(f"{MATRIX}{key}{part}" for key in keys for part in ("", ".name", ".slug"))


def occurrence(text: str, *, when: str) -> str:
    """An occurrence as it is filled in: a word that may stand in the name of a branch or a file."""
    if when == "once":
        return when
    if when == "on-change":
        return text[:_LONGEST]
    return text.removesuffix("+00:00").replace(":", "") + ("Z" if text.endswith("+00:00") else "")


def _capitals(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())
