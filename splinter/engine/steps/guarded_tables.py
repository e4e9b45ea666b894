"""The tables of pyproject.toml that decide what runs here: no scope can name them, so none lets them change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from splinter.config import toml_documents
from splinter.config.yaml_documents import MAX_BYTES
from splinter.git import blobs
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.commands import RawChange
from splinter.model import layout
from splinter.text import file_names

TABLES = ("splinter", "doit")


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
    data = blobs.content(repository, blob, most=MAX_BYTES)
    document = toml_documents.parse(b"\xff" if data is None else data, path=layout.SHARED_SETTINGS)
    if not document.is_readable:
        return dict.fromkeys(TABLES, blob)
    tables = document.data.get("tool", {})
    return tables if isinstance(tables, dict) else dict.fromkeys(TABLES, tables)
