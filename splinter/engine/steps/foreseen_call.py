"""How an agent would be called, in words: its command line, and what it may do. It starts nothing, and shows no value.

Whether bubblewrap works is found out by starting it; a look says only whether it is there.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from splinter.engine.session import Session
from splinter.engine.steps import command, only_if, sandboxing, step_outputs
from splinter.model import tool, value_names
from splinter.model.plan import Plan
from splinter.model.tool import Tool
from splinter.model.workstream import FILE_OPTIONS, Step

_NAMED = {"prompt": "PROMPT", "prompt_file": "PROMPT_FILE", "files": "FILES", "junit": "RESULTS"}


def sentences(session: Session, plan: Plan, step: Step) -> Iterator[str]:
    """What a dry run says of a step that has a condition, and of one that calls an agent; else its command says it."""
    if step.only_if is not None:
        yield f"only if: {only_if.label(step)} ends with exit status 0; with 1 it is skipped, with any other it fails"
    profile = command.profile_of(plan, step)
    if profile is None or not command.is_paid(plan, step):
        return
    is_fenced, sandbox = sandboxing.foreseen(session, profile)
    values = _values(plan, step, profile, is_fenced=is_fenced)
    values |= {name: name.upper() for name in FILE_OPTIONS}
    called = tool.command(step.action, plan.tools, values=values)
    line = called.argv if isinstance(called.argv, str) else shlex.join(called.argv)
    yield f"command: {line}{' < PROMPT' if called.stdin is not None else ''}"
    if step.working_directory:
        yield f"starts in: {step.working_directory}"
    if said := plan.workstream.commit_of(step).message.strip():
        yield f"its commit says: {said.splitlines()[0]}"
    yield f"may change: {_scope(plan)}; anything else fails the step"
    has_network = not is_fenced or sandboxing.reaches_network(session, profile, wanted=False)
    yield f"sandbox: {sandbox}; network: {'yes' if has_network else 'no'}"
    names = session.outside.environment.child_environment((*profile.env, *plan.env), hides=profile.hides)
    variables = {*profile.variables, *plan.workstream.variables, *value_names.variables(plan.values)}
    yield f"environment: {', '.join(sorted({*names, *variables, *step_outputs.NAMES}))}"


def fixes(session: Session, plan: Plan) -> Iterator[str]:
    """What a dry run says of the calls by which a failed check goes back to an agent."""
    attempts, name = plan.workstream.fix.attempts, plan.workstream.tool
    if attempts and name and plan.tools[name].takes_prompts:
        yield f"a failed check goes back to {name}, {attempts} times at most"


def _values(plan: Plan, step: Step, profile: Tool, *, is_fenced: bool) -> dict[str, str]:
    recorded = tool.recorded_path(plan.id, step.id)
    values = {**_NAMED, "recorded": recorded, "fenced" if is_fenced else "unfenced": ""}
    if profile.model:
        values["model"] = profile.model
    if profile.max_turns:
        values["max_turns"] = str(profile.max_turns)
    usd = plan.workstream.budget.usd
    if usd is not None:
        values["budget_usd"] = f"{usd:.4f}"
    return values


def _scope(plan: Plan) -> str:
    scope = plan.workstream.scope
    if not scope.is_declared:
        return "all but files that are guarded"
    parts = {"": scope.modify, "create ": scope.create if scope.create != scope.modify else (), "not ": scope.forbid}
    return "; ".join(f"{word}{', '.join(patterns)}" for word, patterns in parts.items() if patterns) or "nothing"
