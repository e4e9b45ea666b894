"""One phase plan or bundle as the data of a workstream, with comments and warnings. It knows no other file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from splinter.config.importer import limits, phrases, scoping
from splinter.config.importer.agents import Agents, tool_of
from splinter.config.importer.entries import Entries
from splinter.config.importer.profiles import Breakers
from splinter.config.importer.source import Source
from splinter.config.yaml_events import Keys
from splinter.text.patterns import ref_problem, shown

IDS: tuple[Keys, ...] = (("phase_identity", "workstream_id"), ("workstream_id",), ("id",), ("ws_id",))
PHASES: tuple[Keys, ...] = (("phase_identity", "phase_id"), ("phase_id",))
TITLES: tuple[Keys, ...] = (("phase_identity", "title"), ("title",), ("name",))
OBJECTIVES: tuple[Keys, ...] = (
    ("phase_identity", "summary"), ("phase_identity", "objective"), ("summary",), ("objective",), ("description",),
    ("goal",),
)  # fmt: skip
DEPENDENCIES: tuple[Keys, ...] = (
    ("dag_and_dependencies", "depends_on"), ("depends_on",), ("dependencies", "depends_on"), ("blocked_by",),
)  # fmt: skip
PREFLIGHT: tuple[Keys, ...] = (
    ("pre_flight_checks", "checks"), ("pre_flight_checks",), ("preflight_checks",), ("preflight",),
)  # fmt: skip
STEPS: tuple[Keys, ...] = (
    ("execution_plan", "steps"), ("execution_plan",), ("execution_steps",), ("steps",), ("tasks",),
    ("execution_phases",), ("phases",),
)  # fmt: skip
CHECKS: tuple[Keys, ...] = (
    ("acceptance_tests", "tests"), ("acceptance_tests",), ("acceptance_criteria",), ("ground_truth",),
)  # fmt: skip
BASES: tuple[Keys, ...] = (("scope_and_modules", "worktree_strategy", "base_branch"), ("base_branch",))
STEP_TIMEOUT: Keys = ("execution", "timeout_per_step")
DONE = frozenset({"completed", "complete", "done", "closed", "abandoned", "cancelled", "archived"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The data of a workstream in the order it is written, and comments by the keys they stand above."""

    data: dict[str, Any]
    comments: dict[Keys, tuple[str, ...]]
    head: tuple[str, ...]


class UnusableError(Exception):
    """A file that holds nothing to do; its text says so."""


def of(source: Source, *, id: str, depends_on: Sequence[str], agents: Agents, breakers: Sequence[Breakers]) -> Draft:
    """The workstream of that id; raises UnusableError where the file names nothing to do."""
    head = source.comments_at_top()
    entries = _entries(source, agents)
    title, objective = _title(source, id), _objective(source)
    preflight = entries.preflight(source.lists(PREFLIGHT))
    steps = entries.steps(source.lists(STEPS)) or _only_step(source, entries, objective)
    checks = entries.checks(source.lists(CHECKS))
    tool = tool_of(source, agents, entries, steps)
    attempts, minutes = limits.fixes_and_minutes(source, breakers)
    if attempts and not tool:
        source.warn((), "fixes need an agent and none is named: they are left out")
        attempts = None
    scope = scoping.scope(source, is_changed_later=attempts is not None or len(steps) > 1)
    artifacts = scoping.artifacts(source, entries, checks, scope)
    usd = limits.positive(source, limits.DOLLARS)
    budget = {key: _plain(value) for key, value in (("usd", usd), ("minutes", minutes)) if value}
    base = _base(source)
    entries.warn_of_printed()
    _warn_of_status(source)
    metadata = source.rest()
    source.warn_of_comments()
    data = {
        "id": id, "title": title, "objective": objective, "when": "once", "base": base,
        "depends_on": list(depends_on), "tool": tool, "scope": scope, "preflight": preflight, "steps": steps,
        "checks": checks, "fix": {"attempts": attempts} if attempts else None, "artifacts": artifacts,
        "budget": budget, "metadata": metadata,
    }  # fmt: skip
    is_kept = {key: value not in (None, "", [], {}) for key, value in data.items()}
    return Draft(data={key: data[key] for key in data if is_kept[key]}, comments=entries.comments, head=head)


