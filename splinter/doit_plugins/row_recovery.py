"""doit's rows made anew from what git remembers of a success, and what git is to remember for that.

It decides nothing: a row made here is held against what its task is made of now like any other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splinter.config import workstream_files
from splinter.engine.branch.last_success import Accepted
from splinter.model.fingerprints import Values
from splinter.model.plan import Plan

_CHECKER = "MeaningChecker"
_NEVER = -1  # no file has this time and size, so that its meaning is looked at


def rows(plan: Plan, done: Accepted) -> dict[str, Values]:
    """The rows of all tasks of a success, by task and as doit keeps them; empty where git remembers too little."""
    told = done.tasks
    if not {"prepare", "accept"} <= set(told) or "base" not in done.rows:
        return {}
    prepare, accept, base = told["prepare"], told["accept"], {"start": done.start, "base": done.rows["base"]}
    files = dict(prepare.get("files", {}))
    states = {path: _state(path, meaning) for path, meaning in files.items()}
    prepared = {
        **base, "commit": done.start, "fingerprint": prepare.get("fingerprint"), "source": prepare.get("source", ""),
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
