"""The run of a call: begun when something is done, and which run it is that is published and reported."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field

from splinter.model.effects import Kind, State
from splinter.model.ports import Clock
from splinter.model.records import ErrorRecord
from splinter.model.registry import REPORTING
from splinter.system.history import History
from splinter.system.memory import Memory

# facts
REPORTED = "reported_run"  # the last run whose report was written


@dataclass(slots=True, kw_only=True)
class CurrentRun:
    """One call's run; safe to use from several threads.

    `id` is None before it is begun. `repairs` is what was put right when it began, `errors` those of this call;
    `taken_up` is the run before this call that it publishes, see `take_up`. `call` is a UUID of this call's own.
    `suffix` is at the end of the id. `given` is the run that a plan says this call is a part of, `given_notes` what the
    plan says for the report.
    """

    history: History
    memory: Memory
    clock: Clock
    suffix: str = ""
    id: str | None = None
    repairs: tuple[str, ...] = ()
    errors: list[ErrorRecord] = field(default_factory=list)
    only_publishes: bool = False
    taken_up: str | None = None
    given: str | None = None
    given_notes: tuple[str, ...] = ()
    unsaid: list[str] = field(default_factory=list)
    call: str = field(default_factory=lambda: str(uuid.uuid4()))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def open(self) -> str:
        """The run under way; begun when the first task has something to do."""
        with self._lock:
            if self.id is None:
                killed, last = self.history.unfinished_runs(), self.history.latest_run(but=self.given)
                self.id = self.history.begin_run(self.clock.now(), self.given, suffix=self.suffix)
                for run in (one for one in killed if one != self.given):
                    self.history.finish_run(run, self.history.last_sign(run, self.clock.now()))
                    self.history.note(self.id, f"The run {run} did not finish; what it had done was kept.")
                for sentence in (*self.given_notes, *self.repairs, *self._left_untold(last)):
                    self.history.note(self.id, sentence)
            return self.id

    def _left_untold(self, run: str | None) -> tuple[str, ...]:
        """What a run could not report of itself: its mail, say, was refused after the report was written."""
        errors = self.history.run(run).open_errors if run else ()
        pings = (one for one in self.memory.effects(State.WAITING) if one.kind == Kind.PING and one.target == run)
        return (
            *(f"In the run {run}, {one.task} failed: {one.message}" for one in errors if one.task in REPORTING),
            *(f"How the run {run} ended could not be told to the healthcheck: {one.said}" for one in pings),
        )

    def take_up(self) -> None:
        """In a call that only publishes: what it does belongs to the last run, unless that was reported already."""
        last = self.given or self.history.latest_run(but=self.id)
        self.only_publishes = True
        is_told = last is None or not self.history.has_news(last) or self.memory.fact(REPORTED) == last
        self.taken_up = None if is_told else last

    def reported(self) -> str | None:
        """The run that is reported: of this call, else the last with something to report, whatever the clock said."""
        return self.own() or self.history.latest_run()

    def own(self) -> str | None:
        """The run of this call: the one taken up, else the one begun, where it has something to report."""
        begun = self.id if self.id and self.history.has_news(self.id) else None
        return self.taken_up or begun

    def published(self) -> str:
        """The run that what is published now belongs to: the one taken up, else this call's own."""
        return self.taken_up or self.open()

    def note_if_any(self, sentence: str) -> None:
        """The same, where there is a run to speak of: one that is begun, or begins later in this call."""
        with self._lock:
            if self.id:
                self.note(sentence)
            else:
                self.given_notes += (sentence,)

    def note(self, sentence: str) -> None:
        """Say something in the report that belongs to no workstream; where nothing is written it stays `unsaid`."""
        if self.history.is_read_only:
            self.unsaid.append(sentence)
        else:
            self.history.note(self.open(), sentence)
