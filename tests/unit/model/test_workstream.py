"""What a file says becomes a value: no key that the schema knows is lost on the way."""

from __future__ import annotations

import tomllib
from configparser import ConfigParser
from dataclasses import fields
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import yaml
from doit.cmd_base import Command

from splinter import commands
from splinter.config import schema, settings_file
from splinter.model.settings import Settings
from splinter.model.tool import Tool
from splinter.model.workstream import COMMANDS_OF_OURS, Step, Workstream
from splinter.model.workstream_document import parse
from tests import paths
from tests.world import CFG

WHOLE = """
id: w
title: W
objective: O
when: weekly
catch_up: all
again: true
enabled: false
base: next
branch: deps/w
depends_on: [up]
tool: agent
options: {mcp_config: m.json}
instructions: [i.md]
env: [A, B=c]
working_directory: packages/api
scope: {modify: [x], create: [y], forbid: [z]}
inputs: [i]
setup: [{run: npm ci, inputs: [lock], timeout: 1m}]
preflight: [{run: ls}]
steps: [{id: s, run: ls, timeout: 9, stall: 9, expect: change, cache: true, only_if: ls, commit: {message: S}}]
checks: [{id: c, run: ls, compare: false}]
fix: {attempts: 1, max_lines: 2}
artifacts: [a]
budget: {usd: 1, tokens: 2, minutes: 3}
commit: {message: M, sign_off: true}
pull_request: {title: P, body: B, draft: false, labels: [l], reviewers: [r], assignees: [a], milestone: m, close_after: 14d, base: b}
metadata: {k: v}
matrix: {m: [x]}
max_open: 3
"""


def test_every_key_of_the_schema_reaches_the_value() -> None:
    data = yaml.safe_load(WHOLE)
    assert set(data) == set(schema.load("workstream")["properties"]) - {"$schema"}
    of_a_matrix = {"group": "w", "number": 1, "matrix": {"m": "x"}, "unfilled": frozenset({"title"})}
    read = parse(
        data,
        source="w.yaml",
        prompts={},
        timeouts_s={},
        handed={"m.json": "M", "i.md": "I"},
        guarded=("i.md",),
        **of_a_matrix,
    )
    defaults = Workstream(id="", title="", source="", steps=())
    same = [one.name for one in fields(Workstream) if getattr(read, one.name) == getattr(defaults, one.name)]
    assert same == []
    for part in ("scope", "fix", "budget", "commit", "pull_request"):
        own, other = getattr(read, part), getattr(defaults, part)
        assert [one.name for one in fields(own) if getattr(own, one.name) == getattr(other, one.name)] == []
    plain = Step(id="", action=read.steps[0].action, timeout_s=0)
    merged = {
        one.name
        for step in (*read.steps, *read.checks)
        for one in fields(Step)
        if getattr(step, one.name) != getattr(plain, one.name)
    }
    assert merged == {one.name for one in fields(Step)} - {"action"}


def test_every_setting_of_the_schema_has_its_field(tmp_path: Path) -> None:
    known = {one.name.removesuffix("_s") for one in fields(Settings)} - {"source"}
    assert set(schema.load("settings")["properties"]) == known
    assert settings_file.read(tmp_path) == settings_file.defaults()


def test_words_that_a_schema_allows_are_those_that_mypy_knows() -> None:
    settings, workstream = schema.load("settings"), schema.load("workstream")
    tool, step = settings["$defs"]["tool"]["properties"], workstream["properties"]["steps"]["items"]["properties"]
    for kind, properties in ((Settings, settings["properties"]), (Tool, tool), (Step, step)):
        for name, hint in get_type_hints(kind).items():
            words = [one for part in (hint, *get_args(hint)) if get_origin(part) is Literal for one in get_args(part)]
            assert sorted(words) == sorted(properties.get(name, {}).get("enum", ()) if words else ()), name


def test_every_command_of_ours_is_a_reserved_id_and_in_each_place_that_names_it() -> None:
    added = tomllib.loads((paths.ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["doit"]["plugins"]["command"]
    assert {*added, "init"} == {*COMMANDS_OF_OURS, "list"}, "init is known everywhere, list is doit's, told better"
    written = ConfigParser()
    written.read_string(CFG)
    assert dict(written["COMMAND"]) == added, "what `doit init` writes"
    for place in added.values():
        assert issubclass(getattr(commands, place.partition(":")[2]), Command)
