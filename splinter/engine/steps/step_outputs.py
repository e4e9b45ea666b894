"""The outputs of steps around a command: what earlier steps wrote is handed to it, what it wrote is taken.

It gets a copy of its own, so that what it does to that reaches nobody, and what it leaves is opened as the plain file
that it should be. It believes no word of an output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from splinter.engine.steps.command_scratch import Scratch
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.model.workstream import Step
from splinter.system import disk
from splinter.text import outputs
from splinter.text.outputs import UnreadableOutputsError

NAMES = _WHERE, _INTO = "SPLINTER_OUTPUT_DIR", "SPLINTER_OUTPUT"  # variables of each step
AGENTS_TEXT = "text"  # the output that an agent's last message is
_CUT = "\n[…]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a command wrote, or why that is not taken; with notes on it."""

    outputs: Mapping[str, str] = field(default_factory=dict)
    problem: StepError | None = None
    notes: tuple[str, ...] = ()


def variables(work: Work) -> dict[str, str]:
    """The outputs of earlier steps that are short enough, each in a variable."""
    return {
        outputs.variable(step, name): value
        for step, known in work.outputs.items()
        for name, value in (known or {}).items()
        if not _is_long(value)
    }


def hand_over(work: Work, step: Step, scratch: Scratch) -> dict[str, str]:
    """Write the outputs of earlier steps where the command may read them, and return the variables that say where.

    One that is no step has nowhere to write its own. Raises OSError.
    """
    scratch.outputs.mkdir()
    for id, known in work.outputs.items():
        if not known:  # a step that wrote nothing has no folder: a chain of 600 would make 180,000 of them
            continue
        folder = scratch.outputs / id
        folder.mkdir()
        for name, value in known.items():
            (folder / name).write_text(value, "utf-8", newline="")
            (folder / name).chmod(0o444)
        folder.chmod(0o555)
    scratch.outputs.chmod(0o555)
    env = {_WHERE: str(scratch.outputs)}
    if _may_write(work, step):
        scratch.output.touch(mode=0o600)
        env[_INTO] = str(scratch.output)
    return env


def taken(work: Work, step: Step, scratch: Scratch, last_message: str) -> Written:
    """What a step that ended well wrote, with an agent's last message, which is masked already."""
    if not _may_write(work, step):
        return Written()
    try:
        found = outputs.parsed(disk.whole(scratch.output, most=outputs.MAX_BYTES) or b"")
        left = outputs.LONGEST_TOGETHER - sum(outputs.size(known or {}) for known in work.outputs.values())
        if outputs.size(found) > left:
            most = outputs.LONGEST_TOGETHER // 1024
            raise UnreadableOutputsError(f"with those of the steps before it they are more than {most} kB")
        if last_message and AGENTS_TEXT not in found:
            found[AGENTS_TEXT] = _cut(last_message, min(outputs.LONGEST, left - outputs.size(found)))
        if why := outputs.clash(step.id, found, work.outputs):
            raise UnreadableOutputsError(why)
    except (disk.NoPlainFileError, UnreadableOutputsError) as error:
        why = work.mask(f"what {step.id} wrote to $SPLINTER_OUTPUT is not taken: {error}")
        return Written(problem=StepError(Reason.BAD_OUTPUT, why))
    if why := secret_in(work, step, found):
        return Written(problem=StepError(Reason.SECRET_IN_RESULT, why))
    return Written(outputs=found, notes=tuple(_notes(step, found)))


def secret_in(work: Work, step: Step, found: Mapping[str, str]) -> str:
    """Which outputs hold a secret, as a sentence; empty where none does."""
    redactor = work.session.outside.redactor
    held = [name for name, value in found.items() if redactor.found(f"{name}={value}".encode())]
    return redactor.text(f"a secret stands in what {step.id} wrote: its output {', '.join(held)}") if held else ""


def _notes(step: Step, found: Mapping[str, str]) -> Iterator[str]:
    for name, value in found.items():
        if _is_long(value) and name != AGENTS_TEXT:
            file, variable = f"$SPLINTER_OUTPUT_DIR/{step.id}/{name}", f"${outputs.variable(step.id, name)}"
            most = f"{outputs.LONGEST_VARIABLE // 1024} kB"
            yield f"its output {name} is longer than {most}: {file} has it, {variable} does not"


def _is_long(value: str) -> bool:
    return len(value.encode()) > outputs.LONGEST_VARIABLE


def _cut(text: str, most: int) -> str:
    """An agent's text as an output: no longer than that, in bytes, and without what no variable holds."""
    data = text.replace("\0", "").encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode()
    return data[: max(0, most - len(_CUT.encode()))].decode("utf-8", "ignore") + _CUT if most > len(_CUT) + 2 else ""


def _may_write(work: Work, step: Step) -> bool:
    """Whether it is one of the workstream's steps: no check, no fix, and nothing that only looks."""
    return any(step.id == one.id for one in work.plan.workstream.steps)
