"""What a workstream had made when it failed: its files, the ref that holds its commit, and the same as a patch.

It judges nothing, and no failure of its own hides the one that it is about.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from splinter.engine.session import Session
from splinter.engine.steps import workspace
from splinter.errors import SplinterError
from splinter.git import commands as git
from splinter.model import layout
from splinter.model.fingerprints import Values
from splinter.model.plan import Plan
from splinter.model.records import FileChange

NAME = "made.patch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it empty where nothing had been made; `patch` is a path from the repository's root."""

    files: tuple[FileChange, ...] = ()
    ref: str | None = None
    patch: str | None = None


def of_failure(session: Session, plan: Plan, step: str, error: Exception, *, prepared: Values | None) -> Evidence:
    """What steps and fixes before a failure made, from the commit that the workstream's change begins at."""
    start, commit = (prepared or {}).get("start"), _commit(session, plan, step, error)
    if not start or not commit or start == commit:
        return Evidence()
    with suppress(SplinterError, OSError):
        files = git.files(git.diff(session.repository, start, commit))
        return Evidence(files=files, ref=_ref(session, plan, commit), patch=_patch(session, plan, start, commit))
    return Evidence()


def _commit(session: Session, plan: Plan, step: str, error: Exception) -> str | None:
    judged: str | None = getattr(error, "commit", None)
    if judged or step == "prepare":
        return judged
    before: str | None = session.values.get(plan.task_before(step), {}).get("commit")
    return before


def _ref(session: Session, plan: Plan, commit: str) -> str | None:
    """The checkpoint that holds it, of the latest step or fix that does."""
    held = git.refs(session.repository, f"{layout.CHECKPOINTS}/{plan.id}/")
    steps = [one.id for one in plan.workstream.steps]
    tries = [f"fix-{number + 1}" for number in range(plan.workstream.fix.attempts)]
    wanted = [layout.checkpoint(plan.id, name) for name in reversed([*steps, *tries])]
    return next((ref for ref in wanted if held.get(ref) == commit), None)


def _patch(session: Session, plan: Plan, start: str, commit: str) -> str | None:
    patch: Path = session.store.run_folder(session.open_run()) / plan.id / NAME
    with suppress(SplinterError, OSError):  # the ref holds it all the same
        workspace.write_patch(session, start, commit, patch)
        return session.relative(patch)
    return None
