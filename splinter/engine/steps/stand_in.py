"""What stands for an agent in a simulated run: its recorded patch, or nothing where none is recorded.

No agent is looked for, started or paid, and none of its keys is handed on. What stands for it is judged as it would be.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from splinter.engine.work import Work
from splinter.model.plan import Plan
from splinter.model.tool import Tool, recorded_path
from splinter.model.workstream import Prompt, Run, Step, ToolCall, Workstream

_APPLIES = ("apply", "--whitespace=nowarn", "--allow-empty", "{recorded}")
_HEADING = "[simulated run]"
_PREFIX = "simulated: "


def tools(known: Mapping[str, Tool]) -> dict[str, Tool]:
    """The same tools, with what stands for them in the place of agents."""
    return {name: _instead_of(one) if _is_agent(one) else one for name, one in known.items()}


def _is_agent(tool: Tool) -> bool:
    return tool.takes_prompts and not tool.needs_recording


def _instead_of(agent: Tool) -> Tool:
    """As many at once as of the agent, and its time."""
    return Tool(
        name=agent.name, command="git", prompt_args=_APPLIES, at_once=agent.at_once, timeout_s=agent.timeout_s,
        network=False, retries=0,
    )  # fmt: skip


def workstream(one: Workstream, known: Mapping[str, Tool]) -> Workstream:
    """The same, where an agent is called with arguments as if it were given a prompt: these are no arguments of git."""
    return replace(
        one,
        preflight=tuple(_prompted(step, known) for step in one.preflight),
        steps=tuple(_prompted(step, known) for step in one.steps),
        checks=tuple(_prompted(step, known) for step in one.checks),
    )


def _prompted(step: Step, known: Mapping[str, Tool]) -> Step:
    action = step.action
    if isinstance(action, ToolCall) and _is_agent(known[action.tool]):
        return replace(step, action=Prompt(text=" ".join(action.args), tool=action.tool))
    return step


def patch(work: Work, step: Step) -> str:
    """The recorded patch of a step; in a simulated run an empty file where there is none."""
    file = work.repository.start / recorded_path(work.plan.id, step.id)
    return os.devnull if work.repository.copy and not file.is_file() else str(file)


def is_one(profile: Tool | None) -> bool:
    """Whether a profile stands for an agent's."""
    return profile is not None and profile.prompt_args == _APPLIES


def silent(plan: Plan) -> frozenset[str]:
    """The steps of a workstream that say nothing, since something stands for their agent."""
    called = ((step.id, step.action) for step in plan.workstream.steps)
    return frozenset(id for id, one in called if not isinstance(one, Run) and is_one(plan.tools[one.tool]))


def notes(work: Work, profile: Tool | None, step: Step) -> tuple[str, ...]:
    """What is said of a call that stood for an agent's."""
    if profile is None or not is_one(profile):
        return ()
    if patch(work, step) == os.devnull:
        return (f"{_PREFIX}{profile.name} was not called, and no patch of it is recorded",)
    path = recorded_path(work.plan.id, step.id)
    return (f"{_PREFIX}{profile.name} was not called, and {path} was applied in its place",)


def heading(work: Work, profile: Tool | None, step: Step) -> str:
    """What the log of a simulated run's command begins with; of any other nothing."""
    return "\n".join((_HEADING, *notes(work, profile, step), "")) if work.repository.copy else ""


def say(work: Work, sentences: tuple[str, ...]) -> None:
    """Show while it works what stands for an agent: `notes`."""
    for one in sentences:
        work.session.activity.say("simulated", one.removeprefix(_PREFIX))
