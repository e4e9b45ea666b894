"""The healthcheck's pings: when a call begins, and how it ended. One that fails is told, and fails nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from splinter.engine.session import Session
from splinter.errors import PublishError
from splinter.model.effects import Kind, State
from splinter.model.fingerprints import Values
from splinter.model.ports import LifeSign, Message
from splinter.model.registry import NOTIFIERS

_NO_RUN = "a call with nothing to report"
_OF_NOW = frozenset(name for name, one in NOTIFIERS.items() if one.is_of_now)


def begin(session: Session, tasks: Iterable[str]) -> None:
    """Say that a call begins, where what it is about to do ends with such a ping; not what its plan said already."""
    if session.night and session.night.call:
        session.run.call = session.night.call
        return
    session.run.repairs = (*session.run.repairs, *_begun({*tasks} & _OF_NOW, session))


def begin_for_others(session: Session) -> str:
    """Say that a run begins whose end another job tells; returns the id of both, empty where nobody was told.

    What could not be told is for the report.
    """
    configured = {task for task in _OF_NOW if session.outside.environment.is_configured(NOTIFIERS[task])}
    failures = _begun(configured, session)
    for told in failures:
        session.run.note(told)
    return session.run.call if configured and not failures else ""


def _begun(tasks: Iterable[str], session: Session) -> tuple[str, ...]:
    """Ping all that are configured; returns what could not be told."""
    failures = []
    for task in tasks:
        if session.outside.environment.is_configured(NOTIFIERS[task]):
            try:
                _life_sign(session, task).begin(session.run.call)
            except PublishError as error:
                told = f"That this call began could not be told to the {task}: {error}"
                failures.append(session.outside.redactor.text(told))
    return tuple(failures)


def end(session: Session, task: str) -> Values:
    """Tell how this call ended; what could not be told is in the journal, and in the next run's report."""
    from splinter.publish import messages
    from splinter.publish.journal import Journal

    run, message = messages.ping(session)
    journal = Journal(
        memory=session.memory, clock=session.outside.clock, redactor=session.outside.redactor, run=lambda: run or ""
    )
    try:
        with journal.effect(Kind.PING, run or _NO_RUN, session.run.call) as entry:
            entry.said = _sent(session, task, message)
    except PublishError as error:
        return {"action": "not told", "where": str(error)}
    for one in session.memory.effects(*State):
        if one.kind == Kind.PING and one.target != (run or _NO_RUN):
            session.memory.drop_effect(one)
    return {"where": entry.said}


def _sent(session: Session, task: str, message: Message) -> str:
    return _life_sign(session, task).send(replace(message, id=session.run.call))


def _life_sign(session: Session, task: str) -> LifeSign:
    from splinter.publish import messages

    return cast("LifeSign", messages.notifier(session, task))
