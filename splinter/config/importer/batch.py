"""Files of the earlier orchestrator, taken together, as workstream files and settings. It reads and writes no file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from splinter.config import rules, schema, tool_profiles, value_rules, yaml_documents
from splinter.config.importer import draft, jsonc, ordering, phrases, profiles, source, written
from splinter.config.importer.agents import Agents, Table
from splinter.config.importer.profiles import Breakers
from splinter.config.importer.source import Source
from splinter.config.yaml_documents import Document, Problem
from splinter.config.yaml_events import Keys
from splinter.model import layout
from splinter.model.tool import Tool
from splinter.text import values
from splinter.text.patterns import shown

SCHEMA_LINE = f"yaml-language-server: $schema={{above}}{layout.STATE}/{layout.WORKSTREAM_SCHEMA}"
SUFFIXES = (".json", ".jsonc", ".yaml", ".yml")
VERSION = re.compile(r"v?3(\.0)?")
BUNDLE_KEYS = frozenset(place[0] for place in (*draft.STEPS, *draft.OBJECTIVES, *draft.IDS))
KNOWN = "it is not a phase plan, a workstream bundle, tool profiles or circuit breakers"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as the user named it: what it holds, or why it cannot be read."""

    path: str
    raw: bytes = b""
    problem: str | None = None


class Kind(StrEnum):
    """What a file became."""

    WORKSTREAM = "workstream"
    SETTINGS = "settings"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one file; a workstream has its `id` and `text`.

    `problems` are warnings, or the reasons why it was refused.
    """

    path: str
    kind: Kind
    id: str = ""
    text: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The results in the order of the files, and what the settings need: tables, and comments."""

    results: tuple[Result, ...]
    tables: tuple[Table, ...] = ()
    comments: tuple[tuple[str, ...], ...] = ()


@dataclass(slots=True)
class _Work:
    """What is known while the files are converted."""

    own_tools: Mapping[str, Tool]
    existing: Mapping[str, tuple[str, ...]]
    occupied: frozenset[str]
    above: str
    refused: dict[int, tuple[Problem, ...]] = field(default_factory=dict)
    plans: dict[int, Source] = field(default_factory=dict)
    settings: dict[int, Source] = field(default_factory=dict)
    ids: dict[int, str] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    breakers: list[Breakers] = field(default_factory=list)
    comments: list[tuple[str, ...]] = field(default_factory=list)


def convert(
    files: Sequence[File],
    *,
    existing: Mapping[str, tuple[str, ...]],
    own_tools: Mapping[str, Tool],
    occupied: frozenset[str] = frozenset(),
    above: str = "../",
) -> Batch:
    """The files as workstreams and settings.

    `existing` are the ids of the workstreams that are there with what they depend on, `occupied` the names of files
    that no new workstream can have; `above` leads from them to the repository's root.
    """
    refused: dict[int, tuple[Problem, ...]] = {}
    while True:
        work = _Work(own_tools, existing, occupied, above, dict(refused))
        found = _converted(work, files)
        if work.refused == refused:
            return found
        # what was refused only at the end may be what others depend on: once more without it
        refused = work.refused


def _converted(work: _Work, files: Sequence[File]) -> Batch:
    for number, file in enumerate(files):
        if number not in work.refused:
            _classify(work, number, file)
    _identify(work)
    waits = ordering.dependencies(work.plans, work.ids, work.existing)
    agents = Agents(work.own_tools, work.tables)
    texts = {number: _text(work, number, waits.get(number, ()), agents) for number in sorted(work.plans)}
    _check_all(work, texts, agents)
    results = tuple(_result(work, number, file.path, texts.get(number, "")) for number, file in enumerate(files))
    return Batch(results=results, tables=_new_tables(work, agents), comments=tuple(work.comments))


def _classify(work: _Work, number: int, file: File) -> None:
    found = _source(file)
    if not isinstance(found, Source):
        work.refused[number] = found
        return
    why = _classified(work, number, found)
    if why:
        keys, message = why
        work.refused[number] = (found.document.problem(keys, message),)


def _source(file: File) -> Source | tuple[Problem, ...]:
    if file.problem or not file.path.lower().endswith(SUFFIXES):
        return yaml_documents.unreadable(file.path, file.problem or f"is not one of {', '.join(SUFFIXES)}").problems
    if file.path.lower().endswith((".json", ".jsonc")):
        document, comments = jsonc.read(file.raw, path=file.path)
        return document.problems or _mapping(document) or source.of_json(document, comments)
    document = yaml_documents.read(file.raw, path=file.path)
    return document.problems or _mapping(document) or source.of_yaml(document)


def _mapping(document: Document) -> tuple[Problem, ...]:
    if isinstance(document.data, dict) and document.data:
        return ()
    kind = "nothing" if document.data in (None, {}) else "a list" if isinstance(document.data, list) else "a text"
    return (document.problem((), f"expected one workstream as a mapping, found {kind}"),)


