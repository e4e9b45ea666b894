"""Variables that a workstream may set, and those that it may not."""

from __future__ import annotations

import pytest
import yaml

from splinter.config import environment_rules, yaml_documents
from splinter.model.workstream_document import parse


def told(env: str) -> list[str]:
    document = yaml_documents.read(f"env: {env}\n".encode(), path="w.yaml")
    return [problem.text().splitlines()[0] for problem in environment_rules.check(document)]


@pytest.mark.parametrize(
    "env", ["[CI=true, LEVEL=, A]", "{CI: 'true', TOKEN: null}", "[KEYBOARD=us, AUTHOR_NAME=x, MY_HOME=/x]", "[A, A]"]
)
def test_what_says_nothing_secret_may_be_set(env: str) -> None:
    assert told(env) == []


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ("[GIT_DIR]", '1:7: "GIT_DIR" never reaches a tool'),
        ("[GIT_DIR=x]", '1:7: "GIT_DIR" never reaches a tool'),
        ("{git_dir: x}", '1:7: "git_dir" never reaches a tool'),
        ("[A, SPLINTER_NOW=1]", '1:10: "SPLINTER_NOW" cannot be set: names with SPLINTER_ are splinter\'s own'),
        ("[MATRIX_A=1]", "names with MATRIX_ are splinter's own"),
        ("{OUTPUT_A: x}", '1:7: "OUTPUT_A" cannot be set: names with OUTPUT_ are splinter\'s own'),
        ("[WORKSTREAM_ID=1]", "names with WORKSTREAM_ are splinter's own"),
        ("[HOME=/x]", '"HOME" cannot be set: programs look'),
        ("[TMPDIR=/x]", '"TMPDIR" cannot be set'),
        ("[PYTHONPATH=/x]", '"PYTHONPATH" cannot be set'),
        ("[PATH=/x]", '"PATH" cannot be set'),
        ("[API_TOKEN=x]", '"API_TOKEN" looks like a secret'),
        ("{MY_KEY: x}", '1:7: "MY_KEY" looks like a secret'),
        ("[DB_PASSWORD=]", '"DB_PASSWORD" looks like a secret'),
        ("[ACCESS_KEY_ID=x]", "looks like a secret"),
        ("[CLIENT_SECRET=x]", "looks like a secret"),
        ("['URL=https://me:made-up@example.org']", '"URL" looks like a secret'),
        (f"[X=ghp_{'a1' * 18}]", '"X" looks like a secret'),
        ("[A, A=1]", '1:10: "A" stands on line 1 already'),
    ],
)
def test_what_is_ours_leads_astray_or_sounds_secret_is_a_problem_at_its_place(env: str, message: str) -> None:
    (found,) = told(env)
    assert message in found


def test_names_pass_through_and_values_are_set() -> None:
    rest = "id: w\ntitle: W\nsteps: [{id: a, run: ls}]\n"
    for env in ('["A", "B=c=d", "E="]', "{A: null, B: c=d, E: ''}"):
        read = parse(yaml.safe_load(f"{rest}env: {env}"), source="w.yaml", prompts={}, timeouts_s={})
        assert (read.env, read.variables) == (("A",), {"B": "c=d", "E": ""})
