"""What a success is made of: each field of what a user writes is an input with a name, or has a reason not to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from splinter.model import differences, fingerprints, plan
from splinter.model.done import Accepted
from splinter.model.fingerprints import Inputs
from splinter.model.plan import Plan
from splinter.model.ports import Snapshot
from splinter.model.records import Outcome
from splinter.model.settings import Identity, Limits, Reports, Settings
from splinter.model.tool import Tool
from splinter.model.workstream import (
    Budget,
    Commit,
    Fix,
    HandedFile,
    Prompt,
    PullRequest,
    Run,
    Scope,
    Setup,
    Step,
    ToolCall,
    Workstream,
)
from splinter.model.workstream_document import parse

NOW = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # in Kiritimati it is the next day
TOOLS = {name: Tool(name=name, command=name, prompt_args=("{prompt}",)) for name in ("agent", "other", "ruff")}
WRITE = Step(id="write", action=Prompt(text="Write.", tool="agent", file="prompts/a.md"), timeout_s=60, stall_s=30)
LINT = Step(id="lint", action=ToolCall(tool="ruff", args=("check",)), timeout_s=60)
COUNT = Step(id="count", action=Run(command="wc -l a"), timeout_s=60)
STATE = Step(id="ready", action=Run(command="true"), timeout_s=60)
TESTS = Step(id="tests", action=Run(command="make test"), timeout_s=60)
END = Accepted(start="s", base="s", tip="t", commit="t", result="r", outcome=Outcome.CHANGED)
BASE = Workstream(
    id="w", title="W", source="workstreams/w.yaml", steps=(WRITE, LINT, COUNT), objective="O", depends_on=("up",),
    tool="agent", env=("A",), scope=Scope(modify=("docs/**",), create=("docs/**",), is_declared=True), inputs=("src/**",),
    setup=(Setup(command="npm ci"),), preflight=(STATE,), checks=(TESTS,), fix=Fix(attempts=2), artifacts=("docs/a.md",), metadata={"phase": "1"},
)  # fmt: skip
SETTINGS = Settings(tools=TOOLS)

Change = Callable[[Workstream, Settings], tuple[Workstream, Settings]]


def of_workstream(**changed: Any) -> Change:
    return lambda own, settings: (replace(own, **changed), settings)


def of_settings(**changed: Any) -> Change:
    return lambda own, settings: (own, replace(settings, **changed))


def of_steps(kind: str, **changed: Any) -> Change:
    def change(own: Workstream, settings: Settings) -> tuple[Workstream, Settings]:
        first, *rest = getattr(own, kind)
        return replace(own, **{kind: (replace(first, **changed), *rest)}), settings

    return change


def of_tool(**changed: Any) -> Change:
    return lambda own, settings: (own, replace(settings, tools={**TOOLS, "agent": replace(TOOLS["agent"], **changed)}))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One field in another value; `named` is the word for it in a difference, `why` says why it makes nothing due."""

    change: Change
    named: str = ""
    why: str = ""


