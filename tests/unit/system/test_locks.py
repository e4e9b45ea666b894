"""The run lock waits for whoever only looks, and for nobody else."""

from __future__ import annotations

import fcntl
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from splinter.errors import LockedError
from splinter.system.locks import RunLock

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_run_that_begins_while_somebody_looks_waits_that_moment(tmp_path: Path) -> None:
    """`doit list` and a call with nothing to do hold it shared for as long as a look takes, and name nobody."""
    lock = RunLock(tmp_path)
    looks = os.open(tmp_path / "splinter.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(looks, fcntl.LOCK_SH)
    over = threading.Timer(0.2, os.close, [looks])
    over.start()
    lock.acquire(NOW)
    assert not over.is_alive()
    with pytest.raises(LockedError, match=f"pid {os.getpid()}"):
        RunLock(tmp_path).acquire(NOW)  # who works is not waited for
    lock.release()
