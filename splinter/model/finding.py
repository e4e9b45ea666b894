"""One thing that was looked at, and what there is to say of it. It looks at nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How what was looked at is."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: the `message` of a problem says how to fix it."""

    area: str
    name: str
    state: State
    message: str

    @property
    def line(self) -> str:
        """As people read it."""
        return f"{self.name}{' ' if self.state == State.OK else ': '}{self.message}"


def ok(area: str, name: str, message: str) -> Finding:
    """Something is as it should be."""
    return Finding(area=area, name=name, state=State.OK, message=message)


def note(area: str, name: str, message: str) -> Finding:
    """Something to know."""
    return Finding(area=area, name=name, state=State.NOTE, message=message)


def problem(area: str, name: str, message: str) -> Finding:
    """Something is missing or wrong, and how to fix it."""
    return Finding(area=area, name=name, state=State.PROBLEM, message=message)
