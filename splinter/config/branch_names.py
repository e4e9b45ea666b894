"""What is wrong with the names of branches across files: workstreams' own, and those that they start from or aim at.

It knows what the files say alone: which branches there are, nobody asks here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splinter.config import rules
from splinter.config.yaml_documents import Document, Problem
from splinter.config.yaml_events import Keys
from splinter.model import layout
from splinter.text import values
from splinter.text.patterns import shown

_BASES: tuple[Keys, ...] = (("base",), ("pull_request", "base"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A workstream by its id: what its file says with its values, the file, and where problems of that go."""

    id: str
    data: Any
    document: Document
    problems: list[Problem]

    @property
    def named(self) -> str:
        """The branch that it names; empty where it names none, or with values that are not known yet."""
        name = rules.value_at(self.data, ("branch",))
        return name if isinstance(name, str) and not values.references(name) else ""

    @property
    def bases(self) -> Iterator[tuple[Keys, str]]:
        """What it starts from or aims at."""
        found = ((keys, rules.value_at(self.data, keys)) for keys in _BASES)
        yield from ((keys, name) for keys, name in found if isinstance(name, str))

    def own(self, prefix: str) -> str:
        """Its branch."""
        return self.named or f"{prefix}{self.id}"


def check(every: Sequence[Named], prefix: str) -> None:
    """Add a problem to each file that names a branch which is another's to move."""
    bases = {name: one.id for one in reversed(every) for _, name in one.bases}
    first: dict[str, tuple[str, str]] = {f"{prefix}{layout.TOGETHER}".casefold(): ("", f"{prefix}{layout.TOGETHER}")}
    for one in sorted(every, key=lambda one: bool(one.named)):  # who names none has the first word
        first.setdefault(one.own(prefix).casefold(), (one.id, one.own(prefix)))
    folders = _folders(first)
    for one in every:
        for keys, base in one.bases:
            if base == one.own(prefix):
                message = f"branch {shown(base)} is this workstream's own; name the one that it starts from"
                one.problems.append(one.document.problem(keys, message))
        why = _problem(one.id, one.named, bases, first, folders) if one.named else None
        if why:
            one.problems.append(one.document.problem(("branch",), f"branch {shown(one.named)} {why}"))


def _folders(first: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """What must be a folder of refs, so that no branch may have that name; with one that lies in it."""
    return {
        folded.rsplit("/", count)[0]: whose
        for folded, whose in first.items()
        for count in range(1, folded.count("/") + 1)
    }


def _problem(
    id: str, name: str, bases: Mapping[str, str], first: Mapping[str, tuple[str, str]],
    folders: Mapping[str, tuple[str, str]],
) -> str | None:  # fmt: skip
    """Why a workstream cannot have the branch that it names; disks that fold case count."""
    folded = name.casefold()
    if name in bases and bases[name] != id:
        return f"is what {bases[name]} starts from or aims at; name another, that nobody else writes to"
    whose, taken = first[folded]
    if whose != id:
        return f"is {_whose(whose)}; name another" + ("" if taken == name else ", for a disk may not tell them apart")
    above = (folded.rsplit("/", count)[0] for count in range(1, folded.count("/") + 1))
    others = [first[one] for one in above if one in first] + ([folders[folded]] if folded in folders else [])
    clash = next((one for one in others if one[0] != id), None)
    return f"and {shown(clash[1])}, {_whose(clash[0])}, rule each other out; name another" if clash else None


def _whose(id: str) -> str:
    return f"the branch of {id}" if id else "the branch of all workstreams together"
