"""A document with the values that are known with it: as it is meant, or once for each member of its matrix.

Which texts hold values is looked up once a file; each that was filled in is judged again by the rules for typed ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from splinter.config import filled_rules, schema, value_places
from splinter.config.matrix import Member
from splinter.config.value_places import Place
from splinter.config.value_rules import MARK
from splinter.config.yaml_documents import Document, Problem
from splinter.config.yaml_events import Keys
from splinter.model import commit_message, filling, guarded_paths, value_names
from splinter.model.tool import Tool
from splinter.text import foreign, values
from splinter.text.patterns import WILDCARDS, shown
from splinter.text.values import Piece, Reference

_PLAIN = re.compile(r"[\w./-]*")  # the usual path, which may stand in code too, where escapes would be seen
_ESCAPED = {sign: f"[{sign}]" for sign in WILDCARDS}  # a folder's name is no pattern, whatever is in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What is parsed as one workstream: its data, the texts of prompt files, and the fields with values to come.

    `member` is None where the document has no matrix.
    """

    data: Mapping[str, Any]
    prompts: Mapping[str, str]
    unfilled: frozenset[str] = frozenset()
    member: Member | None = None


@dataclass(frozen=True, slots=True)
class _Text:
    """A text in parts; `is_final`: nothing of its field is filled in later."""

    parts: tuple[Piece, ...]
    is_final: bool

    def put(self, known: Mapping[str, str]) -> str:
        parts = values.put(self.parts, known)
        return "".join(map(str, parts)) if self.is_final else values.written(parts)


@dataclass(slots=True)
class _Compiled:
    """The texts of one document that hold values, each with its parts."""

    document: Document
    places: list[tuple[Place, _Text]]
    files: dict[str, _Text]
    unfilled: frozenset[str]
    tools: Mapping[str, Tool]
    faults: dict[Keys, Problem] = field(default_factory=dict)


def filled(
    document: Document, prompts: Mapping[str, str], members: Sequence[Member] | None, tools: Mapping[str, Tool]
) -> tuple[list[Filled], list[Problem]]:
    """The workstreams of a sound document, and a problem for each text that their values spoil.

    `members` is None where it has no matrix. Of many members with the same fault the first is named.
    """
    compiled, found = _compiled(document, prompts, tools), []
    for member in members if members is not None else (None,):
        id = member.id if member else str(document.data["id"])
        known = {value_names.ID: id, **(value_names.of_matrix(member.values) if member else {})}
        data = {**_filled(compiled, known, member), "id": id}
        own = {**prompts, **{path: text.put(known) for path, text in compiled.files.items()}}
        found.append(Filled(data=data, prompts=own, unfilled=compiled.unfilled, member=member))
    return found, list(compiled.faults.values())


def _compiled(document: Document, prompts: Mapping[str, str], tools: Mapping[str, Tool]) -> _Compiled:
    read = [(place, values.pieces(place.text)) for place in value_places.of(document.data)]
    in_files = {path: values.pieces(text) for path, text in prompts.items() if "{{" in text}
    to_come = {path for path, parts in in_files.items() if _has_more(parts)}
    steps = {
        f"steps.{step['id']}.prompt" for step in document.data["steps"] if step.get("prompt_file") in to_come
    }  # fmt: skip
    unfilled = frozenset({place.field for place, parts in read if _has_more(parts)} | steps)
    if "scope.modify" in unfilled and "create" not in document.data["scope"]:
        unfilled |= {"scope.create"}  # which is the same then
    return _Compiled(
        document,
        [(place, _Text(parts, place.field not in unfilled)) for place, parts in read],
        {path: _Text(parts, path not in to_come) for path, parts in in_files.items()},
        unfilled,
        tools,
    )


def _has_more(parts: Iterable[Piece]) -> bool:
    return any(isinstance(one, Reference) and not _is_of_file(one.name) for one in parts)


def _is_of_file(name: str) -> bool:
    return name == value_names.ID or name.startswith(value_names.MATRIX)


