"""The only file that starts a process: own session, deadline, stall watch, whole-tree end, streamed log.

It never hands a child more of the environment than it was given, and never holds a child's output in memory.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from splinter.errors import SplinterError

MARKER = "SPLINTER_CHILD"
GRACE_S = 1.0
TAIL_BYTES = 4096
_POLL_S = 0.1
_BUSY_SHARE = 0.02  # of one core: an idle event loop that only wakes up does not count as work


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a child ended: `reason` is None, `timed_out`, `stalled` or `interrupted`; `tail` its last output."""

    exit_status: int
    seconds: float
    reason: str | None
    tail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A short call's whole output, for programs whose output is data to us (git)."""

    exit_status: int
    stdout: bytes
    stderr: bytes


class Processes:
    """The children of one run; `stop` ends them all and lets no new one start."""

    def __init__(self, marker: str) -> None:
        """`marker` names repository and run; each child carries it in its environment, with a number."""
        self.marker = marker
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Make every `run` under way end its tree and return as interrupted."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def run(
        self,
        argv: Sequence[str] | str,
        *,
        cwd: Path,
        env: Mapping[str, str],
        log: Path,
        timeout_s: float,
        stall_s: float | None = None,
    ) -> Ended:
        """Run a command to its end, its output going straight to `log`; a string goes to the shell.

        Raises FileNotFoundError or PermissionError where the command cannot be started.
        """
        marker = f"{self.marker}/{next(self._numbers)}"
        started = time.monotonic()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            child = _start(argv, cwd=cwd, env={**env, MARKER: marker}, output=output)
            try:
                reason = self._watch(child, log, deadline=started + timeout_s, stall_s=stall_s)
            finally:
                end_marked(marker, leader=child)
        seconds = time.monotonic() - started
        return Ended(exit_status=child.wait(), seconds=seconds, reason=reason, tail=tail(log))

    def _watch(
        self, child: subprocess.Popen[bytes], log: Path, *, deadline: float, stall_s: float | None
    ) -> str | None:
        activity = _Activity(child.pid, log)
        while True:
            try:
                child.wait(_POLL_S)
            except subprocess.TimeoutExpired:
                pass
            else:
                return "interrupted" if self.is_stopping else None
            if self.is_stopping:
                return "interrupted"
            if time.monotonic() >= deadline:
                return "timed_out"
            if stall_s is not None and activity.silent_s() >= stall_s:
                return "stalled"


class _Activity:
    """Since when a tree neither wrote nor computed; looked at about once a second."""

    def __init__(self, pid: int, log: Path) -> None:
        self._pid, self._log = pid, log
        self._seen = self._active = time.monotonic()
        self._size, self._cpu = 0, 0.0

    def silent_s(self) -> float:
        now = time.monotonic()
        if now - self._seen >= 1.0:
            size, cpu = _size(self._log), _cpu_s(self._pid)
            if size != self._size or cpu - self._cpu > _BUSY_SHARE * (now - self._seen):
                self._active = now
            self._seen, self._size, self._cpu = now, size, cpu
        return now - self._active


def capture(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: bytes = b"",
    timeout_s: float = 120.0,
    stdout: IO[bytes] | None = None,
) -> Captured:
    """Run a program whose output is data; past `timeout_s` its group is killed and SplinterError raised.

    A terminal's Ctrl-C does not reach it: half a git call would be worse than a second's wait.
    """
    child = subprocess.Popen(
        argv,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = child.communicate(stdin, timeout_s)
    except subprocess.TimeoutExpired:
        _signal_group(child, force=True)
        child.communicate()
        raise SplinterError(f"`{' '.join(argv[:3])} …` did not end within {timeout_s:.0f} s and was ended") from None
    except BaseException:
        _signal_group(child, force=True)
        raise
    return Captured(exit_status=child.returncode, stdout=out or b"", stderr=err)


def tail(log: Path, limit: int = TAIL_BYTES) -> str:
    """The last `limit` bytes of a log as text, from the start of a line where one starts within them."""
    try:
        file = log.open("rb")
    except FileNotFoundError:  # the child may have removed it
        return ""
    with file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - limit))
        data = file.read()
    if size > limit and b"\n" in data:
        data = data.split(b"\n", 1)[1]
    return data.decode("utf-8", "replace")


def end_orphans(prefix: str, *, but: str) -> int:
    """End what earlier, killed runs of this repository left behind; returns how many processes.

    `prefix` is the part of the marker that names the repository, `but` the marker of the run under way.
    """
    ended = 0
    for _ in range(10):
        orphans = [found for found, marker in _marked(prefix) if not marker.startswith(but + "/")]
        if not orphans:
            break
        ended += len(orphans)
        _end(orphans)
    return ended


def end_marked(marker: str, *, leader: subprocess.Popen[bytes]) -> None:
    """End a child and all its descendants, also those that left its session; returns when they are gone."""
    if leader.poll() is None:
        _signal_group(leader, force=False)
        try:
            leader.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            _signal_group(leader, force=True)
            leader.wait()
    for _ in range(10):  # a tree that forks while it is ended is looked for again
        found = [process for process, own in _marked(marker) if own == marker]
        if not found:
            return
        _end(found)


def _start(
    argv: Sequence[str] | str, *, cwd: Path, env: Mapping[str, str], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    # Windows: CREATE_NEW_PROCESS_GROUP here, and a job object that the tree is put into, would stand in for the session
    return subprocess.Popen(
        argv,
        shell=isinstance(argv, str),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _signal_group(child: subprocess.Popen[bytes], *, force: bool) -> None:
    """Signal the child's group; only while the child is not reaped, so that its number cannot be another's."""
    if child.returncode is not None:
        return
    if os.name == "posix":
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL if force else signal.SIGTERM)
    elif force:
        child.kill()
    else:
        child.terminate()


def _marked(prefix: str) -> Iterator[tuple[psutil.Process, str]]:
    me = os.getpid()
    for process in psutil.process_iter():
        if process.pid == me:
            continue
        try:
            marker = process.environ().get(MARKER, "")
        except (psutil.Error, OSError):
            continue
        if marker.startswith(prefix) and process.status() != psutil.STATUS_ZOMBIE:
            yield process, marker


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=GRACE_S)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=GRACE_S)


def _size(log: Path) -> int:
    with suppress(FileNotFoundError):
        return log.stat().st_size
    return 0


def _cpu_s(pid: int) -> float:
    total = 0.0
    try:
        leader = psutil.Process(pid)
        for process in [leader, *leader.children(recursive=True)]:
            times = process.cpu_times()
            total += times.user + times.system
    except psutil.Error:
        pass
    return total
