"""A run as plain text, for terminals and mails that show no HTML: lines, no Markdown, nothing that steers a terminal.

Pure; how wide it is depends on what it says alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from splinter.model import record_words
from splinter.model.records import (
    FAILURES,
    NO_PART,
    CheckRecord,
    PullRequestRecord,
    RunRecord,
    StepRecord,
    WorkstreamRecord,
)
from splinter.publish import report
from splinter.text import counts, markdown

MOST_ROWS, MOST_FAILURES, MOST_NOTES = 60, 20, 20  # of a mail; a terminal shows all
_LONGEST_LINE = 300


def short(run: RunRecord, *, repository: str = "", ci: str = "") -> str:
    """The verdict, what needs a look, and a line for each workstream that took part, as far as one reads in a mail."""
    lines = [report.verdict(run), "", *_heading(run, repository, ci), *_errors(run)]
    lines += _failures(run, MOST_FAILURES, has_files=False)
    lines += _section("Workstreams", _table(rows(run), MOST_ROWS))
    lines += _section("Notes", [f"- {_line(note)}" for note in run.notes[:MOST_NOTES]])
    return "\n".join(lines).rstrip() + "\n"


def whole(run: RunRecord) -> str:
    """The same with all that is recorded of each workstream."""
    lines = [
        report.verdict(run),
        "",
        *_heading(run, "", ""),
        *_errors(run),
    ]
    lines += _failures(run, len(run.workstreams), has_files=True)
    lines += _section("Workstreams", _table(rows(run), len(run.workstreams)))
    for record in run.workstreams:
        if record.outcome not in NO_PART:
            lines += _section(_titled(record), _details(record, _proposed(run).get(record.workstream)))
    lines += _section("Notes", [f"- {_line(note)}" for note in run.notes])
    return "\n".join(lines).rstrip() + "\n"


def of_workstream(run: RunRecord, record: WorkstreamRecord) -> str:
    """One workstream of a run."""
    lines = [f"{_titled(record)}, in run {run.run}", "", *_details(record, _proposed(run).get(record.workstream))]
    return "\n".join((*lines, *(f"  {line}" for line in _look(run, record)))).rstrip() + "\n"


def rows(run: RunRecord) -> Iterator[tuple[str, ...]]:
    """Each workstream that took part, failures first: id, outcome, where it is proposed, cost, time."""
    proposed = _proposed(run)
    order = {outcome: number for number, outcome in enumerate((*FAILURES, "changed"))}
    shown = [one for one in run.workstreams if one.outcome not in NO_PART or one.workstream in proposed]
    for one in sorted(shown, key=lambda one: order.get(one.outcome, len(order))):
        there = proposed.get(one.workstream)
        cost = record_words.dollars(one.usage) if one.usage.calls else ""
        took = counts.duration(one.seconds) if one.seconds else ""
        yield one.workstream, one.outcome, there.where if there else "", cost, took


def table(lines: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns of one width, empty columns left out."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)] if lines else []
    return [
        "  ".join(f"{_line(part):<{width}}" for part, width in zip(line, widths, strict=True) if width).rstrip()
        for line in lines
    ]


def _table(lines: Iterable[Sequence[str]], most: int) -> list[str]:
    found = list(lines)
    rest = [f"… {counts.more(len(found) - most)}, in the report"] if len(found) > most else []
    return [*table(found[:most]), *rest]


def _heading(run: RunRecord, repository: str, ci: str) -> Iterator[str]:
    took = record_words.seconds(run)
    lasted = f", {counts.duration(took)}" if took is not None else ""
    ended = lasted if run.finished else "; it did not finish, and this is what it recorded"
    yield from (f"{name:<12}{_line(said)}" for name, said in (("Repository", repository), ("Run", run.run)) if said)
    yield f"{'Started':<12}{_line(markdown.utc(run.started))}{ended}"
    if run.usage.calls:
        yield f"{'Cost':<12}{record_words.amounts(run.usage)}"
    if ci:
        yield f"{'In CI':<12}{_line(ci)}"


def _errors(run: RunRecord) -> list[str]:
    told = [*record_words.waiting(run)]
    told += [
        f"{error.task}: {record_words.error_word(error, run)}: {_line(error.message)}" for error in run.open_errors
    ]
    settled = [one for one in run.errors if one.settled]
    told += [
        f"{one.task}: done after all, {markdown.utc(one.settled or '')}; before: {_line(one.message)}"
        for one in settled
    ]
    return _section("Errors", told)


def _failures(run: RunRecord, most: int, *, has_files: bool) -> list[str]:
    lines = []
    for record in run.failures[:most]:
        lines += [_titled(record), *(f"  {line}" for line in _look(run, record, has_files=has_files)), ""]
    hidden = counts.more(len(run.failures) - most)
    rest = [f"… {hidden}, in the report"] if hidden else []
    return _section("Needs a look", [*lines, *rest])


def _look(run: RunRecord, record: WorkstreamRecord, *, has_files: bool = True) -> Iterator[str]:
    """What somebody needs who is to look at a failure; `has_files`: paths count where it is read."""
    if record.outcome not in FAILURES:
        return
    at, why = f" at {record.step}" if record.step else "", f" ({record.reason})" if record.reason else ""
    yield f"{record.outcome}{at}{why}"
    said = markdown.excerpt(record.message if has_files else markdown.last_lines(record.message))
    yield from (f"| {line}" for line in said.split("\n") if line.strip())
    yield from (f"- {_line(test)}" for test in record_words.failing_tests(record))
    yield from (f"{what}: {command}" for what, command in record_words.commands(record, run))
    yield from (f"{what}: {_line(path)}" for what, path in (record_words.evidence(record) if has_files else ()))


def _details(record: WorkstreamRecord, proposed: PullRequestRecord | None) -> Iterator[str]:
    if record.objective:
        yield from (f"  {line}" for line in markdown.excerpt(record.objective).split("\n"))
    if record.tip:
        yield f"  {_line(record.branch)} at {record.tip[:12]}, on {_line(record.base)}"
    if proposed and proposed.where:
        yield f"  {_line(proposed.where)}"
    parts: tuple[StepRecord | CheckRecord, ...] = (*record.steps, *record.checks)
    yield from (f"  {line}" for line in table([_part(part) for part in parts]))
    for part in parts:
        notes = (*part.notes, *(part.doubts if isinstance(part, CheckRecord) else ()))
        yield from (f"  - {_name(part)}: {_line(note)}" for note in notes)
    yield from (f"  {change.status} {_line(change.path)}" for change in record.files)
    yield from (f"  - {_line(note)}" for note in record.notes)


def _part(part: StepRecord | CheckRecord) -> tuple[str, ...]:
    if isinstance(part, CheckRecord):
        return _name(part), part.outcome, record_words.check_in_words(part), counts.duration(part.seconds), ""
    told = ", ".join(
        filter(None, (part.tool, part.model, counts.plural(len(part.files), "file") if part.files else ""))
    )
    cost = record_words.dollars(part.usage) if part.usage else ""
    return _name(part), part.outcome, told, counts.duration(part.seconds), cost


def _name(part: StepRecord | CheckRecord) -> str:
    return part.check if isinstance(part, CheckRecord) else part.step


def _titled(record: WorkstreamRecord) -> str:
    return f"{record.workstream}: {_line(record.title)}"


def _proposed(run: RunRecord) -> dict[str, PullRequestRecord]:
    return {one.workstream: one for one in run.pull_requests if one.where}


def _section(heading: str, lines: Iterable[str]) -> list[str]:
    told = list(lines)
    while told and not told[-1]:
        told.pop()
    return ["", heading, "-" * len(heading), *told] if told else []


def _line(text: str) -> str:
    shown = markdown.one_line(text)
    return shown if len(shown) <= _LONGEST_LINE else f"{shown[:_LONGEST_LINE]}…"
