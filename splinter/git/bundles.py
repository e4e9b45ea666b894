"""Bundles: commits and refs in a file, as one job hands them to another. It takes a ref only where it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from splinter.git import command_line
from splinter.git.command_line import Repository

_TIMEOUT_S = 600.0


def refs(repository: Repository, file: Path) -> dict[str, str]:
    """The ids of the refs in a bundle by their names; raises GitError for what is none."""
    listing = command_line.call(repository, "bundle", "list-heads", str(file), timeout_s=_TIMEOUT_S).stdout
    lines = (line.partition(" ") for line in os.fsdecode(listing).splitlines())
    return {ref: id for id, _, ref in lines}


def fetch(repository: Repository, file: Path, names: Iterable[str]) -> None:
    """Let those refs name here what they name in a bundle; raises GitError where what it builds on is not here."""
    lines = "".join(f"+{name}:{name}\n" for name in names)
    if lines:
        command_line.call(
            repository, "fetch", "--quiet", "--no-tags", "--no-prune", "--no-write-fetch-head",
            "--no-auto-maintenance", "--refmap=", "--recurse-submodules=no", "--stdin", str(file),
            stdin=os.fsencode(lines), timeout_s=_TIMEOUT_S,
        )  # fmt: skip
