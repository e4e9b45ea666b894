"""The last filling: what steps wrote, in the texts of a workstream that wait for it. Pure.

Whatever a step wrote is a text of others: data in a prompt, one argument in a command, inert in what people and forges
read. No path, branch, label or shell ever waits for one: the schema lets none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from splinter.errors import InputError, Reason, StepError
from splinter.model import commit_message, filling, value_names
from splinter.model.records import Outcome, WorkstreamRecord
from splinter.model.workstream import Step, Workstream
from splinter.text import foreign, values
from splinter.text.counts import and_more
from splinter.text.outputs import Outputs
from splinter.text.patterns import shown
from splinter.text.values import Reference

_LINES = ("title", "pull_request.title")
_MARKDOWN = "pull_request.body"
_FOR_AGENTS = ("title", "objective")
_OF_STEP = ("only_if", "run", "args", "prompt")
# `fix: …` is how many a line begins; these are what git and forges read, and ours
_TRAILER = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+|Workstream|Step|Tool|Run|Fingerprint)[ \t]*:", re.IGNORECASE
)
_NAMED, _SHOWN = 5, 60


def of_step(workstream: Workstream, step: Step, outputs: Outputs, *, silent: Collection[str] = ()) -> Step:
    """A step as it is called: data in its prompt stands between marks. Raises StepError, as all here do.

    That is where an output is asked for that its step did not write, but for those of `silent` steps, which are empty.
    """
    names = {f"steps.{step.id}.{key}" for key in _OF_STEP}
    made = _filled(workstream, names & workstream.unfilled, outputs, silent)
    return next(one for one in made.steps if one.id == step.id)


def of_checks(workstream: Workstream, outputs: Outputs, *, silent: Collection[str] = ()) -> Workstream:
    """A workstream whose checks are called with what steps wrote; before these ran there is nothing to compare with."""
    made = _filled(workstream, _of_checks(workstream), outputs, silent)
    waiting = waiting_checks(workstream)
    return replace(made, checks=tuple(replace(one, compare=False) if one.id in waiting else one for one in made.checks))


def waiting_checks(workstream: Workstream) -> frozenset[str]:
    """The ids of checks that cannot be run before the steps."""
    return frozenset(name.split(".")[1] for name in _of_checks(workstream))


def _of_checks(workstream: Workstream) -> frozenset[str]:
    return frozenset(name for name in workstream.unfilled if name.startswith("checks."))


def for_agents(workstream: Workstream, outputs: Outputs, *, silent: Collection[str] = ()) -> Workstream:
    """A workstream as a prompt speaks of it, with what is known by then."""
    for name in workstream.unfilled & {*_FOR_AGENTS}:
        known = _values(workstream, name, outputs, silent, foreign.in_prompt)
        waits = {one: foreign.NOT_YET for one in filling.asked(workstream, name) if one not in known}
        workstream = filling.fill(workstream, known | waits, names={name})
    return workstream


def whole(workstream: Workstream, outputs: Outputs, *, silent: Collection[str] = ()) -> Workstream:
    """A workstream whose steps have run, with nothing left to be filled in of what is shown of it."""
    made = _filled(workstream, _shown(workstream), outputs, silent)
    for name in sorted(_shown(made)):
        asked = filling.asked(made, name)[0]
        raise _missing(name, asked, f"what that step wrote is not known here any more; doit -a {made.id} runs it again")
    return for_commit(made, None, outputs, silent=silent)


def for_commit(
    workstream: Workstream, step: Step | None, outputs: Outputs, *, silent: Collection[str] = ()
) -> Workstream:
    """A workstream as the commit of a step, or of all together, speaks of it; `outputs` may be that step's own too.

    What no step has written yet is `…` there.
    """
    own = next((one.commit for one in workstream.steps if step and one.id == step.id), None)
    asks = f"steps.{step.id}.commit" if step and own and own.message else "commit.message"
    for name in sorted(workstream.unfilled & {asks, "title"}):
        form = foreign.in_title if name == "title" else foreign.in_commit
        known = _values(workstream, name, outputs, silent, form)
        waits = {one: foreign.NOT_YET for one in filling.asked(workstream, name) if one not in known}
        if name == asks:
            _refuse_steering(_said(workstream, step), name, known | waits)
        workstream = filling.fill(workstream, known | waits, names={name})
        workstream = replace(workstream, title=foreign.title(workstream.title)) if name == "title" else workstream
    return workstream


def _said(workstream: Workstream, step: Step | None) -> str:
    """What a commit is to say, in the language."""
    return workstream.commit_of(next((one for one in workstream.steps if step and one.id == step.id), step)).message


def _refuse_steering(typed: str, name: str, known: Mapping[str, str]) -> None:
    """Raise StepError where a value has a commit close an issue, skip CI, or gain a trailer."""
    bare, made = (values.plain(values.filled(typed, one)) for one in (dict.fromkeys(known, ""), known))
    why = commit_message.filled_problem(bare, made)
    for line in typed.strip().split("\n")[1:]:  # the first is the subject
        first = next((one for one in values.pieces(line) if one), "")
        value = known[first.name] if isinstance(first, Reference) else ""
        if not why and _TRAILER.match(value):
            why = f"a value makes the message say {shown(value[:_SHOWN])}, which would be a trailer"
    if why:
        raise StepError(Reason.BAD_OUTPUT, f"{name}: {why}")


def as_far_as_known(workstream: Workstream, outputs: Outputs, *, silent: Collection[str] = ()) -> Workstream:
    """The same of one whose steps may not have run: what is not known stands as it is written."""
    for name in _shown(workstream):
        try:
            workstream = _filled(workstream, {name}, outputs, silent)
        except StepError:
            continue
    return workstream


def of_record(record: WorkstreamRecord) -> Outputs:
    """What the steps of a workstream wrote, as it is recorded."""
    return {one.step: None if one.outcome == Outcome.SKIPPED else one.outputs for one in record.steps}


def _shown(workstream: Workstream) -> frozenset[str]:
    """What people see of it."""
    return frozenset(name for name in workstream.unfilled if name.split(".")[0] not in ("steps", "checks", "commit"))


def _filled(
    workstream: Workstream, names: Collection[str], outputs: Outputs, silent: Collection[str]
) -> Workstream:  # fmt: skip
    for name in sorted(names):
        if name == _MARKDOWN:
            workstream = _with_body(workstream, outputs, silent)
            continue
        known = _values(workstream, name, outputs, silent, _form(name))
        try:
            workstream = filling.fill(workstream, known, names={name})
        except InputError as error:
            raise StepError(Reason.BAD_OUTPUT, str(error)) from error
    if "pull_request.title" in names and workstream.pull_request:
        title = foreign.title(workstream.pull_request.title)
        workstream = replace(workstream, pull_request=replace(workstream.pull_request, title=title))
    return replace(workstream, title=foreign.title(workstream.title)) if "title" in names else workstream


def _form(name: str) -> Callable[[str], str]:
    """How a value stands in a field."""
    if name in _LINES:
        return foreign.in_title
    return foreign.in_prompt if name.endswith(".prompt") else str


def _values(
    workstream: Workstream, name: str, outputs: Outputs, silent: Collection[str], form: Callable[[str], str]
) -> dict[str, str]:
    """What is known of the outputs that a field asks for, by their names in it."""
    return {asked: form(text) for asked, text in _texts(workstream, name, outputs, silent)}


def _texts(
    workstream: Workstream, name: str, outputs: Outputs, silent: Collection[str]
) -> Iterator[tuple[str, str]]:  # fmt: skip
    for asked in filling.asked(workstream, name):
        output = value_names.OUTPUT.fullmatch(asked)
        if not output or output[1] not in outputs:
            continue
        step, own = output[1], outputs[output[1]]
        if own is None or (step in silent and output[2] not in own):
            yield asked, ""
        elif output[2] in own:
            yield asked, own[output[2]]
        else:
            wrote = and_more(list(own), _NAMED) if own else "none"
            raise _missing(name, asked, f"the step {step} wrote no output {shown(output[2])}; it wrote {wrote}")


def _missing(name: str, asked: str, why: str) -> StepError:
    return StepError(Reason.BAD_OUTPUT, f"{name} asks for ${{{{ {asked} }}}}, and {why}")


def _with_body(workstream: Workstream, outputs: Outputs, silent: Collection[str]) -> Workstream:
    """With the text of a pull request, where a value that has a line for itself keeps its shape."""
    wanted = workstream.pull_request
    assert wanted
    known = _values(workstream, _MARKDOWN, outputs, silent, str)
    if set(filling.asked(workstream, _MARKDOWN)) - known.keys():
        return workstream
    lines = (values.pieces(line) for line in wanted.body.split("\n"))
    body = "\n".join("".join(_in_line(parts, known)) for parts in lines)
    return replace(
        workstream, pull_request=replace(wanted, body=body), unfilled=workstream.unfilled - {_MARKDOWN}
    )  # fmt: skip


def _in_line(parts: tuple[values.Piece, ...], known: dict[str, str]) -> Iterator[str]:
    is_alone = not "".join(one for one in parts if isinstance(one, str)).strip()
    for part in parts:
        yield foreign.in_markdown(known[part.name], is_alone=is_alone) if isinstance(part, Reference) else part
