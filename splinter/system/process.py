"""The only file that starts a process: own session, deadline, stall watch, whole-tree end, masked and bounded log.

It never hands a child more of the environment than it was given, nor a terminal, nor holds all of its output in memory.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from splinter.errors import Reason, SplinterError
from splinter.system import supervisor
from splinter.system.conversation import Conversation
from splinter.system.process_tree import (
    GRACE_S,
    Census,
    Family,
    end_all,
    marked_processes,
    signal_group,
    wait_for_programs,
)
from splinter.system.short_call import Child, Pipes, Spawned, found_program, passed_on, paused
from splinter.system.supervised import Supervised, Supervisors
from splinter.system.supervisor import MARKER, OF_GIT

if TYPE_CHECKING:  # a short call needs none of them, and is made in a call that has nothing to do
    from splinter.model.agents.streams import Transcript
    from splinter.system.process_log import Output
    from splinter.text.redact import Redactor

_POLL_S = 0.1
_LOOK_S = 1.0
_DRAIN_S = 2.0  # what is left in a pipe whose writers are gone is read long before
_OF_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)  # which it ignores
_BUSY_SHARE = 0.02  # of one core: an idle event loop that only wakes up does not count as work


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a child ended: `reason` is None, `timed_out`, `stalled` or `interrupted`.

    `output` is the last of what it printed, as its log has it; `report` what its tool's reader is given, `is_whole`
    whether that is all of it; `last_message` what an agent said at last. Secrets are masked.
    """

    exit_status: int
    seconds: float
    reason: Reason | None
    output: str
    report: str
    is_whole: bool
    last_message: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A short call's whole output, for programs whose output is data to us (git)."""

    exit_status: int
    stdout: bytes
    stderr: bytes


class Processes:
    """The children of one run; `stop` ends them all and lets no new one start."""

    def __init__(self, marker: str, redactor: Redactor) -> None:
        """`marker` names repository and run; each child carries it in its environment, with a number."""
        self.marker, self.redactor = marker, redactor
        self._census = Census()
        self._supervisors = Supervisors(lambda control: _start_server(marker, control))
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()

    def begin(self) -> None:
        """From now on what we start ends with us, however we end."""
        self._supervisors.begin()

    def stop(self) -> None:
        """Make every `run` under way end its tree and return as interrupted."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def pause(self, seconds: float) -> None:
        """Wait, but not past `stop`."""
        self._stopping.wait(seconds)

    def run(
        self,
        argv: Sequence[str] | str,
        *,
        cwd: Path,
        env: Mapping[str, str],
        log: Path,
        timeout_s: float,
        stall_s: float | None = None,
        stdin: Path | None = None,
        transcript: Transcript | None = None,
    ) -> Ended:
        """Run a command to its end, its output going to `log`; a string goes to `sh -e`, `stdin` is a file to read.

        Where it prints a stream of events, `transcript` decodes it.
        Raises OSError or ValueError where the command cannot be started.
        """
        from splinter.system.process_log import Output, until_read

        started = time.monotonic()
        with ExitStack() as closing:
            output = closing.enter_context(Output(log, self.redactor, transcript))
            source = closing.enter_context(stdin.open("rb")) if stdin else None
            family = self._start(argv, cwd=cwd, env=env, stdin=source)
            drain = threading.Thread(target=output.drain, args=(family.stdout,), daemon=True)
            drain.start()
            try:
                reason = self._watch(family, output, deadline=started + timeout_s, stall_s=stall_s)
                until_read(drain, family.stdout, output)
                output.end_of_leader()
            finally:
                family.end()
                drain.join(_DRAIN_S)
        held = "something that it started still holds its output open" if drain.is_alive() else ""
        return Ended(
            exit_status=family.exit_status,
            seconds=time.monotonic() - started,
            reason=reason,
            output=output.text,
            report=output.report,
            is_whole=output.is_whole,
            last_message=output.last_message,
            notes=tuple(filter(None, (held, family.problem, output.problem))),
        )

    def _start(
        self, argv: Sequence[str] | str, *, cwd: Path, env: Mapping[str, str], stdin: IO[bytes] | None
    ) -> Supervised | Family:
        from splinter.model import tool

        marker = f"{self.marker}/{next(self._numbers)}"
        words, marked = (*tool.SHELL, argv) if isinstance(argv, str) else argv, {**env, MARKER: marker}
        if self._supervisors.are_there():
            return self._supervisors.run(words, cwd=cwd, env=marked, stdin=stdin, census=self._census)
        alone = _start_alone(words, cwd=cwd, env=marked, stdin=stdin)
        return Family(alone, marker, self._census, problem=self._supervisors.problem)

    def _watch(
        self, family: Supervised | Family, output: Output, *, deadline: float, stall_s: float | None
    ) -> Reason | None:
        activity = _Activity(family, output)
        while True:
            if family.ends(_POLL_S):
                return Reason.INTERRUPTED if self.is_stopping else None
            if self.is_stopping:
                return Reason.INTERRUPTED
            if time.monotonic() >= deadline:
                return Reason.TIMED_OUT
            silent_s = activity.silent_s()
            if stall_s is not None and silent_s >= stall_s:
                return Reason.STALLED


class _Child(subprocess.Popen[bytes]):
    """A child of the library's whose end is known at once also to who waits for it with a time-out."""

    def wait(self, timeout: float | None = None) -> int:
        """As Popen's."""
        if timeout is not None and self.poll() is None:
            timeout = paused(self.pid, timeout)
        return super().wait(timeout)


