"""Where a command starts: the folder of the work tree that its step names, looked for anew before each command.

A link there leads on only as far as the work tree goes: an earlier step may have made it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from splinter.errors import Reason, StepError
from splinter.git.command_line import WorkTree
from splinter.model.tool import Command, Tool
from splinter.model.workstream import Step
from splinter.system import disk


def of(tree: WorkTree, step: Step, profile: Tool | None = None) -> Path:
    """The folder, without links below the work tree; raises StepError where it is none, or lies outside.

    A recorded patch is of the whole repository, and is applied at its top.
    """
    directory = step.working_directory
    if not directory or (profile and profile.needs_recording):
        return tree.path
    top = os.path.realpath(tree.path)
    inside = Path(os.path.relpath(os.path.realpath(tree.path / directory), top))
    if "".join(inside.parts[:1]).casefold() in ("..", ".git"):
        raise StepError(Reason.TOOL_MISSING, f"{_which(step)} leads out of the work tree by a link")
    folder = tree.path / inside
    if not disk.seen_folder(folder):
        why = "is no folder" if disk.seen(folder) else "is not there"
        raise StepError(Reason.TOOL_MISSING, f"{_which(step)} {why} when {step.id} starts")
    return folder


def from_the_root(command: Command, profile: Tool | None, folder: Path, tree: WorkTree) -> Command:
    """The command of a profile, whose path counts from the root wherever it starts: it is looked for there before."""
    program, *arguments = command.argv if profile and not isinstance(command.argv, str) else [""]
    if "/" not in program or os.path.isabs(program) or folder == tree.path:  # noqa: PTH117
        return command
    return replace(command, argv=(str(tree.path / program), *arguments))


def _which(step: Step) -> str:
    return f'working_directory "{step.working_directory}"'
