"""The journal of what is done to the outside: an intent before, the result after. It does nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC

from splinter.errors import SplinterError
from splinter.model.effects import Effect, Kind, State
from splinter.model.ports import Clock
from splinter.system.memory import Memory
from splinter.text.redact import Redactor


@dataclass(slots=True)
class Entry:
    """One effect while it is brought about.

    `before` is what was recorded of the same kind and target until now: one that is under way was cut off. `tries`
    counts this one. `taken`, `state` and `said` are written down at the end; who learns more than "done" sets them.
    """

    before: Effect | None
    tries: int = 1
    taken: tuple[str, ...] = ()
    state: State = State.DONE
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """`run` says which run an effect belongs to; it is asked when something is begun."""

    memory: Memory
    clock: Clock
    redactor: Redactor
    run: Callable[[], str]

    @contextmanager
    def effect(self, kind: Kind, target: str, made_of: str, *, failed: State = State.WAITING) -> Iterator[Entry]:
        """Around what is done: the intent stands in the journal before it begins, the result when the block ends.

        An error of ours (SplinterError) is kept as `failed` with its words, unless the block has set another state; any
        other way out, a kill above all, leaves it under way.
        """
        before = self.memory.effect(kind, target)
        now = Effect(kind=kind, target=target, made_of=made_of, run=self.run(), begun=self._now(), tries=1)
        if before and before.is_same(now):
            now = replace(now, tries=before.tries + 1, begun=before.begun, taken=before.taken)
        self.memory.put_effect(now)
        entry = Entry(before, tries=now.tries, taken=now.taken)
        try:
            yield entry
        except SplinterError as error:
            state = failed if entry.state == State.DONE else entry.state
            self._end(now, entry, state, entry.said or str(error))
            raise
        self._end(now, entry, entry.state, entry.said)

    def _end(self, effect: Effect, entry: Entry, state: State, said: str) -> None:
        ended = replace(effect, state=state, said=self.redactor.text(said), ended=self._now(), taken=entry.taken)
        self.memory.put_effect(ended)

    def _now(self) -> str:
        return self.clock.now().astimezone(UTC).isoformat(timespec="seconds")

    def settle(self, target: str, kinds: Iterable[Kind], told: str) -> None:
        """What is asked for stands on the outside, as was just seen there: nothing is under way or waits any more.

        What was refused is kept as long as it is still `told`.
        """
        for kind in kinds:
            effect = self.memory.effect(kind, target)
            if effect and effect.state in (State.UNDER_WAY, State.WAITING):
                self.memory.put_effect(replace(effect, state=State.DONE, said="", ended=self._now()))
            elif effect and effect.state == State.REFUSED and effect.said not in told:
                self.memory.drop_effect(effect)


class Unkept:
    """In a journal's place where there is none: nothing is written down."""

    @contextmanager
    def effect(self, kind: Kind, target: str, made_of: str) -> Iterator[Entry]:
        """Around what is done."""
        yield Entry(None)