class _Activity:
    """Since when a family neither wrote nor computed; looked at about once a second."""

    def __init__(self, family: Supervised | Family, output: Output) -> None:
        self._family, self._output = family, output
        self._seen = self._active = time.monotonic()
        self._received, self._cpu_s = 0, 0.0

    def silent_s(self) -> float:
        now = time.monotonic()
        if now - self._seen >= _LOOK_S:
            received, cpu_s = self._output.received, self._family.cpu_s()
            if received != self._received or cpu_s - self._cpu_s > _BUSY_SHARE * (now - self._seen):
                self._active = now
            self._seen, self._received, self._cpu_s = now, received, cpu_s
        return now - self._active


def capture(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: bytes = b"",
    timeout_s: float = 120.0,
    stdout: IO[bytes] | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Captured:
    """Run a program whose output is data; past `timeout_s` its group is killed and SplinterError raised.

    So it is where `is_stopping` says so. A terminal's Ctrl-C does not reach it: half a git call would be worse.
    """
    ends = time.monotonic() + timeout_s
    with closing(Pipes(stdin, stdout)) as pipes:
        child = _start_short(argv, cwd=cwd, env=env, pipes=pipes)
        try:
            pipes.communicate(child, ends, is_stopping)
        except BaseException as error:
            if isinstance(error, TimeoutError):
                signal_group(child, force=False)  # git removes its locks
                with suppress(subprocess.TimeoutExpired):
                    child.wait(GRACE_S)
            signal_group(child, force=True)
            child.wait()
            if isinstance(error, TimeoutError):
                raise SplinterError(f"{argv[0]} did not end within {timeout_s:.0f} s and was ended") from None
            raise
        out, err = pipes.printed()
    return Captured(exit_status=child.returncode or 0, stdout=out, stderr=err)


def converse(argv: Sequence[str], *, env: Mapping[str, str]) -> Conversation:
    """Start a program that answers questions for as long as it is asked; a terminal's Ctrl-C does not reach it."""
    return Conversation(
        _Child(
            argv, bufsize=0, cwd="/", env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )
    )  # fmt: skip


def _start_short(argv: Sequence[str], *, cwd: Path | None, env: Mapping[str, str], pipes: Pipes) -> Child:
    """A child in a session of its own; where it can, without what the library does for each that it starts."""
    if cwd is None and (closed := passed_on()) is not None:
        files: list[tuple[Any, ...]] = [(os.POSIX_SPAWN_DUP2, file, at) for at, file in enumerate(pipes.theirs)]
        files += [(os.POSIX_SPAWN_CLOSE, file) for file in closed]
        program, words = found_program(argv[0], env), list(argv)
        with suppress(NotImplementedError):  # of a Python that was built for an old libc
            return Spawned(
                os.posix_spawn(program, words, env, file_actions=files, setsid=True, setsigdef=_OF_PYTHON)
            )  # fmt: skip
    reads, writes, tells = pipes.theirs
    return _Child(argv, cwd=cwd, env=env, stdin=reads, stdout=writes, stderr=tells, start_new_session=True)


def end_orphans(prefix: str, *, but: str) -> int:
    """End what earlier, killed runs of this repository left behind; returns how many processes.

    `prefix` is the part of the marker that names the repository, `but` the marker of the run under way. What stands
    below supervisors these have begun to end by themselves, and is waited for; the same goes for git calls, whose mark
    others may have too: a shared connection of ssh's, an agent of gpg's.
    """
    wait_for_programs(supervisor.__file__, lambda marker: marker.startswith(prefix) and marker != but)

    return end_all(
        lambda: [
            found
            for found, marker in marked_processes(prefix)
            if not marker.startswith(f"{but}/") and not marker.endswith(OF_GIT)
        ]
    )


def _start_server(marker: str, control: socket.socket) -> subprocess.Popen[bytes]:
    """The program that stands over the commands of a run; it knows of us by the end of `control`."""
    return subprocess.Popen(
        (sys.executable, "-I", "-S", supervisor.__file__, marker),
        cwd="/",
        env={},
        stdin=control.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _start_alone(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: IO[bytes] | None
) -> subprocess.Popen[bytes]:
    # Windows: CREATE_NEW_PROCESS_GROUP here, and a job object that the tree is put into, would stand in for the session
    return _Child(
        argv,
        bufsize=0,
        cwd=cwd,
        env=env,
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
