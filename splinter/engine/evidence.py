"""What a workstream had made when it failed: its files, the ref that holds its commit, and the same as a patch.

It judges nothing, and no failure of its own hides the one that it is about.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from splinter.engine.steps import workspace
from splinter.engine.work import Work
from splinter.errors import SplinterError
from splinter.git import commands as git
from splinter.model import layout
from splinter.model.records import FileChange

NAME = "made.patch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it empty where nothing had been made; `patch` is a path from the repository's root."""

    files: tuple[FileChange, ...] = ()
    ref: str | None = None
    patch: str | None = None


def of_failure(work: Work, step: str, error: Exception) -> Evidence:
    """What steps and fixes before a failure made, from the commit that the workstream's change begins at."""
    start, commit = work.prepared.start if work.prepared else None, _commit(work, step, error)
    if not start or not commit or start == commit:
        return Evidence()
    with suppress(SplinterError, OSError):
        files = git.files(git.diff(work.repository, start, commit))
        return Evidence(files=files, ref=_ref(work, commit), patch=_patch(work, start, commit))
    return Evidence()


def _commit(work: Work, step: str, error: Exception) -> str | None:
    judged: str | None = getattr(error, "commit", None)
    if judged or step == "prepare":
        return judged
    return work.before(step)


def _ref(work: Work, commit: str) -> str | None:
    """The checkpoint that holds it, of the latest step or fix that does; a simulated run's is in no repository."""
    if work.repository.copy:
        return None
    held = git.refs(work.repository, f"{layout.CHECKPOINTS}/{work.plan.id}/")
    steps = [one.id for one in work.plan.workstream.steps]
    tries = [f"fix-{number + 1}" for number in range(work.plan.workstream.fix.attempts)]
    wanted = [layout.checkpoint(work.plan.id, name) for name in reversed([*steps, *tries])]
    return next((ref for ref in wanted if held.get(ref) == commit), None)


def _patch(work: Work, start: str, commit: str) -> str | None:
    patch: Path = work.session.history.run_folder(work.session.run.open()) / work.plan.id / NAME
    with suppress(SplinterError, OSError):  # the ref holds it all the same
        workspace.write_patch(work.session.outside, start, commit, patch)
        return work.session.outside.relative(patch)
    return None
