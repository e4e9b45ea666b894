"""The command `doit import`: files of an earlier orchestrator become workstreams. It never overwrites one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from splinter.config import settings_file
from splinter.config.importer import folder
from splinter.config.importer.batch import Batch, Kind, Result
from splinter.config.importer.folder import Placed
from splinter.doit_plugins.options import OwnCommand
from splinter.errors import InputError, SplinterError
from splinter.git import user_repository
from splinter.maintenance import schema_copies
from splinter.model import layout
from splinter.text.counts import plural
from splinter.text.patterns import harmless

USAGE = 'doit import needs files to import: phase plans, bundles, tool profiles, circuit breakers; "doit help import"'
OPTIONS = (
    {
        "name": "into", "short": "", "long": "into", "type": str, "default": "workstreams",
        "help": "the folder that the workstreams are written to",
    },
    {
        "name": "dry_run", "short": "", "long": "dry-run", "type": bool, "default": False,
        "help": "print the workstreams and settings; write nothing",
    },
)  # fmt: skip


class Import(OwnCommand):
    """Phase plans and bundles as workstreams, profiles and breakers as settings."""

    name = "import"
    doc_purpose = "make workstreams of phase plans and workstream bundles"
    doc_usage = "FILE ..."
    doc_description = "What has no counterpart is kept under metadata and named; an existing file is never overwritten."
    cmd_options = OPTIONS

    def execute(self, opt_values: Mapping[str, Any], pos_args: Sequence[str]) -> int:
        """Convert, write, and say what was done; 3 where a file was refused, else 0 or an error's own exit status."""
        try:
            return _import(pos_args, into=opt_values["into"], is_dry_run=opt_values["dry_run"])
        except SplinterError as error:
            sys.stderr.write(f"ERROR: {error}\n")
            return error.exit_status


def _import(names: Sequence[str], *, into: str, is_dry_run: bool) -> int:
    if not names:
        raise InputError(USAGE)
    variables = settings_file.environment().variables
    root, into = user_repository.toplevel(Path.cwd(), variables), into.rstrip("/")
    # called from a folder below the root, doit has changed to the root; the shell's own folder is still in PWD
    files = folder.read(names, (Path.cwd(), Path(variables.get("PWD", os.curdir))), root)
    batch = folder.convert(files, root=root, into=into)
    addition = folder.settings_addition(batch, root)
    if not is_dry_run:
        folder.add_settings(addition, root)
        schema_copies.put(root)
    placed = folder.place(batch, root=root, into=into, is_dry_run=is_dry_run)
    lines = [*_shown(batch, placed)] if is_dry_run else []
    lines += [_summary(result, placed.get(result.id)) for result in batch.results]
    lines += [line for result in batch.results for line in _problems(result, placed.get(result.id))]
    if addition.text:
        lines.append(f"{layout.SETTINGS} lacks:\n\n{addition.text}" if is_dry_run else addition.message)
    sys.stdout.write("\n".join([*lines, ""]))
    return InputError.exit_status if any(result.kind == Kind.REFUSED for result in batch.results) else 0


def _shown(batch: Batch, placed: Mapping[str, Placed]) -> Iterator[str]:
    for result in batch.results:
        if result.kind == Kind.WORKSTREAM and not placed[result.id].is_kept:
            yield f"# {placed[result.id].path}\n{result.text}"


def _summary(result: Result, placed: Placed | None) -> str:
    path = harmless(result.path)
    if result.kind == Kind.REFUSED:
        return f"{path}: refused"
    if placed and placed.is_kept:
        return f"{path}: converted before: {placed.path} is there and was not touched"
    count = len(result.problems)
    warnings = f" with {plural(count, 'warning')}" if count else ""
    target = f" -> {placed.path}" if placed else " -> settings"
    return f"{path}: converted{warnings}{target}"


def _problems(result: Result, placed: Placed | None) -> Iterator[str]:
    """Why a file was refused, with the line; warnings on one line each."""
    if placed and placed.is_kept:
        return
    for problem in result.problems:
        yield problem.text() if result.kind == Kind.REFUSED else problem.text().split("\n", 1)[0]
