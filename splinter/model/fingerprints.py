"""What a success is made of: by which a task is up to date or not. Pure: values in, values out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from splinter.model.plan import Plan
from splinter.model.workstream import Prompt, Step, ToolCall


def hashed(values: Values) -> str:
    """What a row says that its task was made of, as a hash; empty where it says nothing."""
    made_of = values.get("made_of", "")
    return made_of if isinstance(made_of, str) else fingerprint(made_of)


def is_made_of(values: Values, material: Mapping[str, Any]) -> bool:
    """Whether a row says that its task was made of just that."""
    made_of = values.get("made_of")
    return made_of == (fingerprint(material) if isinstance(made_of, str) else material)


Material = dict[str, Any]
Values = dict[str, Any]  # what doit keeps of a task that succeeded
_LONGEST = 160  # characters of a value that a database row holds as it is; longer ones are hashed


def prepare_material(plan: Plan, results: Mapping[str, str]) -> Material:
    """What `prepare` is made of; `results` is the result of each workstream it depends on."""
    workstream = plan.workstream
    return shortened(
        {
            "id": workstream.id,
            "base": plan.base.name,
            "preflight": [asdict(step) for step in workstream.preflight],
            "env": workstream.env,
            "occurrence": plan.occurrence,
            **{f"result of {other}": result for other, result in results.items()},
        }
    )


def step_material(plan: Plan, step: Step, before: str) -> Material:
    """What a step is made of; `before` is the commit that it starts from."""
    return shortened(
        {
            **asdict(step),
            **told_to_agents(plan, step),
            "tool": _profile(plan, step),
            "recorded patch": plan.recorded.get(step.id, ""),
            "scope": asdict(plan.workstream.scope),
            "env": plan.workstream.env,
            "occurrence": plan.occurrence,
            "before": before,
        }
    )


def told_to_agents(plan: Plan, step: Step) -> Material:
    """What of the workstream goes into a prompt, beside the step's own words."""
    if not isinstance(step.action, Prompt):
        return {}
    workstream = plan.workstream
    return {"title": workstream.title, "objective": workstream.objective, "inputs": workstream.inputs}


def accept_material(plan: Plan, before: str) -> Material:
    """What `accept` is made of: it judges, and moves the branch."""
    workstream = plan.workstream
    return shortened(
        {
            "checks": [asdict(check) for check in workstream.checks],
            "tools": [_profile(plan, check) for check in workstream.checks],
            "fix": [asdict(workstream.fix), workstream.tool if workstream.fix.attempts else None],
            "artifacts": workstream.artifacts,
            **({"forgives": "what failed before"} if plan.forgives_earlier else {}),
            "budget": asdict(workstream.budget),
            "branch": plan.branch,
            "occurrence": plan.occurrence,
            "before": before,
        }
    )


def publish_material(plan: Plan, accepted: Mapping[str, Any], target: str) -> Material:
    """What a pull request is made of; `accepted` are the values of `accept`, `target` names the forge."""
    workstream = plan.workstream
    return shortened(
        {
            "title": workstream.title,
            "objective": workstream.objective,
            "metadata": workstream.metadata,
            "pull_request": asdict(workstream.pull_request) if workstream.pull_request else None,
            "branch": plan.branch,
            "tip": accepted.get("tip"),
            "result": accepted.get("result"),
            "target": target,
        }
    )


def definition(plan: Plan) -> str:
    """The hash of the whole parsed definition and the profiles it uses, without the occurrence."""
    whole = {**asdict(plan.workstream), "source": ""}
    return fingerprint({"workstream": whole, "tools": {name: asdict(tool) for name, tool in plan.tools.items()}})


def fingerprint(material: Mapping[str, Any]) -> str:
    """The sha256 of values, key order aside."""
    text = json.dumps(material, sort_keys=True, ensure_ascii=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()


def _profile(plan: Plan, step: Step) -> Any:
    action = step.action
    return asdict(plan.tools[action.tool]) if isinstance(action, ToolCall | Prompt) else None


def shortened(material: Material) -> Material:
    """Values as JSON's, the long ones as their hash: rows stay small, and differences stay tellable."""
    short = {}
    for key, value in material.items():
        text = json.dumps(value, sort_keys=True, default=list)
        long = len(text) > _LONGEST
        short[key] = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" if long else json.loads(text)
    return short
