"""The tables of pyproject.toml that decide what runs here: no scope can name them, so none lets them change."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from splinter.git import blobs
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.commands import RawChange
from splinter.model import layout
from splinter.text import file_names

TABLES = ("splinter", "doit")
_MOST = 1_000_000  # bytes; no hand wrote a larger one


def changed(repository: Repository, changes: Sequence[RawChange]) -> Iterator[str]:
    """A sentence for each of them that says something else; for one in a file that a disk may take for it, too."""
    for change in changes:
        if file_names.folded(change.path) == layout.SHARED_SETTINGS:
            was, now = (_tables(repository, blob) for blob in (change.old_blob, change.new_blob))
            for name in TABLES:
                if was.get(name) != now.get(name):
                    yield f"[tool.{name}] of {git.printable(change.path)} is forbidden"


def _tables(repository: Repository, blob: str) -> Mapping[str, Any]:
    """`[tool]` of a file, empty for one that is not there; what nobody can read may say anything, and is its id."""
    if not blob.strip("0"):
        return {}
    data = blobs.content(repository, blob, most=_MOST)
    try:
        return dict(tomllib.loads((data or b"\xff").decode("utf-8")).get("tool", {}))
    except (ValueError, TypeError, RecursionError):
        return dict.fromkeys(TABLES, blob)
