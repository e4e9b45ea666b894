"""A child with all that it started: known by a mark in the environment and by descent, and ended as one.

It starts nothing, and signals nothing that does not belong to a child of ours.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from splinter.system.supervisor import MARKER

if TYPE_CHECKING:
    from subprocess import Popen

    import psutil

    from splinter.system.short_call import Child

GRACE_S = 1.0
_ROUNDS = 30
_LOOKS = 4
_LONGEST_S = 40.0  # for a supervisor to end what it stands over
_AGAIN_S = 0.005
_OF_KERNEL = 0x00200000  # PF_KTHREAD, among the flags of /proc/PID/stat
_FRESH_S = 0.9  # how old a look at all processes may be before the next one is due
_CLOCK_SLACK_S = 60.0  # a process's start is by a clock that may be set


@dataclass(frozen=True, slots=True)
class Seen:
    """One process at one moment: its parent's number, when it started, the seconds that it computed."""

    parent: int
    started: float
    cpu_s: float


class Census:
    """All processes of the machine, looked at once for all children that ask within a second."""

    def __init__(self) -> None:
        """The first look comes with the first question."""
        self._lock = threading.Lock()
        self._taken = 0.0
        self._seen: dict[int, Seen] = {}

    def look(self) -> dict[int, Seen]:
        """Every process by its number, as of a second ago at most."""
        with self._lock:
            if time.monotonic() - self._taken >= _FRESH_S:
                self._seen = dict(_everybody())
                self._taken = time.monotonic()
            return self._seen


class Family:
    """One child and its descendants, those included that left its session or whose parent has ended.

    For systems where nobody can adopt orphans: one that leaves mark and parent within a moment is not known.
    """

    def __init__(self, leader: Popen[bytes], marker: str, census: Census, *, problem: str) -> None:
        """`marker` is what the child carries in its environment, `problem` why it has no supervisor and should."""
        self._leader, self._marker, self._census = leader, marker, census
        assert leader.stdout
        self.stdout, self.problem = leader.stdout, problem
        self._since = time.time() - _CLOCK_SLACK_S
        self._members: dict[int, float] = {}

    @property
    def exit_status(self) -> int:
        """The child's; negative for a signal that ended it."""
        return self._leader.wait()

    def ends(self, seconds: float) -> bool:
        """Whether the child ends in that time."""
        with suppress(subprocess.TimeoutExpired):
            self._leader.wait(seconds)
        return self._leader.returncode is not None

    def cpu_s(self) -> float:
        """The seconds that all that live have computed; who belongs to the family is noted by the way."""
        seen = self._census.look()
        known = [pid for pid, started in self._members.items() if pid in seen and seen[pid].started == started]
        family = descendants(seen, {self._leader.pid, *known})
        self._members.update({pid: seen[pid].started for pid in family})
        return sum(seen[pid].cpu_s for pid in family)

    def end(self) -> None:
        """Ask them to end, then make them; returns when they are gone."""
        if self._leader.poll() is None:
            signal_group(self._leader, force=False)
            try:
                self._leader.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                signal_group(self._leader, force=True)
                self._leader.wait()
        end_all(self._left)

    def _left(self) -> list[psutil.Process]:
        marked = [process for process, own in marked_processes(self._marker, since=self._since) if own == self._marker]
        return list({*marked, *_alive(self._members)})


