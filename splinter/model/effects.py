"""What is done to the outside: written down before it is done, and what became of it afterwards. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from splinter.text.counts import plural
from splinter.text.markdown import one_line


class Kind(StrEnum):
    """What is done, in the words of git and of forges."""

    PUSH = "push"
    OPEN = "open"
    EDIT = "edit"
    LABELS = "labels"
    ASSIGNEES = "assignees"
    REVIEWERS = "reviewers"
    MILESTONE = "milestone"
    DRAFT = "draft"
    COMMENT = "comment"
    CLOSE = "close"
    DELETE = "delete"
    EMAIL = "email"
    SLACK = "slack"
    APPRISE = "apprise"
    PING = "ping"


class State(StrEnum):
    """How far it is. One that stays under way was cut off: whoever finds it so asks the outside before acting."""

    UNDER_WAY = "under way"
    DONE = "done"
    WAITING = "waiting"  # surely not done: it goes with the next run
    REFUSED = "refused"  # the other side will not have it, and is not asked for the very same again
    UNKNOWN = "perhaps done"  # nobody can say, and twice would be worse than never


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing done to the outside.

    `target` is what it is done to: a workstream's id, or a message's. `made_of` is a hash of what is to be there
    afterwards. `said` is the other side's answer, in words. `begun`, the first time, and `ended` are ISO 8601 in UTC;
    `tries` counts how often it was begun. `taken` are the recipients of a mail who have it.
    """

    kind: Kind
    target: str
    made_of: str
    run: str = ""
    state: State = State.UNDER_WAY
    said: str = ""
    begun: str = ""
    ended: str = ""
    tries: int = 0
    taken: tuple[str, ...] = ()

    def is_same(self, other: Effect) -> bool:
        """Whether both are to bring the same thing about."""
        return (self.kind, self.target, self.made_of) == (other.kind, other.target, other.made_of)


UNSETTLED = (State.WAITING, State.UNDER_WAY, State.UNKNOWN, State.REFUSED)  # what people want to know of


def state_in_words(state: State) -> str:
    """A state that is not done, for people: what is under way may be of this moment, or have been cut off."""
    return "begun, and not known to be done" if state == State.UNDER_WAY else str(state)


def in_words(effect: Effect) -> str:
    """One that is not done, for people: `email of 20261123-020000-aaaa: waiting since …, 3 tries; it said so`."""
    tries = f", {plural(effect.tries, 'try', 'tries')}" if effect.tries else ""
    said = f"; {effect.said}" if effect.said else ""
    return one_line(
        f"{effect.kind} of {effect.target}: {state_in_words(effect.state)} since {effect.begun}{tries}{said}"
    )
