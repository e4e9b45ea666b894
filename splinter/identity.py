"""What a workstream is made of, flattened to keys a user would name, and how two such things differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from splinter.plan import Material, Plan, shortened
from splinter.workstream import Prompt, Run, Step, Workstream

_SHOWN = 60
_LISTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key that differs; `kind` is definition, occurrence, inputs, dependency, profile, recording or version.

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
        name = {"profile": f"the profile of {self.key}", "recording": f"the recorded patch of {self.key}"}
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
