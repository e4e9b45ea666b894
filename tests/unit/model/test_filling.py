"""What is filled in with the plan, and later: in the fields that wait for it, judged again, and never twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from splinter.errors import InputError
from splinter.model import filling, fingerprints, plan, value_names
from splinter.model.plan import Plan
from splinter.model.ports import Snapshot
from splinter.model.settings import Settings
from splinter.model.tool import Tool
from splinter.model.workstream import Prompt, PullRequest, Run, Scope, Setup, Step, ToolCall, Workstream

TOOLS = {name: Tool(name=name, command=name, prompt_args=("{prompt}",)) for name in ("agent", "ruff")}
LATE = "steps.find.outputs.names"
ONE = Workstream(
    id="deps-api", title="${{ base }} at ${{ occurrence }}", source="workstreams/deps.yaml", when="0 2 * * *",
    scope=Scope(modify=("${{ base }}/**",), create=("${{ base }}/**",), is_declared=True),
    setup=(Setup(command=("echo", "${{ base }}"), inputs=("${{ base }}/lock",)),),
    steps=(
        Step(id="find", action=Run(command=("echo", "$${{ ${{ base }}")), timeout_s=1),
        Step(id="use", action=Prompt(text="${{ base }}: ${{ steps.find.outputs.names }}", tool="agent"), timeout_s=1),
        Step(id="lint", action=ToolCall(tool="ruff", args=("${{ steps.find.outputs.names }}", "$${{ x }}")), timeout_s=1),
    ),
    metadata={"a": [{"b": "${{ occurrence }}"}]}, pull_request=PullRequest(labels=("${{ base }}",)),
    unfilled=frozenset({
        "title", "scope.modify", "scope.create", "setup.1.run", "setup.1.inputs", "steps.find.run", "steps.use.prompt",
        "steps.lint.args", "metadata", "pull_request.labels",
    }),
)  # fmt: skip
SNAPSHOT = Snapshot(
    refs={"refs/heads/main": "1" * 40}, symbolic={}, remotes={}, head_branch="main", head="1" * 40
)  # fmt: skip


def planned(hour: int = 3) -> Plan:
    now = datetime(2026, 11, 23, hour, tzinfo=UTC)
    (made,) = plan.make((ONE,), Settings(tools=TOOLS), SNAPSHOT, now=now, run_bound={}, watched={}, recorded={})
    return made


def test_a_plan_holds_the_workstream_with_its_base_and_occurrence() -> None:
    made = planned()
    one = made.workstream
    assert one.title == "main at 2026-11-23T0200Z"
    assert (one.scope.modify, one.scope.create) == (("main/**",), ("main/**",))
    assert made.setup == one.setup == (Setup(command=("echo", "main"), inputs=("main/lock",)),)
    assert one.steps[0].action == Run(command=("echo", "${{ main"))
    assert (one.metadata, one.pull_request) == ({"a": [{"b": "2026-11-23T0200Z"}]}, PullRequest(labels=("main",)))
    assert one.unfilled == {"steps.use.prompt", "steps.lint.args"}
    assert made.values["occurrence"] == "2026-11-23T0200Z"


def test_another_occurrence_is_filled_in_anew_and_is_no_other_definition() -> None:
    made, earlier = planned(), planned(1)
    assert made.at(earlier.occurrence) == earlier
    assert earlier.workstream.title == "main at 2026-11-22T0200Z"
    assert fingerprints.definition(made) == fingerprints.definition(earlier)
    assert fingerprints.accept_inputs(made, "c") != fingerprints.accept_inputs(earlier, "c")


def test_what_a_step_came_to_is_filled_in_where_it_is_asked_for_and_nowhere_else() -> None:
    one = planned().workstream
    used = filling.fill(one, {LATE: "${{ base }} and more"}, names={"steps.use.prompt"})
    assert used.steps[1].action == Prompt(text="main: ${{ base }} and more", tool="agent")
    assert used.steps[2] == one.steps[2]
    assert used.unfilled == {"steps.lint.args"}
    assert filling.fill(used, {LATE: "x"}).steps[2].action == ToolCall(tool="ruff", args=("x", "${{ x }}"))


@pytest.mark.parametrize(
    ("field", "known", "message"),
    [
        ("steps.lint.args", {LATE: "--fix"}, 'argument "--fix" starts with "-", which would be read as an option'),
        ("scope.modify", {"base": "../x"}, 'path "../x/**" holds "..", which could leave the repository'),
        ("setup.1.inputs", {"base": "-x"}, 'path "-x/lock" starts with "-", which tools would read as an option'),
    ],
)
def test_a_value_that_spoils_its_place_is_refused(field: str, known: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as raised:
        filling.fill(ONE, known, names={field})
    assert str(raised.value) == f"workstreams/deps.yaml: {field} of deps-api: {message}"


@pytest.mark.parametrize(
    ("when", "text", "word"),
    [
        ("daily", "2026-11-23", "2026-11-23"),
        ("0 2 * * *", "2026-11-23T02:00+00:00", "2026-11-23T0200Z"),
        ("once", "", "once"),
        ("on-change", "0123456789abcdef", "0123456789ab"),
        ("always", "20261123T020000-1a2b", "20261123T020000-1a2b"),
    ],
)
def test_an_occurrence_is_a_word_that_a_branch_may_have(when: str, text: str, word: str) -> None:
    assert value_names.occurrence(text, when=when) == word
    assert filling.problem("branch", f"deps/{word}") is None


def test_what_a_member_is_told_of_its_matrix_counts() -> None:
    was, now = (replace(planned(), workstream=replace(ONE, matrix={"p": value})) for value in ("a", "b"))
    assert fingerprints.prepare_inputs(was, {}) != fingerprints.prepare_inputs(now, {})
