"""Budgets of dollars, tokens and minutes: reserved before a command starts, settled when it has ended.

It knows costs only as far as tools report them, and never counts an unknown cost as 0.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from splinter.errors import Reason, StepError, StorageError
from splinter.model.records import Usage
from splinter.model.workstream import Budget
from splinter.system.history import History
from splinter.system.memory import Memory

_WAKE_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a command is booked on: its run, its workstream, and the definition and occurrence that it belongs to."""

    run: str
    workstream: str
    tries_key: str
    budget: Budget
    until: str = "until the next occurrence, an edit, or doit -a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one command may take at most: infinite where nothing limits it."""

    usd: float = math.inf
    tokens: float = math.inf
    seconds: float = math.inf


@dataclass(slots=True)
class Booking:
    """One command while it runs; whoever runs it says at the end what it took."""

    allowance: Allowance
    seconds: float = 0.0
    usage: Usage | None = None


class Ledger:
    """The budgets of one run; safe to use from several threads."""

    def __init__(self, memory: Memory, history: History, budget: Budget, *, jobs: int) -> None:
        """`budget` is the whole run's; `jobs` commands may share it at once."""
        self._memory, self._history, self._budget, self.jobs = memory, history, budget, jobs
        self._began = time.monotonic()
        self._changed = threading.Condition()
        self._reserved: dict[int, Allowance] = {}

    @contextmanager
    def booked(
        self, account: Account, step: str, *, is_paid: bool, is_stopping: Callable[[], bool]
    ) -> Iterator[Booking]:
        """Reserve for a command and settle afterwards; raises StepError where a budget is used up.

        Where others hold what is left of the run's budget, it waits for them to settle.
        """
        call, allowance = self._reserve(account, step, is_paid=is_paid, is_stopping=is_stopping)
        booking = Booking(allowance, usage=Usage(calls=1) if is_paid else None)
        try:
            yield booking
        except (StepError, StorageError):  # it could not be started
            booking.usage = None
            raise
        finally:
            self._settle(account.run, call, booking)
            with self._changed:
                self._reserved.pop(call, None)
                self._changed.notify_all()

    def _settle(self, run: str, call: int, booking: Booking) -> None:
        self._memory.end_call(call, booking.seconds, booking.usage)
        if booking.usage:
            self._history.put_cost(run, call, booking.usage)
        else:
            self._history.drop_cost(run, call)

    def _reserve(
        self, account: Account, step: str, *, is_paid: bool, is_stopping: Callable[[], bool]
    ) -> tuple[int, Allowance]:
        with self._changed:
            while True:
                allowance = self._allowance(account, is_paid=is_paid)
                if allowance:
                    break
                self._changed.wait(_WAKE_S)
                if is_stopping():
                    raise StepError(Reason.INTERRUPTED, "interrupted while waiting for a share of the run's budget")
            call = self._memory.begin_call(account.run, account.workstream, account.tries_key, step, is_paid=is_paid)
            if is_paid:
                self._history.put_cost(account.run, call, None)
                self._reserved[call] = allowance
            return call, allowance

    def _allowance(self, account: Account, *, is_paid: bool) -> Allowance | None:
        """What is left for one more command, None where it depends on others; raises StepError where nothing is."""
        seconds = min(self._seconds_left(account), self._run_seconds_left())
        if not is_paid:
            return Allowance(seconds=seconds)
        own = self._memory.usage_of_calls(account.workstream, account.tries_key)
        whole = self._memory.usage_of(account.run)
        others = self._reserved.values()
        usd = self._share(
            "dollars", account.budget.usd, own.usd, self._budget.usd, whole.usd, [one.usd for one in others],
            until=account.until,
        )  # fmt: skip
        tokens = self._share(
            "tokens", account.budget.tokens, own.tokens, self._budget.tokens, whole.tokens,
            [one.tokens for one in others], until=account.until,
        )  # fmt: skip
        return Allowance(usd=usd, tokens=tokens, seconds=seconds) if usd > 0 and tokens > 0 else None

    def _share(
        self, unit: str, limit: float | None, used: float, of_run: float | None, used_of_run: float,
        others: list[float], *, until: str,
    ) -> float:  # fmt: skip
        """What one call may take of one unit: all that its workstream has left, else its share of the run's rest."""
        left = math.inf if limit is None else limit - used
        if limit is not None and left <= 0:
            raise StepError(Reason.OVER_BUDGET, f"its budget of {limit:g} {unit} is used up {until}")
        if of_run is None:
            return left
        if used_of_run >= of_run:
            raise StepError(Reason.OVER_BUDGET, f"the run's budget of {of_run:g} {unit} is used up")
        free = of_run - used_of_run - sum(others)
        return min(left, free if limit is not None else max(free, 0.0) / max(1, self.jobs - len(others)))

    def _seconds_left(self, account: Account) -> float:
        minutes = account.budget.minutes
        if minutes is None:
            return math.inf
        left = minutes * 60 - self._memory.seconds_of_calls(account.workstream, account.tries_key)
        if left <= 0:
            raise StepError(Reason.OVER_BUDGET, f"its budget of {minutes:g} minutes is used up {account.until}")
        return left

    def _run_seconds_left(self) -> float:
        minutes = self._budget.minutes
        if minutes is None:
            return math.inf
        left = minutes * 60 - (time.monotonic() - self._began)
        if left <= 0:
            raise StepError(Reason.OVER_BUDGET, f"the run's budget of {minutes:g} minutes is used up")
        return left
