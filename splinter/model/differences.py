"""What a workstream is made of, flattened to keys a user would name, and how two such things differ. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from splinter.model.fingerprints import Material, shortened
from splinter.model.plan import Plan
from splinter.model.workstream import Prompt, Run, Step, Workstream

_SHOWN = 60
_LISTED = 5


_SUBJECTS = {
    "base": "what the inputs and the scope show of the base",
    "change": "what the steps before it change",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key that differs; `kind` is definition, occurrence, inputs, dependency, profile, recording or version.

    Of a result's key it is also base, change, step, earlier step, tool or value.

    `was` and `now` are values as they are kept, None where the key was added or is gone.
    """

    kind: str
    key: str
    was: Any
    now: Any

    def text(self) -> str:
        """The difference as a sentence's part."""
        if self.kind == "dependency":
            return f"the result of {self.key} changed"
        if self.kind == "version":
            return f"{self.key} was {self.was}, is {self.now}"
        if self.kind in _SUBJECTS:
            return f"{_SUBJECTS[self.kind]} is another"
        name = {"profile": f"the profile of {self.key}", "recording": f"the recorded patch of {self.key}",
                "step": f"its {self.key}", "earlier step": f"the step {self.key} before it",
                "tool": "the model" if self.key == "model" else f"its tool's {self.key}",
                "value": f"the value of {self.key}"}  # fmt: skip
        what = name.get(self.kind, self.key)
        if self.kind == "inputs":
            return f"inputs changed on the base: {_listed(self.now)}"
        if self.was is None or self.now is None:
            return f"{what} was {'added' if self.was is None else 'removed'}"
        shown = _shown(self.was), _shown(self.now)
        return f"{what} was {shown[0]}, is {shown[1]}" if all(shown) else f"{what} was edited"


def of(plan: Plan, results: Mapping[str, str]) -> Material:
    """Everything that a success of the workstream is made of; `results` are those of what it depends on."""
    return shortened(
        {
            **dict(_definition(plan.workstream)),
            "occurrence:": plan.occurrence,
            **{f"dependency:{other}": result for other, result in results.items()},
            **{f"profile:{name}": asdict(tool) for name, tool in plan.tools.items()},
            **{f"recording:{step}": digest for step, digest in plan.recorded.items()},
        }
    )


def of_result(material: Mapping[str, Any]) -> Material:
    """What the key of a step's result is made of, in short: `name/part` -> a short value, or the start of its hash.

    What an environment or a profile's variables say is hashed however short it is.
    """
    flat: Material = {}
    for name, value in material.items():
        if name == "steps":
            *earlier, own = value
            flat |= {f"{name}/{one['id']}": _brief(one, is_shown=False) for one in earlier}
            flat |= {f"{name}//{field}": _brief(part) for field, part in _own(own).items()}
        elif isinstance(value, Mapping):
            hidden = name == "values of env"
            parts = value.items() if name != "tool" else ((key, part) for key, part in value.items() if part)
            flat |= {f"{name}/{key}": _brief(part, is_shown=not hidden and key != "variables") for key, part in parts}
        else:
            flat[name] = _brief(value)
    return flat


def result_differences(was: Material, now: Material, names: Iterable[str]) -> tuple[Difference, ...]:
    """Which parts of a result's key differ, of those whose names are given: the others are not known."""
    kinds = {
        "version of the tool": "version", "recorded patch": "recording", "values of env": "value", "tool": "tool",
        "results of dependencies": "dependency", "earlier steps' change": "change", "inputs on the base": "base",
        "occurrence": "occurrence", "steps": "earlier step",
    }  # fmt: skip
    found = []
    for key in [*now, *(key for key in was if key not in now)]:
        name, _, part = key.partition("/")
        if was.get(key) == now.get(key) or name not in names:
            continue
        kind = "step" if part.startswith("/") else kinds.get(name, "definition")
        label = f"{name}.{part}" if name == "scope" else part.removeprefix("/") or name
        found.append(Difference(kind=kind, key=label, was=was.get(key), now=now.get(key)))
    return tuple(found)


def _own(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step's fields by the names of a workstream's file."""
    action = {"prompt" if key == "text" else key: value for key, value in step["action"].items() if value is not None}
    named = {key.removesuffix("_s"): value for key, value in step.items() if key != "action" and value is not None}
    return {**named, **action}


def _brief(value: Any, *, is_shown: bool = True) -> Any:
    text = json.dumps(value, sort_keys=True, default=list)
    if is_shown and len(text) <= _SHOWN:
        return json.loads(text)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def differences(was: Material, now: Material) -> tuple[Difference, ...]:
    """Which keys differ, in the order in which a file is read; a step that came or went is one difference."""
    found = []
    for key in [*now, *(key for key in was if key not in now)]:
        if was.get(key) == now.get(key):
            continue
        kind, _, name = key.rpartition(":") if ":" in key else ("definition", "", key)
        found.append(Difference(kind=kind, key=name or kind, was=was.get(key), now=now.get(key)))
    return tuple(_folded(found))


def _folded(found: list[Difference]) -> Iterator[Difference]:
    """`steps.write` once, where all that is in it was added or removed with it."""
    told: set[str] = set()
    for one in found:
        parent = ".".join(one.key.split(".")[:2])
        whole = one.kind == "definition" and one.key.count(".") == 2 and (one.was is None or one.now is None)
        siblings = [other for other in found if other.kind == "definition" and other.key.startswith(parent + ".")]
        if whole and any(other.key == f"{parent}.id" for other in siblings):
            if parent not in told:
                told.add(parent)
                was, now = (None if side is None else "" for side in (one.was, one.now))
                yield Difference(kind="definition", key=parent, was=was, now=now)
        else:
            yield one


def _definition(workstream: Workstream) -> Iterator[tuple[str, Any]]:
    for key in ("title", "objective", "when", "base", "depends_on", "tool", "env", "inputs"):
        yield key, getattr(workstream, key)
    for key, part in (("scope", workstream.scope), ("budget", workstream.budget)):
        yield from ((f"{key}.{name}", value) for name, value in asdict(part).items() if name != "is_declared")
    for kind in ("preflight", "steps", "checks"):
        steps: tuple[Step, ...] = getattr(workstream, kind)
        for step in steps:
            yield from ((f"{kind}.{step.id}.{name}", value) for name, value in _step(step))
        yield f"the order of {kind}", [step.id for step in steps]
    yield from ((f"fix.{name}", value) for name, value in asdict(workstream.fix).items())
    yield "artifacts", workstream.artifacts
    yield "pull_request", asdict(workstream.pull_request) if workstream.pull_request else False
    yield "metadata", workstream.metadata


def _step(step: Step) -> Iterator[tuple[str, Any]]:
    action = step.action
    yield "id", step.id
    if isinstance(action, Run):
        yield "run", action.command
    else:
        yield "tool", action.tool
        yield ("prompt", action.text) if isinstance(action, Prompt) else ("args", action.args)
    yield "timeout", step.timeout_s
    yield "stall", step.stall_s
    yield "expect", step.expect
    yield "cache", step.cache
    yield "compare", step.compare


def _shown(value: Any) -> str:
    """A value where it is short enough to read, else nothing."""
    text = value if isinstance(value, str) else str(value)
    return "" if not text or len(text) > _SHOWN or "\n" in text or text.startswith("sha256:") else text


def _listed(paths: Any) -> str:
    more = f" and {len(paths) - _LISTED} more" if len(paths) > _LISTED else ""
    return ", ".join(paths[:_LISTED]) + more
