"""A program of its own that starts each command of a run, adopts what it leaves behind, and ends all of it.

Linux gives a process whose parent has ended to the nearest ancestor that asks for such orphans. One server, started for
a run, forks a supervisor for each command at work: whatever its descendants do with their session, their environment or
their parents, they stay below it; once it has no child, none is left, and it is given the next command. When we end or
are killed, its socket closes, and it ends all at once. It imports the standard library alone; none sees it.
"""

import marshal
import os
import select
import signal
import socket
import struct
import sys
import time
import warnings  # noqa: F401  # os.execvpe imports it: once here, not in each process that becomes a command
from collections.abc import Callable
from contextlib import suppress

TYPE_CHECKING = False  # by its name mypy knows it; `typing` takes a fifth of this program's start
if TYPE_CHECKING:
    from typing import Any

MARKER = "SPLINTER_CHILD"  # the variable by which a run's processes are known
OF_GIT = "/git"  # behind the run's own mark in that of its git calls
ANSWER = struct.Struct("=ci")  # what a supervisor says: a letter, and the number that belongs to it
STARTED, NO_FOLDER, NO_PROGRAM, ENDED, GONE = b"s", b"f", b"p", b"e", b"g"
READY = b"r"  # what the server says, once
END = b"e"  # what it is told: end what is left; a channel that closes means at once
SIZE = struct.Struct("=Q")  # before a request: folder, words and variables, as marshal writes them
GRACE_S = 1.0
LONGEST_S = 30.0  # for what was killed to be gone: only a broken device keeps it
_ROUNDS, _AGAIN_S = 30, 0.02
_SET_NAME, _ADOPT_ORPHANS = 15, 36  # of prctl
_ACTIONS: dict[int, "Any"] = {}  # of signals, as commands get them
_ADOPTS: "list[Callable[[], int]]" = []  # asks the kernel for orphans, 0 where it gives them; the server finds it


def serve(mark: str) -> None:
    """Fork a supervisor for each channel that standard input brings; at its end, end the git calls of the run."""
    _ACTIONS.update(dict.fromkeys((signal.SIGPIPE, signal.SIGXFSZ), signal.SIG_DFL))  # Python ignores these
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        _ACTIONS[number] = signal.signal(number, signal.SIG_IGN)  # who ends everybody lets doit end us
    control, woken = socket.socket(fileno=0), _adopting()
    with suppress(OSError):  # closed already
        control.send(READY)
    supervisors: set[int] = set()
    left: list[int] = []  # to us, by a supervisor that was killed

    def ended(pid: int, status: int) -> None:
        if pid not in supervisors or status:
            left.append(pid)
        supervisors.discard(pid)

    family = _Family(ended, woken, spares=supervisors)
    is_open = True
    while is_open or (supervisors and family.has_children()):
        if control in _heard(woken, *([control] if is_open else [])):
            files = _received(control, 1, 1)[1]
            is_open = bool(files)
            if is_open:
                supervisors.add(_forked(control, *files))
            else:
                _end_git(os.fsencode(f"{MARKER}={mark}{OF_GIT}"))
        family.has_children()
        if left:
            left.clear()
            family.kill()


def _received(channel: socket.socket, size: int, most: int) -> tuple[bytes, list[int]]:
    """Bytes with the files that come with them; nothing where the other side closed, with words that nobody read."""
    with suppress(OSError):
        data, files, *_ = socket.recv_fds(channel, size, most)
        for file in files:
            os.set_inheritable(file, False)  # the flag that says so is not passed on by Python
        return data, files
    return b"", []


def _forked(control: socket.socket, file: int) -> int:
    try:
        pid = os.fork()
    except OSError:  # no room for one more: the channel closes
        pid = -1
    if pid:
        os.close(file)
        return pid
    try:
        os.dup2(1, control.detach())
        channel, woken = socket.socket(fileno=file), _adopting()
        while _is_free_again(channel, woken):
            pass
        os._exit(0)
    finally:
        os._exit(1)  # what it leaves is the server's


def _is_free_again(channel: socket.socket, woken: int) -> bool:
    """Start a command that the channel brings, and stay until nothing of it is left; whether that is so."""

    def tell(what: bytes, number: int) -> None:
        with suppress(OSError):  # nobody listens any more
            channel.sendall(ANSWER.pack(what, number))

    size, files = _received(channel, SIZE.size, 2)
    if not files:
        return False
    leader, failure = _started(*marshal.loads(_exactly(channel, *SIZE.unpack(size))), *files)  # noqa: S302
    if failure:
        channel.sendall(failure)
        return False
    for file in files:
        os.close(file)
    living = {leader}

    def ended(pid: int, status: int) -> None:
        if pid in living:
            living.remove(pid)
            tell(ENDED, status)

    family = _Family(ended, woken)
    tell(STARTED, os.getpid())
    while channel not in _heard(woken, channel):
        family.has_children()
    if is_asked := _received(channel, 1, 0)[0] == END:
        _ask(family, leader, living, channel)
    family.kill()
    is_free = not family.has_children()
    tell(GONE, 0 if is_free else len(family.members()))
    return is_free and is_asked


def _ask(family: "_Family", leader: int, living: set[int], channel: socket.socket) -> None:
    """Let the command end by itself, then what it left; each has a second, unless the channel closes."""

    def waits(is_over: Callable[[], bool]) -> bool:
        until = time.monotonic() + GRACE_S
        while not is_over() and (left_s := until - time.monotonic()) > 0:
            if channel in _heard(family.woken, channel, seconds=left_s):
                return False
        return True

    def ended() -> bool:
        return not family.has_children() or not living

    with suppress(ProcessLookupError, PermissionError):  # while it is not reaped its number is no other's
        if not ended():
            os.killpg(leader, signal.SIGTERM)
            if not waits(ended):
                return
        if living:
            os.killpg(leader, signal.SIGKILL)
            waits(ended)
    if family.has_children():
        for pid in family.members():
            _signal(pid, signal.SIGTERM)
        waits(lambda: not family.has_children())


