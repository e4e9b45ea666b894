from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from splinter.publish.waiting import FixedWaiting, RealWaiting
from splinter.system.process import Processes
from splinter.text.redact import Redactor

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Clock:
    def now(self) -> datetime:
        return NOON


def test_under_a_fixed_clock_nobody_waits_and_it_is_later() -> None:
    waiting, began = FixedWaiting(NOON), time.monotonic()
    assert waiting.pause(3600)
    assert waiting.now_s() == NOON.timestamp() + 3600
    assert time.monotonic() - began < 60


def test_the_end_of_a_call_ends_a_wait() -> None:
    processes = Processes("m", Redactor(()))
    waiting, said = RealWaiting(Clock(), processes), []
    waits = threading.Thread(target=lambda: said.append(waiting.pause(60)))
    assert waiting.pause(0.001)
    assert waiting.now_s() == NOON.timestamp()
    waits.start()
    processes.stop()
    waits.join(10)
    assert said == [False]
