"""Waiting for the outside: by the machine's clock, not past the end of the call. Under a fixed clock nobody waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from splinter.engine.session import Session
from splinter.model.ports import Caller, Clock, Waiting
from splinter.model.settings import Environment
from splinter.system.process import Processes


@dataclass(slots=True)
class FixedWaiting:
    """Time that passes only where somebody waits: then the clock jumps."""

    at: datetime
    waited_s: float = 0.0

    def now_s(self) -> float:
        """The time that was set, and what was waited since."""
        return self.at.timestamp() + self.waited_s

    def pause(self, seconds: float) -> bool:
        """Wait for nothing."""
        self.waited_s += seconds
        return True


@dataclass(frozen=True, slots=True)
class RealWaiting:
    """The machine's time."""

    clock: Clock
    processes: Processes

    def now_s(self) -> float:
        """The time of day."""
        return self.clock.now().timestamp()

    def pause(self, seconds: float) -> bool:
        """Wait, but not past the end of the call."""
        self.processes.pause(seconds)
        return not self.processes.is_stopping


class _Forgetful:
    """Nothing is remembered."""

    def json_fact(self, name: str) -> dict[str, Any]:
        """Nothing."""
        return {}

    def set_json_fact(self, name: str, value: Mapping[str, Any]) -> None:
        """Forget it."""


def impatient(environment: Environment) -> Caller:
    """A caller that asks once, waits for nothing and remembers nothing, as `doit doctor` does."""
    waiting = FixedWaiting(environment.now or datetime.now(UTC))
    return Caller(waiting=waiting, facts=_Forgetful(), wait_s=0.0)


def of(session: Session) -> Waiting:
    """As the call's clock has it."""
    now = session.outside.environment.now
    return FixedWaiting(now) if now else RealWaiting(session.outside.clock, session.processes)
