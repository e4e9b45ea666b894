"""Commands that run each below a supervisor (`supervisor.py`): asked for, waited for, and ended whole.

It starts no process itself, and knows nothing of what a command is for.
"""

from __future__ import annotations

import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from splinter.system import supervisor
from splinter.system.process_tree import Census, descendants

if TYPE_CHECKING:
    from subprocess import Popen

_ANSWER_S = 30.0  # for the server to be ready, and for a command to be started
_END_S = 2 * supervisor.GRACE_S + supervisor.LONGEST_S + 10.0
_NONE = "no supervisor could be started for it: a process that left it within a moment would be missed"
_LAST_S = 2.0  # for a server to end by itself


class Supervisors:
    """The server of a run that forks supervisors; one that has nothing left of its command serves the next."""

    def __init__(self, start: Callable[[socket.socket], Popen[bytes]]) -> None:
        """`start` starts the program with a socket as its standard input."""
        self._start, self._lock = start, threading.Lock()
        self._server: Popen[bytes] | None = None
        self._control: socket.socket
        self._is_ready = False
        self._free: deque[socket.socket] = deque()  # channels of supervisors
        self._is_possible = sys.platform == "linux"  # no other system lets a process adopt orphans
        self.problem = ""

    def begin(self) -> bool:
        """Start the server where there is none; whether there can be one. It becomes ready by itself."""
        with self._lock:
            return self._begun()

    def _begun(self) -> bool:
        if self._server and self._server.poll() is not None:
            _close(self._free)
            self._server = None
        if not self._is_possible or self.problem:
            return False
        if not self._server:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.settimeout(_ANSWER_S)
            try:
                with theirs:
                    self._server, self._control, self._is_ready = self._start(theirs), ours, False
            except OSError:
                ours.close()
                self.problem = _NONE
                return False
            weakref.finalize(self, _end, ours, self._server, self._free)
        return True

    def are_there(self) -> bool:
        """Wait until commands can be handed over; false where they cannot, with a `problem` where they should."""
        with self._lock:
            if not self._begun():
                return False
            if not self._is_ready:
                with suppress(OSError):
                    self._is_ready = self._control.recv(1) == supervisor.READY
                self.problem = "" if self._is_ready else _NONE
            return self._is_ready

    def run(
        self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: IO[bytes] | None, census: Census
    ) -> Supervised:
        """Start a command; raises OSError or ValueError where it cannot be started."""
        size, request = _request(argv, cwd, env)
        with ExitStack() as ours, ExitStack() as theirs:
            channel = ours.enter_context(self._supervisor())
            reads, writes = os.pipe()
            theirs.callback(os.close, writes)
            stdout = ours.enter_context(open(reads, "rb", buffering=0))  # noqa: PTH123
            source = stdin or theirs.enter_context(Path(os.devnull).open("rb"))
            socket.send_fds(channel, [size], (source.fileno(), writes))
            theirs.close()
            pid = _started(channel, request, argv[0], cwd)
            ours.pop_all()
            return Supervised(channel, stdout, pid, census, free=self._free)

    def _supervisor(self) -> socket.socket:
        """The channel of one that has no command."""
        while self._free:
            with suppress(IndexError):  # another thread took it
                channel = self._free.popleft()
                if not _has_said(channel):
                    return channel
                channel.close()  # somebody ended it
        channel, far = socket.socketpair()
        with far:
            socket.send_fds(self._control, [b"c"], (far.fileno(),))
        return channel