WORKSTREAM = {
    "id": Row(change=of_workstream(id="v"), named="branch"),
    "title": Row(change=of_workstream(title="Other"), named="title"),
    "source": Row(change=of_workstream(source="workstreams/other.yml"), why="the name of the file says nothing"),
    "steps": Row(change=of_workstream(steps=(WRITE, COUNT, LINT)), named="the order of steps"),
    "objective": Row(change=of_workstream(objective="Other"), named="objective"),
    "when": Row(change=of_workstream(when="weekly"), named="when"),
    "catch_up": Row(change=of_workstream(catch_up="all"), why="it says which slot it is, and that is the occurrence"),
    "again": Row(change=of_workstream(again=True), why="it says whether an agent is paid, not for what"),
    "enabled": Row(change=of_workstream(enabled=False), why="it says whether it runs, not what"),
    "base": Row(change=of_workstream(base="next"), named="base"),
    "branch": Row(change=of_workstream(branch="deps/w"), named="branch"),
    "depends_on": Row(change=of_workstream(depends_on=("up", "more")), named="it depends on more now"),
    "tool": Row(change=of_workstream(tool="other"), named="tool"),
    "options": Row(change=of_workstream(options={"effort": "high"}), named="options.effort"),
    "instructions": Row(change=of_workstream(instructions=(HandedFile(path="i.md", text="I"),)), named="instructions"),
    "env": Row(change=of_workstream(env=("B",)), named="env"),
    "variables": Row(change=of_workstream(variables={"CI": "true"}), named="env.CI"),
    "working_directory": Row(change=of_workstream(working_directory="a"), named="working_directory"),
    "scope": Row(change=of_workstream(scope=replace(BASE.scope, forbid=("x",))), named="scope.forbid"),
    "inputs": Row(change=of_workstream(inputs=("lib/**",)), named="inputs"),
    "setup": Row(change=of_workstream(setup=()), named="setup.1.run was removed"),
    "preflight": Row(change=of_workstream(preflight=()), named="preflight.ready was removed"),
    "checks": Row(change=of_workstream(checks=()), named="checks.tests was removed"),
    "fix": Row(change=of_workstream(fix=Fix(attempts=3)), named="fix.attempts"),
    "artifacts": Row(change=of_workstream(artifacts=("b.md",)), named="artifacts"),
    "budget": Row(change=of_workstream(budget=Budget(minutes=5)), named="budget.minutes"),
    "commit": Row(change=of_workstream(commit=Commit(message="x")), named="commit.message"),
    "pull_request": Row(change=of_workstream(pull_request=PullRequest(draft=False)), why="`pr` alone brings it out"),
    "group": Row(change=of_workstream(group="g"), why="the id is made of it"),
    "number": Row(change=of_workstream(number=2), why="others before it in the matrix say nothing of it"),
    "matrix": Row(change=of_workstream(matrix={"package": "a"}), named="matrix.package"),
    "max_open": Row(change=of_workstream(max_open=3), why="it says whether it runs, not what"),
    "unfilled": Row(
        change=of_workstream(unfilled=frozenset({"objective"})), why="the texts count once they are filled"
    ),
    "metadata": Row(change=of_workstream(metadata={"phase": "2"}), why="it is shown in the pull request alone"),
}
SCOPE = {
    "modify": Row(change=of_workstream(scope=replace(BASE.scope, modify=("x",))), named="scope.modify"),
    "create": Row(change=of_workstream(scope=replace(BASE.scope, create=("x",))), named="scope.create"),
    "forbid": Row(change=of_workstream(scope=replace(BASE.scope, forbid=("x",))), named="scope.forbid"),
    "guarded": Row(
        change=of_workstream(scope=replace(BASE.scope, guarded=("x",))), why="it says what others' files are named"
    ),
    "is_declared": Row(
        change=of_workstream(scope=replace(BASE.scope, is_declared=False)), why="the patterns say what may change"
    ),
}
READY = Setup(command="npm ci")
SETUP = {
    "command": Row(change=of_workstream(setup=(Setup(command="npm i"),)), named="setup.1.run was"),
    "inputs": Row(change=of_workstream(setup=(replace(READY, inputs=("x",)),)), named="setup.1.inputs was"),
    "working_directory": Row(
        change=of_workstream(setup=(replace(READY, working_directory="a"),)), named="setup.1.working_directory"
    ),
    "timeout_s": Row(change=of_workstream(setup=(replace(READY, timeout_s=9.0),)), named="setup.1.timeout was"),
}
COMMIT = {
    "message": Row(change=of_workstream(commit=Commit(message="x")), named="commit.message"),
    "sign_off": Row(change=of_workstream(commit=Commit(sign_off=True)), named="commit.sign_off"),
}
FIX = {
    "attempts": Row(change=of_workstream(fix=Fix(attempts=1)), named="fix.attempts"),
    "max_lines": Row(change=of_workstream(fix=Fix(attempts=2, max_lines=9)), named="fix.max_lines"),
}
BUDGET = {
    name: Row(change=of_workstream(budget=Budget(**{name: 3})), named=f"budget.{name}")
    for name in ("usd", "tokens", "minutes")
}
STEP = {
    "id": Row(change=of_steps("steps", id="other"), named="steps.other was added"),
    "action": Row(change=of_steps("steps", action=COUNT.action), named="steps.write.run"),
    "timeout_s": Row(change=of_steps("steps", timeout_s=9.0), named="steps.write.timeout"),
    "stall_s": Row(change=of_steps("steps", stall_s=9.0), named="steps.write.stall"),
    "expect": Row(change=of_steps("steps", expect="change"), named="steps.write.expect"),
    "cache": Row(change=of_steps("steps", cache=True), named="steps.write.cache"),
    "working_directory": Row(change=of_steps("steps", working_directory="a"), named="steps.write.working_directory"),
    "commit": Row(change=of_steps("steps", commit=Commit(sign_off=True)), named="steps.write.commit.sign_off"),
    "compare": Row(change=of_steps("checks", compare=False), named="checks.tests.compare"),
    "only_if": Row(change=of_steps("steps", only_if="test -s a"), named="steps.write.only_if was added"),
}
ACTION = {
    "command": Row(change=of_steps("checks", action=Run(command="x")), named="checks.tests.run"),
    "text": Row(change=of_steps("steps", action=replace(WRITE.action, text="x")), named="steps.write.prompt"),
    "tool": Row(change=of_steps("steps", action=replace(WRITE.action, tool="other")), named="steps.write.tool"),
    "options": Row(
        change=of_steps("steps", action=replace(WRITE.action, options={"effort": "low"})), named="steps.write.options.effort"
    ),
    "file": Row(change=of_steps("steps", action=replace(WRITE.action, file="b.md")), why="the text counts, not its file"),
    "args": Row(
        change=lambda own, settings: (
            replace(own, steps=(WRITE, replace(LINT, action=ToolCall(tool="ruff", args=("x",))), COUNT)), settings
        ),
        named="steps.lint.args",
    ),
}  # fmt: skip
OTHER_VALUES: Mapping[str, Any] = {  # of a profile, by the type that the field is annotated with
    "str": "x", "str | None": "x", "Sandbox | None": "bubblewrap", "tuple[str, ...]": ("x",), "tuple[str, ...] | None": ("x",),
    "Mapping[str, tuple[str, ...]]": {"X": ("y",)}, "int": 7, "int | None": 7, "float": 7.0, "float | None": 7.0, "Mapping[str, str]": {"X": "y"},
}  # fmt: skip
TOOL = {
    one.name: Row(
        change=of_tool(**{one.name: not one.default if one.type == "bool" else OTHER_VALUES[str(one.type)]}),
        named=f"{one.name.removesuffix('_s')} of the profile agent",
    )
    for one in fields(Tool)
}
TOOL["options"] = Row(change=of_tool(options={"more": ("--more={value}",)}), why="only one that a call uses counts")
RUN = "it decides how a run goes, not what a success is made of"
SETTING = {
    "jobs": Row(change=of_settings(jobs=9), why=RUN),
    "timezone": Row(change=of_settings(timezone="Pacific/Kiritimati"), named="occurrence"),
    "branch_prefix": Row(change=of_settings(branch_prefix="bots/"), named="branch"),
    "remote": Row(change=of_settings(remote="up"), why="the base is asked when something is due"),
    "base": Row(change=of_settings(base="next"), named="base"),
    "rebase": Row(change=of_settings(rebase="conflict"), why="it decides when a branch is built again"),
    "pull_requests": Row(change=of_settings(pull_requests="together"), why="`pr` alone brings it out"),
    "close_removed": Row(change=of_settings(close_removed=True), why="as `pull_requests`"),
    "create_labels": Row(change=of_settings(create_labels=True), why="as `pull_requests`"),
    "show_transcripts": Row(change=of_settings(show_transcripts=True), why="it decides what is told, not what is done"),
    "report": Row(change=of_settings(report=Reports(include=())), why="`show_transcripts`' reason"),
    "sandbox": Row(change=of_settings(sandbox="bubblewrap"), why="it bounds what a command reaches, not its task"),
    "sandbox_reads": Row(change=of_settings(sandbox_reads=("/x",)), why="as `sandbox`"),
    "sandbox_caches": Row(change=of_settings(sandbox_caches=("pip",)), why="as `sandbox`"),
    "sandbox_network": Row(change=of_settings(sandbox_network=False), why="as `sandbox`"),
    "share_results": Row(change=of_settings(share_results=True), why=RUN),
    "forge_wait_s": Row(change=of_settings(forge_wait_s=60.0), why=RUN),
    "claim_slots": Row(change=of_settings(claim_slots=True), why=RUN),
    "slot_lease_s": Row(change=of_settings(slot_lease_s=60.0), why=RUN),
    "catch_up": Row(change=of_settings(catch_up="none"), why=RUN),
    "checks": Row(change=of_settings(checks="baseline"), named="checks of the settings"),
    "env": Row(change=of_settings(env=("PIP_INDEX_URL",)), named="env"),
    "setup": Row(change=of_settings(setup=(Setup(command="npm i"),)), named="setup.2.run was added"),
    "sign_commits": Row(change=of_settings(sign_commits=True), why="commits that were made stay as they are"),
    "budget": Row(change=of_settings(budget=Budget(usd=1)), why="it bounds a whole run"),
    "gc": Row(change=of_settings(gc=Limits(log_days=1)), why="it bounds what is kept"),
    "identity": Row(change=of_settings(identity=Identity(name="n", email="e@x")), why="as `sign_commits`"),
    "tools": Row(change=of_tool(command="x"), named="command of the profile agent"),
    "source": Row(change=of_settings(source="pyproject.toml"), why="the name of the file says nothing"),
}
TABLES: tuple[tuple[tuple[type, ...], dict[str, Row]], ...] = (
    ((Workstream,), WORKSTREAM), ((Scope,), SCOPE), ((Setup,), SETUP), ((Fix,), FIX), ((Budget,), BUDGET), ((Commit,), COMMIT), ((Step,), STEP),
    ((Run, ToolCall, Prompt), ACTION), ((Tool,), TOOL), ((Settings,), SETTING),
)  # fmt: skip
ROWS = {f"{classes[0].__name__}.{name}": row for classes, table in TABLES for name, row in table.items()}


