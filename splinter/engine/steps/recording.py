"""What an agent did in the last run, as the recorded patch that stands for it in demos, tests and simulated runs.

It calls no agent, and keeps nothing that looks like a secret: a recorded patch is there to be committed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from splinter.errors import InputError
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.model.records import StepRecord, WorkstreamRecord
from splinter.model.tool import Tool, recorded_path
from splinter.model.workstream import Prompt, ToolCall, Workstream
from splinter.text.counts import plural
from splinter.text.patterns import did_you_mean
from splinter.text.redact import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A step's patch, its path from the root; `said` is what there is to say, and `patch` None where none is kept."""

    path: str
    said: str
    patch: bytes | None = None


def calls(workstream: Workstream, tools: Mapping[str, Tool]) -> tuple[str, ...]:
    """The ids of the steps that call an agent, fixes too."""
    called = {step.id: step.action for step in workstream.steps if isinstance(step.action, Prompt | ToolCall)}
    steps = [id for id, action in called.items() if tools[action.tool].takes_prompts]
    return (*steps, *(f"fix-{number + 1}" for number in range(workstream.fix.attempts)))


def wanted(workstream: Workstream, tools: Mapping[str, Tool], step: str) -> tuple[str, ...]:
    """Those of them that are asked for, all where `step` is empty; raises InputError where there are none."""
    there = calls(workstream, tools)
    if not there:
        raise InputError(f"{workstream.id} calls no agent, so there is nothing to record")
    if step and step not in there:
        hint = did_you_mean(step, there) or f"; those that do: {', '.join(there)}"
        raise InputError(f'{workstream.id} has no step "{step}" that calls an agent{hint}')
    return (step,) if step else there


def made(
    repository: Repository, redactor: Redactor, record: WorkstreamRecord, steps: Sequence[str]
) -> Iterator[Recording]:
    """What each of some steps did in a run, as far as it ran there; raises InputError for a secret."""
    for one in record.steps:
        if one.step in steps:
            yield _recording(repository, redactor, one)


def _recording(repository: Repository, redactor: Redactor, one: StepRecord) -> Recording:
    path = recorded_path(one.workstream, one.step)
    if one.commit is None:
        kept = f"; {one.patch} shows what it made" if one.patch else ""
        return Recording(path=path, said=f"{one.step} {one.outcome}, so nothing of it is recorded{kept}")
    if not one.files:
        return Recording(path=path, said=f"{one.step} changed nothing, so nothing of it is recorded")
    if not git.existing(repository, [one.commit]):
        raise InputError(f"the commit of {one.workstream}:{one.step} is not there any more; a run makes it again")
    with tempfile.TemporaryFile() as output:
        git.write_patch(repository, f"{one.commit}^", one.commit, output)
        output.seek(0)
        patch = output.read()
    if redactor.data(patch) != patch:
        raise InputError(f"what {one.workstream}:{one.step} did looks as if it held a secret; it is not recorded")
    return Recording(path=path, said=plural(len(one.files), "file"), patch=patch)


def keep(root: Path, recording: Recording) -> None:
    """Write the patch whole, or not at all; raises OSError."""
    assert recording.patch is not None
    file = root / recording.path
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(recording.patch)
    part.replace(file)
