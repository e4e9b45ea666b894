"""Agents as they were recorded, played back by programs of their names; tests/lanes/test_agents_real.py has the real ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from splinter.config import tool_profiles
from splinter.model import tool
from tests import deep, paths
from tests.agents import (
    AGENTS,
    CELLS,
    NPM,
    PAIRS,
    PYPI,
    RECORDINGS,
    asks,
    install_stub,
    is_as_documented,
    peak_of_a_run,
    recording,
    table,
)
from tests.world import World, children

DOCS = paths.ROOT / "docs" / "agents.md"


FLOODING = ("claude-code", "opencode")  # the others print nothing of it
TOLD = [pair for pair in PAIRS if pair[1] != "flood" or pair[0] not in FLOODING]
ORDINARY = [  # each agent, and each way to end; `--lane agents` takes every cell
    *((agent, "edit") for agent in AGENTS),
    ("gemini", "unauthorized"),
    ("claude-code", "denied"),
    ("claude-code", "retried"),
    ("opencode", "overloaded"),
    ("codex", "broken"),
    ("aider", "offline"),
    ("gemini", "answer"),
    ("opencode", "outside"),
    ("claude-code", "commits"),
    ("aider", "hang"),
    ("gemini", "flood"),
    ("claude-code", "limit"),
]


@pytest.mark.parametrize(("agent", "case"), deep.rows(TOLD, "agents", ordinary=ORDINARY))
def test_each_cell_of_the_table_ends_as_it_says(world: World, agent: str, case: str) -> None:
    install_stub(world, agent, case)
    asks(world, agent, timeout="20s" if not recording(agent, case)["ended_by"] else "1s")
    world.doit("w")
    assert is_as_documented(world, CELLS[case][agent]) is None
    assert children(world) == []
    if CELLS[case][agent].outcome == "changed":
        for path, content in recording(agent, case)["files"].items():
            assert f"{world.git('show', f'splinter/w:{path}')}\n" == content
        assert world.git("log", "--format=%s|%(trailers:key=Step,valueonly,separator=)", "main..splinter/w") == (
            "Title of w (ask)|ask"
        )


def test_every_recording_has_its_cell() -> None:
    assert sorted(PAIRS) == sorted((path.parent.name, path.stem) for path in RECORDINGS.glob("*/*.json"))


def test_the_table_in_the_docs_is_this_one() -> None:
    assert table() in DOCS.read_text("utf-8"), f"docs/agents.md is to have:\n{table()}"


def test_the_versions_in_the_docs_are_those_of_the_real_ones() -> None:
    for name, version in {**NPM, **PYPI}.items():
        assert f"`{name}` {version}" in DOCS.read_text("utf-8")


def test_every_shipped_profile_of_an_agent_is_in_the_docs() -> None:
    text, shipped = DOCS.read_text("utf-8"), tool_profiles.shipped()
    for agent in AGENTS:
        section = text.split(f"## {agent}\n")[1].split("\n## ")[0]
        missing = [name for name in shipped[agent].env if name.endswith(("_KEY", "_TOKEN")) and name not in section]
        assert missing == []
        assert f"```\n{' '.join(called(shipped[agent]))}\n```" in section


def called(tool: tool.Tool) -> list[str]:
    """The command line of a profile, its placeholders unfilled."""
    hands = ["<PROMPT"] if tool.stdin else []
    return [tool.command, *tool.args, *(tool.prompt_args or ()), *hands]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("agent", deep.rows(FLOODING, "agents", ordinary=()))
def test_a_gibibyte_on_one_line_costs_neither_memory_nor_disk(world: World, agent: str) -> None:
    install_stub(world, agent, "flood")
    asks(world, agent, timeout="120s")
    most = peak_of_a_run(world)
    assert is_as_documented(world, CELLS["flood"][agent]) is None
    assert 0 < most < 150 * 1024, f"{most} KiB"
    record = world.records()["w"]["steps"][-1]
    log = world.root / record["log"]
    assert log.stat().st_size < 10 * 1024**2
    text = log.read_text()
    assert "bytes left out …]" in text
    ends = {"opencode": "\n    = done, cost unknown", "claude-code": recording(agent, "flood")["stdout"].strip()[-100:]}
    assert ends[agent] in text[-1000:]
    assert record["usage"] == {
        "calls": 1, "priced": 0, "counted": 0, "usd": 0.0, "input_tokens": 0, "output_tokens": 0
    }, "what the cut took away is unknown, and not nothing"  # fmt: skip


def test_what_an_agent_says_of_itself_is_recorded_and_shown(world: World) -> None:
    install_stub(world, "claude-code", "edit")
    asks(world, "claude-code", timeout="20s")
    assert world.doit().status == 0
    step = world.records()["w"]["steps"][-1]
    assert step["usage"] == {
        "calls": 1, "priced": 1, "counted": 1, "usd": pytest.approx(0.0137), "input_tokens": 2400, "output_tokens": 68
    }  # fmt: skip
    assert step["model"] == "claude-opus-4-8[1m]"
    assert step["agent_session"] == result_of("edit")["session_id"]
    told = "$0.0137, 2,400 tokens read, 68 written"
    assert told in (world.root / "reports/latest/index.html").read_text()
    assert told in (world.root / "reports/latest/report.md").read_text().replace("\\", "")
    assert f"Cost: {told}" in (world.root / ".splinter/pull-requests/w.md").read_text().replace("\\", "")
    assert told in world.doit("history").out


def result_of(case: str) -> dict[str, Any]:
    """The last event of claude-code's."""
    found: dict[str, Any] = json.loads(recording("claude-code", case)["stdout"].splitlines()[-1])
    return found


