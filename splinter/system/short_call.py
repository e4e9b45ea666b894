"""A short call: its pipes moved by one thread, its program found, its end known. It starts no process itself.

What the library's Popen does for each child takes half a millisecond of ours, two thirds of it in Python.
"""

from __future__ import annotations

import errno
import functools
import math
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Protocol

_GLANCE_S = 0.2
_DRAIN_S = 2.0  # what is left in a pipe whose writers are gone is read long before
_CHUNK = 64 * 1024


class Child(Protocol):
    """As Popen is one."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None:
        """Its exit status, None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended; raises TimeoutExpired."""


class Spawned:
    """A child that `posix_spawn` started."""

    def __init__(self, pid: int) -> None:
        """Nobody else waits for that process."""
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._take(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended; raises TimeoutExpired."""
        if timeout is not None and self.poll() is None:
            paused(self.pid, timeout)
            if self.poll() is None:
                raise subprocess.TimeoutExpired("", timeout)
        return self._take(0) or 0

    def _take(self, options: int) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, options)
            except ChildProcessError:  # who started us has the kernel take in our children: as Popen does
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def paused(pid: int, seconds: float) -> float:
    """Wait for a child's end by the kernel's word; how much longer to wait where it gives none.

    `Popen.wait` with a time-out looks ever more rarely, twenty times a second in the end.
    """
    try:
        end = os.pidfd_open(pid)
    except (AttributeError, OSError):
        return seconds
    try:
        waiting = select.poll()
        waiting.register(end, select.POLLIN)
        waiting.poll(max(0.0, seconds) * 1000)
    finally:
        os.close(end)
    return 0


@functools.cache
def passed_on() -> tuple[int, ...] | None:
    """The files of who started us that a child would have too, to be closed in each; None where it cannot be told."""
    if sys.platform != "linux":
        return None
    try:
        os.close(os.pidfd_open(os.getpid()))
        files = {int(number) for number in os.listdir("/proc/self/fd")}  # noqa: PTH208
    except OSError:
        return None
    return tuple(file for file in files - {0, 1, 2} if _is_passed_on(file)) if {0, 1, 2} <= files else None


def _is_passed_on(file: int) -> bool:
    try:
        return os.get_inheritable(file)  # what Python opens is not
    except OSError:  # the look's own
        return False


def found_program(name: str, env: Mapping[str, str]) -> str:
    """Where a program is, by the PATH that it is to have; raises FileNotFoundError."""
    if os.sep in name:
        return name
    for folder in env.get("PATH", os.defpath).split(os.pathsep):
        file = os.path.join(folder, name)  # noqa: PTH118
        if os.access(file, os.X_OK) and os.path.isfile(file):  # noqa: PTH113
            return file
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


class Pipes:
    """What is written to a child and read from it; `theirs` are its first three files."""

    def __init__(self, stdin: bytes, stdout: IO[bytes] | None) -> None:
        """Without `stdin` it reads the end at once; what it prints goes to `stdout`, where there is one."""
        self._left = memoryview(stdin)
        self._read: dict[int, list[bytes]] = {}  # by our end of a pipe
        self._opened: set[int] = set()
        try:
            self._source, reads = self._pair()[::-1] if stdin else (-1, self._nothing())
            self._output, writes = self._pair() if stdout is None else (-1, stdout.fileno())
            self._errors, tells = self._pair()
        except BaseException:
            self.close()
            raise
        self.theirs = (reads, writes, tells)

    def _pair(self) -> tuple[int, int]:
        pair = os.pipe()
        self._opened.update(pair)
        return pair

    def _nothing(self) -> int:
        file = os.open(os.devnull, os.O_RDONLY)
        self._opened.add(file)
        return file

    def close(self) -> None:
        """Close what is open."""
        while self._opened:
            os.close(self._opened.pop())

    def communicate(self, child: Child, ends: float, is_stopping: Callable[[], bool]) -> None:
        """Move all that a child reads and prints, until it has ended; raises TimeoutError past `ends`.

        So it does where it is to stop, unless the child ends within a moment. What outlives the child and holds its
        pipes, as ssh's shared connection does, is not waited for.
        """
        moving = self._begun()
        until, looks = math.inf, time.monotonic() + _GLANCE_S
        while True:
            now = time.monotonic()
            if child.poll() is not None:
                until = min(until, now + _DRAIN_S)
            elif now >= ends or (now >= looks and is_stopping()):
                raise TimeoutError
            if now >= until or (child.returncode is not None and not self._opened):
                break
            looks = now + _GLANCE_S if now >= looks else looks
            glance_s = max(0.0, min(looks - now, ends - now, until - now))
            if self._opened:
                self._move(moving, glance_s)
            else:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(glance_s)

    def _begun(self) -> select.poll:
        """The child has its files: of ours remain the other ends."""
        for file in self._opened.intersection(self.theirs):
            self._close(file)
        moving = select.poll()  # Windows: a thread for each pipe would stand in for it
        for file in self._opened - {self._source}:
            self._read[file] = []
            moving.register(file, select.POLLIN)
        if self._source >= 0:
            os.set_blocking(self._source, False)
            moving.register(self._source, select.POLLOUT)
        return moving

    def _move(self, moving: select.poll, seconds: float) -> None:
        for file, _ in moving.poll(seconds * 1000):
            if file != self._source:
                chunk = os.read(file, _CHUNK)
                self._read[file].append(chunk)
                is_over = not chunk
            else:
                is_over = self._is_written()
            if is_over:
                moving.unregister(file)
                self._close(file)

    def _is_written(self) -> bool:
        try:
            self._left = self._left[os.write(self._source, self._left[:_CHUNK]) :]
        except BlockingIOError:
            return False
        except BrokenPipeError:  # it reads no more
            return True
        return not self._left

    def _close(self, file: int) -> None:
        self._opened.discard(file)
        os.close(file)

    def printed(self) -> tuple[bytes, bytes]:
        """All that was read, of output and errors."""
        return b"".join(self._read.get(self._output, ())), b"".join(self._read.get(self._errors, ()))
