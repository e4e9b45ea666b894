"""Where a command of a workstream runs: on this machine as it is, or fenced in. Nothing else starts one.

A further place, such as a container, is one more class with `run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from splinter.model.agents.streams import Transcript
from splinter.system import bubblewrap
from splinter.system.bubblewrap import TEMPORARY, Fence
from splinter.system.process import Ended, Processes

_TEMPORARY = ("TMPDIR", "TEMP", "TMP")  # the first is asked first, everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One command: a text for the shell, or its words; the folder it starts in, its environment, its log, its limits.

    `timeout_s` and `stall_s` are seconds; `stdin` is a file to read, `transcript` decodes what it prints.
    """

    argv: tuple[str, ...] | str
    folder: Path
    env: Mapping[str, str]
    log: Path
    timeout_s: float
    stall_s: float | None = None
    stdin: Path | None = None
    transcript: Transcript | None = None


class CommandRunner(Protocol):
    """A place where commands run."""

    def run(self, call: Call) -> Ended:
        """Run it to its end; raises OSError or ValueError where it cannot be started."""


@dataclass(frozen=True, slots=True)
class Local:
    """The machine that we are on, as it is."""

    processes: Processes

    def run(self, call: Call) -> Ended:
        """As a child of ours, ended with all that it started."""
        return self.processes.run(
            call.argv, cwd=call.folder, env=call.env, log=call.log, timeout_s=call.timeout_s, stall_s=call.stall_s,
            stdin=call.stdin, transcript=call.transcript,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """The same machine behind bubblewrap: a command sees of it what `fence` lets through."""

    processes: Processes
    fence: Fence

    def run(self, call: Call) -> Ended:
        """The same in the sandbox, with a home and a temporary folder of its own."""
        env = {name: value for name, value in call.env.items() if name not in (*_TEMPORARY, *self.fence.drops)}
        env |= {"HOME": str(self.fence.home), _TEMPORARY[0]: str(TEMPORARY)}
        return self.processes.run(
            bubblewrap.wrapped(call.argv, self.fence, folder=call.folder), cwd=bubblewrap.OUTSIDE, env=env,
            log=call.log, timeout_s=call.timeout_s, stall_s=call.stall_s, stdin=call.stdin, transcript=call.transcript,
        )  # fmt: skip
