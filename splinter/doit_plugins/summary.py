"""A run workstream by workstream: how each ended, where its pull request is, and what to call next.

Pure; nothing is read or printed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from splinter.model import record_words
from splinter.model.layout import TOGETHER
from splinter.model.records import FAILURES, Action, CheckRecord, Outcome, RunRecord, StepRecord, WorkstreamRecord
from splinter.text.counts import plural

_SHOWN = 20
_ORDER = {Outcome.FAILED: 0, Outcome.INTERRUPTED: 1, Outcome.BLOCKED: 2, Outcome.CHANGED: 3}


def rows(run: RunRecord) -> Iterator[tuple[str, str, str]]:
    """Each workstream that took part, failures first: its id, its outcome, and what comes next."""
    is_simulated = record_words.is_simulated(run.run)
    there = (one for one in run.pull_requests if not is_simulated and one.where and one.action != Action.CLOSED)
    pull_requests = {one.workstream: one.where for one in there}
    for record in sorted(run.workstreams, key=lambda one: _ORDER.get(one.outcome, len(_ORDER))):
        yield record.workstream, record.outcome, _next(record, pull_requests, "--simulated " if is_simulated else "")


def lines(run: RunRecord) -> Iterator[tuple[str, str, str]]:
    """The same for people: ids of one width, and no more than fit on a screen; the rest as a number."""
    shown = list(rows(run))
    width = max((len(id) for id, _, _ in shown[:_SHOWN]), default=0)
    for id, outcome, rest in shown[:_SHOWN]:
        yield f"{id:<{width}}", outcome, rest
    if len(shown) > _SHOWN:
        more = "in its report" if record_words.is_simulated(run.run) else f"doit show {run.run}"
        yield f"and {plural(len(shown) - _SHOWN, 'workstream')} more: {more}", "", ""


def _next(record: WorkstreamRecord, pull_requests: Mapping[str, str], option: str) -> str:
    """`option` stands between a command that looks and the id."""
    id = record.workstream
    if record.outcome == Outcome.FAILED:
        reason = f"({record.reason})  " if record.reason else ""
        if not _has_log(record):
            return reason if option else f"{reason}doit why {id}"
        return f"{reason}doit log {option}{id}"
    if record.outcome == Outcome.BLOCKED:
        return record.message
    if record.outcome == Outcome.INTERRUPTED:
        return f"doit run --simulate {id}" if option else f"doit {id}"
    if record.outcome != Outcome.CHANGED:
        return ""
    return pull_requests.get(id) or pull_requests.get(TOGETHER) or f"doit diff {option}{id}"


def _has_log(record: WorkstreamRecord) -> bool:
    parts: tuple[StepRecord | CheckRecord, ...] = (*record.steps, *record.checks)
    return any(part.log for part in parts if part.outcome in FAILURES)
