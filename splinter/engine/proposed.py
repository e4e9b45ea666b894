"""Which results still wait as pull requests, so that no agent is paid for the same work again.

What was published last says so: it asks no network, and starts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from splinter.engine import bases
from splinter.engine.branch import last_success
from splinter.engine.branch.last_success import Success
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.git import commands as git
from splinter.model import fingerprints
from splinter.model.plan import Held, Plan
from splinter.system.memory import Memory
from splinter.text import markdown

_PULL_REQUEST = "pull_request/"  # a fact by workstream: where it is proposed, empty once that was closed
_BRANCH = "pull_request_branch/"  # a fact by workstream: the branch that is proposed there
_SINCE = "pull_request_since/"  # a fact by workstream: the tip that is proposed, and since when
TOUCHED = "touched"  # in the place of a time: somebody else did something there
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")


def recorded(memory: Memory) -> dict[str, str]:
    """Where workstreams were proposed, by their ids; empty for one whose pull request was closed.

    What is no id was written by somebody else, and would be a path, a branch or a comment of theirs.
    """
    found = memory.facts(_PULL_REQUEST).items()
    return {id: markdown.one_line(where) for id, where in found if _ID.fullmatch(id)}


def places(memory: Memory) -> dict[str, str]:
    """Where workstreams are proposed, by their ids."""
    return {id: where for id, where in recorded(memory).items() if where}


def place(memory: Memory, id: str) -> str:
    """Where one is; empty where it is nowhere."""
    return markdown.one_line(memory.fact(f"{_PULL_REQUEST}{id}") or "")


def remember(memory: Memory, id: str, where: str, branch: str = "") -> None:
    """From now on it is there, and proposes that branch; empty for nowhere."""
    memory.set_fact(f"{_PULL_REQUEST}{id}", where)
    memory.set_fact(f"{_BRANCH}{id}", branch)


def count(memory: Memory, id: str, tip: str, since: str) -> None:
    """Remember since when a tip is proposed, or that others touched that."""
    memory.set_fact(f"{_SINCE}{id}", f"{tip} {since}")


def since(memory: Memory, id: str) -> tuple[str, str]:
    """The tip that is proposed, and since when, as ISO says it; both empty where that is not known."""
    tip, _, at = (memory.fact(f"{_SINCE}{id}") or "").partition(" ")
    return tip, at


def is_by(memory: Memory, plan: Plan) -> bool:
    """Whether it is recorded that its branch, by the name that it has now, was published."""
    return memory.fact(f"{_BRANCH}{plan.id}") == plan.branch


def branch(outside: Outside, memory: Memory, id: str) -> str:
    """The branch that one is proposed by, as it is recorded; by an older version's records the prefix and the id."""
    known = memory.fact(f"{_BRANCH}{id}") or last_success.branches(outside).get(id)
    return known or f"{outside.settings.branch_prefix}{id}"


def waiting(session: Session) -> dict[str, Success]:
    """Last successes of workstreams with prompts that are proposed, and of another occurrence than the one now."""
    found = places(session.memory)
    if not found:
        return {}
    plans = [one for one in session.plans.values() if one.id in found and _costs(session, one)]
    successes = last_success.of_all(session.outside, plans)
    then = {id: success.inputs.get(fingerprints.OCCURRENCE) for id, success in successes.items()}
    return {
        id: success
        for id, success in successes.items()
        if success.base and then[id] and then[id] != session.plans[id].occurrence
    }


def held(session: Session, waiting: Mapping[str, Success]) -> dict[str, Held]:
    """Those of them whose base is still the same in all that matters to them."""
    where = places(session.memory)
    return {
        id: Held(occurrence=str(success.inputs[fingerprints.OCCURRENCE]), where=where[id])
        for id, success in waiting.items()
        if _sees_the_same(session, session.plans[id], success.base)
    }


def _costs(session: Session, plan: Plan) -> bool:
    workstream = plan.workstream
    if workstream.again or not workstream.has_prompts:
        return False
    return workstream.when != "always" or session.memory.open_occurrence(plan.id) is None


def _sees_the_same(session: Session, plan: Plan, then: str) -> bool:
    now, repository, watched = bases.last_seen(session, plan.base), session.outside.repository, plan.workstream.watched
    if not now or not git.existing(repository, [then]):
        return False
    return now == then or git.seen(repository, now, watched) == git.seen(repository, then, watched)