def started_at(pid: int) -> float | None:
    """When a process was started, in seconds since the epoch; None where it does not live."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except (psutil.Error, ValueError, OverflowError):
        return None


def end_all(find: Callable[[], list[psutil.Process]]) -> int:
    """End whatever `find` finds until it finds nothing; returns how many that were.

    The first round asks. Later ones stop everything before they kill, so that none forks faster than it is looked for.
    """
    ended: set[psutil.Process] = set()
    for number in range(_ROUNDS):
        found = find()
        if not found:
            break
        ended.update(found)
        _ask(found) if number == 0 else _kill(_frozen(found, find))
    return len(ended)


def signal_group(leader: Popen[bytes] | Child, *, force: bool) -> None:
    """Signal a child's group; only while the child is not reaped, so that its number cannot be another's."""
    if leader.returncode is not None:
        return
    if os.name == "posix":
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL if force else signal.SIGTERM)
    else:
        os.kill(leader.pid, signal.SIGTERM)


def wait_for_programs(program: str, is_meant: Callable[[str], bool]) -> None:
    """Wait, within bounds, for the end of Pythons that run a file with a last argument that is meant."""
    import psutil

    found = []
    for pid in psutil.pids():
        with suppress(psutil.Error, OSError):
            if _is_surely_another(pid, program):
                continue
            process = psutil.Process(pid)
            words = process.cmdline()
            found += [process] if program in words[:-1] and is_meant(words[-1]) else []
    psutil.wait_procs(found, timeout=_LONGEST_S)


def _is_surely_another(pid: int, program: str) -> bool:
    """Whether one of Linux runs something else: to read a small file takes a tenth of what psutil does first."""
    try:
        return os.fsencode(program) not in _read(f"/proc/{pid}/cmdline")
    except FileNotFoundError:
        return sys.platform == "linux"  # it has ended


def _read(place: str) -> bytes:
    with open(place, "rb", buffering=0) as file:  # noqa: PTH123
        return file.readall()


def marked_processes(prefix: str, *, since: float = 0.0) -> list[tuple[psutil.Process, str]]:
    """Living processes whose mark begins with `prefix`, with their whole mark; none that started before `since`.

    A look in which one came to an end, or was about to become another program, may have missed its child or its mark:
    where it found nothing, it is taken again.
    """
    ended: set[tuple[int, bytes]] = set()
    for _ in range(_LOOKS):
        found, is_sure = _look(prefix, since, ended)
        if found or is_sure:
            break
        time.sleep(_AGAIN_S)
    return found


def _look(prefix: str, since: float, ended: set[tuple[int, bytes]]) -> tuple[list[tuple[psutil.Process, str]], bool]:
    import psutil

    found, is_sure, me = [], True, os.getpid()
    for pid in psutil.pids():
        if pid == me or _is_unmarked(pid, prefix, ended):
            continue
        try:
            process = psutil.Process(pid)
            if process.create_time() < since:
                continue
            environ = process.environ()
            marker = environ.get(MARKER, "")
            is_sure = is_sure and bool(environ)  # empty while a program is being exchanged for another
            if marker.startswith(prefix) and process.status() != psutil.STATUS_ZOMBIE:
                found.append((process, marker))
        except (psutil.NoSuchProcess, ProcessLookupError):
            is_sure = False
        except (psutil.Error, OSError):
            continue
    return found, is_sure


def _is_unmarked(pid: int, prefix: str, ended: set[tuple[int, bytes]]) -> bool:
    """Whether one of Linux surely has no such mark, seen by a few small files: most are another's, or the kernel's own.

    `ended` are those that an earlier look saw ended and nobody had reaped: what they forked is listed since.
    """
    place = f"/proc/{pid}/"
    try:
        environ = _read(f"{place}environ")
        if not environ and _read(f"{place}cmdline"):  # no program is being exchanged: it has none, as our
            environ = _read(f"{place}environ") or b"\0"  # own supervisors, or has it by now
    except PermissionError:  # another user's
        return True
    except ProcessLookupError:  # as newer kernels answer for their own threads
        environ = b""
    except OSError:
        return False
    if environ:
        return os.fsencode(f"{MARKER}={prefix}") not in environ
    try:
        words = _read(f"{place}stat").rpartition(b")")[2].split()
    except OSError:
        return False
    state, flags, started = words[0], int(words[6]), words[19]
    is_known = (pid, started) in ended
    if state == b"Z":
        ended.add((pid, started))
    return is_known or bool(flags & _OF_KERNEL)


def _everybody() -> Iterator[tuple[int, Seen]]:
    import psutil

    for process in psutil.process_iter():
        try:
            with process.oneshot():
                times = process.cpu_times()
                yield process.pid, Seen(process.ppid(), process.create_time(), times.user + times.system)
        except (psutil.Error, OSError):
            continue


def descendants(seen: dict[int, Seen], roots: set[int]) -> set[int]:
    """Those roots that live, with all that descend from them."""
    children: dict[int, list[int]] = {}
    for pid, one in seen.items():
        children.setdefault(one.parent, []).append(pid)
    found: set[int] = set()
    todo = [pid for pid in roots if pid in seen]
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, ())
    return found


def _alive(members: dict[int, float]) -> Iterator[psutil.Process]:
    import psutil

    for pid, started in members.items():
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if process.create_time() == started and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def _frozen(found: list[psutil.Process], find: Callable[[], list[psutil.Process]]) -> set[psutil.Process]:
    """Everything that is found while all that was found stands still."""
    import psutil

    frozen: set[psutil.Process] = set()
    for _ in range(_ROUNDS):
        new = set(found) - frozen
        if not new:
            break
        for process in new:
            with suppress(psutil.Error):
                process.suspend()
        frozen |= new
        found = find()
    return frozen


def _ask(processes: list[psutil.Process]) -> None:
    import psutil

    for process in processes:
        with suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(processes, timeout=GRACE_S)


def _kill(processes: set[psutil.Process]) -> None:
    import psutil

    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=GRACE_S)
