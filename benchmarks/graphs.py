"""The same work written for others: chains of steps that each write a file, for make, ninja, doit, and the rest."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

LENGTH = 6  # edges of a chain, as a workstream of three steps has tasks
EMPTY_DODO = "def task_nothing():\n    return {'actions': None}\n"
SECONDS = 1_700_000_000  # of the oldest file

Chain = list[tuple[str, str]]  # each with the file before it


def chains(count: int) -> Iterator[Chain]:
    """As many as there are workstreams; the first file of each is its source."""
    for number in range(count):
        files = [f"in/{number:05}", *(f"out/{number:05}.{edge}" for edge in range(LENGTH))]
        yield list(zip(files[1:], files, strict=False))


def write(folder: Path, count: int) -> None:
    """Chains for ninja and make, all files there and up to date."""
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True)
    every = [pair for chain in chains(count) for pair in chain]
    ends = [chain[-1][0] for chain in chains(count)]
    for target, before in every:
        for file in (before, target):
            (folder / file).touch()
    (folder / "build.ninja").write_text(ninja(every, ends))
    (folder / "Makefile").write_text(make(every, ends))


def ninja(every: Chain, ends: list[str], command: str = ": > $out") -> str:
    """A build file."""
    lines = [f"build {target}: write {before}" for target, before in every]
    return "\n".join(
        [f"rule write\n  command = {command}", *lines, f"build all: phony {' '.join(ends)}", "default all", ""]
    )


def make(every: Chain, ends: list[str], command: str = "@: > $@") -> str:
    """A makefile, without make's own rules."""
    lines = [f"{target}: {before}\n\t{command}" for target, before in every]
    return "\n".join(["MAKEFLAGS += -rR", f"all: {' '.join(ends)}", ".PHONY: all", ".SUFFIXES:", *lines, ""])


def dodo(every: Chain) -> str:
    """For plain doit."""
    return f"""EVERY = {json.dumps(every)}
DOIT_CONFIG = {{"verbosity": 0}}
def task_write():
    for target, before in EVERY:
        yield {{"name": target, "actions": [f": > {{target}}"], "file_dep": [before], "targets": [target]}}
"""


def touch_now(file: Path) -> None:
    """As an edit does."""
    os.utime(file)
