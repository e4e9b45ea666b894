"""What a success is made of: the one list of inputs, by which a task is up to date or not, and a difference has a name.

Pure: values in, values out. An input's name is what a user would call it, such as `steps.write.prompt`; names with a
kind in front, such as `profile:ruff.args`, are explained where differences are put into words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, asdict, fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any

from splinter.model.done import Accepted
from splinter.model.plan import Plan
from splinter.model.tool import Tool
from splinter.model.workstream import Prompt, Run, Step, ToolCall
from splinter.text.outputs import Outputs

Inputs = dict[str, Any]
Values = dict[str, Any]  # what doit keeps of a task that succeeded
_LONGEST = 160  # characters of a value that is kept as it is; a longer one is kept as its hash
_BEFORE = "before"  # the commit that a task starts from: it follows from the inputs of the tasks before it
OCCURRENCE = "occurrence:"
SHOWN = ("title", "objective", "metadata", "pull_request")  # inputs of `pr`; what agents are told of them is theirs too
NO_WORK = ("source", "enabled", "again", "catch_up", "number", "max_open")  # where it stands, whether it runs
OUTPUTS = "outputs of earlier steps"  # as `before` they follow from the inputs of the tasks before
NO_OUTPUTS: Outputs = MappingProxyType({})
_HIDDEN = "variables"  # of a profile: kept as their hash, however short they are


def prepare_inputs(plan: Plan, results: Mapping[str, str]) -> Inputs:
    """The inputs of `prepare`; `results` is the result of each workstream that it depends on, by id."""
    return {
        **_shared(plan),
        "base": plan.base.name,
        **_setup(plan),
        **_steps("preflight", plan.workstream.preflight, plan),
        **{f"dependency:{other}": result for other, result in results.items()},
    }


def step_inputs(plan: Plan, step: Step, before: str, outputs: Outputs = NO_OUTPUTS) -> Inputs:
    """The inputs of a step that starts from the commit `before`; `outputs` are those of the steps before it."""
    said = _named(f"steps.{step.id}.commit" if step.commit else "commit", stated(plan.workstream.commit_of(step)))
    inputs = {**_shared(plan), **_scope(plan), **_step("steps", step, plan), **said, **written(outputs)}
    inputs[_BEFORE] = before
    return inputs | (told_to_agents(plan) if isinstance(step.action, Prompt) else {})


def accept_inputs(plan: Plan, before: str, outputs: Outputs = NO_OUTPUTS) -> Inputs:
    """The inputs of `accept`, which judges the commit `before` and moves the branch; `outputs` are those of steps."""
    workstream = plan.workstream
    return {
        **_shared(plan),
        **_steps("checks", workstream.checks, plan),
        "checks of the settings": "baseline" if plan.forgives_earlier else "all",
        **_setup(plan),
        **_fix(plan),
        "artifacts": workstream.artifacts,
        **_named("budget", {name: getattr(workstream.budget, name) for name in ("usd", "tokens", "minutes")}),
        "the order of steps": [step.id for step in workstream.steps],
        "branch": plan.branch,
        **written(outputs),
        _BEFORE: before,
    }


def written(outputs: Outputs) -> Inputs:
    """The outputs of steps, where there are any: whoever comes later may read each of them."""
    found = {step: known for step, known in outputs.items() if known != {}}
    return {OUTPUTS: found} if found else {}


def pull_request_inputs(plan: Plan, accepted: Accepted, target: str) -> Inputs:
    """The inputs of `pr`; `target` names the forge."""
    workstream = plan.workstream
    return {
        "title": workstream.title,
        "objective": workstream.objective,
        "metadata": workstream.metadata,
        "pull_request": stated(workstream.pull_request),
        "branch": plan.branch,
        "base": plan.base.name,
        "tip": accepted.tip,
        "result": accepted.result,
        "target": target,
    }


def workstream_inputs(plan: Plan, results: Mapping[str, str]) -> Inputs:
    """The inputs of a workstream's whole success: those of all its tasks, in short."""
    inputs = prepare_inputs(plan, results)
    for step in plan.workstream.steps:
        inputs |= step_inputs(plan, step, "")
    inputs |= accept_inputs(plan, "")
    return shortened({name: value for name, value in inputs.items() if name != _BEFORE})


def told_to_agents(plan: Plan) -> Inputs:
    """What of the workstream goes into a prompt, beside the step's own words."""
    workstream = plan.workstream
    own = {"title": workstream.title, "objective": workstream.objective, "inputs": workstream.inputs}
    texts = [one.text for one in workstream.instructions]
    return own | ({"instructions": texts} if texts else {})


def definition(plan: Plan) -> str:
    """The hash of the whole parsed definition and the profiles it uses, without the occurrence."""
    whole = {name: value for name, value in stated(plan.definition).items() if name not in NO_WORK}
    return fingerprint({"workstream": whole, "tools": {name: stated(used(tool)) for name, tool in plan.tools.items()}})


def slot(plan: Plan) -> str:
    """What one run of a workstream is for: the hash of its definition and its occurrence."""
    return fingerprint({"definition": definition(plan), "occurrence": plan.occurrence})


