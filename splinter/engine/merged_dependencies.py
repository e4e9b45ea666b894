"""Whether the forge says that what a workstream builds on was merged: with a line edited, say, or a reviewer's commit.

The answer yes is remembered. It looks at no commit and moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from splinter.engine import proposed
from splinter.engine.branch import last_success
from splinter.engine.known import MERGED
from splinter.engine.session import Session
from splinter.errors import PublishError
from splinter.model import layout
from splinter.model.plan import Plan


def is_known(session: Session, other: str, tip: str) -> bool:
    """Whether it was said before."""
    return session.memory.fact(f"merged/{other}") == tip


def ask(session: Session, plan: Plan, other: str, tip: str) -> str | None:
    """The address of the pull request by which `tip` was merged into the base; the forge is asked once in a call.

    Where it does not say, and a run is under way, the report does.
    """
    remote = plan.base.remote
    if remote is None:
        return None
    asked = (_answer(session, plan, remote, head, about) for head, about in _proposed(session, other, tip))
    where = next(filter(None, asked), None)
    if where:
        session.memory.set_fact(f"merged/{other}", tip)
    return where


def _proposed(session: Session, other: str, tip: str) -> Iterator[tuple[str, str]]:
    """The branches that it was proposed by, each with the commit that the pull request was about."""
    if proposed.place(session.memory, other):
        yield session.plans[other].branch, tip
    whole, _, member = (session.memory.fact(f"together/{other}") or "").partition(" ")
    if member == tip:
        yield f"{session.outside.settings.branch_prefix}{layout.TOGETHER}", whole


def _answer(session: Session, plan: Plan, remote: str, head: str, tip: str) -> str | None:
    base = plan.base.name

    def answer() -> str | None:
        outside = session.outside
        if not session.asks:
            return None
        try:
            return session.merged(session, outside.snapshot.remotes[remote], head, base, tip)
        except PublishError as error:
            if session.run.id:
                session.run.note(f"Whether {head} was merged is not known: {outside.redactor.text(str(error))}.")
            return None

    return session.known.once((MERGED, head, base, tip), answer)


def is_merged(session: Session, plan: Plan, other: str) -> bool:
    """Whether the last result of what it builds on was merged.

    The forge is asked by a call that may ask, where a pull request of this workstream is open.
    """
    last = last_success.last(session.outside, session.plans[other])
    if last is None:
        return False
    if is_known(session, other, last.tip):
        return True
    return bool(proposed.place(session.memory, plan.id) and ask(session, plan, other, last.tip))
