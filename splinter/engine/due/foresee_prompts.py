"""Whether the agents of a due workstream will be asked, or a kept result serves, and which part of its key says so.

It reads rows and git, starts nothing but version calls, and changes nothing; what only a remote holds it does not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from splinter.engine import bases, prepare
from splinter.engine.session import Session
from splinter.engine.steps import cache
from splinter.engine.steps.cache import Kept
from splinter.git import commands as git
from splinter.model import differences, fingerprints
from splinter.model.differences import Difference
from splinter.model.fingerprints import Values, fingerprint
from splinter.model.plan import Plan
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


def foresee(
    session: Session, one: Plan, *, values: Callable[[str], Values], stale: str | None, due: tuple[str, ...]
) -> tuple[Asked, ...]:
    """What is to be expected of each prompt of a due workstream that will run, in order.

    `stale` is its first task that is not up to date, `due` those of what it depends on that are due themselves.
    """
    if stale is None and not due:
        return ()
    known = _known(session, one, values, is_prepared=stale != one.task("prepare"), due=due)
    return tuple(_of_steps(session, one, values, known))


def _of_steps(session: Session, one: Plan, values: Callable[[str], Values], known: _Known) -> Iterator[Asked]:
    before = known.start
    for number, step in enumerate(one.workstream.steps):
        row = values(one.task(step.id))
        if (
            before
            and row.get("fingerprint") == fingerprint(fingerprints.step_inputs(one, step, before))
            and _is_there(session, row)
        ):
            before = row["commit"]
            continue
        if isinstance(step.action, Prompt):
            change = git.result(session.repository, known.start, before) if known.start and before else None
            yield _of_step(session, one, step, known, cache.NOTHING if number == 0 else change)
        before = None


def _of_step(session: Session, one: Plan, step: Step, known: _Known, change: str | None) -> Asked:
    asked = _by_what_is_kept(session, one, step, known, change)
    if asked.is_asked and known.has_failed and not session.has_tries(one):
        return replace(asked, is_asked=False, text=f"{step.id} will fail: {one.used_up}")
    return asked


def _by_what_is_kept(session: Session, one: Plan, step: Step, known: _Known, change: str | None) -> Asked:
    if not step.cache:
        return Asked(step=step.id, is_asked=True, text=f"{step.id} will be asked: cache is false, so nothing is kept")
    inputs = cache.inputs(session, one, step, base=known.base, change=change)
    is_whole = change is not None and not known.due and (known.base is not None or not one.workstream.inputs)
    if is_whole:
        for kept in cache.here(session, fingerprint(inputs)):
            text = f"{step.id}: the kept result of run {kept.run} will be applied"
            return Asked(step=step.id, is_asked=False, text=text, run=kept.run)
    found = [(_differences(inputs, kept, known), kept) for kept in cache.of_step(session, one, step) if kept.parts]
    if not found:
        return Asked(step=step.id, is_asked=True, text=f"{step.id} will be asked: no result of it is kept")
    nearest, kept = min(found, key=lambda pair: len(pair[0]))
    if nearest:
        text = f"{step.id} will be asked again: {'; '.join(difference.text() for difference in nearest)}"
        return Asked(step=step.id, is_asked=True, text=text, differences=nearest)
    text = f"{step.id}: the kept result of run {kept.run} will be applied, if what runs before it changes nothing"
    return Asked(step=step.id, is_asked=None, text=text, run=kept.run)


def _differences(inputs: Values, kept: Kept, known: _Known) -> tuple[Difference, ...]:
    found = differences.result_differences(kept.parts or {}, differences.of_result(inputs), inputs)
    return tuple(one for one in found if one.kind != "dependency" or one.key not in known.due)


def _known(
    session: Session, one: Plan, values: Callable[[str], Values], *, is_prepared: bool, due: tuple[str, ...]
) -> _Known:  # fmt: skip
    row = values(one.task("prepare"))
    if is_prepared:
        has_failed = bool(row.get("has_failed"))
        return _Known(start=None if due else row["start"], base=row["base"], due=due, has_failed=has_failed)
    base, before = bases.last_seen(session, one.base), one.workstream.depends_on
    inputs = fingerprints.prepare_inputs(one, {other: values(f"{other}:accept").get("result", "") for other in before})
    has_failed = not due and row.get("fingerprint") == fingerprint(inputs)  # and yet it is not up to date
    if base and not before:
        base = prepare.base_of(session, one, row, base, has_failed=has_failed)
    return _Known(start=None if before else base, base=base, due=due, has_failed=has_failed)


def _is_there(session: Session, row: Values) -> bool:
    return bool(git.existing(session.repository, [row["commit"]]))