def stated(value: Any) -> Any:
    """A value as plain data, without fields at their default: a field that a later version adds changes nothing."""
    if is_dataclass(value) and not isinstance(value, type):
        own = ((field, getattr(value, field.name)) for field in fields(value) if not field.metadata.get("beside"))
        return {field.name: stated(held) for field, held in own if not _is_default(field, held)}
    if isinstance(value, tuple | list):
        return [stated(item) for item in value]
    if isinstance(value, Mapping):
        return {name: stated(item) for name, item in value.items()}
    return sorted(value) if isinstance(value, frozenset) else value


def _is_default(field: Field[Any], held: Any) -> bool:
    if field.default_factory is not MISSING:
        return bool(held == field.default_factory())
    return field.default is not MISSING and bool(held == field.default)


def fingerprint(inputs: Mapping[str, Any]) -> str:
    """The sha256 of values, key order aside."""
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()


def shortened(inputs: Inputs) -> Inputs:
    """Values as JSON's, long and hidden ones as their hash: rows stay small, and differences can still be named."""
    short = {}
    for name, value in inputs.items():
        text = json.dumps(value, sort_keys=True, default=list)
        is_hashed = len(text) > _LONGEST or (name.startswith("profile:") and name.endswith(f".{_HIDDEN}"))
        short[name] = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" if is_hashed else json.loads(text)
    return short


def _shared(plan: Plan) -> Inputs:
    """The inputs of every task."""
    inputs = {"when": plan.workstream.when, "env": plan.env, OCCURRENCE: plan.occurrence}
    inputs |= _named("env", plan.workstream.variables)
    return inputs | _named("matrix", plan.workstream.matrix)  # every command finds them in its environment


def _scope(plan: Plan) -> Inputs:
    scope = plan.workstream.scope
    return _named("scope", {name: getattr(scope, name) for name in ("modify", "create", "forbid")})


def _setup(plan: Plan) -> Inputs:
    """The commands that make a work tree ready, those of the settings too, by their number."""
    inputs: Inputs = {}
    for number, one in enumerate(plan.setup, 1):
        inputs |= _named(f"setup.{number}", {"run": one.command, "inputs": one.inputs, "timeout": one.timeout_s})
        inputs |= _named(f"setup.{number}", _place(one.working_directory))
    return inputs


def _fix(plan: Plan) -> Inputs:
    """What the fix loop rests on, nothing where no attempt is to be made."""
    workstream = plan.workstream
    if not workstream.fix.attempts or not workstream.tool:
        return {}
    own = {
        **_named("fix", asdict(workstream.fix)),
        "tool": workstream.tool,
        **_profile(plan, workstream.tool, workstream.options),
    }
    own |= {**_place(workstream.working_directory), **_named("commit", stated(workstream.commit))}
    own |= _named("options", stated(workstream.options))
    return {**own, **told_to_agents(plan), **_scope(plan)}


def _steps(kind: str, steps: tuple[Step, ...], plan: Plan) -> Inputs:
    inputs: Inputs = {f"the order of {kind}": [step.id for step in steps]}
    for step in steps:
        inputs |= _step(kind, step, plan)
    return inputs


def _step(kind: str, step: Step, plan: Plan) -> Inputs:
    inputs = _named(f"{kind}.{step.id}", dict(_parts(step)))
    if isinstance(step.action, ToolCall | Prompt):
        inputs |= _profile(plan, step.action.tool, step.action.options)
    if step.id in plan.recorded and kind == "steps":
        inputs[f"recording:{step.id}"] = plan.recorded[step.id]
    return inputs


def _parts(step: Step) -> Iterator[tuple[str, Any]]:
    """A step by the names of a workstream's file; which file a prompt stands in is no part of it."""
    action = step.action
    yield "id", step.id
    if isinstance(action, Run):
        yield "run", action.command
    else:
        yield "tool", action.tool
        yield from _named("options", stated(action.options)).items()
        yield ("prompt", action.text) if isinstance(action, Prompt) else ("args", action.args)
    yield "timeout", step.timeout_s
    yield "stall", step.stall_s
    yield "expect", step.expect
    yield "cache", step.cache
    yield "compare", step.compare
    if step.only_if is not None:  # a field that came later makes nothing due where it is not used
        yield "only_if", step.only_if
    yield from _place(step.working_directory).items()


def _place(working_directory: str) -> Inputs:
    """Where a command starts, nothing for the root: a field that came later makes nothing due where it is not used."""
    return {"working_directory": working_directory} if working_directory else {}


def used(tool: Tool, options: Iterable[str] = ()) -> Tool:
    """A profile with those options alone that a call uses: a later version may ship more of them."""
    return replace(tool, options={name: tool.options[name] for name in options if name in tool.options})


def _profile(plan: Plan, tool: str, options: Iterable[str]) -> Inputs:
    own = asdict(used(plan.tools[tool], options))
    named = _named("options", own.pop("options"))
    return _named(f"profile:{tool}", {**own, **named})


def _named(prefix: str, fields: Mapping[str, Any]) -> Inputs:
    return {f"{prefix}.{name}": value for name, value in fields.items()}
