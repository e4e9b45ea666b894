"""Whether the agents of a due workstream will be asked, or a kept result serves, and which part of its key says so.

It reads rows and git, starts nothing but version calls, and changes nothing; what only a remote holds it does not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from splinter.engine import bases, prepare
from splinter.engine.steps import cache
from splinter.engine.steps.cache import Kept
from splinter.engine.work import Work
from splinter.git import commands as git
from splinter.model import differences, fingerprints
from splinter.model.differences import Difference, Kind
from splinter.model.done import Rows
from splinter.model.fingerprints import Inputs, fingerprint
from splinter.model.workstream import Prompt, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be expected of one prompt: `is_asked` None where that depends on what runs before it.

    `run` is the run that made the kept result which will be applied, or may be; `text` says it as a sentence.
    """

    step: str
    is_asked: bool | None
    text: str
    run: str | None = None
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known before anything runs: commits, None where what runs may move them; `due` are dependencies.

    `has_failed`: it was prepared as it is defined now, and is prepared again for a base that moved.
    """

    start: str | None
    base: str | None
    due: tuple[str, ...]
    has_failed: bool


def foresee(work: Work, rows: Rows, *, stale: str | None, due: tuple[str, ...]) -> tuple[Asked, ...]:
    """What is to be expected of each prompt of a due workstream that will run, in order.

    `stale` is its first task that is not up to date, `due` those of what it depends on that are due themselves.
    """
    if stale is None and not due:
        return ()
    known = _known(work, rows, is_prepared=stale != work.plan.task("prepare"), due=due)
    return tuple(_of_steps(work, rows, known))


def _of_steps(work: Work, rows: Rows, known: _Known) -> Iterator[Asked]:
    before, outputs = known.start, dict[str, Mapping[str, str] | None]()
    for number, step in enumerate(work.plan.workstream.steps):
        row = rows.stepped(work.plan, step.id)
        made_of = fingerprint(fingerprints.step_inputs(work.plan, step, before, outputs)) if before else ""
        if row and row.fingerprint == made_of and git.existing(work.repository, [row.value.commit]):
            before, outputs[step.id] = row.value.commit, row.value.outputs
            continue
        if isinstance(step.action, Prompt):
            change = git.result(work.repository, known.start, before) if known.start and before else None
            yield _of_step(replace(work, outputs=outputs), step, known, cache.NOTHING if number == 0 else change)
        before = None


def _of_step(work: Work, step: Step, known: _Known, change: str | None) -> Asked:
    asked = _by_what_is_kept(work, step, known, change)
    if asked.is_asked and known.has_failed and not work.has_tries:
        return replace(asked, is_asked=False, text=f"{step.id} will fail: {work.plan.used_up}")
    return asked


def _by_what_is_kept(work: Work, step: Step, known: _Known, change: str | None) -> Asked:
    if not step.cache:
        return Asked(step=step.id, is_asked=True, text=f"{step.id} will be asked: cache is false, so nothing is kept")
    inputs = cache.inputs(work, step, base=known.base, change=change)
    is_whole = change is not None and not known.due and (known.base is not None or not work.plan.workstream.inputs)
    if is_whole:
        for kept in cache.here(work.repository, fingerprint(inputs)).kept:
            text = f"{step.id}: the kept result of run {kept.run} will be applied"
            return Asked(step=step.id, is_asked=False, text=text, run=kept.run)
    found = [(_differences(inputs, kept, known), kept) for kept in cache.of_step(work, step) if kept.parts]
    if not found:
        return Asked(step=step.id, is_asked=True, text=f"{step.id} will be asked: no result of it is kept")
    nearest, kept = min(found, key=lambda pair: len(pair[0]))
    if nearest:
        text = f"{step.id} will be asked again: {'; '.join(difference.text() for difference in nearest)}"
        return Asked(step=step.id, is_asked=True, text=text, differences=nearest)
    text = f"{step.id}: the kept result of run {kept.run} will be applied, if what runs before it changes nothing"
    return Asked(step=step.id, is_asked=None, text=text, run=kept.run)


def _differences(inputs: Inputs, kept: Kept, known: _Known) -> tuple[Difference, ...]:
    found = differences.result_differences(kept.parts or {}, differences.of_result(inputs), inputs)
    return tuple(one for one in found if one.kind != Kind.DEPENDENCY or one.key not in known.due)


def _known(work: Work, rows: Rows, *, is_prepared: bool, due: tuple[str, ...]) -> _Known:
    row, before = rows.prepared(work.plan), work.plan.workstream.depends_on
    if is_prepared and row:
        start = None if due else row.value.start
        return _Known(start=start, base=row.value.base, due=due, has_failed=row.value.has_failed)
    base = bases.last_seen(work.session, work.plan.base)
    made_of = fingerprint(fingerprints.prepare_inputs(work.plan, work.results))
    has_failed = not due and row is not None and row.fingerprint == made_of
    has_failed = has_failed and work.session.history.has_failed(work.plan.id)
    if base and not before:
        base = prepare.base_of(work, row.value if row else None, base, has_failed=has_failed)
    return _Known(start=None if before else base, base=base, due=due, has_failed=has_failed)
