"""Problems as text: for people, for machines, for GitHub's annotations. It finds none itself and prints nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence

from splinter.config.yaml_documents import Problem
from splinter.text.counts import plural
from splinter.text.patterns import harmless


def for_people(problems: Sequence[Problem], *, in_colour: bool = False) -> str:
    """Each with its line and carets, then how many there are; at least one."""
    return "\n".join([*(problem.text(in_colour=in_colour) for problem in problems), counted(problems)])


def as_json(problems: Sequence[Problem]) -> str:
    """A list of mappings with path, line, column, length, level and message."""
    return json.dumps([problem.to_json() for problem in problems], indent=2)


def as_annotations(problems: Sequence[Problem]) -> str:
    """Workflow commands by which GitHub Actions shows each problem at its line, then how many there are.

    Escaped as GitHub's own toolkit does; no source line is shown, for a runner obeys commands in any output.
    """
    return "\n".join([*map(_annotation, problems), counted(problems)])


def counted(problems: Sequence[Problem]) -> str:
    """`2 errors and 1 warning in 2 files`."""
    errors = sum(problem.is_error for problem in problems)
    kinds = ((errors, "error"), (len(problems) - errors, "warning"))
    found = " and ".join(plural(count, noun) for count, noun in kinds if count)
    return f"{found} in {plural(len({problem.path for problem in problems}), 'file')}"


def _annotation(problem: Problem) -> str:
    properties = {
        "file": problem.path,
        "line": str(problem.line),
        "col": str(problem.column),
        "endColumn": str(problem.column + problem.length),
        "title": "splinter",
    }
    given = ",".join(f"{name}={harmless(_escaped(value, ':,'))}" for name, value in properties.items())
    return f"::{problem.level} {given}::{_escaped(harmless(problem.message))}"


def _escaped(text: str, signs: str = "") -> str:
    for sign in ("%", "\r", "\n", *signs):  # the percent sign first, for it stands in all others
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
