from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from splinter.config import schema, yaml_documents
from tests import paths

SCHEMAS = paths.ROOT / "schemas"
START = "id: x\ntitle: x\nsteps: [{id: go, run: ls}]\n"


def messages(text: str, name: str = "workstream") -> list[str]:
    document = yaml_documents.read(text.encode(), path="x.yaml")
    return [problem.text().splitlines()[0].removeprefix("x.yaml:") for problem in schema.check(document, name)]


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(value)


@pytest.mark.parametrize("name", ["workstream", "settings", "night-plan"])
def test_the_schemas_follow_draft_2020_12(name: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--check-metaschema", SCHEMAS / f"{name}.schema.json"]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("name", ["workstream", "settings", "night-plan"])
def test_every_property_is_described_and_no_mapping_is_open_by_accident(name: str) -> None:
    whole = schema.load(name)
    for node in nodes(whole):
        for key, described in node.get("properties", {}).items():
            target = whole["$defs"].get(described.get("$ref", "").removeprefix("#/$defs/"), {})
            assert len(described.get("description", target.get("description", ""))) > 15, key
        if "properties" in node:
            assert node["additionalProperties"] is False
    assert not [value for node in nodes(whole) if "//" in (value := str(node.get("$id", "")))]


@pytest.mark.parametrize("name", ["workstream", "settings", "night-plan"])
def test_the_examples_and_defaults_of_the_schemas_are_valid(name: str) -> None:
    whole = schema.load(name)
    from jsonschema import Draft202012Validator

    for node in nodes({key: value for key, value in whole.items() if key != "metadata"}):
        for example in node.get("examples", []) if isinstance(node.get("examples"), list) else []:
            part = {"$defs": whole["$defs"], **node}
            assert Draft202012Validator(part).is_valid(example), example


def test_a_document_that_follows_the_schema_has_no_problem() -> None:
    assert messages(START) == []


def test_the_smallest_mistakes_are_reported_at_their_place() -> None:
    assert messages(START + "tooll: ruff\n") == ['4:1: unknown key "tooll"; did you mean "tool"?']
    assert messages("id: x\nsteps: [{id: go, run: ls}]\n") == ['1:1: missing key "title"']
    assert messages(START + "depends_on: [a, A]\n") == [
        '4:17: "A" is not allowed here: an id has up to 63 of a-z, 0-9 and "-", and does not start with "-"; did you mean "a"?'
    ]


def test_a_misspelt_key_is_not_also_missing() -> None:
    assert messages("id: x\ntitel: x\nsteps: [{id: go, prmpt: ls}]\n") == [
        '2:1: unknown key "titel"; did you mean "title"?',
        '3:18: unknown key "prmpt"; did you mean "prompt"?',
    ]


def test_a_step_has_exactly_one_action() -> None:
    wanted = "expected exactly one of run, tool, prompt or prompt_file"
    start = "id: x\ntitle: x\nsteps:\n"
    assert messages(start + "  - id: go") == [f"4:5: {wanted}"]
    assert messages(start + "  - {id: go, run: ls, prompt: x}") == [f"4:23: found run and prompt; {wanted}"]
    assert messages(start + "  - {id: go, tool: ruff, args: [x], prompt_file: x}") == [
        f"4:37: found tool and prompt_file; {wanted}"
    ]


def test_a_last_newline_passes_no_pattern() -> None:
    assert messages('id: "x\\n"\ntitle: x\nsteps: [{id: go, run: ls}]\n') == [
        '1:5: "x\\n" is not allowed here: an id has up to 63 of a-z, 0-9 and "-", and does not start with "-"; did you mean "x"?'
    ]


def test_whole_numbers_are_written_as_whole_numbers() -> None:
    assert messages(START + "tool: x\nfix: {attempts: 3.0}\n") == ["5:17: expected a whole number, found a number"]
    assert messages(START + "tool: x\nfix: {attempts: true}\n") == ["5:17: expected a whole number, found true"]


def test_pull_request_is_false_or_a_mapping() -> None:
    assert messages(START + "pull_request: false\n") == []
    assert messages(START + "pull_request: true\n") == [
        "4:15: expected false or a mapping, found true; leave it out, since true is what happens without it"
    ]
    assert messages(START + "pull_request: {drafts: true}\n") == ['4:16: unknown key "drafts"; did you mean "draft"?']


def test_problems_seen_through_an_alias_stand_where_the_mistake_is() -> None:
    text = "id: x\ntitle: x\nmetadata: {step: &go {id: go, rnu: ls}}\nsteps: [*go]\n"
    assert messages(text) == ['3:31: unknown key "rnu"; did you mean "run"?']


def test_a_hostile_document_is_judged_in_moderate_time_and_words() -> None:
    items = ", ".join(f'{i}, "{i}"' for i in range(20_000))
    keys = "".join(f"key-{i}: 1\n" for i in range(20_000))
    started = time.monotonic()
    for text in (START + f"artifacts: [{items}]\n", "id: x\n" + keys):
        found = messages(text)
        assert len(found) == 101
        assert sum("more than 100 problems of one kind; the others are not shown" in line for line in found) == 1
    assert time.monotonic() - started < 60


def test_the_schemas_ship_beside_the_package_or_above_it() -> None:
    assert json.loads((SCHEMAS / "workstream.schema.json").read_text("utf-8")) == schema.load("workstream")
