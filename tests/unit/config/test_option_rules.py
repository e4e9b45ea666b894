"""Options of tools: those that a profile has, with values that permit nothing more than it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from splinter.config import option_rules, settings_file, workstream_files, yaml_documents
from splinter.errors import InputError
from splinter.model import tool
from splinter.model.agents import registry
from splinter.model.workstream import HandedFile, Prompt
from tests.paths import ROOT

TOOLS = settings_file.defaults().tools


def told(text: str) -> list[str]:
    document = yaml_documents.read(text.encode(), path="w.yaml")
    return [one.text().splitlines()[0] for one in option_rules.check(document, TOOLS)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tool: claude-code\noptions: {modle: x}\n", '2:11: claude-code has no option "modle"; did you mean "model"?; it has'),
        ("tool: gemini\noptions: {max_turns: 3}\n", '2:11: gemini has no option "max_turns"; it has model'),
        ("tool: replay\noptions: {model: x}\n", '2:11: replay has no option "model"; it has none'),
        ("options: {model: x}\n", "1:1: options are those of a tool, and none is called here"),
        ("tool: codex\nsteps: [{id: a, run: ls, options: {model: x}}]\n", "2:26: options are those of a tool"),
        ("steps: [{id: a, tool: ruff, args: [x], options: {model: x}}]\n", 'ruff has no option "model"; it has none'),
        ("tool: codex\noptions: {effort: 'high\"\\nsandbox_mode=\"x'}\n", "2:19: codex takes no effort"),
        ("tool: claude-code\noptions: {allowed_tools: [Edit, 'Bash(git *)']}\n", '2:26: claude-code takes no allowed_tools "Bash(git *)"'),
        ("tool: claude-code\noptions: {mcp_tools: [Bash]}\n", '2:22: claude-code takes no mcp_tools "Bash"'),
        ("tool: claude-code\noptions: {max_turns: 0}\n", '2:22: claude-code takes no max_turns "0"'),
        ("tool: aider\noptions: {model: --yes}\n", '2:18: aider takes no model "--yes"'),
        ("tool: claude-code\noptions: {mcp_config: ../x.json}\n", '2:23: path "../x.json"'),
        ("tool: claude-code\noptions: {mcp_config: '${{ matrix.p }}/m.json'}\n", "2:23: no value can be filled in here: the file"),
        ("tool: claude-code\noptions: {mcp_config: [a]}\n", "2:23: mcp_config is the path of a file"),
    ],
)  # fmt: skip
def test_what_a_profile_lacks_or_does_not_take_is_a_problem_at_its_place(text: str, message: str) -> None:
    (found,) = told(text)
    assert message in found


def test_a_value_of_its_own_and_a_step_of_another_tool_are_no_problem() -> None:
    assert told("tool: codex\noptions: {model: gpt-5.1}\nsteps: [{id: a, prompt: x, tool: gemini}]\n") == []
    assert told("tool: claude-code\noptions: {model: 'opus[1m]', denied_tools: ['Bash(git *)'], max_turns: 3}\n") == []


# what any of these takes permits, or changes how it is fenced in
LOOSENS = (
    "dangerously",
    "bypass",
    "yolo",
    "--auto",
    "permission",
    "--settings",
    "--add-dir",
    "approval",
    "sandbox",
    "trust",
)


@pytest.mark.parametrize("agent", registry.AGENTS, ids=lambda agent: agent.profile.name)
def test_no_shipped_option_loosens_what_the_profile_permits(agent: registry.Agent) -> None:
    arguments = [one for some in agent.profile.options.values() for one in some]
    assert agent.profile.options
    assert not [one for one in arguments for word in LOOSENS if word in one]
    assert {*agent.values} | {"system_prompt", "mcp_config"} >= {*agent.profile.options}, "whose values are not bounded"


def test_the_page_of_the_agents_lists_each_option() -> None:
    page = (ROOT / "docs/agents.md").read_text("utf-8")
    rows = {name: row for row in page.splitlines() for name in re.findall(r"^\| `(\w+)`", row)}
    names = ("claude-code", "codex", "aider", "gemini", "opencode")
    for column, name in enumerate(names, 2):
        has = {option for option, row in rows.items() if row.count("|") == 7 and row.split("|")[column].strip()}
        assert has & {one for some in names for one in TOOLS[some].options} == {*TOOLS[name].options}, name


def argv(name: str, **options: object) -> list[str]:
    action = Prompt(text="x", tool=name, options=options)  # type: ignore[arg-type]
    values = {"prompt": "x", "prompt_file": "p", "files": "", "model": "of-the-profile", "mcp_config": "/out/mcp.json"}
    called = tool.command(action, TOOLS, values=values).argv
    assert not isinstance(called, str)
    return list(called)


def test_an_option_becomes_its_arguments_and_takes_the_place_of_the_profile_s_own() -> None:
    file = HandedFile(path=".mcp.json", text="{}")
    called = argv("claude-code", model="opus", allowed_tools=("Edit", "Read"), mcp_config=file)
    assert [one for one in called if one.startswith("--model")] == ["--model=opus"]
    assert "--tools=Edit,Read" in called
    assert called[called.index("--strict-mcp-config") + 1] == "--mcp-config=/out/mcp.json"
    assert called.index("--print") > called.index("--model=opus")
    assert argv("codex", effort="high")[-3:] == ["-c", 'model_reasoning_effort="high"', "-"]
    assert "--model=of-the-profile" in argv("codex")


def test_a_profile_of_the_user_s_has_options_beside_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "splinter.toml").write_text('[tools.codex.options]\nverbosity = ["-c", "model_verbosity={value}"]\n')
    options = settings_file.read(tmp_path).tools["codex"].options
    assert {*options} == {"model", "effort", "verbosity"}
    (tmp_path / "splinter.toml").write_text('[tools.codex.options]\nverbosity = ["-c"]\n')
    with pytest.raises(InputError, match=r'no argument of its option "verbosity" holds'):
        settings_file.read(tmp_path)


def test_files_are_read_from_the_checkout_and_guarded_in_every_workstream(tmp_path: Path) -> None:
    folder = tmp_path / "workstreams"
    folder.mkdir()
    (folder / "a.yaml").write_text(
        "id: a\ntitle: T\ntool: claude-code\ninstructions: [style.md, gone.md]\noptions: {mcp_config: tools/mcp.json}\n"
        "steps: [{id: go, prompt: x}]\n"
    )
    (folder / "b.yaml").write_text("id: b\ntitle: T\nsteps: [{id: go, run: ls}]\n")
    (tmp_path / "style.md").write_text("Be brief.\n")
    found = workstream_files.read(tmp_path, settings_file.defaults())
    assert sorted(one.message.split(" is not ")[0].split(":")[0] for one in found.problems) == [
        'instructions "gone.md" does not exist', 'mcp_config file "tools/mcp.json" does not exist',
    ]  # fmt: skip
    (tmp_path / "gone.md").write_text("Too.\n")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/mcp.json").write_text("{}")
    found = workstream_files.read(tmp_path, settings_file.defaults())
    assert found.problems == ()
    first, second = found.workstreams
    assert [one.text for one in first.instructions] == ["Be brief.\n", "Too.\n"]
    assert first.options == {"mcp_config": HandedFile(path="tools/mcp.json", text="{}")}
    assert first.scope.guarded == second.scope.guarded == ("gone.md", "style.md", "tools/mcp.json")
    assert {"gone.md", "style.md", "tools/mcp.json"} <= {*found.other_files(settings_file.defaults())}


def test_what_a_link_leads_to_is_guarded_with_the_link(tmp_path: Path) -> None:
    for folder in ("workstreams", "docs/prompts"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "docs/prompts/style.md").write_text("Be brief.\n")
    (tmp_path / "prompts").symlink_to("docs/prompts")
    (tmp_path / "docs/prompts/own.md").symlink_to(tmp_path / "docs/prompts/style.md")
    (tmp_path / "workstreams/a.yaml").write_text(
        "id: a\ntitle: T\ntool: claude-code\nsteps: [{id: go, prompt_file: prompts/own.md}]\n"
    )
    (one,) = workstream_files.read(tmp_path, settings_file.defaults()).workstreams
    assert one.scope.guarded == ("docs/prompts/own.md", "docs/prompts/style.md", "prompts", "prompts/own.md")
    (tmp_path / "docs/prompts/style.md").unlink()
    (tmp_path / "docs/prompts/style.md").symlink_to("own.md")
    assert "loop" in workstream_files.read(tmp_path, settings_file.defaults()).problems[0].message
