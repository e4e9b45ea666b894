"""How much is asked of GitHub and when: its limits, a reserve, a pace for writes. It sends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from splinter.errors import PostponedError, PublishError
from splinter.model.ports import Caller
from splinter.publish.forges.github_errors import LimitAnswer

# GitHub's own numbers for what creates content, and the second between two writes that its best practices ask for:
# with that a run alone never comes to the 80, but two runs one after the other, or a clock that jumps, would
PER_MINUTE, PER_HOUR, PAUSE_S = 80, 500, 1.0
MINUTE_S, HOUR_S = 60.0, 3600.0
# what is left to the person whose token it is: their editor, their own scripts. A tenth where the limit is small
RESERVE = 100
UNTOLD_S = 60.0  # GitHub's advice where its answer names no time
_FACT = "writes"


class Limits:
    """What is known of one server's limits, and how long may still be waited for them; one thread at a time.

    The times of writes of the last hour are remembered, so that the next run counts them too. `again` is the call that
    errors say to repeat.
    """

    def __init__(self, caller: Caller, *, host: str, again: str) -> None:
        self._waiting, self._facts, self._left_s = caller.waiting, caller.facts, caller.wait_s
        self._fact, self._again = f"{_FACT}/{host}", again
        self._until, self._why = 0.0, ""  # nothing is asked before
        self._refusals = 0

    def wait_turn(self, verb: str) -> None:
        """Wait until a request may be sent; raises PostponedError where that takes longer than may be waited.

        A write counts from now on: it may be done whatever becomes of its answer.
        """
        self._wait_for(self._until, self._why)
        if verb == "GET":
            return
        while reached := next(self._reached(self._writes()), None):
            self._wait_for(*reached)
        writes = self._writes()
        if writes:
            self.pause(writes[-1] + PAUSE_S - self._waiting.now_s())
        self._facts.set_json_fact(self._fact, {"at": [*self._writes(), round(self._waiting.now_s(), 3)]})

    def pause(self, seconds: float) -> None:
        """Wait a little, whatever may be waited; raises PublishError where the call is to end."""
        if seconds > 0 and not self._waiting.pause(seconds):
            raise PublishError(f"the run was ended before GitHub was asked; run `{self._again}` again")

    def read(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer how much is left; of what is asked in another way (GraphQL) it says nothing."""
        self._refusals = 0
        left, limit, reset = (_number(headers.get(f"x-ratelimit-{name}")) for name in ("remaining", "limit", "reset"))
        if left is None or limit is None or reset is None or headers.get("x-ratelimit-resource", "core") != "core":
            return
        reserve = min(RESERVE, int(limit) // 10)
        if left <= reserve:
            self._until, self._why = reset, f"rate limit but for a reserve of {reserve} requests"

    def refuse(self, answer: LimitAnswer) -> None:
        """Learn from a refusal for too much how long nothing is to be asked; the next is waited for longer."""
        now, told = self._waiting.now_s(), self._told(answer.headers)
        longer = 2**self._refusals
        self._refusals += 1
        until = now + UNTOLD_S * longer if told is None else max(told, now + longer)
        self._until, self._why = until, f"rate limit ({answer.words})"

    def _told(self, headers: Mapping[str, str]) -> float | None:
        """Until when GitHub says that it will not answer."""
        after = headers.get("retry-after", "")
        seconds = _number(after)
        if seconds is not None:
            return self._waiting.now_s() + seconds
        from email.utils import parsedate_to_datetime

        with suppress(ValueError, OverflowError):
            return _number(str(parsedate_to_datetime(after).timestamp()))
        return _number(headers.get("x-ratelimit-reset")) if headers.get("x-ratelimit-remaining") == "0" else None

    def _reached(self, writes: list[float]) -> Iterator[tuple[float, str]]:
        """The end of each limit that another write would be past, and what it is called."""
        now = self._waiting.now_s()
        for most, span_s, name in ((PER_HOUR, HOUR_S, "an hour"), (PER_MINUTE, MINUTE_S, "a minute")):
            within = [one for one in writes if one > now - span_s]
            if len(within) >= most:
                yield within[-most] + span_s, f"limit of {most} writes {name}"

    def _writes(self) -> list[float]:
        """When something was written within the last hour; what lies ahead of the clock is no time of a write."""
        now = self._waiting.now_s()
        said = self._facts.json_fact(self._fact).get("at")
        times = (one for one in said if isinstance(one, int | float)) if isinstance(said, list) else ()
        return sorted(float(one) for one in times if now - HOUR_S < one <= now)

    def _wait_for(self, until: float, why: str) -> None:
        seconds = until - self._waiting.now_s()
        if seconds <= 0:
            return
        if seconds > self._left_s:
            end = _clock(until, self._waiting.now_s())
            message = f"GitHub's {why} is reached until {end}; run `{self._again}` after that"
            raise PostponedError(message, limit="GitHub's limit", until=end)
        self._left_s -= seconds
        self.pause(seconds)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < 1e11 else None


def _clock(seconds: float, now_s: float) -> str:
    """A time of day, with its date where it is not today's; up to the next second, so that it has passed then."""
    at, now = (datetime.fromtimestamp(one, UTC) for one in (-(-seconds // 1), now_s))
    return f"{at:%H:%M:%S} UTC" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M:%S} UTC"
