from __future__ import annotations

import json

from splinter.config import problem_listing
from splinter.config.yaml_documents import Problem

ERROR = Problem(
    path="workstreams/a.yaml", line=3, column=7, length=5, message='unknown tool "ruf"', source_line="tool: ruf"
)
WARNING = Problem(path="workstreams/b.yaml", line=1, column=1, message="odd", level="warning")


def test_errors_and_warnings_are_counted_apart_and_in_the_singular() -> None:
    assert problem_listing.counted([ERROR]) == "1 error in 1 file"
    assert problem_listing.counted([WARNING]) == "1 warning in 1 file"
    assert problem_listing.counted([ERROR, WARNING]) == "1 error and 1 warning in 2 files"
    assert problem_listing.counted([ERROR, ERROR, WARNING, WARNING]) == "2 errors and 2 warnings in 2 files"
    assert problem_listing.counted([ERROR] * 1234) == "1,234 errors in 1 file"


def test_people_see_places_lines_and_carets() -> None:
    assert problem_listing.for_people([ERROR, WARNING]) == (
        'workstreams/a.yaml:3:7: unknown tool "ruf"\n    tool: ruf\n          ^^^\n'
        "workstreams/b.yaml:1:1: warning: odd\n1 error and 1 warning in 2 files"
    )


def test_colours_mark_the_place_the_level_and_the_carets() -> None:
    assert problem_listing.for_people([ERROR, WARNING], in_colour=True) == (
        '\x1b[1mworkstreams/a.yaml:3:7:\x1b[0m unknown tool "ruf"\n    tool: ruf\n          \x1b[1;31m^^^\x1b[0m\n'
        "\x1b[1mworkstreams/b.yaml:1:1:\x1b[0m \x1b[1;33mwarning:\x1b[0m odd\n1 error and 1 warning in 2 files"
    )


def test_machines_get_every_field() -> None:
    assert json.loads(problem_listing.as_json([ERROR, WARNING])) == [
        {"path": "workstreams/a.yaml", "line": 3, "column": 7, "length": 5, "level": "error",
         "message": 'unknown tool "ruf"'},
        {"path": "workstreams/b.yaml", "line": 1, "column": 1, "length": 1, "level": "warning", "message": "odd"},
    ]  # fmt: skip


def test_annotations_are_workflow_commands() -> None:
    assert problem_listing.as_annotations([ERROR, WARNING]) == (
        '::error file=workstreams/a.yaml,line=3,col=7,endColumn=12,title=splinter::unknown tool "ruf"\n'
        "::warning file=workstreams/b.yaml,line=1,col=1,endColumn=2,title=splinter::odd\n"
        "1 error and 1 warning in 2 files"
    )


def test_no_name_or_value_ends_an_annotation_or_begins_another() -> None:
    nasty = Problem(
        path="workstreams/a,line=9:\r\n%.yaml", line=1, column=1, message="100%: a,b\n::add-mask::x\x1b[2J\udcff"
    )
    assert problem_listing.as_annotations([nasty]) == (
        "::error file=workstreams/a%2Cline=9%3A%0D%0A%25.yaml,line=1,col=1,endColumn=2,title=splinter::"
        "100%25: a,b�::add-mask::x�[2J�\n1 error in 1 file"
    )
