"""Which members of a matrix wait, since as many as it lets be proposed at once are, or come first in this call.

What was published last says which are open: it asks no network, and starts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from splinter.engine import bases, proposed, prospects
from splinter.engine.branch import last_success
from splinter.engine.branch.last_success import Success
from splinter.engine.session import Session
from splinter.git import commands as git
from splinter.model import layout


def waiting(session: Session, due: Collection[str]) -> dict[str, str]:
    """Of the due workstreams those that wait, with the reason.

    Those come first that were longest without a success; whose last try failed, after all others, since they would
    else keep the place for themselves. A plan that was given has decided it.
    """
    if session.night:
        return {}
    found: dict[str, str] = {}
    for group, members in prospects.groups(session).items():
        limit = session.plans[members[0]].workstream.max_open
        if limit is None or not any(id in due for id in members):
            continue
        successes = last_success.of_all(session.outside, [session.plans[id] for id in members])
        open_ones = _open(session, members, successes)
        queue = [id for id in members if id in due and id not in open_ones]
        queue.sort(key=lambda id: (session.history.has_failed(id), successes[id].run if id in successes else ""))
        free = max(0, limit - len(open_ones))
        found |= dict.fromkeys(queue[free:], _why(group, limit, len(open_ones), free))
    return found


def _why(group: str, limit: int, count: int, free: int) -> str:
    are_open = f"{count} of {group} {'is' if count == 1 else 'are'} open"
    first = f"{free}{'' if count else f' of {group}'} {'comes' if free == 1 else 'come'} first"
    said = " and ".join(part for part, is_said in ((are_open, count), (first, free)) if is_said)
    return f"waits: {said} (max_open: {limit})"


def _open(session: Session, members: Sequence[str], successes: Mapping[str, Success]) -> set[str]:
    """Those that are proposed, and those whose result is there and was never published."""
    if session.outside.settings.pull_requests == layout.TOGETHER:
        return set()
    known = proposed.recorded(session.memory)
    unknown = {id for id in members if id in successes and id not in known and not _is_in_base(session, successes, id)}
    return unknown | {id for id in members if known.get(id)}


def _is_in_base(session: Session, successes: Mapping[str, Success], id: str) -> bool:
    """Whether nothing of a success is left to be proposed."""
    one, base = successes[id], bases.last_seen(session, session.plans[id].base)
    if one.outcome == "unchanged" or base is None:
        return one.outcome == "unchanged"
    return git.is_ancestor(session.outside.repository, one.tip, base)
