"""Pull requests that nobody touched for as long as their workstream says: closed with a comment, once.

How long is counted from when it was opened, or its branch last changed, by our own clock. What cannot be told counts as
touched.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from splinter.engine import proposed
from splinter.engine.session import Session
from splinter.model.done import Accepted
from splinter.model.fingerprints import slot
from splinter.model.plan import Plan
from splinter.model.records import Action, PullRequestRecord
from splinter.publish import plugins, pull_request, push, push_check
from splinter.text import counts

_COMMENT = (
    "Nobody has touched this for {time}, so it is closed, as `close_after` of the workstream says. Its branch is left "
    "as it is. Another occurrence, or an edit of the workstream, may open a new one."
)


def is_over(session: Session, plan: Plan, tip: str) -> bool:
    """Whether it may be time to close it, as far as is known without asking anybody."""
    wanted = plan.workstream.pull_request
    known, since = proposed.since(session.memory, plan.id)
    if not wanted or not wanted.close_after_s or known != tip or since == proposed.TOUCHED:
        return False
    if not proposed.place(session.memory, plan.id) or not pull_request.hosted_place(session.outside):
        return False
    age = session.outside.clock.now() - datetime.fromisoformat(since)
    return age.total_seconds() >= wanted.close_after_s


def close(session: Session, plan: Plan, accepted: Accepted) -> PullRequestRecord:
    """Close it, unless somebody touched it: then it stays, and nobody is asked again before it proposes something else.

    Raises PublishError.
    """
    wanted, forge = plan.workstream.pull_request, pull_request.hosted(session)
    assert wanted
    assert forge
    head, where = plugins.pushed_as(session.outside, plan.branch), proposed.place(session.memory, plan.id)
    result = push_check.result_of(session, plan, start=accepted.start, tip=accepted.tip)
    why = "its branch holds commits of others" if push.proposes_more(session, plan, result, is_hosted=True) else ""
    why = why or forge.touched(head=head)
    if why:
        proposed.count(session.memory, plan.id, accepted.tip, proposed.TOUCHED)
        note = session.outside.redactor.text(f"it stays open after close_after: {why}")
        return PullRequestRecord(workstream=plan.id, action=Action.UNCHANGED, where=where, notes=(note,))
    comment = _COMMENT.format(time=_words(wanted.close_after_s or 0))
    effects = pull_request.journal(session)
    closed = forge.close(workstream=plan.id, head=head, comment=comment, effects=effects, slot=slot(plan))
    proposed.remember(session.memory, plan.id, "")
    done = closed or PullRequestRecord(workstream=plan.id, action=Action.NONE, where=where)
    done = replace(done, notes=(*done.notes, "closed, since nobody touched it in time"))
    session.history.put_pull_request(session.run.published(), done)
    return done


def _words(seconds: float) -> str:
    days, more = divmod(seconds, 86_400)
    return counts.plural(int(days), "day") if days and not more else counts.duration(seconds)