def made(own: Workstream, settings: Settings) -> Plan:
    snapshot = Snapshot(
        refs={"refs/heads/main": "1" * 40, "refs/heads/next": "2" * 40}, symbolic={},
        remotes={"origin": "file:///a", "up": "file:///b"}, head_branch="main", head="1" * 40,
    )  # fmt: skip
    return plan.make((own,), settings, snapshot, now=NOW, run_bound={}, watched={}, recorded={})[0]


def tasks(one: Plan) -> dict[str, Inputs]:
    """The inputs of each task, starting from commits that are the same."""
    results = dict.fromkeys(one.workstream.depends_on, "r")
    return {
        "prepare": fingerprints.prepare_inputs(one, results),
        **{step.id: fingerprints.step_inputs(one, step, "c") for step in one.workstream.steps},
        "accept": fingerprints.accept_inputs(one, "c"),
    }


def judge(row: Row, *, keep: Callable[[str], bool] = lambda name: True) -> None:
    """What became due names the field; what did not has a reason. `keep` takes names of inputs out, to try that."""
    before, after = made(BASE, SETTINGS), made(*row.change(BASE, SETTINGS))

    def kept(inputs: Inputs) -> Inputs:
        return {name: value for name, value in inputs.items() if keep(name)}

    was, now = ({task: kept(inputs) for task, inputs in tasks(one).items()} for one in (before, after))
    shown = [
        kept(fingerprints.workstream_inputs(one, dict.fromkeys(one.workstream.depends_on, "r")))
        for one in (before, after)
    ]
    found = differences.differences(*shown)
    if was == now:
        assert row.why, "nothing became due"
        assert found == ()
    else:
        assert not row.why
        assert any(row.named in one.text() for one in found), [one.text() for one in found]


