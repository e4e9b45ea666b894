"""What is wrong with the values that one document asks for: their names, and the places where they stand.

It knows the document alone: what the values are, and whether a text still fits with them, is judged elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splinter.config import code_arguments, rules, value_places
from splinter.config.value_places import Place
from splinter.config.yaml_documents import Document, Problem, bounded, warning
from splinter.model import value_names
from splinter.text import values
from splinter.text.patterns import did_you_mean, shown

MARK = re.compile(r"\$+\{\{(?:[^{}\r\n]*\}\})?")  # as often in a text as `values.OPENING`
_WITHOUT_DOLLAR = re.compile(r"(?<!\$)\{\{[ \t]*((?:matrix|workstream|steps)\.[^{}\s]+)[ \t]*\}\}")
_COMMANDS = ("run", "only_if")
_PLAIN = ' plain "${{" is written "$${{"'
_LATER = {
    value_places.FILE: "this is read before any of it is known",
    value_places.EARLY: "where a step may write, and what it belongs to, is known before the first one runs",
}


@dataclass(frozen=True, slots=True)
class _Known:
    """What a document knows of values: those of its matrix, and its steps in order."""

    matrix: tuple[str, ...]
    steps: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.matrix, value_names.ID, *value_names.PLANNED)

    def forms(self) -> tuple[str, ...]:
        return (*self.names, *(f"steps.{id}.outputs.NAME" for id in self.steps))


def check(document: Document) -> tuple[Problem, ...]:
    """All that is wrong with the references of a readable document, at each of them."""
    known, places = _known(document.data), value_places.of(document.data)
    faults = bounded(
        document.problem_inside(place.keys, MARK, number, message)
        for place in places
        for number, message in _faults(place, known, document.data)
    )
    return (*faults, *bounded(_without_dollar(document, places, known)))


def _without_dollar(document: Document, places: Iterable[Place], known: _Known) -> Iterator[Problem]:
    """What looks like a value that a workstream has, and stays as it is."""
    for place in places:
        for number, found in enumerate(_WITHOUT_DOLLAR.finditer(place.text)):
            output = value_names.OUTPUT.fullmatch(found[1])
            if found[1] not in known.names and not (output and output[1] in known.steps):
                continue
            own = f"${value_names.variable(found[1])}"
            right = own if place.values == value_places.ENVIRONMENT else f"${{{{ {found[1]} }}}}"
            message = f"{shown(found[0])} stays as it is, and no value is filled in; that is written {shown(right)}"
            yield warning(document.problem_inside(place.keys, _WITHOUT_DOLLAR, number, message))


def of_prompt_file(data: Any, text: str, index: int) -> Iterator[tuple[int, int, str]]:
    """What is wrong in a file that holds a step's prompt: offset and length in it, and why."""
    if "{{" not in text:
        return
    keys = ("steps", index, "prompt")
    place = Place(keys=keys, text=text, field="prompt", values=value_places.LATE, schema={})
    marks = list(MARK.finditer(text))
    for number, why in _faults(place, _known(data), data):
        yield marks[number].start(), len(marks[number][0]), why


def _known(data: Any) -> _Known:
    matrix, steps = (data.get("matrix"), data.get("steps")) if isinstance(data, dict) else (None, None)
    keys = [key for key in matrix if isinstance(key, str)] if isinstance(matrix, dict) else []
    return _Known(value_names.of_keys(keys), tuple(_ids(steps if isinstance(steps, list) else [])))


def _ids(entries: Iterable[Any]) -> Iterator[str]:
    for entry in entries:
        own = entry.get("id") if isinstance(entry, dict) else None
        yield own if isinstance(own, str) else ""


def _faults(place: Place, known: _Known, data: Any) -> Iterator[tuple[int, str]]:
    """The number of each mark that is wrong, and why."""
    numbers = {found.end() - 3: number for number, found in enumerate(values.OPENING.finditer(place.text))}
    for one in values.references(place.text):
        why = _fault(place, one, known, data)
        if why:
            yield numbers[one.at], why


def _fault(place: Place, one: values.Reference, known: _Known, data: Any) -> str | None:
    if place.values == value_places.NONE:
        return _or_plain("no value can be filled in here")
    if not one.is_closed:
        return _or_plain('"${{" is not closed by "}}" on its line')
    output = value_names.OUTPUT.fullmatch(one.name)
    if one.name not in known.names and not (output and output[1] in known.steps):
        return _unknown(one.name, known, output)
    if place.values == value_places.ENVIRONMENT:
        own = value_names.variable(one.name)
        return _or_plain(f'no value is filled into a text for the shell, which finds this one as "${own}"')
    if why := _as_code(place, one.name, data):
        return why
    if output:
        return _LATER.get(place.values) or _too_late(place, output[1], known)
    if place.values == value_places.FILE and one.name in value_names.PLANNED:
        return f"{shown(one.name)} cannot stand here: {_LATER[place.values]}"
    return _circular(place, one.name, data)


def _as_code(place: Place, name: str, data: Mapping[str, Any]) -> str | None:
    """Why a value must not stand in that word of a command, None where it is data there."""
    *above, at = place.keys
    words = rules.value_at(data, tuple(above))
    if not isinstance(at, int) or above[-1] not in _COMMANDS or not isinstance(words, list):
        return None
    program = code_arguments.program([str(word) for word in words], at)
    if not program or (at == 0 and not value_names.OUTPUT.fullmatch(name)):
        return None
    if at == 0:
        return "which program is run is not for a step's output to say"
    own = value_names.variable(name)
    return f'{shown(program)} would run it as code, which finds it as "${own}"; a further argument behind is data'


def _unknown(name: str, known: _Known, output: re.Match[str] | None) -> str:
    if output:
        return _or_plain(f"no step has the id {shown(output[1])}{did_you_mean(output[1], known.steps)}")
    if not name:
        return _or_plain("a name is missing, such as workstream.id")
    meant = did_you_mean(name, known.forms())
    if not meant and name.startswith(value_names.MATRIX) and not known.matrix:
        meant = "; this workstream has no matrix"
    return _or_plain(f"unknown value {shown(name)}{meant}")


def _or_plain(message: str) -> str:
    return f"{message}{' A' if message.endswith('?') else '; a'}{_PLAIN}"


def _too_late(place: Place, step: str, known: _Known) -> str | None:
    """Why an output is not there when its place is filled; None where it is."""
    kind, index = place.keys[0], place.keys[1] if len(place.keys) > 1 else None
    if kind in ("preflight", "setup"):
        return f"no step has run when {kind} is run"
    if kind != "steps" or not isinstance(index, int):
        return None
    is_after = "commit" in place.keys  # which is made when the step has run
    if known.steps.index(step) < index + is_after:
        return None
    return f"{shown(step)} has not run yet: it does not come before this step"


def _circular(place: Place, name: str, data: Mapping[str, Any]) -> str | None:
    """The occurrence of `on-change` is made of what inputs and scope name."""
    is_watched = place.field == "inputs" or place.field.startswith("scope.")
    if name != value_names.OCCURRENCE or not is_watched or data.get("when") not in (None, "on-change"):
        return None
    return "what is watched cannot name the occurrence, which with on-change is made of it; say when it is due"
