"""What was accepted last of a workstream, as git remembers it: a commit on its tip, whose message holds the rows.

It moves no ref, and takes a commit that is torn, or not of our making, for none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from splinter.engine.outside import Outside
from splinter.errors import GitError
from splinter.git import commands as git
from splinter.git.commands import Commit
from splinter.model import layout
from splinter.model.plan import Plan
from splinter.model.workstream import Workstream
from splinter.text.redact import Masked

_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_ROWS = ("start", "base", "result", "fingerprint", "inputs", "versions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """One success: where it began and ended, what it was made of, and what came of it, as a hash.

    `tasks` is what the one who wrote it wants back of each task, by the task's own name; it is empty, and `base` too,
    where an older version wrote the commit. `run` names the run, and so its time; `branch` is what it landed on, empty
    for the prefix and the id.
    """

    start: str
    tip: str
    branch: str = ""
    base: str = ""
    result: str = ""
    fingerprint: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, Any] = field(default_factory=dict)
    run: str = field(default="", compare=False)

    @property
    def outcome(self) -> str:
        """How the workstream ended."""
        return "unchanged" if self.tip == self.start else "changed"

    @property
    def words(self) -> dict[str, Any]:
        """What its commits were to say."""
        return {name: said for name, said in self.inputs.items() if f".{name}".rpartition(".")[0].endswith(".commit")}


def last(outside: Outside, plan: Plan) -> Success | None:
    """What was accepted last, None where nothing was."""
    return _read(outside, [layout.accepted(plan.id)])[0]


def of_all(outside: Outside, plans: Iterable[Plan | Workstream]) -> dict[str, Success]:
    """What was accepted last of several workstreams by their ids, in one git call, or none for none."""
    ids = [plan.id for plan in plans]
    found = _read(outside, [layout.accepted(id) for id in ids]) if ids else []
    return {id: one for id, one in zip(ids, found, strict=True) if one}


def branches(outside: Outside) -> dict[str, str]:
    """The branch of every workstream that was ever accepted, by its id, as it was then."""
    refs = [ref for ref in outside.snapshot.refs if ref.startswith(f"{layout.ACCEPTED}/")]
    found = _read(outside, refs) if refs else []
    ids = [ref.removeprefix(f"{layout.ACCEPTED}/") for ref in refs]
    prefix = outside.settings.branch_prefix
    return {id: (one.branch if one else "") or f"{prefix}{id}" for id, one in zip(ids, found, strict=True)}


def message(plan: Plan, run: str, done: Success) -> Masked:
    """What the commit is to say: `inputs` are masked where they are made, and all else are ids, hashes and paths."""
    rows = {name: getattr(done, name) for name in _ROWS}
    fields = {"workstream": plan.id, "run": run, "branch": plan.branch, "start": done.start, "tip": done.tip}
    more = {"tasks": done.tasks} if done.tasks else {}
    return Masked(f"splinter accepted {plan.id}\n\n{json.dumps({**fields, 'rows': rows, **more}, sort_keys=True)}")


def _read(outside: Outside, names: list[str]) -> list[Success | None]:
    try:
        return [_parsed(commit) if commit else None for commit in git.commits(outside.repository, names)]
    except GitError:  # one object is torn: the others are whole
        return [_read(outside, [name])[0] for name in names] if len(names) > 1 else [None]


def _parsed(commit: Commit) -> Success | None:
    try:
        fields = json.loads(commit.message.split("\n\n", 1)[1])
        tasks = {str(name): dict(values) for name, values in fields.get("tasks", {}).items()}
        rows = {name: value for name, value in dict(fields["rows"]).items() if name in _ROWS}
        branch = str(fields.get("branch") or rows.get("inputs", {}).get("branch") or "")
        own = {"start": fields["start"], "tip": fields["tip"], "run": str(fields.get("run", "")), "branch": branch}
        done = Success(**{**rows, **own, "tasks": tasks})
        ids = [done.start, *([done.base] if done.base else []), *([rows["start"]] if "start" in rows else [])]
        maps = [done.inputs, done.versions, tasks.get("prepare", {}).get("files", {})]
        is_sound = all(isinstance(one, dict) for one in maps) and all(map(_ID.fullmatch, ids))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return done if is_sound and commit.parents[:1] == (done.tip,) else None