def test_every_field_has_its_row() -> None:
    for classes, table in TABLES:
        assert sorted(table) == sorted({one.name for kind in classes for one in fields(kind)}), classes


@pytest.mark.parametrize("name", ROWS)
def test_what_becomes_due_names_the_field_and_what_does_not_has_a_reason(name: str) -> None:
    judge(ROWS[name])


def differing(row: Row) -> Iterator[str]:
    """The names of the inputs that a row changes."""
    was, now = tasks(made(BASE, SETTINGS)), tasks(made(*row.change(BASE, SETTINGS)))
    for task in {*was, *now}:
        left, right = was.get(task, {}), now.get(task, {})
        yield from (name for name in {*left, *right} if left.get(name) != right.get(name))


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.named])
def test_a_row_fails_where_its_field_is_no_input(name: str) -> None:
    gone = set(differing(ROWS[name]))
    with pytest.raises(AssertionError):
        judge(ROWS[name], keep=lambda input: input not in gone)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.why])
def test_a_row_fails_where_its_reason_is_gone(name: str) -> None:
    with pytest.raises(AssertionError):
        judge(replace(ROWS[name], why=""))


SMALL = (
    "id: w\ntitle: W\ntool: agent\nsteps:\n- {id: a, run: ls}\n- {id: b, prompt: Write.}\nchecks:\n- {id: c, run: ls}\n"
)
SPELT_OUT = """
id: w
title: W
tool: agent
objective: ""
when: once
again: false
enabled: true
depends_on: []
env: []
inputs: []
setup: []
preflight: []
steps:
- {id: a, run: ls, expect: either, timeout: 10m, cache: false}
- {id: b, prompt: Write., tool: agent, expect: either, timeout: 30m, stall: 10m, cache: true}
checks:
- {id: c, run: ls, compare: true, timeout: 10m}
fix: {attempts: 0}
artifacts: []
budget: {}
pull_request: {draft: true, labels: [], reviewers: [], assignees: []}
metadata: {}
"""


