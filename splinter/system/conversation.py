"""A program that lives on and answers questions: written to, read from within bounds, ended with us however we end.

It starts nothing itself, and understands no answer.
"""

from __future__ import annotations

import os
import select
import signal
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from subprocess import Popen

_GLANCE_MS = 200
_PIECE = 1 << 16
_LAST_S = 1.0  # for a program to end by itself once nothing can be asked any more


class SilentError(Exception):
    """It ended, or did not answer in time; it is ended then, and says nothing any more."""


class Conversation:
    """One such program; for one thread at a time."""

    def __init__(self, child: Popen[bytes]) -> None:
        """`child` reads questions from its standard input, and ends where that ends."""
        assert child.stdin
        assert child.stdout
        self._child, self._questions, self._answers = child, child.stdin, child.stdout
        self._said = b""
        self._waiting = select.poll()
        self._waiting.register(self._answers, select.POLLIN)
        self.end = weakref.finalize(self, _end, child)

    def ask(self, question: bytes) -> None:
        """Write a question, shorter than what a pipe holds; raises SilentError."""
        try:
            self._questions.write(question)
        except OSError:
            self._give_up()

    def line(self, *, timeout_s: float, is_stopping: Callable[[], bool]) -> bytes:
        """The next line of an answer, without its end; raises SilentError."""
        until = time.monotonic() + timeout_s
        while b"\n" not in self._said:
            self._said += self._piece(until, is_stopping)
        line, _, self._said = self._said.partition(b"\n")
        return line

    def exactly(self, size: int, *, timeout_s: float, is_stopping: Callable[[], bool]) -> bytes:
        """So many bytes of an answer; raises SilentError."""
        until, pieces, length = time.monotonic() + timeout_s, [self._said], len(self._said)
        while length < size:
            pieces.append(self._piece(until, is_stopping))
            length += len(pieces[-1])
        data = b"".join(pieces)
        self._said = data[size:]
        return data[:size]

    def _piece(self, until: float, is_stopping: Callable[[], bool]) -> bytes:
        while not self._waiting.poll(_GLANCE_MS):
            if time.monotonic() >= until or is_stopping():
                self._give_up()
        piece = os.read(self._answers.fileno(), _PIECE)
        if not piece:
            self._give_up()
        return piece

    def _give_up(self) -> NoReturn:
        self.end()
        raise SilentError


def _end(child: Popen[bytes]) -> None:
    """Let it end by itself, or end it."""
    assert child.stdin
    assert child.stdout
    with suppress(OSError):
        child.stdin.close()
    with suppress(TimeoutExpired):
        child.wait(_LAST_S)
    if child.poll() is None:
        with suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    child.stdout.close()
