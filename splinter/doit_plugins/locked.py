"""The run lock, held from before anything is decided until after everything is saved, and signals meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked() -> Iterator[None]:
    """Hold the run lock from before anything is decided until after everything is saved."""
    from splinter.config import settings_file
    from splinter.engine import project
    from splinter.git import user_repository
    from splinter.system.locks import RunLock

    environment = settings_file.environment()
    common = user_repository.common_dir(Path.cwd(), environment.variables)
    lock = RunLock(common)
    lock.acquire(project.clock(environment).now())
    try:
        with signals(_leave):
            yield
    finally:
        lock.release()


@contextmanager
def signals(handler: Callable[[int], None]) -> Iterator[None]:
    """What ends a program goes to `handler` for a while, a closed terminal too; not what we were told to ignore."""
    named = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")]
    numbers = [number for number in named if number and signal.getsignal(number) is not signal.SIG_IGN]
    before = [signal.signal(number, lambda received, frame: handler(received)) for number in numbers]
    try:
        yield
    finally:
        for number, old in zip(numbers, before, strict=True):
            signal.signal(number, old)


def _leave(number: int) -> None:
    raise SystemExit(128 + number)
