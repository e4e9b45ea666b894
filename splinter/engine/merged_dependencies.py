"""Whether the forge says that what a workstream builds on was merged: with a line edited, say, or a reviewer's commit.

The answer yes is remembered. It looks at no commit and moves nothing.
"""

from __future__ import annotations

from splinter.engine.branch import last_success
from splinter.engine.proposed import PULL_REQUEST
from splinter.engine.session import Session
from splinter.errors import PublishError
from splinter.model.plan import Plan


def is_known(session: Session, other: str, tip: str) -> bool:
    """Whether it was said before."""
    return session.memory.fact(f"merged/{other}") == tip


def ask(session: Session, plan: Plan, other: str, tip: str) -> str | None:
    """The address of the pull request by which `tip` was merged into the base; the forge is asked once in a call.

    Where it does not say, and a run is under way, the report does.
    """
    remote, base = plan.base.remote, plan.base.name
    if remote is None or not session.memory.fact(f"{PULL_REQUEST}{other}"):
        return None

    def answer() -> str | None:
        outside, head = session.outside, session.plans[other].branch
        try:
            return session.merged(session, outside.snapshot.remotes[remote], head, base, tip)
        except PublishError as error:
            if session.run.id:
                session.run.note(f"Whether {head} was merged is not known: {outside.redactor.text(str(error))}.")
            return None

    where = session.known.once(f"merged {other} into {base} at {tip}", answer)
    if where:
        session.memory.set_fact(f"merged/{other}", tip)
    return where


def is_merged(session: Session, plan: Plan, other: str) -> bool:
    """Whether the last result of what it builds on was merged.

    The forge is asked by a call that may do something, where a pull request of this workstream is open.
    """
    last = last_success.last(session.outside, session.plans[other])
    if last is None:
        return False
    if is_known(session, other, last.tip):
        return True
    may_ask = not session.history.is_read_only and session.memory.fact(f"{PULL_REQUEST}{plan.id}")
    return bool(may_ask and ask(session, plan, other, last.tip))