def test_a_default_that_is_spelt_out_changes_nothing() -> None:
    short, long = (
        made(parse(yaml.safe_load(text), source="w.yaml", prompts={}, timeouts_s={}), SETTINGS)
        for text in (SMALL, SPELT_OUT)
    )
    assert tasks(short) == tasks(long)
    assert fingerprints.pull_request_inputs(short, END, "t") == fingerprints.pull_request_inputs(long, END, "t")


def test_the_pull_request_has_the_inputs_that_no_other_task_has() -> None:
    was = fingerprints.pull_request_inputs(made(BASE, SETTINGS), END, "t")
    for name in fingerprints.SHOWN:
        now = fingerprints.pull_request_inputs(made(*WORKSTREAM[name].change(BASE, SETTINGS)), END, "t")
        assert {key for key in was if was[key] != now[key]} == {name}


def test_a_step_depends_on_the_commit_before_it_and_prepare_on_results() -> None:
    one = made(BASE, SETTINGS)
    assert fingerprints.step_inputs(one, LINT, "a" * 40) != fingerprints.step_inputs(one, LINT, "b" * 40)
    assert fingerprints.prepare_inputs(one, {"up": "1"}) != fingerprints.prepare_inputs(one, {"up": "2"})


def test_what_earlier_steps_wrote_is_a_part_of_all_that_comes_later_and_nothing_where_none_wrote() -> None:
    one = made(BASE, SETTINGS)
    without = fingerprints.step_inputs(one, LINT, "c")
    assert fingerprints.step_inputs(one, LINT, "c", {"write": {}}) == without, "no success of earlier versions is lost"
    several = [
        without,
        *(fingerprints.step_inputs(one, LINT, "c", {"write": known}) for known in (None, {"a": "1"}, {"a": "2"})),
    ]
    assert all(one not in several[:at] for at, one in enumerate(several))
    assert fingerprints.accept_inputs(one, "c", {"write": {"a": "1"}}) != fingerprints.accept_inputs(one, "c")


