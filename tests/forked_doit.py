"""`doit` as a fork of a Python that has imported all of it: starting and importing is most of a short call.

The child is what `python -m doit` is: its own process, folder, environment, standard files and end. What a variable
says to a starting interpreter a fork never hears, so then a new one is started; the same goes for coverage. Two
parents with different hash seeds take turns: as with new interpreters, nothing may rest on the order of a set.

To write to a page that it shares with the parent is most of a fork's price. So its collector leaves alone what the
parent had imported, and at its end, when threads are done, `atexit` has run and what was printed is out, it leaves
without freeing each object: what a file keeps that nobody closed is lost then, which a new Python would have written.

It waits for no disk either, which is fifty times in a run: a power cut alone could tell, and no test makes one.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import itertools
import json
import os
import selectors
import signal
import site
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

SEEDS = (1, 2)
LIBRARIES = ("filelock", "github", "jinja2", "jsonschema", "markdown2", "platformdirs", "yaml")  # imported when used
OF_A_START = ("PYTHON", "LANG", "LC_", "COV", "LD_")
WAIT = 120.0

_turns = itertools.cycle(SEEDS)
_parents: dict[int, Parent] = {}


def call(arguments: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> tuple[int, str, str]:
    """Exit status and what was printed, as `subprocess.run` gives them."""
    seed = next(_turns)
    if seed not in _parents and sys.platform == "linux":
        _parents[seed] = Parent(seed)
    parent = _parents.get(seed)
    if parent is None or not parent.stands_for(environ):
        command = [sys.executable, "-m", "doit", *arguments]
        done = subprocess.run(
            command, cwd=cwd, env=dict(environ), capture_output=True, text=True, timeout=WAIT, check=False
        )
        return done.returncode, done.stdout, done.stderr
    return parent.fork(arguments, cwd, environ)


def _said_to_a_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(OF_A_START)}


class Parent:
    """A Python that waits, everything imported, and forks for each call."""

    def __init__(self, seed: int) -> None:
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.environ = _said_to_a_start(os.environ)
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONHASHSEED": str(seed)}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()
        atexit.register(self.close)

    def stands_for(self, environ: Mapping[str, str]) -> bool:
        """Whether a new interpreter would start in the same way."""
        said = _said_to_a_start(environ)
        return said == self.environ and not any(name.startswith("COV") for name in said)

    def close(self) -> None:
        """It ends when nobody can ask it any more."""
        self.channel.close()
        self.process.wait()

    def fork(self, arguments: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> tuple[int, str, str]:
        pipes = [os.pipe() for _ in range(3)]
        asked = {"arguments": list(arguments), "cwd": str(cwd), "environ": dict(environ)}
        with tempfile.TemporaryFile() as file:
            file.write(json.dumps(asked).encode())
            file.flush()
            socket.send_fds(self.channel, [b"call"], [file.fileno(), *(written for _, written in pipes)])
        for _, written in pipes:
            os.close(written)
        out, err, told = _read([read for read, _ in pipes])
        _, _, status = told.decode().partition("\n")
        return os.waitstatus_to_exitcode(int(status)), _text(out), _text(err)


def _text(raw: bytes) -> str:
    return raw.decode().replace("\r\n", "\n").replace("\r", "\n")


def _read(files: list[int]) -> list[bytes]:
    """All that is written to these pipes; the last one names the process to end when it takes too long."""
    found, deadline = dict.fromkeys(files, b""), time.monotonic() + WAIT
    with selectors.DefaultSelector() as waiting:
        for file in files:
            waiting.register(file, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                os.kill(int(found[files[-1]].split(b"\n")[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired("doit", WAIT, found[files[0]], found[files[1]])
            for key, _ in ready:
                piece = os.read(key.fd, 1 << 16)
                found[key.fd] += piece
                if not piece:
                    waiting.unregister(key.fd)
                    os.close(key.fd)
    return list(found.values())


# ---------------------------------------------------------------- in the parent


def _import_everything() -> None:
    import importlib
    import pkgutil

    import splinter

    for module in pkgutil.walk_packages(splinter.__path__, "splinter."):
        if not module.name.endswith("import_probe"):  # a program, not a module
            importlib.import_module(module.name)
    for name in ("doit.doit_cmd", "doit.cmd_run", *LIBRARIES):
        importlib.import_module(name)


def _do_once() -> None:
    """What each process does again that depends on nothing of a call: half of what a run with one workstream costs."""
    import importlib.metadata

    import doit.plugin
    import markdown2

    from splinter.publish import rendering

    for is_html, ending in ((True, "html"), (False, "md")):
        environment = rendering._environment(is_html=is_html)
        for template in environment.list_templates(extensions=[ending]):
            environment.get_template(template)
    text = "# once\n\n- **a** `b`\n  - c\n\n| a |\n| --- |\n| b |\n"
    markdown2.markdown(text, safe_mode="escape", extras=["tables"])  # its patterns
    installed = functools.cache(importlib.metadata.entry_points)
    for kind in ("COMMAND", "LOADER", "BACKEND", "REPORTER"):
        installed(group=f"doit.{kind}")
    doit.plugin.entry_points_impl = lambda: installed


def _wait_for_no_disk() -> None:
    import sqlite3
    from typing import Any

    from splinter.git import call_environment
    from splinter.system import sqlite_files

    class Connection(sqlite_files.Connection):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            super().execute("pragma synchronous=off")

        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            words = "select 1" if arguments[0] == "pragma synchronous=normal" else arguments[0]
            return super().execute(words, *arguments[1:])

    os.fsync = lambda fd: None
    sqlite_files.Connection = Connection  # type: ignore[misc]
    call_environment._OURS["GIT_TEST_FSYNC"] = "0"  # as git's own tests say it


def _serve(channel: socket.socket) -> None:
    """Fork for each message; returns in a child that shall be `doit` now, and where nobody can ask any more.

    How a child ended is told by whoever reaps it: a process in between would cost as much as the fork itself.
    """
    waiting: dict[int, int] = {}  # where the end of each child is told

    def reap(_number: int, _frame: object) -> None:
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                told = waiting.pop(pid)
                with contextlib.suppress(OSError):  # who asked has gone
                    os.write(told, str(status).encode())
                os.close(told)
        except ChildProcessError:
            return

    signal.signal(signal.SIGCHLD, reap)
    while True:
        message, files, _, _ = socket.recv_fds(channel, 16, 4)
        if not message:
            os._exit(0)
        asked, out, err, told = files
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # a child may end before it is written down
        doit = os.fork()
        if doit == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            channel.close()
            for file in (told, *waiting.values()):
                os.close(file)
            _become(asked, out, err)
            return
        waiting[doit] = told
        os.write(told, f"{doit}\n".encode())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        for file in (asked, out, err):
            os.close(file)


def _become(asked: int, out: int, err: int) -> None:
    with os.fdopen(asked, "rb") as file:
        file.seek(0)
        call = json.load(file)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    os.environ.clear()
    os.environ.update(call["environ"])
    time.tzset()
    site.USER_BASE = site.USER_SITE = None  # a new Python looks for them in its own home
    os.chdir(call["cwd"])
    sys.path[0] = call["cwd"]
    sys.argv[1:] = call["arguments"]


def _leave(statuses: list[int]) -> None:
    """The last of `atexit`: ends the process where `doit` told its status; whatever else happened ends as Python ends."""
    for status in statuses:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:  # Python says so, and ends with its own status
            return
        os._exit(status)


if __name__ == "__main__":
    statuses: list[int] = []
    atexit.register(_leave, statuses)
    sys.path[0] = "/nowhere"  # `tests` is nobody's to import from
    _import_everything()
    _do_once()
    _wait_for_no_disk()
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    from doit.doit_cmd import DoitMain

    status = DoitMain().run(sys.argv[1:])
    if isinstance(status, int):
        statuses.append(status)
    sys.exit(status)