def _started(
    folder: bytes, argv: tuple[bytes, ...], env: dict[bytes, bytes], stdin: int, stdout: int
) -> tuple[int, bytes]:  # fmt: skip
    """The command's number, or what failed."""
    told, tells = os.pipe()
    leader = os.fork()
    if not leader:
        step = NO_FOLDER
        try:
            os.setsid()
            for number, file in enumerate((stdin, stdout, stdout)):
                os.dup2(file, number)
            for known, action in _ACTIONS.items():
                signal.signal(known, action)
            os.chdir(folder)
            step = NO_PROGRAM
            os.execvpe(argv[0], argv, env)  # noqa: S606
        except OSError as error:
            os.write(tells, ANSWER.pack(step, error.errno or 0))
        finally:
            os._exit(1)
    os.close(tells)
    failure = os.read(told, ANSWER.size)
    os.close(told)
    return leader, failure


class _Family:
    """Our children with all that descend from them; `spares` are those that are let live."""

    def __init__(self, ended: Callable[[int, int], None], woken: int, *, spares: set[int] | None = None) -> None:
        """`ended` is called with each child that has ended and its status, `woken` can be read when one has."""
        self._ended, self._spares, self.woken = ended, spares if spares is not None else set(), woken

    def has_children(self) -> bool:
        """Take in who has ended; without a child no descendant is left either."""
        try:
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                self._ended(*found)
        except ChildProcessError:
            return False
        return True

    def members(self) -> set[int]:
        """All that descend from us, the spared and theirs aside."""
        children: dict[int, list[int]] = {}
        for pid in _everybody():
            children.setdefault(_parent(pid), []).append(pid)
        found: set[int] = set()
        todo = [os.getpid()]
        while todo:
            new = set(children.get(todo.pop(), ())) - found - self._spares
            found |= new
            todo += new
        return found

    def kill(self) -> None:
        """Stop all before any is killed, so that none forks faster than it is looked for; again until none is left."""
        until = time.monotonic() + LONGEST_S
        while self.has_children() and time.monotonic() < until:
            stopped: set[int] = set()
            for _ in range(_ROUNDS):
                new = self.members() - stopped
                for pid in new:
                    _signal(pid, signal.SIGSTOP)
                stopped |= new
                if not new:
                    break
            if self._spares and not stopped:
                break
            killed = [pid for pid in stopped if _signal(pid, signal.SIGKILL)]
            if stopped and not killed:
                break  # all are another user's
            _heard(self.woken, seconds=_AGAIN_S)


def _signal(pid: int, number: int) -> bool:
    """Signal one that was seen below us, and is held meanwhile, so that its number stays its own; whether we may."""
    try:
        held = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    except (AttributeError, OSError):  # a kernel before 5.3
        held = None
    try:
        if _is_below(pid):
            os.kill(pid, number) if held is None else signal.pidfd_send_signal(held, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        return False
    finally:
        if held is not None:
            os.close(held)
    return True


def _is_below(pid: int) -> bool:
    while pid > 1:
        pid = _parent(pid)
        if pid == os.getpid():
            return True
    return False


def _parent(pid: int) -> int:
    """A process's parent, 0 for one that is gone; one whose first thread has ended may live on in others."""
    try:
        return int(_read(pid, "stat").rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _everybody() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]  # noqa: PTH208


def _read(pid: int, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: PTH123
        return file.read()


def _end_git(mark: bytes) -> None:
    """End what git calls a killed run left, known by its mark, which git keeps; their locks go with them."""
    for _ in range(_ROUNDS):
        found = []
        for pid in _everybody():
            with suppress(OSError):
                is_git = _read(pid, "comm") == b"git\n" and mark in _read(pid, "environ").split(b"\0")
                found += [pid] if is_git and b"--daemon" not in _read(pid, "cmdline") else []
        for pid in found:
            with suppress(OSError):
                os.kill(pid, signal.SIGTERM)
        if not found:
            break
        time.sleep(_AGAIN_S)


def _adopting() -> int:
    """Become the parent of every orphan among our descendants; what is returned can be read when a child ends."""
    if not _ADOPTS:  # with name and handler, which what is forked has too
        import ctypes

        libc = ctypes.CDLL(None)
        libc.prctl(_SET_NAME, b"splinter-super", 0, 0, 0)
        _ADOPTS.append(lambda: int(libc.prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)))
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
    if _ADOPTS[0]():
        raise OSError("this kernel lets nobody adopt orphans")
    woken, wakes = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    return woken


def _heard(woken: int, *others: socket.socket, seconds: float | None = None) -> list[int | socket.socket]:
    """Wait for the end of a child, or for others to say something or to close."""
    asked: list[int | socket.socket] = [woken, *others]
    ready = select.select(asked, [], [], seconds)[0]
    if woken in ready:
        with suppress(BlockingIOError):
            os.read(woken, 4096)
    return ready


def _exactly(channel: socket.socket, size: int) -> bytes:
    """So many bytes; raises EOFError or OSError where the other side is gone before."""
    data = b""
    while len(data) < size:
        piece = channel.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


if __name__ == "__main__":
    serve(sys.argv[1])