def test_another_output_is_told_by_its_step() -> None:
    was, now = (differences.of_result({fingerprints.OUTPUTS: {"find": {"names": text}}}) for text in "ab")
    (found,) = differences.result_differences(was, now, [fingerprints.OUTPUTS])
    assert found.text() == "what the step find wrote is another"


def test_an_edited_profile_changes_only_what_uses_it() -> None:
    ruff = replace(TOOLS["ruff"], args=("--quiet",))
    was, now = tasks(made(BASE, SETTINGS)), tasks(made(BASE, replace(SETTINGS, tools={**TOOLS, "ruff": ruff})))
    assert {task for task in was if was[task] != now[task]} == {"lint"}


def test_of_options_those_that_a_call_uses_count_and_of_files_what_they_hold() -> None:
    options = {"effort": "low", "mcp_config": HandedFile(path="a.json", text="{}")}
    used = replace(BASE, steps=(replace(WRITE, action=replace(WRITE.action, options=options)),))

    def asked(args: str, file: HandedFile) -> Inputs:
        agent = replace(TOOLS["agent"], options={"effort": (args,), "mcp_config": ("{value}",), "more": (args,)})
        action = replace(WRITE.action, options={**options, "mcp_config": file})
        one = replace(used, steps=(replace(WRITE, action=action),))
        return tasks(made(one, replace(SETTINGS, tools={**TOOLS, "agent": agent})))["write"]

    was = asked("--effort={value}", HandedFile(path="a.json", text="{}"))
    assert asked("--effort={value}", HandedFile(path="b.json", text="{}")) == was
    other = asked("--level={value}", HandedFile(path="a.json", text="{ }"))
    assert {name for name in was if was[name] != other[name]} == {
        "profile:agent.options.effort", "steps.write.options.mcp_config",
    }  # fmt: skip


def test_a_step_without_a_prompt_is_not_asked_about_the_words_for_agents() -> None:
    plain = replace(BASE, steps=(COUNT,), fix=Fix())
    was = tasks(made(plain, SETTINGS))
    assert tasks(made(replace(plain, title="Other", objective="Other"), SETTINGS)) == was


def test_long_values_and_variables_of_profiles_are_kept_as_their_hash() -> None:
    long = replace(COUNT, action=Run(command="echo " + "x" * 100_000))
    agent = replace(TOOLS["agent"], variables={"A": "b"})
    settings = replace(SETTINGS, tools={**TOOLS, "agent": agent})
    inputs = fingerprints.workstream_inputs(made(replace(BASE, steps=(WRITE, long)), settings), {})
    assert inputs["steps.count.run"].startswith("sha256:")
    assert inputs["profile:agent.variables"].startswith("sha256:")
    assert inputs["steps.write.prompt"] == "Write."


def test_an_input_of_a_kind_that_another_version_kept_is_a_difference_all_the_same() -> None:
    (one,) = differences.differences({"mood:of the moon": "full"}, {})
    assert (one.kind, one.text()) == (differences.Kind.DEFINITION, "mood:of the moon was removed")
