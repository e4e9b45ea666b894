"""Texts of a workstream whose values are not known with its file: filled in where they become known. Pure.

A field is named as in the fingerprints, such as `steps.update.prompt`. Those named in `Workstream.unfilled` are in the
language of `text/values.py`, with `$${{` for `${{`; all others are as they are meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from splinter.errors import InputError
from splinter.model.workstream import Prompt, Run, Step, ToolCall, Workstream
from splinter.text import values
from splinter.text.patterns import path_problem, ref_problem, shown

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_STEPS = ("steps", "checks", "preflight")
_ATTRIBUTES = {"env": "variables"}  # fields that a workstream has under another name
_PATHS = ("inputs", "artifacts", "working_directory")
_REFS = ("base", "branch")
_ARGUMENTS = ("args", "run")
_LINES = ("title", "message", "commit")


def fill(workstream: Workstream, known: Mapping[str, str], *, names: Collection[str] | None = None) -> Workstream:
    """The workstream with those values that are known, in the fields of those names, else in all that wait for some.

    A field in which nothing is left to be filled in is `unfilled` no more. Raises InputError for a path, branch or
    argument that its value spoils.
    """
    for name in sorted(workstream.unfilled if names is None else workstream.unfilled & {*names}):
        workstream = _filled(workstream, name, known)
    return workstream


def asked(workstream: Workstream, name: str) -> tuple[str, ...]:
    """The names of the values that a field waits for, each once."""
    found: dict[str, None] = {}

    def note(text: str) -> str:
        found.update(dict.fromkeys(one.name for one in values.references(text)))
        return text

    _with(workstream, name, note)
    return tuple(found)


def _filled(workstream: Workstream, name: str, known: Mapping[str, str]) -> Workstream:
    to_come = False

    def put(text: str) -> str:
        nonlocal to_come
        made = _put(workstream, name, text, known)
        to_come = to_come or bool(values.references(made))
        return made

    made = _with(workstream, name, put)
    if to_come:
        return made
    return replace(_with(made, name, values.plain), unfilled=workstream.unfilled - {name})


def problem(name: str, text: str) -> str | None:
    """What is wrong with the whole text of a path or a branch, None where nothing is, or where it is something else."""
    if _is_path(name):
        return f"path {shown(text)} {why}" if (why := path_problem(text)) else None
    if name == "depends_on":
        return None if _ID.fullmatch(text) else f"{shown(text)} is no id of a workstream"
    if _last(name) in _REFS:
        return f"branch {shown(text)} {why}" if (why := ref_problem(text)) else None
    return None


def is_pattern(name: str) -> bool:
    """Whether wildcards in a field's texts mean something."""
    return name.startswith("scope.") or _last(name) == "inputs"


def is_argument(name: str) -> bool:
    """Whether a field's texts are arguments of a program."""
    return _last(name) in _ARGUMENTS


def has_one_line(name: str) -> bool:
    """Whether values of several lines would say more than was asked, as a commit's trailers."""
    return _last(name) in _LINES


def is_message(name: str) -> bool:
    """Whether a field's text is what a commit says."""
    return name == "commit.message" or _last(name) == "commit"


def _is_path(name: str) -> bool:
    return name.startswith("scope.") or _last(name) in _PATHS


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _put(workstream: Workstream, name: str, text: str, known: Mapping[str, str]) -> str:
    made = values.filled(text, known)
    if made == text:
        return text
    why = None
    if is_argument(name) and values.makes_an_option(values.pieces(text), known):
        why = f'argument {shown(made)} starts with "-", which would be read as an option'
    elif not values.references(made):
        why = problem(name, values.plain(made))
    if why:
        raise InputError(f"{workstream.source}: {name} of {workstream.id}: {why}")
    return made


def _with(workstream: Workstream, name: str, change: Callable[[str], str]) -> Workstream:
    """The workstream with each text of a field as `change` makes it."""
    head, *rest = name.split(".")
    more: dict[str, Any]
    if head in _STEPS:
        steps = tuple(_step(one, rest[1], change) if one.id == rest[0] else one for one in getattr(workstream, head))
        more = {head: steps}
        return replace(workstream, **more)
    if head == "setup":
        own, number = "command" if rest[1] == "run" else rest[1], int(rest[0]) - 1
        setup = tuple(
            replace(one, **{own: _changed(getattr(one, own), change)}) if index == number else one
            for index, one in enumerate(workstream.setup)
        )
        return replace(workstream, setup=setup)
    attribute = _ATTRIBUTES.get(head, head)
    whole = getattr(workstream, attribute)
    if rest and whole is not None:
        more = {attribute: replace(whole, **{rest[0]: _changed(getattr(whole, rest[0]), change)})}
    else:
        more = {attribute: _changed(whole, change)}
    return replace(workstream, **more)


def _step(step: Step, key: str, change: Callable[[str], str]) -> Step:
    action = step.action
    if key == "prompt" and isinstance(action, Prompt):
        return replace(step, action=replace(action, text=change(action.text)))
    if key == "run" and isinstance(action, Run):
        return replace(step, action=replace(action, command=_changed(action.command, change)))
    if key == "args" and isinstance(action, ToolCall):
        return replace(step, action=replace(action, args=_changed(action.args, change)))
    if key == "args" and isinstance(action, Prompt):  # as a simulated run takes the arguments of an agent
        return replace(step, action=replace(action, text=change(action.text)))
    return replace(step, **{key: _changed(getattr(step, key), change)})


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple | list):
        return type(value)(_changed(item, change) for item in value)
    if isinstance(value, dict):
        return {key: _changed(item, change) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _changed(getattr(value, one.name), change) for one in fields(value)})
    return value
