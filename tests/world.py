"""A repository of a user's, built step by step, in which the real `doit` is called."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from splinter.system.supervisor import MARKER
from tests import forked_doit, paths

DODO = "from splinter.dodo import DOIT_CONFIG, task_splinter  # noqa: F401\n"
CFG = (paths.ROOT / "splinter/maintenance/templates/doit.cfg").read_text("utf-8")
IS_FENCED = os.environ.get("TEST_SANDBOX", "off") != "off"  # by hand: all worlds in the sandbox
LEAN = "--disable-plugin-autoload"  # for a check of pytest's: to import them is half of its start
MONDAY, TUESDAY = "2026-11-23T02:00:00+00:00", "2026-11-24T02:00:00+00:00"


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


class World:
    """`calls` is a file outside every work tree: each step that really runs adds a line to it."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root, self.home, self.calls_file = root, home, home / "calls"
        root.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("dodo.py", DODO)
        self.write("doit.cfg", CFG)
        self.write("README.md", "hello\n")
        self.now = MONDAY
        self.env: dict[str, str] = {}

    @classmethod
    def reopened(cls, root: Path, home: Path) -> World:
        """A world that was made before, or elsewhere: nothing is written."""
        self = object.__new__(cls)
        self.root, self.home, self.calls_file = root, home, home / "calls"
        self.now, self.env = MONDAY, {}
        return self

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def workstream(self, id: str, *, file: str | None = None, **fields: Any) -> Path:
        document = {"id": id, "title": f"Title of {id}", **fields}
        return self.write(file or f"workstreams/{id}.yaml", yaml.safe_dump(document, sort_keys=False))

    def step(self, id: str, command: str, **fields: Any) -> dict[str, Any]:
        return {"id": id, "run": f"echo {id} >> '{self.calls_file}'\n{command}", **fields}

    def commit(self, message: str = "by the user") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str, ok: bool = True) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        assert not ok or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def environ(self) -> dict[str, str]:
        return {**os.environ, "SPLINTER_NOW": self.now, **self.env}

    def doit(self, *arguments: str, cwd: Path | None = None) -> Done:
        done = Done(*forked_doit.call(arguments, cwd or self.root, self.environ()))
        assert "Traceback" not in done.out + done.err, done.out + done.err
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "doit", *arguments], cwd=self.root, env=self.environ(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def calls(self) -> list[str]:
        return self.calls_file.read_text().split() if self.calls_file.exists() else []

    def new_calls(self) -> list[str]:
        found = self.calls()
        self.calls_file.unlink(missing_ok=True)
        return found

    def branches(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads/splinter").split()

    def records(self) -> dict[str, dict[str, Any]]:
        """The workstream records of the latest run."""
        db = sqlite3.connect(self.root / ".splinter/history.db")
        run = db.execute("select run from runs order by rowid desc limit 1").fetchone()[0]
        rows = db.execute("select workstream, record from workstreams where run = ?", (run,)).fetchall()
        db.close()
        return {name: json.loads(record) for name, record in rows}

    def notes(self) -> list[str]:
        """What the latest run says that belongs to no workstream, but for the sandbox that tests do without."""
        db = sqlite3.connect(self.root / ".splinter/history.db")
        (notes,) = db.execute("select notes from runs order by rowid desc limit 1").fetchone()
        db.close()
        return [one for one in json.loads(notes) if not one.startswith("Without the sandbox")]

    def breaks_bubblewrap(self) -> None:
        """Put one that may make no namespace before the machine's own."""
        broken = self.home / "bin" / "bwrap"
        broken.parent.mkdir()
        broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n")
        broken.chmod(0o755)
        self.env["PATH"] = f"{broken.parent}:{self.environ()['PATH']}"

    def outcomes(self) -> dict[str, str]:
        return {name: record["outcome"] for name, record in self.records().items()}

    def worktree(self, id: str) -> Path:
        return next(Path(os.environ["XDG_STATE_HOME"]).glob(f"splinter/*/worktrees/{id}"))

    def mails(self) -> list[Path]:
        return sorted((self.root / ".splinter/outbox").glob("*.eml"))


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> None:
    """Wait for something another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)


def end_group(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    os.killpg(process.pid, number)
    process.communicate(timeout=30)


def key(world: World) -> str:
    """What the mark of its repository's processes begins with."""
    return f"{world.root.name}-{hashlib.sha256(os.fsencode(world.root / '.git')).hexdigest()[:12]}"


def children(world: World) -> list[psutil.Process]:
    """Processes that carry the marker of this world's repository."""
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.environ().get(MARKER, "").startswith(f"{key(world)}/")
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found