def _filled(compiled: _Compiled, known: Mapping[str, str], member: Member | None) -> dict[str, Any]:
    data = compiled.document.data
    copied: dict[Keys, Any] = {(): dict(data)}
    for place, text in compiled.places:
        own = _as_patterns(known, member) if filling.is_pattern(place.field) else known
        own = _inert(known, member) if place.field == "pull_request.body" else own
        made = text.put(own)
        if place.keys not in compiled.faults and (fault := _fault(compiled, place, text, made, own, member)):
            number, why = fault
            compiled.faults[place.keys] = compiled.document.problem_inside(place.keys, MARK, number, why)
        _copy_to(copied, place.keys)[place.keys[-1]] = made
    return dict(copied[()])


def _copy_to(copied: dict[Keys, Any], keys: Keys) -> Any:
    """The list or mapping that holds a value, copied once together with all around it."""
    for end in range(1, len(keys)):
        if keys[:end] not in copied:
            around = copied[keys[: end - 1]]
            own = around[keys[end - 1]]
            copied[keys[:end]] = around[keys[end - 1]] = own.copy()
    return copied[keys[:-1]]


def _as_patterns(known: Mapping[str, str], member: Member | None) -> Mapping[str, str]:
    """The values as patterns: what is a path on the base means that path alone."""
    if member is None or not member.paths:
        return known
    signs = str.maketrans(_ESCAPED)
    names = value_names.of_keys(member.paths)
    return {**known, **{name: known[name].translate(signs) for name in names}}


def _inert(known: Mapping[str, str], member: Member | None) -> Mapping[str, str]:
    """The values as they stand in Markdown: what the base holds notifies nobody, and links to nothing."""
    names = [name for name in value_names.of_keys(member.found) if not _PLAIN.fullmatch(known[name])] if member else []
    return {**known, **{name: foreign.in_markdown(known[name], is_alone=False) for name in names}}


def _fault(
    compiled: _Compiled, place: Place, text: _Text, made: str, known: Mapping[str, str], member: Member | None
) -> tuple[int, str] | None:
    """Which mark of a text is to blame that does not fit its place with its values, and why; None where all is well."""
    mine = [one for one in text.parts if isinstance(one, Reference) and _is_of_file(one.name)]
    if not mine:
        return None
    blamed, why = mine[0], None
    if filling.is_argument(place.field) and (option := values.makes_an_option(text.parts, known)):
        blamed = next(one for one in mine if one.name == option)
        why = f'argument {shown(made)} starts with "-", which would be read as an option'
    elif filling.has_one_line(place.field) and any(_breaks(known[one.name]) for one in mine):
        blamed = next(one for one in mine if _breaks(known[one.name]))
        why = f"{shown(made)} is more than one line"
    elif filling.is_message(place.field) and (steered := commit_message.filled_problem(_typed(text.parts), made)):
        why = steered
    elif ruled := filled_rules.problem(compiled.document.data, place, made, compiled.tools):
        why = ruled
    elif text.is_final:
        why = filling.problem(place.field, made) or _opened_guard(place, made, mine, member)
        misfit = None if why else schema.misfit(place.schema, made)
        why = why or (f"{shown(made)} {misfit}" if misfit else None)
    if not why:
        return None
    marks = [found.end() - 3 for found in values.OPENING.finditer(place.text)]
    own = ", ".join(f"{name} {shown(known[name])}" for name in dict.fromkeys(one.name for one in mine))
    return marks.index(blamed.at), f"{why}: in {known[value_names.ID]}, by {own}"


def _typed(parts: Iterable[Piece]) -> str:
    """What the user wrote of a text, without its values."""
    return "".join(one for one in parts if isinstance(one, str))


def _breaks(value: str) -> bool:
    return len(value.splitlines()) > 1 or value != value.rstrip("\r\n")


def _opened_guard(place: Place, made: str, mine: Iterable[Reference], member: Member | None) -> str | None:
    """Why a pattern is refused that what the base holds would make name a guarded path; None where it names none."""
    if member is None or place.field not in ("scope.modify", "scope.create"):
        return None
    found = set(value_names.of_keys(member.found))
    guarded = guarded_paths.named_by(made)
    if not guarded or not any(one.name in found for one in mine) or guarded_paths.named_by(place.text):
        return None
    return f"{shown(made)} opens {shown(guarded)}, which is guarded; name that in the file itself"
