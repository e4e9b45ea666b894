"""What was accepted last of a workstream, as git remembers it: a commit on its tip, whose message holds the rows.

It moves no ref, and takes a commit that is torn, or not of our making, for none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from splinter.engine.session import Session
from splinter.errors import GitError
from splinter.git import commands as git
from splinter.git.commands import Commit
from splinter.model import layout
from splinter.model.fingerprints import Values
from splinter.model.plan import Plan

_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_MAPPINGS, _IDS = ("inputs", "versions"), ("base", "start")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One success: `rows` are its values, `tasks` what else doit knew of each task, by the task's own name.

    `tasks` is empty where an older version wrote the commit.
    """

    start: str
    tip: str
    rows: Values
    tasks: Mapping[str, Values] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """How the workstream ended."""
        return "unchanged" if self.tip == self.start else "changed"


def last(session: Session, plan: Plan) -> Accepted | None:
    """What was accepted last, None where nothing was."""
    return _read(session, [layout.accepted(plan.id)])[0]


def of_all(session: Session, plans: Iterable[Plan]) -> dict[str, Accepted]:
    """What was accepted last of several workstreams by their ids, in one git call, or none for none."""
    ids = [plan.id for plan in plans]
    found = _read(session, [layout.accepted(id) for id in ids]) if ids else []
    return {id: one for id, one in zip(ids, found, strict=True) if one}


def message(plan: Plan, run: str, done: Accepted) -> str:
    """What the commit is to say."""
    fields = {"workstream": plan.id, "run": run, "start": done.start, "tip": done.tip, "rows": done.rows}
    more = {"tasks": done.tasks} if done.tasks else {}
    return f"splinter accepted {plan.id}\n\n{json.dumps({**fields, **more}, sort_keys=True)}"


def _read(session: Session, names: list[str]) -> list[Accepted | None]:
    try:
        return [_parsed(commit) if commit else None for commit in git.commits(session.repository, names)]
    except GitError:  # one object is torn: the others are whole
        return [_read(session, [name])[0] for name in names] if len(names) > 1 else [None]


def _parsed(commit: Commit) -> Accepted | None:
    try:
        fields = json.loads(commit.message.split("\n\n", 1)[1])
        tasks = {str(name): dict(values) for name, values in fields.get("tasks", {}).items()}
        done = Accepted(start=fields["start"], tip=fields["tip"], rows=dict(fields["rows"]), tasks=tasks)
        ids = [done.start, *(done.rows[key] for key in _IDS if key in done.rows)]
        maps = [*(done.rows.get(key, {}) for key in _MAPPINGS), tasks.get("prepare", {}).get("files", {})]
        is_sound = all(isinstance(one, dict) for one in maps) and all(map(_ID.fullmatch, ids))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return done if is_sound and commit.parents[:1] == (done.tip,) else None


def remembered(plan: Plan, values: Mapping[str, Values], files: Mapping[str, str]) -> dict[str, Values]:
    """What brings back the rows of all tasks but the last, by step: what each was made of is only compared, so a hash.

    `values` are those of the tasks by their names, `files` the meaning of each file that `prepare` depends on.
    """
    prepared = values.get(plan.task("prepare"), {})
    tasks: dict[str, Values] = {
        "prepare": {
            "fingerprint": prepared.get("fingerprint", ""),
            "source": prepared.get("source", ""),
            "files": dict(files),
        }
    }
    for step in plan.workstream.steps:
        done = values.get(plan.task(step.id), {})
        tasks[step.id] = {
            "fingerprint": done.get("fingerprint", ""),
            **{key: done.get(key, "") for key in ("commit", "outcome")},
        }
    return tasks
