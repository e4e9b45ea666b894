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
from splinter.publish import messages
from splinter.publish.journal import Journal

_NO_RUN = "a call with nothing to report"


def begin(session: Session, tasks: Iterable[str]) -> None:
    """Say that a call begins, where what it is about to do ends with such a ping."""
    for task in {*tasks} & {name for name, one in NOTIFIERS.items() if one.is_of_now}:
        if session.outside.environment.is_configured(NOTIFIERS[task]):
            try:
                _life_sign(session, task).begin(session.run.call)
            except PublishError as error:
                told = f"That this call began could not be told to the {task}: {error}"
                session.run.repairs = (*session.run.repairs, session.outside.redactor.text(told))


def end(session: Session, task: str) -> Values:
    """Tell how this call ended; what could not be told is in the journal, and in the next run's report."""
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
    return cast("LifeSign", messages.notifier(session, task))
