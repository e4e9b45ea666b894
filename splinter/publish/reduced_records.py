"""A run without what the settings leave out of reports: what commands printed, what agents said. It keeps nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from splinter.model.records import CheckRecord, RunRecord, StepRecord, WorkstreamRecord
from splinter.model.settings import LOGS, WORDS


def reduced(run: RunRecord, include: Collection[str]) -> RunRecord:
    """The run with as much as `include` names; of a message that quotes what was printed its first line stays."""
    if LOGS in include and WORDS in include:
        return run
    return replace(
        run,
        workstreams=tuple(_workstream(one, include) for one in run.workstreams),
        rehearsals=tuple(replace(one, checks=_checks(one.checks, include)) for one in run.rehearsals),
    )


def _workstream(record: WorkstreamRecord, include: Collection[str]) -> WorkstreamRecord:
    is_of_agent = any(step.step == record.step and step.usage is not None for step in record.steps)
    return replace(
        record,
        message=_told(record.message, include, is_of_agent=is_of_agent),
        steps=tuple(_step(step, include) for step in record.steps),
        checks=_checks(record.checks, include),
    )


def _step(step: StepRecord, include: Collection[str]) -> StepRecord:
    is_of_agent = step.usage is not None
    is_whole = _is_whole(include, is_of_agent=is_of_agent)
    return replace(
        step,
        message=_told(step.message, include, is_of_agent=is_of_agent),
        said=step.said if WORDS in include else "",
        outputs=step.outputs if is_whole else {},
    )


def _checks(checks: tuple[CheckRecord, ...], include: Collection[str]) -> tuple[CheckRecord, ...]:
    if LOGS in include:
        return checks
    return tuple(
        replace(
            check,
            message=_told(check.message, include, is_of_agent=False),
            cases=tuple(replace(case, message="") for case in check.cases),
        )
        for check in checks
    )


def _told(message: str, include: Collection[str], *, is_of_agent: bool) -> str:
    return message if _is_whole(include, is_of_agent=is_of_agent) else message.partition("\n")[0]


def _is_whole(include: Collection[str], *, is_of_agent: bool) -> bool:
    """Whether what a command printed is told; what an agent did is its words too."""
    return LOGS in include and (WORDS in include or not is_of_agent)
