"""A value that is misspelt, or stands where it may not, is a problem at its place inside the text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from splinter.config import schema, value_rules, yaml_documents
from splinter.config.yaml_documents import Problem

PLAIN = 'a plain "${{" is written "$${{"'
SMALL = {"id": "w", "title": "t", "matrix": {"package": ["a", "b"]}, "steps": [{"id": "find", "run": "true"}]}


def problems(text: str, path: str = "w.yaml") -> list[Problem]:
    document = yaml_documents.read(text.encode(), path=path)
    assert not document.problems
    assert not schema.check(document)
    return sorted(value_rules.check(document))


def told(**fields: Any) -> list[str]:
    """What is said of a document with these fields, without its places."""
    return [one.message for one in problems(json.dumps({**SMALL, **fields}), path="w.json")]


FIND = {"id": "find", "run": "true"}
GOOD = (
    {"title": "${{ matrix.package }} ${{matrix.package.name}} ${{ steps.find.outputs.count }} ${{ base }}"},
    {"title": "$${{ github.ref }} $ {{ mustache }}"},
    {"base": "release/${{ matrix.package.slug }}", "depends_on": ["${{ workstream.id }}-x"]},
    {
        "scope": {"modify": ["${{ matrix.package }}/**"]},
        "inputs": ["${{ base }}/x"],
        "artifacts": ["${{ occurrence }}"],
    },
    {"pull_request": {"labels": ["${{ matrix.package }}"], "milestone": "${{ base }}", "base": "${{ base }}"}},
    {"metadata": {"a": [{"b": "${{ steps.find.outputs.x }}"}]}},
    {"steps": [FIND, {"id": "use", "run": ["echo", "${{ steps.find.outputs.x-y_z }}"]}]},
    {"checks": [{"id": "c", "run": ["echo", "${{ steps.find.outputs.x }}"]}]},
    {"setup": [{"run": ["echo", "${{ matrix.package }}"], "inputs": ["${{ matrix.package }}/lock"]}]},
    {"steps": [FIND, {"id": "use", "run": ["sh", "-c", 'echo "$1"', "sh", "${{ steps.find.outputs.x }}"]}]},
    {"steps": [FIND, {"id": "use", "run": ["${{ matrix.package }}/build"]}]},
    {"steps": [{"id": "s", "run": "echo '$${{ github.ref }}' > x.yml"}]},
)
BAD = {
    f'unknown value "matrix.pakage"; did you mean "matrix.package"? {PLAIN.capitalize()}': {
        "title": "${{ matrix.pakage }}"
    },
    f'unknown value "github.ref"; {PLAIN}': {"objective": "${{ github.ref }}"},
    f'"${{{{" is not closed by "}}}}" on its line; {PLAIN}': {"objective": "${{ base\n}}"},
    f"a name is missing, such as workstream.id; {PLAIN}": {"title": "${{ }}"},
    f'unknown value "matrix.package"; this workstream has no matrix; {PLAIN}': {
        "matrix": None, "title": "${{ matrix.package }}",
    },
    f"no value can be filled in here; {PLAIN}": {"tool": "${{ base }}"},
    '"occurrence" cannot stand here: this is read before any of it is known': {"base": "x/${{ occurrence }}"},
    "this is read before any of it is known": {"depends_on": ["${{ steps.find.outputs.x }}"]},
    "where a step may write, and what it belongs to, is known before the first one runs": {
        "scope": {"create": ["${{ steps.find.outputs.x }}"]}
    },
    f'no step has the id "fnd"; did you mean "find"? {PLAIN.capitalize()}': {"title": "${{ steps.fnd.outputs.x }}"},
    '"find" has not run yet: it does not come before this step': {
        "steps": [{"id": "find", "run": ["echo", "${{ steps.find.outputs.x }}"]}]
    },
    '"sh" would run it as code, which finds it as "$OUTPUT_FIND_X"; a further argument behind is data': {
        "checks": [{"id": "c", "run": ["sh", "-c", "echo ${{ steps.find.outputs.x }}"]}]
    },
    '"python3" would run it as code, which finds it as "$MATRIX_PACKAGE"; a further argument behind is data': {
        "steps": [FIND, {"id": "use", "run": "ls", "only_if": ["python3", "-c", "print(${{ matrix.package }})"]}]
    },
    "which program is run is not for a step's output to say": {
        "steps": [FIND, {"id": "use", "run": ["${{ steps.find.outputs.x }}"]}]
    },
    "no step has run when preflight is run": {"preflight": [{"run": ["echo", "${{ steps.find.outputs.x }}"]}]},
    "what is watched cannot name the occurrence, which with on-change is made of it; say when it is due": {
        "inputs": ["${{ occurrence }}"]
    },
    **{
        f'no value is filled into a text for the shell, which finds this one as "${variable}"; {PLAIN}': {
            "checks": [{"id": "c", "run": f"echo ${{{{ {name} }}}}"}]
        }
        for name, variable in {
            "matrix.package.name": "MATRIX_PACKAGE_NAME", "workstream.id": "WORKSTREAM_ID", "base": "WORKSTREAM_BASE",
            "occurrence": "WORKSTREAM_OCCURRENCE", "steps.find.outputs.a-b": "OUTPUT_FIND_A_B",
        }.items()
    },
}  # fmt: skip


@pytest.mark.parametrize("fields", GOOD, ids=str)
def test_values_stand_where_the_schema_says_that_they_may(fields: dict[str, Any]) -> None:
    assert told(**fields) == []


@pytest.mark.parametrize("message", BAD)
def test_a_value_elsewhere_is_a_problem_that_says_why(message: str) -> None:
    fields = {**SMALL, **BAD[message]}
    data = {key: value for key, value in fields.items() if value is not None}
    assert [one.message for one in problems(json.dumps(data), path="w.json")] == [message]


YAML = """\
id: w
title: "an \\u00e9 $${{ base }} and ${{ bse }}"
steps:
  - id: s
    prompt: >
      Folded, ${{ base }}
      and ${{ nothing }} more
    tool: replay
"""


def test_the_caret_stands_below_the_value_inside_its_text() -> None:
    first, second = problems(YAML)
    line, caret = first.text().splitlines()[1:]
    assert line[caret.index("^") : len(caret)] == "${{ bse }}"
    assert (second.line, second.column, second.length) == (7, 11, len("${{ nothing }}"))


@pytest.mark.parametrize(
    ("fields", "right"),
    [
        ({"title": "Of {{matrix.package.name}}"}, "${{ matrix.package.name }}"),
        ({"checks": [{"id": "c", "run": "cd {{ matrix.package }}"}]}, "$MATRIX_PACKAGE"),
        ({"metadata": {"found": "{{ steps.find.outputs.x }} of {{ base }}"}}, "${{ steps.find.outputs.x }}"),
        ({"title": "Of {{ matrix.other }} and {{ steps.gone.outputs.x }} and $${{ matrix.package }}"}, None),
    ],
)
def test_a_value_without_its_dollar_is_warned_of(fields: dict[str, Any], right: str | None) -> None:
    found = problems(json.dumps({**SMALL, **fields}), path="w.json")
    assert [one.is_error for one in found] == ([False] if right else [])
    assert all(one.message.endswith(f'that is written "{right}"') for one in found)
