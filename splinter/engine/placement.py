"""Where the tasks of a whole workstream run. Another place, such as a cluster's, is one more class with these methods.

Each task is given the workstream as it stands and the commit that it begins at, and gives back the commit that it came
to. Its record goes to the history, its log where `Work.log` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from splinter.engine.work import Work
from splinter.model.done import Accepted, Prepared, Stepped
from splinter.model.workstream import Step


class Placement(Protocol):
    """A place for whole workstreams; each method raises StepError where the task failed."""

    def prepare(self, work: Work, *, previous: Prepared | None, has_failed: bool) -> Prepared:
        """Where it starts, its work tree made ready; `previous` is that of last time."""

    def step(self, work: Work, step: Step, *, before: str, fingerprint: str) -> Stepped:
        """One step on the commit before it."""

    def accept(self, work: Work, *, before: str, fingerprint: str, tasks: Mapping[str, Any]) -> Accepted:
        """Its commit judged, its branch moved; `tasks` is what git is to remember of the tasks before."""


class Here:
    """The process that we are, on its machine; what works is imported with the first task that has something to do."""

    def prepare(self, work: Work, *, previous: Prepared | None, has_failed: bool) -> Prepared:
        """See `engine/prepare.py`."""
        from splinter.engine import prepare

        return prepare.prepare(work, previous=previous, has_failed=has_failed)

    def step(self, work: Work, step: Step, *, before: str, fingerprint: str) -> Stepped:
        """See `engine/steps/only_if.py` and `run_step.py`."""
        from splinter.engine.steps import only_if, run_step

        skipped = only_if.skipped(work, step, before=before)
        return skipped or run_step.step(work, step, before=before, fingerprint=fingerprint)

    def accept(self, work: Work, *, before: str, fingerprint: str, tasks: Mapping[str, Any]) -> Accepted:
        """See `engine/accept.py`."""
        from splinter.engine import accept

        return accept.accept(work, before=before, fingerprint=fingerprint, tasks=tasks)
