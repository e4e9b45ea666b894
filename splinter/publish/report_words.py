"""What reports say in words of a rehearsal and of workstreams in a row. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from splinter.model import record_words
from splinter.model.records import LeftOut, LeftOutReason, PullRequestRecord, RehearsalRecord, WorkstreamRecord
from splinter.publish.report_contents import Contents
from splinter.text import counts, markdown

_SHOWN_PATHS = 5


def together(rehearsal: RehearsalRecord) -> str:
    """What came of bringing all branches together."""
    whole, fit = len(rehearsal.workstreams) + len(rehearsal.left_out), len(rehearsal.workstreams)
    how = f"on {rehearsal.base_commit[:12]}; {counts.plural(rehearsal.unions, 'combination')} tested."
    if fit == whole:
        return f"All {whole:,} finished branches work together {how}"
    return f"{fit:,} of {whole:,} finished branches work together {how}"


def why_left_out(one: LeftOut, rehearsal: RehearsalRecord) -> str:
    """Why a branch is not among those that go together."""
    clashing = _clashing(rehearsal, one.workstream)
    words = {
        LeftOutReason.CONFLICT: f"it does not merge with {clashing}" if clashing else "it does not merge",
        LeftOutReason.CHECK_FAILED: "checks fail together with it",
        LeftOutReason.DEPENDS_ON: "what it builds on is left out",
    }.get(one.reason, str(one.reason))
    return f"{words} ({one.message})" if one.message else words


def other_clashes(rehearsal: RehearsalRecord) -> list[str]:
    """Which branches conflict, where that is not said of one that is left out."""
    told = {one.workstream for one in rehearsal.left_out if one.reason == LeftOutReason.CONFLICT}
    return [
        f"{one.one} and {one.other} conflict in {counts.and_more(one.paths, _SHOWN_PATHS)}"
        for one in rehearsal.clashes
        if not told & {one.one, one.other}
    ]


def clock(moment: str) -> str:
    """The time of day of an ISO 8601 time: `02:04:31`."""
    return markdown.utc(moment)[11:19]


def overview(
    records: Sequence[WorkstreamRecord], pull_requests: Mapping[str, PullRequestRecord], contents: Contents
) -> markdown.Markdown:  # fmt: skip
    """The table of workstreams, which reads well as text too: columns have one width, the last any."""
    rows = [("Workstream", "Outcome", "Cost", "Time", "Pull request")]
    for one in records:
        done, known = pull_requests.get(one.workstream), contents.proposed.get(one.workstream)
        where = done.where if done and done.where else known.where if known else ""
        cost = record_words.dollars(one.usage) if one.usage.calls else "-"
        time = counts.duration(one.seconds) if one.seconds else "-"
        place = markdown.link(where) if where else "-"
        rows.append((markdown.code(one.workstream), f"**{one.outcome}**", cost, time, place))
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    lines = [
        " | ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4])) for row in rows
    ]
    rule = "|".join("-" * (width + 2) for width in (*widths, len(rows[0][4])))
    return markdown.Markdown("\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])]))


def _clashing(rehearsal: RehearsalRecord, id: str) -> str:
    """With whom a workstream's branch conflicts, and where; empty for nobody."""
    pairs = ((clash, clash.other if clash.one == id else clash.one) for clash in rehearsal.clashes)
    conflicts = [
        f"{other} in {counts.and_more(clash.paths, _SHOWN_PATHS)}"
        for clash, other in pairs
        if id in (clash.one, clash.other)
    ]
    return "; ".join(conflicts)
