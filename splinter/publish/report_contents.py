"""What a report shows beyond records: values alone, bounded and masked already where they are texts of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from splinter.model.records import RunRecord
from splinter.text.counts import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A text as far as it is shown: `left_out` counts lines that are not, None where nobody counted them."""

    text: str
    left_out: int | None = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """An open pull request, as it was seen last: `since` is ISO 8601, empty where nobody knows."""

    workstream: str
    where: str
    number: int | None = None
    since: str = ""

    @property
    def label(self) -> str:
        """What a link to it says."""
        return f"#{self.number}" if self.number else "pull request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What stands in a report beside its run's record.

    `ci` is where CI shows its making, `now` when it was made. `diffs` are of what workstreams propose, `branches` what
    became of theirs since, in words; `merged` are those in their base. `files` are logs and patches by path. `proposed`
    are open pull requests by workstream, and `titles` what those are called that took no part.
    """

    repository: str = ""
    ci: str = ""
    now: str = ""
    diffs: Mapping[str, Shown] = field(default_factory=dict)
    branches: Mapping[str, str] = field(default_factory=dict)
    merged: frozenset[str] = frozenset()
    files: Mapping[str, Shown] = field(default_factory=dict)
    proposed: Mapping[str, Proposed] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)


NOTHING = Contents()


def still_open(run: RunRecord, contents: Contents) -> list[tuple[Proposed, str]]:
    """The open pull requests that git does not know as merged, those that wait longest first, each with its title."""
    titles = {**contents.titles, **{one.workstream: one.title for one in run.workstreams}}
    waiting = sorted(contents.proposed.values(), key=lambda one: (one.since or "9", one.workstream))
    return [(one, titles.get(one.workstream, "")) for one in waiting if one.workstream not in contents.merged]


def age(since: str, now: str) -> str:
    """How long something is open: `less than an hour`, `5 hours`, `12 days`; empty where that is not known."""
    try:
        seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds()
    except (ValueError, TypeError):
        return ""
    if seconds < 0:
        return ""
    for noun, length in (("day", 86_400), ("hour", 3_600)):
        if seconds >= 2 * length:
            return plural(int(seconds // length), noun)
    return "an hour" if seconds >= 3_600 else "less than an hour"
