"""A branch by the name that a workstream gave to its own, and that no run of ours made: it is refused, never moved.

Branches by the prefix of the settings are ours to make. Commits tell whose a branch is where records were lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from splinter.engine.branch.human_commits import said_by
from splinter.engine.branch.last_success import Success
from splinter.engine.session import Session
from splinter.git import commands as git
from splinter.git import merge
from splinter.model.plan import Plan


def problem(
    session: Session, plan: Plan, commit: str, *, last: Success | None, known: Sequence[str], where: str = ""
) -> str | None:
    """Why the branch, which is at `commit`, must stay as it is, as a sentence; None where it is the workstream's.

    `last` is what was accepted last, `known` the commits that ours stand on; `where` says on which remote it is.
    """
    if not plan.workstream.branch or _is_ours(session, plan, commit, last, known):
        return None
    return (
        f"{plan.branch} is there{where} already, and no run of {plan.id} made it: it stays as it is; "
        f"name another branch in {plan.workstream.source}, or delete that one, then run doit again"
    )


def _is_ours(session: Session, plan: Plan, commit: str, last: Success | None, known: Sequence[str]) -> bool:
    if (last and last.branch == plan.branch) or session.history.last_result(plan.id, commit):
        return True
    above = merge.first_parents(session.outside.repository, commit, known)
    return any(one and said_by(one, plan.id) for one in git.commits(session.outside.repository, above))
