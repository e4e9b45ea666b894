"""Bundles: commits and refs in a file, as one job hands them to another. It takes a ref only where it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from splinter.git import command_line, commands
from splinter.git.command_line import Repository

_TIMEOUT_S = 600.0


def create(repository: Repository, file: Path, refs: Iterable[str], *, but: Iterable[str]) -> None:
    """Put refs into a bundle, with what they hold that the commits in `but` do not; no file where that is nothing.

    Refs that hold nothing else are left out. Raises GitError where one is damaged.
    """
    given = commands.existing(repository, but)
    lines = os.fsencode("".join([*(f"{ref}\n" for ref in refs), *(f"^{id}\n" for id in sorted(given))]))
    file.unlink(missing_ok=True)
    words = ("--max-count=1", "--stdin")
    if command_line.call(repository, "rev-list", *words, stdin=lines, timeout_s=_TIMEOUT_S).stdout.strip():
        command_line.call(
            repository, "bundle", "create", "--quiet", str(file), "--stdin", stdin=lines, timeout_s=_TIMEOUT_S
        )  # fmt: skip


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
