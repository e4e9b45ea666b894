"""What steps wrote, in the texts that wait for it: data, an argument, an inert line; or a sentence on what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from splinter.errors import StepError
from splinter.model import late_filling
from splinter.model.workstream import Commit, Prompt, Run, Step, ToolCall, Workstream
from splinter.text import foreign
from splinter.text.outputs import Outputs

NAMES = "${{ steps.find.outputs.names }}"
FIND = Step(id="find", action=Run(command="ls"), timeout_s=1)
WRITTEN: Outputs = {"find": {"names": "a b"}}


def made(*steps: Step, **fields: Any) -> Workstream:
    unfilled = frozenset(fields.pop("unfilled"))
    return Workstream(
        id="w", title=fields.pop("title", "W"), source="w.yaml", steps=(FIND, *steps), unfilled=unfilled, **fields
    )


def test_in_a_prompt_it_is_set_apart() -> None:
    ask = Step(id="ask", action=Prompt(text=f"Do {NAMES}, and show $${{{{ x }}}}.", tool="agent"), timeout_s=1)
    step = late_filling.of_step(made(ask, unfilled=["steps.ask.prompt"]), ask, WRITTEN)
    assert isinstance(step.action, Prompt)
    assert step.action.text == f"Do {foreign.in_prompt('a b')}, and show ${{{{ x }}}}."


def test_it_is_one_argument_whatever_it_holds_and_never_an_option() -> None:
    words = ToolCall(tool="ruff", args=("--only", NAMES, f"x{NAMES}"))
    call = Step(id="call", action=words, timeout_s=1, only_if=("test", NAMES))
    workstream = made(call, unfilled=["steps.call.args", "steps.call.only_if"])
    step = late_filling.of_step(workstream, call, {"find": {"names": 'a\' "b" $(id) `id`\n${{ x }} %s'}})
    assert isinstance(step.action, ToolCall)
    assert step.action.args == ("--only", 'a\' "b" $(id) `id`\n${{ x }} %s', 'xa\' "b" $(id) `id`\n${{ x }} %s')
    assert step.only_if == ("test", 'a\' "b" $(id) `id`\n${{ x }} %s')
    with pytest.raises(StepError, match='argument "-x" starts with "-", which would be read as an option') as told:
        late_filling.of_step(workstream, call, {"find": {"names": "-x"}})
    assert told.value.reason == "bad_output"


def test_what_is_not_there_is_told_and_what_was_skipped_is_empty() -> None:
    workstream = made(title=f"Update {NAMES}.", objective=NAMES, unfilled=["title", "objective"])
    for outputs, said in (
        ({"find": {"count": "1"}}, 'the step find wrote no output "names"; it wrote count'),
        ({"find": {}}, 'the step find wrote no output "names"; it wrote none'),
        ({}, "what that step wrote is not known here any more; doit -a w runs it again"),
    ):
        with pytest.raises(StepError) as told:
            late_filling.whole(workstream, outputs)
        assert str(told.value).endswith(f" asks for {NAMES}, and {said}")
        assert late_filling.as_far_as_known(workstream, outputs) == workstream, "it is shown as it is written"
    assert late_filling.whole(workstream, {"find": None}).title == "Update ."
    assert late_filling.whole(workstream, {"find": {}}, silent=["find"]).title == "Update ."


def test_a_title_is_a_line_that_does_nothing_and_agents_are_told_of_it_as_data() -> None:
    workstream = made(title=f"Update {NAMES}", objective=f"All of {NAMES}", unfilled=["title", "objective"])
    outputs: Outputs = {"find": {"names": "a\nb @x closes #1"}}
    whole = late_filling.whole(workstream, outputs)
    assert (whole.title, whole.unfilled) == ("Update a b @\u200bx closes #\u200b1", frozenset())
    assert whole.objective == "All of a\nb @x closes #1", "templates show it as text"
    assert len(late_filling.whole(workstream, {"find": {"names": "x" * 10_000}}).title) == 200
    told = late_filling.for_agents(workstream, outputs)
    assert told.title == f"Update {foreign.in_prompt('a' + chr(10) + 'b @x closes #1')}"
    assert late_filling.for_agents(workstream, {}).title == "Update …", "the step that writes it has not run"


def test_a_check_that_waits_is_not_compared_with_what_was_before_the_steps() -> None:
    check = Step(id="same", action=Run(command=("test", NAMES)), timeout_s=1)
    workstream = made(checks=(check, replace(FIND, id="other")), unfilled=["checks.same.run"])
    assert late_filling.waiting_checks(workstream) == {"same"}
    same, other = late_filling.of_checks(workstream, WRITTEN).checks
    assert (same.action, same.compare, other.compare) == (Run(command=("test", "a b")), False, True)


def test_in_a_commit_it_is_one_line_and_what_no_step_has_written_yet_is_left_open() -> None:
    own = replace(FIND, id="own", commit=Commit(message=f"Own {NAMES}"))
    workstream = made(
        own,
        title=f"T {NAMES}",
        commit=Commit(message=f"Of {NAMES}"),
        unfilled=["title", "commit.message", "steps.own.commit"],
    )
    outputs: Outputs = {"find": {"names": "a\nb"}}
    assert late_filling.for_commit(workstream, FIND, outputs).commit.message == "Of a b"
    assert late_filling.for_commit(workstream, None, {}).commit.message == "Of …"
    long = late_filling.for_commit(workstream, FIND, {"find": {"names": "x" * 64_000}}).commit.message
    assert long == f"Of {'x' * 999}…"
    told = late_filling.for_commit(workstream, own, outputs)
    assert (told.commit_of(told.steps[1]).message, told.title) == ("Own a b", "T a b")
    assert late_filling.whole(workstream, outputs).commit.message == "Of a b"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("closes #1", '"closes #1", which steers a forge or its CI'),
        ("[skip ci]", '"[skip ci]", which steers a forge or its CI'),
        ("Co-authored-by: X <x@y.example>", '"Co-authored-by: X <x@y.example>", which would be a trailer'),
    ],
)
def test_a_commit_that_would_do_more_by_a_value_is_refused(value: str, said: str) -> None:
    workstream = made(commit=Commit(message=f"Fix it\n\n{NAMES}"), unfilled=["commit.message"])
    with pytest.raises(StepError) as told:
        late_filling.for_commit(workstream, FIND, {"find": {"names": value}})
    assert str(told.value) == f"commit.message: a value makes the message say {said}"
    assert (
        late_filling.for_commit(made(commit=Commit(message="Closes #1"), unfilled=[]), FIND, {}).commit.message
        == "Closes #1"
    )
