"""doit's rows made anew from what git remembers of a success, and what git is to remember for that.

It decides nothing: a row made here is held against what its task is made of now like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from splinter.config import workstream_files
from splinter.engine.branch.last_success import Accepted
from splinter.engine.steps.run_step import Values
from splinter.model.plan import Plan, fingerprint

_CHECKER = "MeaningChecker"
_NEVER = -1  # no file has this time and size, so that its meaning is looked at


def remembered(plan: Plan, values: Mapping[str, Values], files: Mapping[str, str]) -> dict[str, Values]:
    """What brings back the rows of all tasks but the last, by step: what each was made of is only compared, so a hash.

    `values` are those of the tasks by their names, `files` the meaning of each file that `prepare` depends on.
    """
    prepared = values.get(plan.task("prepare"), {})
    told: dict[str, Values] = {
        "prepare": {"made_of": hashed(prepared), "source": prepared.get("source", ""), "files": dict(files)}
    }
    for step in plan.workstream.steps:
        done = values.get(plan.task(step.id), {})
        told[step.id] = {"made_of": hashed(done), **{key: done.get(key, "") for key in ("commit", "outcome")}}
    return told


def hashed(values: Values) -> str:
    """What a row says that its task was made of, as a hash; empty where it says nothing."""
    made_of = values.get("made_of", "")
    return made_of if isinstance(made_of, str) else fingerprint(made_of)


def is_made_of(values: Values, material: Mapping[str, Any]) -> bool:
    """Whether a row says that its task was made of just that."""
    made_of = values.get("made_of")
    return made_of == (fingerprint(material) if isinstance(made_of, str) else material)


def rows(plan: Plan, done: Accepted) -> dict[str, Values]:
    """The rows of all tasks of a success, by task and as doit keeps them; empty where git remembers too little."""
    told = done.tasks
    if not {"prepare", "accept"} <= set(told) or "base" not in done.rows:
        return {}
    prepare, accept, base = told["prepare"], told["accept"], {"start": done.start, "base": done.rows["base"]}
    files = dict(prepare.get("files", {}))
    states = {path: _state(path, meaning) for path, meaning in files.items()}
    prepared = {
        **base, "commit": done.start, "made_of": prepare.get("made_of"), "source": prepare.get("source", ""),
        "versions": done.rows.get("versions", {}),
    }  # fmt: skip
    accepted = {**done.rows, **base, "tip": done.tip, "commit": accept.get("commit"), "outcome": done.outcome}
    steps = {name: values for name, values in told.items() if name not in ("prepare", "accept")}
    made = {
        "prepare": _row(prepared) | states | {"deps:": list(states)},
        **{name: _row(values) for name, values in steps.items()},
        "accept": _row(accepted),
    }
    is_sound = all(isinstance(row["_values_:"].get("commit"), str) for row in made.values())
    return {plan.task(name): row for name, row in made.items()} if is_sound else {}


def _row(values: Values) -> Values:
    return {"_values_:": values, "checker:": _CHECKER, "deps:": []}


def _state(path: str, meaning: Any) -> list[Any]:
    """A file as `MeaningChecker` keeps it: time and size now where it still says the same."""
    try:
        stat = Path(path).stat()
        if workstream_files.meaning(Path(path)) == meaning:
            return [stat.st_mtime_ns, stat.st_size, meaning]
    except OSError:
        pass
    return [_NEVER, _NEVER, meaning]