def prints(world: World, case: str, stdout: str) -> None:
    """claude-code does what it did in a recorded run, and prints something else."""
    install_stub(world, "claude-code", case)
    other = world.home / "other.json"
    other.write_text(json.dumps({**recording("claude-code", case), "stdout": stdout}))
    program = world.home / "bin/claude"
    program.write_text(program.read_text().replace(str(RECORDINGS / "claude-code" / f"{case}.json"), str(other)))


LISTED = [(case, indent) for case in ("edit", "unauthorized", "limit-usd") for indent in (None, 2)]


@pytest.mark.parametrize(("case", "indent"), deep.rows(LISTED, "agents", ordinary=[("edit", 2)]))
def test_claude_code_may_print_a_list_of_all_that_happened(world: World, case: str, indent: int | None) -> None:
    result = result_of(case)
    prints(world, case, json.dumps([{"type": "system", "subtype": "init"}, result], indent=indent))
    asks(world, "claude-code", timeout="20s")
    world.doit("w")
    assert is_as_documented(world, CELLS[case]["claude-code"]) is None
    step = world.records()["w"]["steps"][-1]
    assert step["usage"]["priced"] == 1
    assert step["notes"] == []


def test_a_report_that_is_not_understood_is_told_beside_a_result(world: World) -> None:
    prints(world, "edit", "a new form of report\n")
    asks(world, "claude-code", timeout="20s")
    assert world.doit().status == 0
    told = "its report was not understood: cost unknown, errors not seen"
    assert world.records()["w"]["steps"][-1]["notes"] == [told]
    assert f"- Note on `ask`: {told}" in (world.root / "reports/latest/report.md").read_text()


def test_an_agent_that_says_nothing_known_and_changes_nothing_did_not_succeed(world: World) -> None:
    prints(world, "answer", "Please run /login\n")
    asks(world, "claude-code", timeout="20s")
    world.workstream("w", scope={"modify": ["src/**"]}, steps=[{"id": "ask", "prompt": "x", "tool": "claude-code"}])
    world.commit()
    assert world.doit("w").status == 1
    record = world.records()["w"]
    assert (record["reason"], record["message"]) == (
        "agent_error",
        "nothing changed; its report was not understood: cost unknown, errors not seen",
    )