class Supervised:
    """One command with all that descends from it."""

    def __init__(
        self, channel: socket.socket, stdout: IO[bytes], pid: int, census: Census, *, free: deque[socket.socket]
    ) -> None:
        """`pid` is its supervisor's, whose channel goes to the `free` when nothing of the command is left."""
        self._channel, self.stdout, self._pid, self._census, self._free = channel, stdout, pid, census, free
        self._status: int | None = None
        self._is_over = False
        self.problem = ""

    @property
    def exit_status(self) -> int:
        """The command's; negative for a signal that ended it."""
        return os.waitstatus_to_exitcode(signal.SIGKILL if self._status is None else self._status)

    def ends(self, seconds: float) -> bool:
        """Whether the command ends in that time."""
        if self._status is None and not self._is_over:
            self._hear(seconds)
        return self._status is not None or self._is_over

    def cpu_s(self) -> float:
        """The seconds that all that live have computed."""
        seen = self._census.look()
        return sum(seen[pid].cpu_s for pid in descendants(seen, {self._pid}) if pid != self._pid)

    def end(self) -> None:
        """Ask them to end, then make them; returns when they are gone."""
        with suppress(OSError):
            self._channel.sendall(supervisor.END)
        until = time.monotonic() + _END_S
        while not self._is_over and (left_s := until - time.monotonic()) > 0:
            self._hear(left_s)
        if not self._is_over:  # somebody stopped it; what it leaves its server ends
            os.kill(self._pid, signal.SIGKILL)
            self._lose()
        if self._status is None or self.problem:
            self._channel.close()
        else:
            self._free.append(self._channel)

    def _hear(self, seconds: float) -> None:
        waiting = select.poll()
        waiting.register(self._channel, select.POLLIN)
        if not waiting.poll(max(0.0, seconds) * 1000):
            return
        try:
            what, number = _answer(self._channel)
        except OSError:
            self._lose()
            return
        if what == supervisor.ENDED:
            self._status = number
        else:
            self._is_over = True
            self.problem = f"{number} of its processes could not be ended" if number else ""

    def _lose(self) -> None:
        """Its supervisor was ended by something else: its status is not known, which fails it."""
        self._is_over, self._status = True, None
        self.problem = "its supervisor was ended by something else"


def _request(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> tuple[bytes, bytes]:
    """What a supervisor is sent: the size, with which the files go, and the rest."""
    words = tuple(os.fsencode(word) for word in argv)
    variables = {os.fsencode(name): os.fsencode(value) for name, value in env.items()}
    if any(b"\0" in word for word in (*words, *variables, *variables.values())):
        raise ValueError("embedded null byte")
    if any(b"=" in name for name in variables):
        raise ValueError("illegal environment variable name")
    data = marshal.dumps((os.fsencode(cwd.absolute()), words, variables))
    return supervisor.SIZE.pack(len(data)), data


def _started(channel: socket.socket, request: bytes, program: str, cwd: Path) -> int:
    """The number of the supervisor of a command that runs; raises OSError."""
    channel.settimeout(_ANSWER_S)
    channel.sendall(request)
    what, number = _answer(channel)
    if what != supervisor.STARTED:
        raise OSError(number, os.strerror(number), str(cwd) if what == supervisor.NO_FOLDER else program)
    channel.settimeout(None)
    return number


def _answer(channel: socket.socket) -> tuple[bytes, int]:
    """What a supervisor says; raises OSError where it is gone."""
    data = channel.recv(supervisor.ANSWER.size, socket.MSG_WAITALL)
    if len(data) < supervisor.ANSWER.size:
        raise ConnectionAbortedError("the supervisor is gone")
    what, number = supervisor.ANSWER.unpack(data)
    return what, number


def _has_said(channel: socket.socket) -> bool:
    """Whether there is something to hear, which from a supervisor without a command can only be its end."""
    waiting = select.poll()
    waiting.register(channel, select.POLLIN)
    return bool(waiting.poll(0))


def _close(channels: deque[socket.socket]) -> None:
    with suppress(IndexError):
        while True:
            channels.pop().close()


def _end(control: socket.socket, server: Popen[bytes], free: deque[socket.socket]) -> None:
    control.close()
    _close(free)
    with suppress(subprocess.TimeoutExpired):
        server.wait(_LAST_S)
