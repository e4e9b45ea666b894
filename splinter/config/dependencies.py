"""What workstreams of all files say of each other: unknown dependencies, circles, and an order without one.

It reads no file. A name may be that of a group: then all its members are meant.
"""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splinter.config import rules
from splinter.config.filled_members import Filled
from splinter.config.yaml_documents import Document, Problem
from splinter.config.yaml_events import Keys
from splinter.text.patterns import did_you_mean, shown

CYCLE_SHOWN = 10
_WORDS = re.compile(r"[^,\s]+")


@dataclass(slots=True, kw_only=True)
class OneFile:
    """A file while it is read; `is_known` is False for a matrix whose members nobody knows yet."""

    document: Document
    problems: list[Problem]
    is_known: bool = True

    @property
    def id(self) -> str | None:
        """What it says: of a matrix, the name of the group."""
        own = rules.value_at(self.document.data, ("id",))
        return own if isinstance(own, str) else None

    @property
    def is_sound(self) -> bool:
        """Whether it can be run, as far as it is known."""
        return not any(problem.is_error for problem in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """A workstream of a file; `filled` is None where the file is not sound, and `id` empty where it has none."""

    id: str
    file: OneFile
    filled: Filled | None = None

    @property
    def depends_on(self) -> Sequence[tuple[Keys, str]]:
        """What it names, each with its place; one that should be a list is looked at too."""
        document = self.file.document
        if self.filled:
            return [(("depends_on", index), name) for index, name in enumerate(self.filled.data.get("depends_on", ()))]
        return [
            (keys, name)
            for keys, text in rules.texts(document, "depends_on")
            for name in ([text] if len(keys) > 1 else _WORDS.findall(text)[:CYCLE_SHOWN])
            if "${{" not in text
        ]


Groups = Mapping[str, Sequence[str]]


def expanded(names: Iterable[str], groups: Groups) -> tuple[str, ...]:
    """The ids of workstreams that are meant, each once."""
    return tuple(dict.fromkeys(id for name in names for id in groups.get(name, (name,))))


def check(ones: Sequence[One], by_id: Mapping[str, One], groups: Groups) -> None:
    """Put a problem at each dependency that is unknown, or leads back to itself."""
    # a file that cannot be read most likely holds the id of its name: its own problem is enough
    lost = {Path(one.file.document.path).stem for one in ones if one.file.id is None}
    hidden = tuple(f"{one.id}-" for one in ones if one.id and _is_hidden(one.file))
    for one in ones:
        for keys, name in one.depends_on:
            document = one.file.document
            if one.id and one.id in groups.get(name, (name,)):
                one.file.problems.append(document.problem(keys, f"{shown(name)} depends on itself"))
            elif name not in by_id and name not in groups and name not in lost and not name.startswith(hidden):
                meant = did_you_mean(name, {**by_id, **groups}) or "; no workstream has this id"
                one.file.problems.append(document.problem(keys, f"unknown dependency {shown(name)}{meant}"))
    _check_cycles(by_id, groups)


def _is_hidden(file: OneFile) -> bool:
    """Whether nobody can tell the members of a matrix."""
    data: Any = file.document.data
    return isinstance(data, dict) and "matrix" in data and not (file.is_known and file.is_sound)


def _check_cycles(by_id: Mapping[str, One], groups: Groups) -> None:
    """One problem a cycle, at the dependency by which its smallest id enters it."""
    graph = {
        id: sorted({name for name in expanded((name for _, name in one.depends_on), groups) if name in by_id} - {id})
        for id, one in by_id.items()
    }
    rest = set(graph) - set(in_order(graph))
    seen: set[str] = set()
    for start in sorted(rest):
        walk: list[str] = []
        here = start
        # whoever is left over depends on another that is: following the first such leads into a cycle
        while here not in seen:
            seen.add(here)
            walk.append(here)
            here = next(name for name in graph[here] if name in rest)
        if here in walk:
            _report_cycle(walk[walk.index(here) :], by_id, groups)


def _report_cycle(cycle: list[str], by_id: Mapping[str, One], groups: Groups) -> None:
    first = cycle.index(min(cycle))
    cycle = cycle[first:] + cycle[:first]
    one, following = by_id[cycle[0]], cycle[1]
    keys = next(keys for keys, name in one.depends_on if following in groups.get(name, (name,)))
    left_out = [f"… ({len(cycle) - CYCLE_SHOWN} more)"] if len(cycle) > CYCLE_SHOWN else []
    shown_ids = " -> ".join([*cycle[:CYCLE_SHOWN], *left_out, cycle[0]])
    one.file.problems.append(one.file.document.problem(keys, f"dependency cycle: {shown_ids}"))


def in_order(graph: Mapping[str, Sequence[str]]) -> list[str]:
    """Ids after those they depend on, else by id; those that depend on what is missing or on a cycle are left out."""
    waits = {id: len(names) for id, names in graph.items()}
    dependents: defaultdict[str, list[str]] = defaultdict(list)
    for id, names in graph.items():
        for name in names:
            dependents[name].append(id)
    ready = sorted(id for id, count in waits.items() if count == 0)
    order: list[str] = []
    while ready:
        done = heapq.heappop(ready)
        order.append(done)
        for id in dependents[done]:
            waits[id] -= 1
            if waits[id] == 0:
                heapq.heappush(ready, id)
    return order