def identity(source: Source) -> tuple[Keys, str]:
    """What the file calls itself, and where; the file's name where it does not say."""
    found = source.first_text(*IDS) or source.first_text(*PHASES)
    if found and found[0] in PHASES:
        source.taken.discard(found[0])
    if found and phrases.workstream_id(found[1]):
        return found
    if found:
        source.taken.discard(found[0])
    return (), re.split(r"[/\\]", source.path)[-1].rpartition(".")[0] or source.path


def phase(source: Source) -> str | None:
    """The phase that the file is of."""
    return next((found for keys in PHASES if isinstance(found := source.value(*keys), str)), None)


def dependencies(source: Source) -> list[tuple[Keys, str]]:
    """What the file says it depends on, each with its place; not yet taken."""
    found: list[tuple[Keys, str]] = []
    places = source.lists((*DEPENDENCIES, ("dependencies",)))
    for keys, item in (pair for place in places for pair in source.items(*place)):
        names = ("id", "workstream_id", "phase_id", "name")
        key = next((key for key in names if isinstance(item, dict) and isinstance(item.get(key), str)), None)
        if isinstance(item, str | int) and not isinstance(item, bool):
            found.append((keys, str(item)))
        elif key:
            found.append(((*keys, key), item[key]))
    return found


def _entries(source: Source, agents: Agents) -> Entries:
    values: dict[str, str] = {}
    for name, places in (("workstream_id", IDS), ("phase_id", PHASES)):
        found = next((text for keys in places if isinstance(text := source.value(*keys), str)), None)
        if found:
            values |= {name: found, f"phase_identity.{name}": found}
    timeout = phrases.duration(source.number(*STEP_TIMEOUT) or 0)
    plain = frozenset(name for name in (*agents.tools, *agents.tables) if agents.is_plain_tool(name))
    return Entries(source, values, plain, timeout)


def _title(source: Source, id: str) -> str:
    found = source.first_text(*TITLES)
    title = phrases.one_line(found[1]) if found else phrases.title_of(id)
    if found and len(title) > phrases.TITLE_CHARACTERS:
        source.leave(found[0], f"the title is cut after {phrases.TITLE_CHARACTERS} characters; kept under metadata")
        title = title[: phrases.TITLE_CHARACTERS - 1].rstrip() + "…"
    return title or id


def _objective(source: Source) -> str:
    found = [text for keys in OBJECTIVES if (text := _long_text(source, keys))]
    texts = [text.strip() for text in dict.fromkeys(found)]
    joined = "\n\n".join(texts)
    return f"{joined}\n" if "\n" in joined else joined


def _long_text(source: Source, keys: Keys) -> str | None:
    if isinstance(source.value(*keys), list):
        return "\n".join(text for _, text in source.texts(*keys)) or None
    return source.text(*keys)


def _only_step(source: Source, entries: Entries, objective: str) -> list[dict[str, Any]]:
    if not objective:
        raise UnusableError("names nothing to do: no steps, no tasks and no objective")
    source.warn((), "no steps and no tasks: the objective is its one prompt")
    entries.ids.add("work")
    return [{"id": "work", "prompt": objective}]


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number


def _base(source: Source) -> str | None:
    for keys in BASES:
        text = source.text(*keys)
        why = ref_problem(text) if text else None
        if why:
            source.leave(keys, f"branch {shown(text)} {why}; kept under metadata")
        elif text:
            return text
    return None


def _warn_of_status(source: Source) -> None:
    for keys in (("phase_identity", "status"), ("status",)):
        status = source.value(*keys)
        if isinstance(status, str) and status.lower() in DONE:
            source.warn(keys, f"its status is {shown(status)}; as a workstream it runs once more")
