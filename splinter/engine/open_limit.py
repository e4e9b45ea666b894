"""Which members of a matrix wait, since as many as it lets be proposed at once are, or come first in this call.

What was published last says which are open: it asks no network, and starts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from splinter.engine import proposed, prospects
from splinter.engine.branch import last_success
from splinter.engine.session import Session


def waiting(session: Session, due: Collection[str]) -> dict[str, str]:
    """Of the due workstreams those that wait, with the reason.

    Those come first that were longest without a success; whose last try failed, after all others, since they would
    else keep the place for themselves. A plan that was given has decided it.
    """
    if session.night:
        return {}
    found: dict[str, str] = {}
    places = proposed.places(session.memory)
    for group, members in prospects.groups(session).items():
        limit = session.plans[members[0]].workstream.max_open
        if limit is None:
            continue
        open_ones = [id for id in members if id in places]
        queue = _oldest_first(session, [id for id in members if id in due and id not in places])
        free = max(0, limit - len(open_ones))
        more = f", or come first with {limit} at most" if free else ""
        why = f"waits: {len(open_ones)} of {group} are open{more}"
        found |= dict.fromkeys(queue[free:], why)
    return found


def _oldest_first(session: Session, members: Sequence[str]) -> list[str]:
    """Members, given in the order of their matrix, by when they succeeded last."""
    if not members:
        return []
    successes = last_success.of_all(session.outside, [session.plans[id] for id in members])

    def age(id: str) -> tuple[bool, str]:
        return session.history.has_failed(id), successes[id].run if id in successes else ""

    return sorted(members, key=age)
