"""All workstream files of a repository as values in order, or as problems. It never asks git and runs nothing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from splinter.config import (
    bounded_read,
    branch_names,
    dependencies,
    filled_members,
    handed_files,
    matrix,
    parse_cache,
    problem_listing,
    rules,
    schema,
    value_rules,
    yaml_documents,
)
from splinter.config.branch_names import Named
from splinter.config.dependencies import One, OneFile
from splinter.config.filled_members import Filled
from splinter.config.parse_cache import Memory
from splinter.config.yaml_documents import Document, Problem, bounded, lines_of, warning
from splinter.errors import InputError
from splinter.model import fingerprints, layout, workstream_document
from splinter.model.ports import BaseFiles
from splinter.model.settings import Settings
from splinter.model.tool import Tool, recorded_path
from splinter.model.workstream import Prompt, Workstream
from splinter.text.patterns import path_problem, shown

LONGEST_ID = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """The sound workstreams, each after those it depends on, else by id; problems by path, line and column.

    A workstream with an error, or that depends on one, is not among them; a warning keeps nobody away. `looks_at` is
    the base, as the file names it, of each file whose members the files of that base say; `is_whole` is False where
    one of these was never seen here.
    """

    workstreams: tuple[Workstream, ...] = ()
    problems: tuple[Problem, ...] = ()
    looks_at: Mapping[str, str | None] = field(default_factory=dict)
    is_whole: bool = True

    def check(self, *, is_asked_again: bool = False) -> None:
        """Raise InputError with the text of every error and their number; warnings alone pass.

        `is_asked_again`: what rests on files of a base is read once more when that was asked for.
        """
        passed = self.looks_at if is_asked_again else ()
        errors = [problem for problem in self.problems if problem.is_error and problem.path not in passed]
        if errors:
            raise InputError(problem_listing.for_people(errors))

    def other_files(self, settings: Settings) -> tuple[str, ...]:
        """What the workstreams rest on beside their own files: files that are handed over and recorded patches, from
        the root.
        """
        prompts = [
            (one.id, step.id, step.action)
            for one in self.workstreams
            for step in one.steps
            if isinstance(step.action, Prompt)
        ]
        files = [action.file for _, _, action in prompts if action.file]
        files += [one.path for work in self.workstreams for one in work.handed]
        recorded = [
            recorded_path(id, step) for id, step, action in prompts if settings.tools[action.tool].needs_recording
        ]
        return (*files, *recorded)


@dataclass(slots=True, kw_only=True)
class _Found(OneFile):
    """One file while it is read, with the texts of its prompt files by their paths."""

    prompts: dict[str, str] = field(default_factory=dict)


def read(root: Path, settings: Settings, files: BaseFiles | None = None, *, warns: bool = True) -> Collection:
    """The workstreams of the repository at `root`; a folder that is missing or empty gives an empty collection.

    `files` are those of bases, for a matrix whose lists are found there. `warns`: scopes that overlap are looked for,
    each against all others, which nobody needs who only runs them.
    """
    memory = parse_cache.load(root, settings.tools)
    found = [_read(root, file, settings.tools, memory) for file in _files(root)]
    memory.save()
    handed: dict[str, str] = {}
    for file in found:
        file.problems += handed_files.read(root, file.document, handed)
    ones = [one for file in found for one in _ones(root, file, settings.tools, files)]
    by_id, groups = _by_id(ones), _groups(ones)
    dependencies.check(ones, by_id, groups)
    branch_names.check([_named(id, one) for id, one in by_id.items()], settings.branch_prefix)
    timeouts_s = {name: tool.timeout_s for name, tool in settings.tools.items() if tool.timeout_s is not None}
    guarded = handed_files.guarded(root, (file.document.data for file in found))
    sound = {
        id: _parsed(one.filled, one.file.document.path, timeouts_s, groups, handed, guarded)
        for id, one in by_id.items()
        if one.filled and one.file.is_sound
    }
    order = dependencies.in_order({id: one.depends_on for id, one in sound.items()})
    workstreams = tuple(sound[id] for id in order)
    problems = [problem for one in found for problem in set(one.problems)]
    return Collection(
        workstreams=workstreams,
        problems=tuple(sorted([*problems, *(_overlaps(root, workstreams, by_id) if warns else ())])),
        looks_at={
            one.document.path: base if isinstance(base, str) else None
            for one in found
            if matrix.looks_at_files(one.document.data)
            for base in [rules.value_at(one.document.data, ("base",))]
        },
        is_whole=all(one.is_known for one in found),
    )


def _overlaps(root: Path, workstreams: Sequence[Workstream], by_id: Mapping[str, One]) -> Iterator[Problem]:
    from splinter.config import overlap_warnings

    return overlap_warnings.found(root, workstreams, by_id)


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
    found = _Found(document=known, problems=[]) if known else _judged(root, file, path, tools, memory)
    if isinstance(found.document.data, dict):
        found.problems += _read_prompts(root, found)
    return found


def _judged(root: Path, file: Path, path: str, tools: Mapping[str, Tool], memory: Memory) -> _Found:
    """A file read and held against schema and rules; a sound one is remembered."""
    before = parse_cache.glance(file)
    raw = bounded_read.read(root, file)
    document = yaml_documents.unreadable(path, raw) if isinstance(raw, str) else yaml_documents.read(raw, path=path)
    judged = (*schema.check(document), *rules.check(document, tools), *value_rules.check(document))
    found = _Found(document=document, problems=[*document.problems, *judged])
    if before and isinstance(raw, bytes) and not found.problems:
        memory.keep(document, raw, before)
    return found


def _ones(root: Path, file: _Found, tools: Mapping[str, Tool], files: BaseFiles | None) -> list[One]:
    """The workstreams of a file: its own, or the members of its matrix; what is wrong with these is put to the file."""
    document = file.document
    if not file.is_sound:
        if file.id is not None and "matrix" not in document.data:
            file.problems += _recordings_missing(root, document, tools, [file.id])
        return [One(id=file.id or "", file=file)]
    made = matrix.members(document, files) if "matrix" in document.data else None
    if made and not made.is_known:
        file.is_known = False
        message = "its members are not known, since its base was never seen here; a run asks for it"
        file.problems.append(warning(document.problem(("matrix",), message, at_key=True)))
    elif made:
        file.problems += bounded(made.problems)
    if not file.is_sound or not file.is_known:
        return [One(id=file.id or "", file=file)]
    found, faults = filled_members.filled(document, file.prompts, made.members if made else None, tools)
    file.problems += [*faults, *_recordings_missing(root, document, tools, [str(one.data["id"]) for one in found])]
    if faults:
        return [One(id=file.id or "", file=file)]
    return [One(id=str(one.data["id"]), file=file, filled=one) for one in found]


def _parsed(
    one: Filled, source: str, timeouts_s: Mapping[str, float], groups: Mapping[str, Sequence[str]],
    handed: Mapping[str, str], guarded: tuple[str, ...],
) -> Workstream:  # fmt: skip
    data, member = one.data, one.member
    if "depends_on" in data:
        data = {**data, "depends_on": dependencies.expanded(data["depends_on"], groups)}
    return workstream_document.parse(
        data,
        source=source,
        prompts=one.prompts,
        timeouts_s=timeouts_s,
        unfilled=one.unfilled,
        group=member.group if member else "",
        number=member.number if member else 0,
        matrix=member.values if member else {},
        handed=handed,
        guarded=guarded,
    )


def _read_prompts(root: Path, found: _Found) -> Iterator[Problem]:
    """Fill in the texts of the prompt files; what is wrong with one is reported at its key, of a value in the file."""
    for keys, entry in rules.entries(found.document, "steps"):
        path = entry.get("prompt_file")
        if not isinstance(path, str) or path_problem(path):
            continue
        text, why = handed_files.text(root, path)
        if why:
            yield found.document.problem((*keys, "prompt_file"), f"prompt file {shown(path)} {why}")
        found.prompts[path] = text
        for offset, length, why in value_rules.of_prompt_file(found.document.data, text, int(keys[1])):
            of_file = Document(path=path, text=text, line_starts=lines_of(text))
            yield of_file.problem_at(of_file.place_of((offset, offset + length)), why)


def _recordings_missing(
    root: Path, document: Document, tools: Mapping[str, Tool], ids: Sequence[str]
) -> Iterator[Problem]:
    for call in rules.asked(document):
        tool = tools.get(call.tool) if isinstance(call.tool, str) else None
        step = call.step.get("id") if call.step else None
        if tool is None or not tool.needs_recording or not isinstance(step, str):
            continue
        names = [recorded_path(id, step) for id in ids if max(len(id), len(step)) <= LONGEST_ID]
        # unlike pathlib's it raises for no name, however long
        missing = [path for path in names if not os.path.isfile(root / path)]  # noqa: PTH113
        if missing:
            more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
            message = f"{tool.name} has no recorded patch; expected {missing[0]}{more}"
            yield document.problem(call.keys, message, at_key=True)


def _by_id(ones: Sequence[One]) -> dict[str, One]:
    """The workstreams by their ids; the later of two files with one id gets a problem that names the first."""
    by_id: dict[str, One] = {}
    taken: dict[str, OneFile] = {}
    for one in ones:
        if not one.id:
            continue
        for id in dict.fromkeys((one.file.id or one.id, one.id)):
            first = taken.setdefault(id, one.file)
            if first is not one.file:
                place = first.document.place(("id",))
                where = f"{first.document.path}:{place.line}:{place.column}"
                one.file.problems.append(one.file.document.problem(("id",), f"id {shown(id)} is taken by {where}"))
        by_id.setdefault(one.id, one)
    return by_id


def _groups(ones: Sequence[One]) -> dict[str, list[str]]:
    """The members of each matrix by its id, in its order."""
    groups: dict[str, list[str]] = {}
    for one in ones:
        if one.filled and one.filled.member:
            groups.setdefault(one.file.id or "", []).append(one.id)
    return groups


def _named(id: str, one: One) -> Named:
    data = one.filled.data if one.filled else one.file.document.data
    return Named(id=id, data=data, document=one.file.document, problems=one.file.problems)
