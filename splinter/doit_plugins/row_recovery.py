"""doit's rows made again from what git remembers of a success, and what git is to remember for that.

It decides nothing: a row made here is held against what its task is made of now like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from splinter.config import workstream_files
from splinter.engine.branch.last_success import Success
from splinter.model.done import Rows
from splinter.model.fingerprints import Values
from splinter.model.plan import Plan

_CHECKER = "MeaningChecker"
_NEVER = -1  # no file has this time and size, so that its meaning is looked at


def rows(plan: Plan, done: Success) -> dict[str, Values]:
    """The rows of all tasks of a success, by task and as doit keeps them; empty where git remembers too little."""
    told = done.tasks
    if not {"prepare", "accept"} <= set(told) or not done.base:
        return {}
    prepare, accept, base = told["prepare"], told["accept"], {"start": done.start, "base": done.base}
    files = dict(prepare.get("files", {}))
    states = {path: _state(path, meaning) for path, meaning in files.items()}
    prepared = {
        **base, "fingerprint": prepare.get("fingerprint"), "source": prepare.get("source", ""),
        "versions": done.versions,
    }  # fmt: skip
    steps = {name: values for name, values in told.items() if name not in ("prepare", "accept")}
    accepted = {
        **base, "fingerprint": done.fingerprint, "result": done.result, "inputs": done.inputs,
        "versions": done.versions, "tip": done.tip, "commit": accept.get("commit"), "outcome": done.outcome,
        "outputs": {name: values.get("outputs", {}) for name, values in steps.items()},
    }  # fmt: skip
    is_sound = all(isinstance(one.get("commit"), str) for one in (*steps.values(), accept))
    made = {
        "prepare": _row(prepared) | states | {"deps:": list(states)},
        **{name: _row(values) for name, values in steps.items()},
        "accept": _row(accepted),
    }
    return {plan.task(name): row for name, row in made.items()} if is_sound else {}


def remembered(one: Plan, rows: Rows, *, source: str, files: Mapping[str, str]) -> dict[str, Values]:
    """What brings back the rows of all tasks but the last, by step: what each was made of is only compared, so a hash.

    `source` is the workstream's file, `files` the meaning of each file that `prepare` depends on.
    """
    prepared = rows.prepared(one)
    tasks: dict[str, Values] = {
        "prepare": {"fingerprint": prepared.fingerprint if prepared else "", "source": source, "files": dict(files)}
    }
    for step in one.workstream.steps:
        if row := rows.stepped(one, step.id):
            tasks[step.id] = {"fingerprint": row.fingerprint, **asdict(row.value)}
    return tasks


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
