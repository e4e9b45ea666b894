"""All workstream files of a repository as values in order, or as problems. It never asks git and runs nothing."""

from __future__ import annotations

import hashlib
import heapq
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from splinter.config import bounded_read, parse_cache, problem_listing, rules, schema, scope_overlaps, yaml_documents
from splinter.config.parse_cache import Memory
from splinter.config.yaml_documents import Document, Problem, warning
from splinter.config.yaml_events import Keys
from splinter.errors import InputError
from splinter.model import fingerprints, layout, workstream
from splinter.model.settings import Settings
from splinter.model.tool import Tool, recorded_path
from splinter.model.workstream import Prompt, Workstream
from splinter.text.counts import plural
from splinter.text.patterns import did_you_mean, path_problem, shown

MAX_OVERLAPS = 20
CYCLE_SHOWN = 10
LONGEST_ID = 63
_WORDS = re.compile(r"[^,\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """The sound workstreams, each after those it depends on, else by id; problems by path, line and column.

    A workstream with an error, or that depends on one, is not among them; a warning keeps nobody away.
    """

    workstreams: tuple[Workstream, ...] = ()
    problems: tuple[Problem, ...] = ()

    def check(self) -> None:
        """Raise InputError with the text of every error and their number; warnings alone pass."""
        errors = [problem for problem in self.problems if problem.is_error]
        if errors:
            raise InputError(problem_listing.for_people(errors))

    def other_files(self, settings: Settings) -> tuple[str, ...]:
        """What the workstreams rest on beside their own files: prompt files and recorded patches, from the root."""
        prompts = [
            (one.id, step.id, step.action)
            for one in self.workstreams
            for step in one.steps
            if isinstance(step.action, Prompt)
        ]
        files = [action.file for _, _, action in prompts if action.file]
        recorded = [
            recorded_path(id, step) for id, step, action in prompts if settings.tools[action.tool].needs_recording
        ]
        return (*files, *recorded)


@dataclass(slots=True)
class _Found:
    """One file while it is read."""

    document: Document
    problems: list[Problem]
    prompts: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str | None:
        own = rules.value_at(self.document.data, ("id",))
        return own if isinstance(own, str) else None

    @property
    def is_sound(self) -> bool:
        return not any(problem.is_error for problem in self.problems)

    @property
    def dependencies(self) -> list[tuple[Keys, str]]:
        texts = rules.texts(self.document, "depends_on")  # one that should be a list is looked at too
        return [
            (keys, name)
            for keys, text in texts
            for name in ([text] if len(keys) > 1 else _WORDS.findall(text)[:CYCLE_SHOWN])
        ]


def read(root: Path, settings: Settings) -> Collection:
    """The workstreams of the repository at `root`; a folder that is missing or empty gives an empty collection."""
    memory = parse_cache.load(root, settings.tools)
    found = [_read(root, file, settings.tools, memory) for file in _files(root)]
    memory.save()
    by_id = _by_id(found)
    _check_dependencies(found, by_id)
    _check_bases(found, settings.branch_prefix)
    _check_cycles(by_id)
    timeouts_s = {name: tool.timeout_s for name, tool in settings.tools.items() if tool.timeout_s is not None}
    sound = {
        id: workstream.parse(one.document.data, source=one.document.path, prompts=one.prompts, timeouts_s=timeouts_s)
        for id, one in by_id.items()
        if one.is_sound
    }
    workstreams = _ordered(sound)
    problems = [problem for one in found for problem in set(one.problems)]
    return Collection(
        workstreams=workstreams, problems=tuple(sorted([*problems, *_overlaps(root, workstreams, by_id)]))
    )


def meaning(path: Path) -> str:
    """The sha256 of what a workstream file says is to be done; of its bytes where it does not parse.

    Comments, the order of keys, whether it runs or is paid again, and what is only shown are no part of that.
    """
    raw = path.read_bytes()
    document = yaml_documents.read(raw, path=path.name)
    if document.is_readable and not document.problems:
        data = document.data
        if isinstance(data, dict):
            others = (*fingerprints.NO_WORK, *fingerprints.SHOWN)
            data = {key: value for key, value in data.items() if key not in others}
        raw = json.dumps(data, sort_keys=True).encode()
    return hashlib.sha256(raw).hexdigest()


def _files(root: Path) -> list[Path]:
    folder = root / layout.WORKSTREAMS
    if not folder.is_dir():
        return []
    try:
        found = sorted(folder.iterdir())
        return [
            file
            for file in found
            if file.suffix in layout.WORKSTREAM_SUFFIXES and file.name[0] != "." and not file.is_dir()
        ]
    except OSError as error:
        raise InputError(f"{layout.WORKSTREAMS} cannot be read: {error.strerror}") from error


def _read(root: Path, file: Path, tools: Mapping[str, Tool], memory: Memory) -> _Found:
    path = f"{layout.WORKSTREAMS}/{file.name}"
    known = memory.recall(file, path)
    found = _Found(known, []) if known else _judged(root, file, path, tools, memory)
    if isinstance(found.document.data, dict):
        found.problems += [*_read_prompts(root, found), *_recordings_missing(root, found.document, tools)]
    return found


def _judged(root: Path, file: Path, path: str, tools: Mapping[str, Tool], memory: Memory) -> _Found:
    """A file read and held against schema and rules; a sound one is remembered."""
    before = parse_cache.glance(file)
    raw = bounded_read.read(root, file)
    document = yaml_documents.unreadable(path, raw) if isinstance(raw, str) else yaml_documents.read(raw, path=path)
    found = _Found(document, [*document.problems, *schema.check(document), *rules.check(document, tools)])
    if before and isinstance(raw, bytes) and not found.problems:
        memory.keep(document, raw, before)
    return found


def _read_prompts(root: Path, found: _Found) -> Iterator[Problem]:
    """Fill in the texts of the prompt files; what is wrong with one is reported at its key."""
    for keys, entry in rules.entries(found.document, "steps"):
        path = entry.get("prompt_file")
        if not isinstance(path, str) or path_problem(path):
            continue
        text, why = _prompt(root, path)
        if why:
            yield found.document.problem((*keys, "prompt_file"), f"prompt file {shown(path)} {why}")
        found.prompts[path] = text


def _prompt(root: Path, path: str) -> tuple[str, str | None]:
    raw = bounded_read.read(root, root / path)
    if isinstance(raw, str):
        return "", raw
    if len(raw) > yaml_documents.MAX_BYTES:
        return "", f"is larger than {yaml_documents.MAX_BYTES:,} bytes"
    try:
        text = raw.decode("utf-8").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    except UnicodeDecodeError:
        return "", "is not UTF-8 text"
    if "\0" in text or not text.strip():
        return "", "holds the NUL character" if text.strip() else "is empty"
    return text, None


def _recordings_missing(root: Path, document: Document, tools: Mapping[str, Tool]) -> Iterator[Problem]:
    own = document.data.get("id")
    for call in rules.asked(document):
        tool = tools.get(call.tool) if isinstance(call.tool, str) else None
        step = call.step.get("id") if call.step else None
        if tool is None or not tool.needs_recording or not isinstance(own, str) or not isinstance(step, str):
            continue
        if max(len(own), len(step)) > LONGEST_ID:
            continue
        path = recorded_path(own, step)
        if not os.path.isfile(root / path):  # noqa: PTH113 - unlike pathlib's it raises for no name, however long
            yield document.problem(call.keys, f"{tool.name} has no recorded patch; expected {path}", at_key=True)


def _overlaps(root: Path, workstreams: Sequence[Workstream], by_id: Mapping[str, _Found]) -> Iterator[Problem]:
    """A warning at the later one of two that may write the same path, unless one waits for the other."""

    def is_file(name: str) -> bool:
        place = root / name
        return place.is_file() or (scope_overlaps.looks_like_a_file(name) and not place.is_dir())

    running = [one for one in workstreams if one.enabled]  # whoever names another sees to it
    overlaps = scope_overlaps.overlaps(running, is_file=is_file)
    for index, one in enumerate(overlaps[: MAX_OVERLAPS + 1]):
        document, other = by_id[one.id].document, by_id[one.other].document
        if index == MAX_OVERLAPS:
            rest = plural(len(overlaps) - MAX_OVERLAPS, "more workstream")
            yield warning(document.problem(one.keys, f"here and in {rest} scopes overlap; they are not shown"))
            return
        place = other.place(one.other_keys)
        own, theirs = (
            shown(rules.value_at(data, keys))
            for data, keys in ((document.data, one.keys), (other.data, one.other_keys))
        )
        more = f", and scopes of {plural(one.more, 'other workstream')}" if one.more else ""
        message = (
            f"{own} overlaps {theirs} of {other.path}:{place.line}:{place.column}{more}; "
            "let one depend on the other, or keep their scopes apart"
        )
        yield warning(document.problem(one.keys, message))


def _by_id(found: list[_Found]) -> dict[str, _Found]:
    """The files by their ids; the later of two with one id gets a problem that names the first."""
    by_id: dict[str, _Found] = {}
    for one in found:
        if one.id is None:
            continue
        first = by_id.setdefault(one.id, one)
        if first is not one:
            place = first.document.place(("id",))
            where = f"{first.document.path}:{place.line}:{place.column}"
            one.problems.append(one.document.problem(("id",), f"id {shown(one.id)} is taken by {where}"))
    return by_id


def _check_dependencies(found: list[_Found], by_id: Mapping[str, _Found]) -> None:
    # a file that cannot be read most likely holds the id of its name: its own problem is enough
    lost = {Path(one.document.path).stem for one in found if one.id is None}
    for one in found:
        for keys, name in one.dependencies:
            if name == one.id:
                one.problems.append(one.document.problem(keys, f"{shown(name)} depends on itself"))
            elif name not in by_id and name not in lost:
                meant = did_you_mean(name, by_id) or "; no workstream has this id"
                one.problems.append(one.document.problem(keys, f"unknown dependency {shown(name)}{meant}"))


def _check_bases(found: list[_Found], prefix: str) -> None:
    """A workstream that starts from its own branch, or aims at it, would find nothing left to do."""
    for one in found:
        for place in (("base",), ("pull_request", "base")):
            for keys, name in rules.texts(one.document, *place):
                if one.id and name == f"{prefix}{one.id}":
                    message = f"branch {shown(name)} is this workstream's own; name the one that it starts from"
                    one.problems.append(one.document.problem(keys, message))


def _check_cycles(by_id: Mapping[str, _Found]) -> None:
    """One problem a cycle, at the dependency by which its smallest id enters it."""
    graph = {
        id: sorted({name for _, name in one.dependencies if name in by_id and name != id}) for id, one in by_id.items()
    }
    rest = set(graph) - set(_sorted(graph))
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
            _report_cycle(walk[walk.index(here) :], by_id)


def _report_cycle(cycle: list[str], by_id: Mapping[str, _Found]) -> None:
    first = cycle.index(min(cycle))
    cycle = cycle[first:] + cycle[:first]
    one, following = by_id[cycle[0]], cycle[1]
    keys = next(keys for keys, name in one.dependencies if name == following)
    left_out = [f"… ({len(cycle) - CYCLE_SHOWN} more)"] if len(cycle) > CYCLE_SHOWN else []
    shown_ids = " -> ".join([*cycle[:CYCLE_SHOWN], *left_out, cycle[0]])
    one.problems.append(one.document.problem(keys, f"dependency cycle: {shown_ids}"))


def _ordered(sound: Mapping[str, Workstream]) -> tuple[Workstream, ...]:
    graph: dict[str, list[str]] = {id: list(one.depends_on) for id, one in sound.items()}
    return tuple(sound[id] for id in _sorted(graph))


def _sorted(graph: Mapping[str, list[str]]) -> list[str]:
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
