"""docs/reference.md says what is: it is up to date, holds every key, and each of its examples is sound."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from splinter import errors
from splinter.config import settings_file, tool_profiles, workstream_files
from splinter.errors import InputError, SplinterError
from splinter.model import records, registry
from splinter.model.workstream import COMMANDS_OF_DOIT, TASKS_OF_OURS
from tests import paths
from tests.base_files import Files
from tests.repository.test_packages import modules

ROOT = paths.ROOT
REASONING = ("_reason", "_watch")  # functions that return a reason
FILES = ("workstream", "settings")
SMALLEST = {"id": "own", "title": "Its own", "steps": [{"id": "go", "run": "true"}]}


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["reference"] = module  # where dataclasses look for their module
    spec.loader.exec_module(module)
    return module


reference = generator()
PAGE = reference.PAGE.read_text("utf-8")
TABLES = reference.tables()
KEYS = [key for file in FILES for key in reference.keys(file)]


def properties(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of a schema, found without the generator's own walk."""
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from properties(value)
    if isinstance(node, dict):
        yield from node.get("properties", {}).items()


def problems(root: Path, file: str, text: str) -> list[str]:
    """What splinter says of that text as the one file of that kind in a repository with what examples speak of."""
    if file == "settings":
        (root / "splinter.toml").write_text(text, "utf-8")
        try:
            settings_file.read(root)
        except InputError as error:
            return [str(error)]
        return []
    (root / "workstreams/prompts").mkdir(parents=True, exist_ok=True)
    for name in ("review", "house-style"):
        (root / f"workstreams/prompts/{name}.md").write_text("Review it.\n")
    (root / "workstreams/tidy.yaml").write_text("id: tidy\ntitle: Tidy\nsteps: [{id: go, run: ls}]\n")
    (root / "workstreams/under-test.yaml").write_text(text, "utf-8")
    for step in ("write", "review"):
        recorded = root / f"workstreams/recorded/{yaml.safe_load(text)['id']}/{step}.patch"
        recorded.parent.mkdir(parents=True, exist_ok=True)
        recorded.touch()
    files = Files("packages/api/package.json", "docs/a.md", "services.json")
    return [problem.text() for problem in workstream_files.read(root, settings_file.defaults(), files).problems]


def whole(file: str, data: dict[str, Any]) -> str:
    return str(reference.written(file, data if file == "settings" else SMALLEST | data))


def test_the_page_is_up_to_date() -> None:
    assert reference.page() == PAGE, "docs/reference.md is out of date; run: python docs/reference.py"


@pytest.mark.parametrize("file", FILES)
def test_every_property_of_the_schemas_is_a_key_of_the_page_with_an_example(file: str) -> None:
    raw = json.loads((ROOT / f"schemas/{file}.schema.json").read_text("utf-8"))
    titles = re.findall(r"(?m)^\| \[`([^`]+)`\]", PAGE)
    for name, node in properties(raw):
        assert any(re.search(rf"(^|\.){re.escape(name)}$", title) for title in titles), name
        while "$ref" in node and "examples" not in node:
            node = raw["$defs"][node["$ref"].removeprefix("#/$defs/")]
        parts = {"properties", "additionalProperties", "defaultSnippets"} & {*node, *node.get("items", {})}
        assert "examples" in node or parts, f"{name} has no example"


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.file}:{key.title}")
def test_each_key_has_its_place_on_the_page_and_its_examples_are_sound(tmp_path: Path, key: Any) -> None:
    heading = re.search(rf"(?m)^### .*`{re.escape(key.title)}`.*$", PAGE)
    assert heading, "not on the page"
    assert len(key.sentences) > 0
    assert len(key.examples) > 0
    for example in key.examples:
        data = reference.document(key, example)
        assert problems(tmp_path, key.file, whole(key.file, data)) == []


def test_a_wrong_example_would_be_found(tmp_path: Path) -> None:
    tool = next(key for key in KEYS if key.title == "steps[].tool")
    assert problems(tmp_path, "workstream", whole("workstream", reference.document(tool, "rufff"))) != []
    jobs = next(key for key in KEYS if key.title == "jobs")
    assert problems(tmp_path, "settings", whole("settings", reference.document(jobs, 0))) != []


@pytest.mark.parametrize(("language", "file"), [("yaml", "workstream"), ("toml", "settings")])
def test_every_block_of_the_page_is_sound_in_a_smallest_file(tmp_path: Path, language: str, file: str) -> None:
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) > 15
    for block in blocks:
        data = tomllib.loads(block) if language == "toml" else yaml.safe_load(block) or {}
        text = block if language == "toml" else whole(file, data)
        assert problems(tmp_path, file, text) == [], block


def test_links_within_the_page_lead_somewhere() -> None:
    places = {*re.findall(r'<a id="([^"]+)"', PAGE)}
    places |= {heading.lower().replace(" ", "-") for heading in re.findall(r"(?m)^## (.+)$", PAGE)}
    links = set(re.findall(r"\]\(#([^)]+)\)", PAGE))
    assert links - places == set()
    assert len(re.findall(r'<a id="([^"]+)"', PAGE)) == len(set(re.findall(r'<a id="([^"]+)"', PAGE)))


def test_what_people_look_up_is_what_the_code_knows() -> None:
    assert set(TABLES["outcomes"]) == set(records.OUTCOMES)
    assert set(TABLES["placeholders"]) == set(tool_profiles.PLACEHOLDERS)
    assert set(TABLES["variables"]) == {*settings_file.VARIABLES, *registry.NEEDS}
    assert set(TASKS_OF_OURS) <= set(TABLES["tasks"])
    own = [error for error in vars(errors).values() if isinstance(error, type) and issubclass(error, SplinterError)]
    assert {str(error.exit_status) for error in own} | {"0", "130", "143"} == set(TABLES["exit_statuses"])
    assert [name for name in tool_profiles.shipped() if f"\n| `{name}` | `" not in PAGE] == []


def ends_with(tree: ast.AST) -> Iterator[ast.expr]:
    """Every expression that a piece of source gives as a reason: to an error, to a record, or by `_reason`."""
    for node in ast.walk(tree):
        called = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and called.endswith(("StepError", "failed", "_Refusal")):
            yield from node.args[:1]
        if isinstance(node, ast.Call):
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "reason")
        if isinstance(node, ast.FunctionDef) and node.name in REASONING:
            yield from (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value)


def test_only_reasons_that_can_occur_are_reported() -> None:
    given = [value for tree in modules().values() for value in ends_with(tree)]
    names = {node.attr for value in given for node in ast.walk(value) if isinstance(node, ast.Attribute)}
    assert set(TABLES["reasons"]) == {reason.value for reason in records.REASONS if reason.name in names}


def test_every_call_is_of_a_command_or_task_that_exists() -> None:
    commands = {one.name for one in reference.commands()} | set(COMMANDS_OF_DOIT)
    tasks = {name.split(":")[0] for name in TABLES["tasks"]}
    for call in TABLES["calls"]:
        words = [word.split(":")[0] for word in call.split()[1:] if not word.startswith("-")]
        assert set(words) - commands - tasks - {"8"} == set(), call


def test_every_command_of_ours_is_reported() -> None:
    added = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["doit"]["plugins"]["command"]
    assert [name for name in (*added, "init") if not re.search(rf"(?m)^\| `doit {name}[ `]", PAGE)] == []


def test_the_readme_links_to_it() -> None:
    assert "](docs/reference.md)" in (ROOT / "README.md").read_text("utf-8")
