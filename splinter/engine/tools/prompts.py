"""What an agent is given: the user's own words, unchanged, and around them what it must know of the work.

A prompt of ours never starts with words of the user's: claude-code and aider take a "/" there as a command, aider a
"!" as one to run in a shell, and a "-" looks like an option. Pure text, bounded where it quotes what tools printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from splinter.model.records import BAD, CaseRecord, CheckRecord, Comparison, StepRecord
from splinter.model.workstream import Scope, Workstream
from splinter.text import foreign
from splinter.text.counts import and_more, more

_CASES = 20
_CASE_CHARACTERS = 400
_OUTPUT_LINES = 60
_OUTPUT_CHARACTERS = 6_000  # of each failed check
_WHOLE_CHARACTERS = 40_000  # of a failure: an argument of a program holds 128 KiB
_PATHS = 20
_CUT = "[…]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A check that did not pass, with the last of what it printed."""

    check: CheckRecord
    output: str


def of_step(workstream: Workstream, text: str, *, earlier: Sequence[StepRecord], folder: str = "") -> str:
    """A step's prompt; `earlier` are the steps before it, as they ended, `folder` is where it starts."""
    return _whole([f"Task: {workstream.title}", "", *_instructions(workstream), text], workstream, earlier, folder)


def of_fix(workstream: Workstream, failures: Sequence[Failure], *, number: int, earlier: Sequence[StepRecord]) -> str:
    """The prompt of a fix attempt, from 1; the failures' essence is what it is about."""
    of = f"attempt {number} of {workstream.fix.attempts}"
    lines = [
        f"Task: {workstream.title}",
        "",
        *_instructions(workstream),
        f"Acceptance checks of this change failed. Fix the cause ({of}).",
    ]
    for failure in failures:
        lines += ["", *_failure(failure)]
    failed = _last("\n".join(lines), _WHOLE_CHARACTERS, keep_start=True)
    return _whole([failed], workstream, earlier, workstream.working_directory)


def _whole(lines: Sequence[str], workstream: Workstream, earlier: Sequence[StepRecord], folder: str) -> str:
    made = "\n".join([*lines, "", "---", *_context(workstream, earlier, folder)]) + "\n"
    return f"{made}{foreign.ABOUT}\n" if foreign.has_some(made) else made


def _instructions(workstream: Workstream) -> Iterator[str]:
    """What stands in files before each prompt."""
    for one in workstream.instructions:
        yield from (one.text.strip("\n"), "")


def _context(workstream: Workstream, earlier: Sequence[StepRecord], folder: str) -> Iterator[str]:
    if workstream.objective:
        yield f"The goal: {workstream.objective.strip()}"
    yield from _scope(workstream.scope)
    if workstream.inputs:
        yield f"What the result depends on: {_listed(workstream.inputs)}"
    for step in earlier:
        changed = f": {_listed([change.path for change in step.files])}" if step.files else ""
        yield f"Done before, step {step.step}: {step.outcome}{changed}"
    if folder:
        yield f"The current folder is `{folder}` of the repository; the paths above count from the repository's root."
    yield "Work on the files in the current folder. Do not commit, push or switch branches: that is done for you."


def _scope(scope: Scope) -> Iterator[str]:
    if not scope.is_declared:
        return
    yield f"You may change only: {_listed(scope.modify)}"
    if scope.create != scope.modify:
        yield f"You may create only: {_listed(scope.create)}"
    if scope.forbid:
        yield f"Never touch: {_listed(scope.forbid)}"
    yield "A change anywhere else makes all of this fail."


def _failure(failure: Failure) -> Iterator[str]:
    check = failure.check
    yield f"Check `{check.check}` ({check.command}): {check.reason or check.outcome}."
    cases = list(_cases(check))
    yield from cases[:_CASES]
    if hidden := more(len(cases) - _CASES):
        yield f"- {hidden}"
    last = "\n".join(failure.output.rstrip().splitlines()[-_OUTPUT_LINES:])
    if last:
        yield from ("The last of what it printed:", "```", _last(last, _OUTPUT_CHARACTERS), "```")


def _cases(check: CheckRecord) -> Iterator[str]:
    """What speaks against a check, case by case: what the change broke comes first."""
    compared = check.compared or Comparison(before=check.outcome)
    bad = {case.id: case for case in check.cases if case.outcome in BAD}
    old = [id for id in bad if id in compared.failing_before]
    for id in [id for id in bad if id not in (*old, *compared.flaky)]:
        yield f"- {id}{_message(bad[id])}"
    yield from (f"- {id}: it vanished; before your change it ran" for id in compared.vanished)
    yield from (f"- {id}: it is skipped; before your change it ran" for id in compared.newly_skipped)
    yield from (f"- {doubt}" for doubt in check.doubts)
    yield from (f"- {id} (it failed before your change, and still does){_message(bad[id])}" for id in old)


def _message(case: CaseRecord) -> str:
    message = " ".join(case.message.split())
    return f": {message[:_CASE_CHARACTERS]}" if message else ""


def _listed(paths: Iterable[str]) -> str:
    return and_more([f"`{path}`" for path in paths], _PATHS)


def _last(text: str, limit: int, *, keep_start: bool = False) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n{_CUT}" if keep_start else f"{_CUT}\n{text[-limit:]}"
