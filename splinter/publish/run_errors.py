"""Errors of a run's own tasks, kept as part of its record: what was not pushed, opened, mailed or said.

It reports nothing itself, and no failure of a record ends what is under way.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from splinter.engine.session import Session
from splinter.errors import PostponedError, SplinterError
from splinter.model.records import ErrorRecord
from splinter.model.registry import NOTIFIERS, REPORTING


def keep(session: Session, task: str, message: str, cause: Exception | None = None) -> None:
    """Write down that a task ended in an error; where not even that can be written, this call still knows of it."""
    error = ErrorRecord(task=task, message=session.outside.redactor.text(message))
    if isinstance(cause, PostponedError):
        error = replace(error, waits_for=cause.limit, waits_until=cause.until)
    session.run.errors.append(error)
    with suppress(SplinterError):  # a full disk, say: the task's own error is the one to show
        run = session.run.reported() if task in _LATE else None
        session.history.put_error(run or session.run.published(), error)


def settle(session: Session, task: str) -> None:
    """A task is done: where it ended in an error before, in the same run, that is over."""
    with suppress(SplinterError):
        run = session.run.reported() if task in _LATE else session.run.own()
        if run:
            session.history.settle_error(run, task, session.outside.clock.now())


# what may be about an earlier run
_LATE = tuple(task for task in REPORTING if task not in NOTIFIERS or not NOTIFIERS[task].is_of_now)
