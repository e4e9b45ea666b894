"""The commit of a claim: on the empty tree, a line of prose and what it says as JSON. It moves no ref."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from splinter.engine.outside import Outside
from splinter.errors import GitError
from splinter.git import claim_objects
from splinter.git import commands as git


def make(outside: Outside, claims: Mapping[str, Mapping[str, Any]], *, at: datetime) -> list[str]:
    """Write one for each line of prose, with what it says; returns their ids."""
    words = (f"{prose}\n\n{json.dumps(fields, sort_keys=True)}" for prose, fields in claims.items())
    messages = [outside.redactor.text(message) for message in words]
    return claim_objects.make(outside.repository, messages, date_s=int(at.timestamp()))


def read(outside: Outside, ids: Sequence[str]) -> tuple[dict[str, Any] | None, ...]:
    """What each says; empty for what is no such commit, None for what is not here."""
    try:
        found = git.commits(outside.repository, ids) if ids else ()
    except GitError:  # one is torn: the others are whole
        return tuple(read(outside, [id])[0] for id in ids) if len(ids) > 1 else ({},)
    here = git.existing(outside.repository, (id for id, commit in zip(ids, found, strict=True) if commit is None))
    return tuple(
        _fields(commit.message) if commit else {} if id in here else None for id, commit in zip(ids, found, strict=True)
    )


def _fields(message: str) -> dict[str, Any]:
    try:
        fields = json.loads(message.split("\n\n", 1)[1])
    except (ValueError, LookupError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
