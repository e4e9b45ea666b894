"""What is to be written of a pull request's fields, from four values. It asks GitHub nothing, and writes nothing.

*then* is what our part of the body remembers, *now* our definition, *there* the pull request; whether something that
is missing was ever there is said by GitHub's own events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

from splinter.model.effects import Kind
from splinter.model.ports import Proposal

Past = frozenset[tuple[Kind, str]]  # what was applied at some time, by a person or by us
_LISTS = ("labels", "assignees", "reviewers")
_EVENTS = {
    "labeled": (Kind.LABELS, "label", "name"),
    "assigned": (Kind.ASSIGNEES, "assignee", "login"),
    "review_requested": (Kind.REVIEWERS, "requested_reviewer", "login"),
    "milestoned": (Kind.MILESTONE, "milestone", "title"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields of a pull request, each name as its owner spells it; of reviewers, teams are `organisation/team`."""

    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    milestone: str = ""
    is_draft: bool = True
    base: str = ""

    def names(self, kind: Kind) -> tuple[str, ...]:
        """One field as names; of a draft that it is one."""
        if kind == Kind.MILESTONE:
            return (self.milestone,) if self.milestone else ()
        if kind == Kind.DRAFT:
            return ("draft",) if self.is_draft else ()
        found: tuple[str, ...] = getattr(self, str(kind))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one field gains and loses, by name."""

    kind: Kind
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def of(proposal: Proposal) -> Fields:
    """What our definition asks for now."""
    return Fields(
        labels=proposal.labels,
        assignees=proposal.assignees,
        reviewers=proposal.reviewers,
        milestone=proposal.milestone,
        is_draft=proposal.draft,
        base=proposal.base,
    )


def key(name: str) -> str:
    """A name as GitHub compares it; of a team without its organisation, which an answer of GitHub's does not name."""
    organisation, slash, team = name.partition("/")
    return f"{slash}{team}".lower() if slash else organisation.lower()


def changes(then: Fields | None, now: Fields, there: Fields, past: Callable[[], Past]) -> Iterator[Change]:
    """What is to be written, field by field; `past` is asked only where something is missing that is no news.

    `then` is None where nothing of ours is remembered, as of a pull request that a person opened: what was never
    applied is applied, and nothing is taken away.
    """
    for kind in (Kind.LABELS, Kind.ASSIGNEES, Kind.REVIEWERS, Kind.MILESTONE, Kind.DRAFT):
        wanted, is_there = now.names(kind), _keys(kind, there.names(kind))
        known = _keys(kind, then.names(kind) if then else wanted)
        added = tuple(
            name for name in wanted
            if _key(kind, name) not in is_there
            and (_key(kind, name) not in known or _was_never_applied(kind, name, there, past))
        )  # fmt: skip
        left = known - _keys(kind, wanted)
        removed = tuple(name for name in there.names(kind) if _key(kind, name) in left)
        if kind == Kind.MILESTONE and added:  # there is one, and the new one takes its place
            removed = ()
        if added or removed:
            yield Change(kind=kind, added=added, removed=removed)


def added(kind: Kind, then: Fields, there: Fields) -> bool:
    """Whether a field holds what we did not ask for."""
    return bool(_keys(kind, there.names(kind)) - _keys(kind, then.names(kind)))


def _was_never_applied(kind: Kind, name: str, there: Fields, past: Callable[[], Past]) -> bool:
    if kind == Kind.DRAFT:  # it was opened as it was to be, and somebody changed it
        return False
    if kind == Kind.MILESTONE and there.milestone:  # somebody chose another
        return False
    return (kind, _key(kind, name)) not in past()


def base(then: Fields | None, now: Fields, there: Fields, *, is_ours: bool) -> str | None:
    """The base to be written, None where it is right or somebody else chose it; `is_ours`: a part of ours is there."""
    if now.base == there.base or not is_ours:
        return None
    return now.base if then is None or not then.base or then.base == there.base else None


def past(events: Iterable[Mapping[str, Any]]) -> Past:
    """What GitHub's events say was ever applied."""
    found: set[tuple[Kind, str]] = set()
    for event in events:
        kind, field, name = _EVENTS.get(str(event.get("event")), (None, "", ""))
        if kind == Kind.REVIEWERS and event.get("requested_team"):
            found.add((kind, f"/{event['requested_team']['slug']}".lower()))
        elif kind and event.get(field):
            found.add((kind, _key(kind, str(event[field][name]))))
    return frozenset(found)


def reached(then: Fields | None, now: Fields, unfinished: Iterable[Kind]) -> Fields:
    """What is to be remembered: what is asked for now, of fields that could not be written what was before."""
    if then is None:
        return now
    kept = {"is_draft" if kind == Kind.DRAFT else str(kind) for kind in unfinished}
    return replace(now, **{name: getattr(then, name) for name in kept})


def encoded(fields: Fields) -> str:
    """As our part of the body remembers them: short, without blanks, and nothing in it means anything to Markdown."""
    parts = [f"{name}={','.join(map(_quoted, getattr(fields, name)))}" for name in _LISTS if getattr(fields, name)]
    parts += [f"milestone={_quoted(fields.milestone)}"] if fields.milestone else []
    return "&".join([f"base={_quoted(fields.base)}", f"draft={'yes' if fields.is_draft else 'no'}", *parts])


def decoded(text: str | None) -> Fields | None:
    """What was remembered; None where nothing is, or somebody damaged it."""
    values = dict(part.split("=", 1) for part in (text or "").split("&") if "=" in part)
    if values.get("draft") not in ("yes", "no"):
        return None
    names = {name: tuple(map(unquote, filter(None, values.get(name, "").split(",")))) for name in _LISTS}
    milestone, base = unquote(values.get("milestone", "")), unquote(values.get("base", ""))
    return Fields(**names, milestone=milestone, is_draft=values["draft"] == "yes", base=base)


def _quoted(name: str) -> str:
    return quote(name, safe="/").replace("--", "%2D%2D")  # which would end a comment


def _keys(kind: Kind, names: Iterable[str]) -> frozenset[str]:
    return frozenset(_key(kind, name) for name in names)


def _key(kind: Kind, name: str) -> str:
    if kind == Kind.MILESTONE:
        return name
    return key(name) if kind == Kind.REVIEWERS else name.lower()
