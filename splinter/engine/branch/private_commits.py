"""The last guard of whatever is pushed: a commit that is neither ours nor on the remote is not published by us.

It decides by the ids of commits alone, whatever was decided before.
"""

from __future__ import annotations

from collections.abc import Iterable

from splinter.engine.branch import last_success
from splinter.engine.session import Session
from splinter.git import commands as git
from splinter.git import merge, remotes


def found(session: Session, remote: str, commit: str, *, own: Iterable[str], there: Iterable[str] = ()) -> str | None:
    """A commit below those of ours that pushing `commit` would publish, the newest; None where there is none.

    `own` are commits that were asked for, such as a person's on the very branch; `there` those that the remote has.
    """
    known = sorted(git.existing(session.outside.repository, there))
    unseen = remotes.unseen(session.outside.repository, remote, commit, there=known)
    strange = [one for one in unseen if one not in {*own, *session.commits()}] if unseen else []
    accepted = _accepted(session) if strange else frozenset()
    return next((one for one in strange if one not in accepted), None)


def _accepted(session: Session) -> frozenset[str]:
    """Our commits as git remembers them, for whoever lost the history."""
    accepted = last_success.of_all(session.outside, session.plans.values()).values()
    held = git.existing(session.outside.repository, (commit for one in accepted for commit in (one.start, one.tip)))
    whole = [one for one in accepted if {one.start, one.tip} <= held]
    return frozenset(
        id for one in whole for id in merge.first_parents(session.outside.repository, one.tip, [one.start])
    )


def refusal(remote: str, commit: str) -> str:
    """What is wrong, as the end of a sentence about what was to be pushed."""
    return (
        f"it stands on {commit[:12]}, which is not ours and which no branch fetched from {remote} holds; "
        f"push that commit yourself if it is to be public, or take it off the branch"
    )
