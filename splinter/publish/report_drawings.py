"""The drawings of a report: who ran when, and what depends on what, with outcomes. Values and SVG; nothing is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from graphlib import CycleError, TopologicalSorter

from splinter.config import dependency_graph
from splinter.model.records import NO_PART, CheckRecord, RunRecord, StepRecord, WorkstreamRecord
from splinter.text.redact import plain

MOST_ROWS = 40  # workstreams that have a row each; more share rows
_MOST_BOXES = 60
_LONGEST_S = 10**7
WIDTH = 1000  # of a row, in units of its drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One stretch of time in which something ran: `x` and `width` of WIDTH."""

    name: str
    outcome: str
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of bars: of one workstream from `began`, or, without a name, of several that did not run at once."""

    workstream: str
    began: str
    seconds: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Rows on one scale from `began` to `ended`."""

    began: str
    ended: str
    rows: tuple[Row, ...]
    is_packed: bool


@dataclass(frozen=True, slots=True)
class _Stretch:
    name: str
    outcome: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class _Node:
    id: str
    title: str
    depends_on: tuple[str, ...]


def timeline(run: RunRecord) -> Timeline | None:
    """Who ran when, of what has recorded times and ran in this run; None where nothing has."""
    began = _moment(run.started)
    found = {one.workstream: _stretches(one, began) for one in run.workstreams}
    ran = {id: some for id, some in found.items() if some}
    if not ran:
        return None
    first = min(some[0].start for some in ran.values())
    last = max(one.end for some in ran.values() for one in some)
    scale = WIDTH / max((last - first).total_seconds(), 1.0)
    outcomes = {one.workstream: str(one.outcome) for one in run.workstreams}
    is_packed = len(ran) > MOST_ROWS
    rows = _packed(ran, outcomes, first, scale) if is_packed else _each(ran, first, scale)
    return Timeline(began=_iso(first), ended=_iso(last), rows=tuple(rows), is_packed=is_packed)


def graph(run: RunRecord) -> str:
    """What depends on what, as SVG; empty where nothing does, or where it is too much to look at."""
    known = {one.workstream: one for one in run.workstreams}
    edges = {id: tuple(other for other in one.depends_on if other in known) for id, one in known.items()}
    wanted = {id for id, others in edges.items() if others} | {other for some in edges.values() for other in some}
    if not wanted or len(wanted) > _MOST_BOXES:
        return ""
    try:
        order = list(TopologicalSorter({id: edges[id] for id in known if id in wanted}).static_order())
    except CycleError:
        return ""
    nodes = [_Node(plain(id), plain(known[id].title), tuple(map(plain, edges[id]))) for id in order]
    return dependency_graph.svg(nodes, {plain(id): str(known[id].outcome) for id in order})


def _stretches(record: WorkstreamRecord, began: datetime | None) -> list[_Stretch]:
    if record.outcome in NO_PART:
        return []
    parts: Iterable[StepRecord | CheckRecord] = (*record.steps, *record.checks)
    found = []
    for part in parts:
        start = _moment(part.started)
        if start and (began is None or start >= began - timedelta(seconds=1)):  # else it stood from an earlier run
            name = part.step if isinstance(part, StepRecord) else part.check
            end = start + timedelta(seconds=min(max(part.seconds, 0), _LONGEST_S))
            found.append(_Stretch(name, str(part.outcome), start, end))
    return sorted(found, key=lambda one: (one.start, one.end))


def _each(ran: Mapping[str, Sequence[_Stretch]], first: datetime, scale: float) -> Iterator[Row]:
    for id, some in sorted(ran.items(), key=lambda pair: pair[1][0].start):
        bars = tuple(_bar(one, first, scale) for one in some)
        lasted = (max(one.end for one in some) - some[0].start).total_seconds()
        yield Row(workstream=id, began=_iso(some[0].start), seconds=lasted, bars=bars)


def _packed(
    ran: Mapping[str, Sequence[_Stretch]], outcomes: Mapping[str, str], first: datetime, scale: float
) -> Iterator[Row]:
    """As few rows as were busy at once: each takes the next workstream that begins after its last one ended."""
    lanes: list[list[_Stretch]] = []
    whole = [_Stretch(id, outcomes[id], some[0].start, max(one.end for one in some)) for id, some in ran.items()]
    for one in sorted(whole, key=lambda one: (one.start, one.end)):
        lane = next((lane for lane in lanes if lane[-1].end <= one.start), None)
        if lane is None:
            lanes.append(lane := [])
        lane.append(one)
    for lane in lanes:
        bars = tuple(_bar(one, first, scale) for one in lane)
        yield Row(workstream="", began=_iso(lane[0].start), seconds=0.0, bars=bars)


def _bar(one: _Stretch, first: datetime, scale: float) -> Bar:
    x, width = (
        (moment - start).total_seconds() * scale for start, moment in ((first, one.start), (one.start, one.end))
    )
    width = max(width, 2.0)
    return Bar(name=one.name, outcome=one.outcome, x=round(min(x, WIDTH - width), 1), width=round(width, 1))


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 1970 < found.year < 9999:  # of no run, and near the ends of what can be counted
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
