"""Messages about runs, to people: each is written down before it is sent, and waits until they have it.

What waits is a row of the journal, never a text: a message is made again of the history when it goes, so that it is
masked by the secrets of today. Nothing here is sent twice that cannot be known for a copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from splinter.engine.session import Session
from splinter.errors import NoRecordError, NotTakenError, PartlySentError, PublishError, SplinterError, UnansweredError
from splinter.model.effects import Effect, Kind, State
from splinter.model.ports import Message, Notifier
from splinter.model.registry import NOTIFIERS
from splinter.publish import messages
from splinter.publish.journal import Entry, Journal
from splinter.system.memory import Memory
from splinter.text.counts import plural

TRIES = 3  # of what the other side says it will never take; after them nothing but another message would help
KEPT = timedelta(days=30)  # what nobody took by then is given up, and what became of it is told no longer
SETTLED = (State.REFUSED, State.UNKNOWN)  # and never sent again
_SILENT = 2  # in a row: a server that is down is not asked once for each message that waits


def waiting(memory: Memory, task: str) -> tuple[Effect, ...]:
    """What has not gone yet, the oldest first; one that is under way was cut off."""
    return tuple(one for one in memory.effects(State.WAITING, State.UNDER_WAY) if one.kind == task)


def is_settled(memory: Memory, task: str, run: str, made_of: str) -> bool:
    """Whether the message of a run is never sent again: it was refused for good, or nobody knows whether it arrived."""
    known = memory.effect(Kind(task), run)
    return bool(known and known.made_of == made_of and known.state in SETTLED)


def deliver(session: Session, task: str, notifier: Notifier, run: str | None, made_of: str) -> str:
    """Send the message of a run, where there is one, and before it whatever waits; returns where its own went.

    `made_of` is what the message says: the same is asked for once. Raises PublishError once all was tried.
    """
    if run:
        ask(session, task, run, made_of)
    done = _Round(session=session, task=task, notifier=notifier)
    done.send_all(waiting(session.memory, task), run)
    _forget(session, task, run)
    own = session.memory.effect(Kind(task), run) if run else None
    if own and own.state in SETTLED and not done.problems:
        done.problems.append(own.said)  # what else went makes it no more certain
    if done.problems:
        raise PublishError("; ".join([*dict.fromkeys(done.problems), *_what_waits(session.memory, task)]))
    before = f", after {plural(done.earlier, 'message')} that waited" if done.earlier else ""
    return f"{done.where or 'it was sent before'}{before}"


def ask(session: Session, task: str, run: str, made_of: str) -> None:
    """Write down that the message of a run is to go, unless it went already, or may have; `-a` asks for it again."""
    kind = Kind(task)
    known = session.memory.effect(kind, run)
    if known is None or known.made_of != made_of or session.is_always:
        begun = session.outside.clock.now().astimezone(UTC).isoformat(timespec="seconds")
        session.memory.put_effect(
            Effect(kind=kind, target=run, made_of=made_of, run=run, state=State.WAITING, begun=begun)
        )


def _what_waits(memory: Memory, task: str) -> list[str]:
    left = waiting(memory, task)
    if not left:
        return []
    number = "it waits" if len(left) == 1 else f"{len(left)} messages wait, the oldest of the run {left[0].target}"
    return [f"{number}: the next run tries again"]


def _forget(session: Session, task: str, run: str | None) -> None:
    """Drop what was done for earlier runs, and what became of others long ago."""
    now = session.outside.clock.now()
    for one in session.memory.effects(State.DONE, State.REFUSED, State.UNKNOWN):
        is_over = one.state == State.DONE or _is_old(one, now)
        if one.kind == task and one.target != run and is_over:
            session.memory.drop_effect(one)


def _is_old(effect: Effect, now: datetime) -> bool:
    try:
        return now - datetime.fromisoformat(effect.begun) > KEPT
    except (ValueError, TypeError):  # somebody else wrote it
        return True


@dataclass(slots=True, kw_only=True)
class _Round:
    """One task's messages in one call; `silent` counts failures in a row, `where` is where this run's own went."""

    session: Session
    task: str
    notifier: Notifier
    problems: list[str] = field(default_factory=list)
    silent: int = 0
    earlier: int = 0
    where: str = ""

    def send_all(self, effects: Iterable[Effect], run: str | None) -> None:
        """Send them in turn until nobody takes any; `run` is whose message is this call's own.

        Where it may be the message, and a copy does no harm, the newest is tried before that: two that break the line
        each time hold up nobody's else.
        """
        left = [*effects]
        while left and self.silent < _SILENT:
            self._send(left[0], is_own=left.pop(0).target == run)
            if self.silent == _SILENT and left and NOTIFIERS[self.task].is_repeatable:
                self._send(left[-1], is_own=left.pop().target == run)

    def _send(self, effect: Effect, *, is_own: bool) -> None:
        """Send one; what becomes of it is in the journal."""
        try:
            where = self._sent(effect)
        except (NotTakenError, PartlySentError) as error:  # of this message alone
            self.silent = 0
            self.problems.append(_told(effect, error, is_own=is_own))
        except SplinterError as error:
            self.silent += 1
            self.problems.append(_told(effect, error, is_own=is_own or not isinstance(error, UnansweredError)))
        else:
            self.silent = 0
            if is_own:
                self.where = where
            else:
                self.earlier += 1
                self.session.history.settle_error(effect.target, self.task, self.session.outside.clock.now())

    def _sent(self, effect: Effect) -> str:
        memory = self.session.memory
        if effect.state == State.UNDER_WAY and not NOTIFIERS[self.task].is_repeatable:
            said = "a call was ended while it was sent, so that nobody knows whether it arrived; it is not sent again"
            memory.put_effect(replace(effect, state=State.UNKNOWN, said=said))
            raise NotTakenError(said)  # of this message alone: nobody was asked
        if _is_old(effect, self.session.outside.clock.now()):
            memory.put_effect(replace(effect, state=State.REFUSED))
            raise NotTakenError(f"it is given up after {KEPT.days} days; {effect.said}")
        message = self._message(effect)
        with self._journal().effect(effect.kind, effect.target, effect.made_of) as entry, _judged(entry, effect):
            entry.said = self.notifier.send(replace(message, delivered_to=entry.taken))
        return entry.said

    def _message(self, effect: Effect) -> Message:
        """What is said of a run; raises NotTakenError where that is not recorded any more."""
        try:
            made = messages.message(self.session, effect.target)
        except NoRecordError as error:  # any other may be over tomorrow
            self.session.memory.drop_effect(effect)
            raise NotTakenError(f"it is not sent: {error}") from error
        id = hashlib.sha256(f"{effect.target} {effect.made_of}".encode()).hexdigest()[:32]
        return replace(made, id=id)

    def _journal(self) -> Journal:
        session = self.session
        return Journal(
            memory=session.memory, clock=session.outside.clock, redactor=session.outside.redactor,
            run=lambda: session.run.id or "",
        )  # fmt: skip


@contextmanager
def _judged(entry: Entry, effect: Effect) -> Iterator[None]:
    """Say in the journal what an error means for what was sent."""
    is_last = entry.tries >= TRIES
    try:
        yield
    except PartlySentError as error:
        entry.taken = (*entry.taken, *error.taken)
        if not (error.is_final and is_last):
            raise
        entry.state = State.REFUSED
        raise PartlySentError(f"{error}; {_given_up(effect)}", error.taken) from error
    except NotTakenError as error:
        if not is_last:
            raise
        entry.state = State.REFUSED
        raise NotTakenError(f"{error}; {_given_up(effect)}") from error
    except UnansweredError:
        entry.state = State.UNKNOWN
        raise


def _given_up(effect: Effect) -> str:
    return f"it is given up after {TRIES} tries, and `doit show {effect.target}` prints it"


def _told(effect: Effect, error: SplinterError, *, is_own: bool) -> str:
    return str(error) if is_own else f"of the run {effect.target}: {error}"