def _classified(work: _Work, number: int, found: Source) -> tuple[Keys, str] | None:
    """Put the file where it belongs; why it belongs nowhere."""
    data = found.document.data
    if "$schema" in data and ("properties" in data or "$defs" in data):
        return ("$schema",), "is a JSON Schema, which describes files and is none to import"
    if "template_version" in data or "phase_identity" in data:
        return _plan(work, number, found)
    if _is_breakers(data):
        work.settings[number] = found
        work.comments.append(profiles.breaker_comments(found))
        work.breakers.append(profiles.breakers(found))
        return None
    if not BUNDLE_KEYS & set(data) and profiles.is_profiles(data):
        work.settings[number] = found
        work.tables.update(profiles.tables(found, work.own_tools))
        return None
    if not BUNDLE_KEYS & set(data):
        return (), KNOWN
    work.plans[number] = found
    return None


def _plan(work: _Work, number: int, found: Source) -> tuple[Keys, str] | None:
    version = found.value("template_version")
    if version is None:
        found.warn((), "no template_version: read as 3")
    elif not VERSION.fullmatch(str(version).strip().lower()):
        return ("template_version",), f"template_version is {shown(version)}; only 3 can be imported"
    work.plans[number] = found
    return None


def _is_breakers(data: Mapping[str, Any]) -> bool:
    found = data.get("circuit_breakers")
    return not BUNDLE_KEYS & set(data) and isinstance(found, list) and all(isinstance(one, dict) for one in found)


def _identify(work: _Work) -> None:
    """Give each file its id; a second one with the very same id of its own is refused."""
    first: dict[str, tuple[int, Keys]] = {}
    for number, found in sorted(work.plans.items()):
        keys, name = draft.identity(found)
        if name in first and keys:
            other, other_keys = first[name]
            place = work.plans[other].document.place(other_keys)
            where = f"{work.plans[other].path}:{place.line}:{place.column}"
            work.refused[number] = (found.document.problem(keys, f"id {shown(name)} is taken by {where}"),)
            continue
        first.setdefault(name, (number, keys))
        slug = phrases.workstream_id(name) or "workstream"
        id = phrases.unique(slug, set(work.ids.values()))
        if id in work.occupied and id not in work.existing:
            message = f"{id}.yaml is there already and holds something else; it was not touched"
            work.refused[number] = (found.document.problem(keys, message),)
            continue
        if not keys:
            found.warn((), f"no id: it is {shown(id)}, after the file")
        elif id != name:
            found.leave(keys, f"id {shown(name)} is {shown(id)} now; kept under metadata")
        work.ids[number] = id
    for number in set(work.plans) & set(work.refused):
        del work.plans[number]


def _text(work: _Work, number: int, depends_on: Sequence[str], agents: Agents) -> str:
    own = work.plans[number]
    keys, name = draft.identity(own)
    if keys and work.ids[number] != name:
        own.taken.discard(keys)
    if own.value("template_version") is not None:
        own.take(("template_version",))
    try:
        made = draft.of(own, id=work.ids[number], depends_on=depends_on, agents=agents, breakers=work.breakers)
    except draft.UnusableError as error:
        work.refused[number] = (own.document.problem((), str(error)),)
        return ""
    name = re.split(r"[/\\]", own.path)[-1]
    head = (SCHEMA_LINE.format(above=work.above), f"from {name}", *made.head)
    return written.text(_without_values(made.data), comments=made.comments, head=head)


def _without_values(data: Any) -> Any:
    """The data with each text written so that no part of it is read as a value to be filled in."""
    if isinstance(data, dict):
        return {key: _without_values(one) for key, one in data.items()}
    if isinstance(data, list):
        return [_without_values(one) for one in data]
    return values.written([data]) if isinstance(data, str) else data


def _check_all(work: _Work, texts: Mapping[int, str], agents: Agents) -> None:
    """Refuse what `doit check` would refuse, so that nothing broken is ever written."""
    tables = {table.name: table.fields for table in _new_tables(work, agents)}
    known = tool_profiles.merged(work.own_tools, tables)
    for number, text in texts.items():
        if not text:
            continue
        made = yaml_documents.read(text.encode(), path=f"{work.ids[number]}.yaml")
        found = (*made.problems, *schema.check(made), *rules.check(made, known), *value_rules.check(made))
        errors = [problem for problem in found if problem.level == "error"]
        if errors:
            message = f"cannot be made a workstream: {errors[0].message}"
            work.refused[number] = (work.plans[number].document.problem((), message),)


def _new_tables(work: _Work, agents: Agents) -> tuple[Table, ...]:
    """The tables that the settings lack; what a user has set already is not offered again."""
    shipped = tool_profiles.shipped()
    wanted = {**work.tables, **agents.guessed}
    return tuple(
        table
        for name, table in wanted.items()
        if name not in work.own_tools or work.own_tools[name] == shipped.get(name)
    )


def _result(work: _Work, number: int, path: str, text: str) -> Result:
    if number in work.refused:
        return Result(path=path, kind=Kind.REFUSED, problems=work.refused[number])
    if number in work.settings:
        return Result(path=path, kind=Kind.SETTINGS, problems=tuple(sorted(work.settings[number].warnings)))
    warnings = tuple(sorted(work.plans[number].warnings))
    return Result(path=path, kind=Kind.WORKSTREAM, id=work.ids[number], text=text, problems=warnings)