@pytest.mark.lane("agents")
def test_what_a_provider_was_at_fault_for_is_tried_again_and_every_call_counts(world: World) -> None:
    install_stub(world, "codex", "overloaded")
    asks(world, "codex", timeout="60s")
    told = world.doit("w").out
    assert re.search(r"   w:ask  codex: exceeded .* 429 Too Many Requests; call 2 of \d in \d+ s\n", told), told
    assert world.new_calls() == ["codex", "codex"]
    step = world.records()["w"]["steps"][-1]
    assert step["usage"]["calls"] == 2
    assert step["notes"] == [
        "call 1 failed through the provider's fault and was made again: "
        "exceeded retry limit, last status: 429 Too Many Requests"
    ]
    assert step["log"].endswith("/w/ask.try-2.log")


def test_what_an_agent_was_at_fault_for_is_not_tried_again(world: World) -> None:
    install_stub(world, "codex", "unauthorized")
    asks(world, "codex", timeout="60s")
    world.doit("w")
    assert world.new_calls() == ["codex"]


@pytest.mark.parametrize(
    "prompt",
    [
        pytest.param("/compact everything", id="slash", marks=pytest.mark.lane("agents")),
        pytest.param("!rm -rf .", id="bang", marks=pytest.mark.lane("agents")),
        pytest.param("--help", id="dashes", marks=pytest.mark.lane("agents")),
        pytest.param("100% {prompt} {files} $HOME 'q' \"qq\" `x` \\n\nä—…\u202e", id="signs"),
        pytest.param("x" * 100_000, id="long", marks=pytest.mark.lane("agents")),
    ],
)  # fmt: skip
def test_any_prompt_arrives_unchanged_and_never_first(world: World, prompt: str) -> None:
    install_stub(world, "claude-code", "edit")
    world.env["ASKED"] = str(world.home / "asked")
    asks(world, "claude-code", timeout="20s", env=["ASKED"], objective="The value is two.", inputs=["README.md"])
    step = {"id": "ask", "prompt": prompt, "tool": "claude-code"}
    world.workstream("w", scope={"modify": ["src/**"]}, steps=[world.step("before", "echo b = 1 > src/b.py"), step],
                     env=["ASKED"], objective="The value is two.", inputs=["README.md"])  # fmt: skip
    world.commit()
    assert world.doit("w").status == 0
    asked = (world.home / "asked").read_text()
    assert asked.startswith(f"Task: Title of w\n\n{prompt}\n\n---\n")
    assert asked.split("\n---\n")[-1].splitlines() == [
        "The goal: The value is two.",
        "You may change only: `src/**`",
        "A change anywhere else makes all of this fail.",
        "What the result depends on: `README.md`",
        "Done before, step before: changed: `src/b.py`",
        "Work on the files in the current folder. Do not commit, push or switch branches: that is done for you.",
    ]


@pytest.mark.lane("agents")
def test_a_silent_agent_is_ended_as_stalled_before_its_deadline(world: World) -> None:
    install_stub(world, "codex", "hang")
    asks(world, "codex", timeout="60s")
    world.workstream("w", scope={"modify": ["src/**"]},
                     steps=[{"id": "ask", "prompt": "x", "tool": "codex", "stall": "2s"}])  # fmt: skip
    world.commit()
    world.doit("w")
    record = world.records()["w"]
    assert record["reason"] == "stalled"
    assert "neither wrote nor computed for 2 s and was ended" in record["message"]


def test_an_agent_that_is_ended_at_its_deadline_is_reported_with_what_it_last_complained_of(world: World) -> None:
    install_stub(world, "aider", "overloaded")
    asks(world, "aider", timeout="1s")
    world.doit("w")
    message = world.records()["w"]["message"]
    assert message.startswith("aider did not end within 1 s and was ended with all it had started")
    assert "\nlitellm.RateLimitError" in message
