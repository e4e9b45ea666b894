from __future__ import annotations

import tomllib
from typing import Any

import pytest

from splinter.config import packaged_files, schema, tool_profiles
from splinter.config.yaml_documents import Document
from splinter.errors import InputError
from splinter.model import tool
from splinter.model.agents import registry as agents
from splinter.model.tool import Command, Tool
from splinter.model.workstream import Prompt, Run, ToolCall
from tests.agents import AGENTS

SHIPPED = tool_profiles.shipped()
OTHERS = ("black", "mypy", "pytest", "replay", "ruff")


def test_profiles_ship_and_follow_the_settings_schema() -> None:
    assert sorted(SHIPPED) == sorted((*AGENTS, *OTHERS))
    tables = tomllib.loads(packaged_files.tool_profiles().read_text("utf-8"))
    assert schema.check(Document(path="tools.toml", text="", data={"tools": tables}), "settings") == ()
    assert [name for name, tool in SHIPPED.items() if tool.takes_prompts] == [*AGENTS, "replay"]
    assert [name for name, tool in SHIPPED.items() if tool.junit] == ["pytest"]


def test_a_run_is_given_to_the_shell_or_to_no_shell() -> None:
    assert tool.command(Run(command="echo 100% {prompt}"), SHIPPED, values={}) == Command(
        argv="echo 100% {prompt}", label="echo 100% {prompt}"
    )
    assert tool.command(Run(command=("ls", "-l")), SHIPPED, values={}) == Command(argv=("ls", "-l"), label="ls -l")


def test_a_call_s_arguments_follow_the_profile_s_and_hold_no_placeholder() -> None:
    call = ToolCall(tool="pytest", args=("tests/{junit}",))
    assert tool.command(call, SHIPPED, values={"junit": "/x.xml"}) == Command(
        argv=("pytest", "--junit-xml=/x.xml", "tests/{junit}"), label="pytest tests/{junit}"
    )


def test_an_argument_without_its_junit_path_is_left_out() -> None:
    assert tool.command(ToolCall(tool="pytest", args=("-q",)), SHIPPED, values={}).argv == ("pytest", "-q")


def test_replay_applies_the_recorded_patch() -> None:
    action = Prompt(text="Write the docs.\nAll of them.", tool="replay")
    recorded = tool.recorded_path("api-docs", "write")
    assert recorded == "workstreams/recorded/api-docs/write.patch"
    assert tool.command(action, SHIPPED, values={"recorded": recorded}) == Command(
        argv=("git", "apply", "--whitespace=nowarn", "workstreams/recorded/api-docs/write.patch"),
        label="replay: Write the docs.…",
    )


def test_placeholders_are_filled_once_and_values_never_again() -> None:
    agent = Tool(name="agent", command="agent", prompt_args=("--text={prompt}", "{model}", "{files}"))
    values = {"prompt": "say {model} and {files}", "model": "{prompt}", "files": "a b\0-c\0"}
    command = tool.command(Prompt(text="x", tool="agent"), {"agent": agent}, values=values)
    assert command.argv == ("agent", "--text=say {model} and {files}", "{prompt}", "a b", "-c")


def test_a_placeholder_without_a_value_is_an_error() -> None:
    with pytest.raises(InputError, match=r'^tool "replay": "\{recorded\}" has no value in this call$'):
        tool.command(Prompt(text="x", tool="replay"), SHIPPED, values={})


def test_user_tables_are_laid_over_shipped_profiles_field_by_field() -> None:
    merged = tool_profiles.merged(
        SHIPPED, {"ruff": {"timeout": "2m", "at_once": 1}, "wc": {"command": "wc", "env": ["LANG"]}}
    )
    assert merged["ruff"] == Tool(
        name="ruff", command="ruff", timeout_s=120.0, at_once=1, leaves=(".ruff_cache/",), version=("--version",),
        network=False, hides=agents.KEYS,
    )  # fmt: skip
    assert merged["wc"] == Tool(name="wc", command="wc", env=("LANG",))
    assert merged["mypy"] == SHIPPED["mypy"]
    assert "wc" not in SHIPPED


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, 'tool "x" has no command'),
        ({"command": "x", "args": ["{promt}"]}, 'tool "x": unknown placeholder "{promt}"; did you mean "{prompt}"?'),
        (
            {"command": "x", "args": ["{zzz}"]},
            'tool "x": unknown placeholder "{zzz}"; known are {prompt}, {prompt_file}, {files}, {model}, {max_turns}, '
            "{budget_usd}, {junit}, {recorded}, {fenced}, {unfenced}",
        ),
        (
            {"command": "x", "args": ["--files={files}"]},
            'tool "x": "{files}" must be an argument of its own: it becomes one a file',
        ),
    ],
)
def test_profiles_that_cannot_work_are_refused(table: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as refused:
        tool_profiles.merged(SHIPPED, {"x": table})
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("table", "takes", "reads"),
    [
        ({}, False, False),
        ({"prompt_args": []}, True, False),
        ({"prompt_args": ["--print", "{model}"]}, True, False),
        ({"stdin": "prompt"}, True, True),
        ({"prompt_args": ["--file={prompt_file}"]}, True, True),
        ({"args": ["{prompt}"], "prompt_args": []}, True, True),
    ],
)
def test_a_profile_says_whether_a_prompt_reaches_its_program(table: dict[str, Any], takes: bool, reads: bool) -> None:
    tool = tool_profiles.merged({}, {"x": {"command": "x"} | table})["x"]
    assert (tool.takes_prompts, tool.reads_prompts) == (takes, reads)


def test_braces_that_are_no_placeholder_stay() -> None:
    merged = tool_profiles.merged({}, {"awk": {"command": "awk", "args": ["{print $1}", "{}", "{Prompt}"]}})
    call = tool.command(ToolCall(tool="awk"), merged, values={})
    assert call.argv == ("awk", "{print $1}", "{}", "{Prompt}")
