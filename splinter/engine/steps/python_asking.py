"""Asks the Pythons that commands run with where they find the repository's packages; it judges no answer.

Nothing of the repository is imported for it. A Python outside of all work trees is asked once.
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from splinter.engine.session import Session
from splinter.engine.steps import sandbox_view, sandboxing
from splinter.engine.tools import import_probe, python_imports, python_interpreters
from splinter.engine.tools.python_imports import Answer, Own, Places
from splinter.engine.work import Work
from splinter.errors import Reason
from splinter.git import user_repository
from splinter.model import layout
from splinter.model.tool import Tool
from splinter.model.workstream import Run, Step
from splinter.system.command_runner import Call, CommandRunner, Local

_DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks: the work and tool whose sandbox counts, None where there is none; and the commands' environment."""

    env: Mapping[str, str]
    places: Places
    work: Work | None = None
    tool: Tool | None = None

    @property
    def first(self) -> list[str]:
        """The folders of PYTHONPATH; relative ones begin at the work tree, where commands run."""
        entries = self.env.get("PYTHONPATH", "").split(os.pathsep)
        return [str(self.places.tree / entry) for entry in entries if entry]


def places(session: Session, tree: Path) -> Places:
    """The work tree at `tree`, the user's checkouts and our other work trees."""

    def look() -> str:
        checkouts = [str(one) for one in user_repository.checkouts(session.outside.repository)]
        return json.dumps([str(session.outside.state.resolve()), *checkouts])

    state, checkouts = _paths(session.known.once("our state and the user's checkouts", look) or "")
    return Places(tree=tree.resolve(), checkouts=checkouts, state=state)


@functools.cache
def _paths(text: str) -> tuple[Path, tuple[Path, ...]]:
    state, *others = map(Path, json.loads(text))
    return state, tuple(others)


def of_workstreams(path: str, steps: Iterable[Step], tools: Iterable[Tool], *, folder: Path) -> tuple[str, ...]:
    """The Pythons that commands may run with: those on the PATH, and those of the programs that they name."""
    commands = [step.action.command for step in steps if isinstance(step.action, Run)]
    words = [word for command in commands for word in python_interpreters.programs_of(command)]
    return python_interpreters.interpreters(path, [*(tool.command for tool in tools), *words], folder=folder)


def ask(session: Session, asker: Asker, interpreter: str, own: Own, *, at: str = "") -> Answer:
    """What an interpreter says; remembered for one that lies outside of all work trees.

    `at` is the commit in the work tree where the answer depends on it: then it is asked in the place where commands
    run, the sandbox included. Without, it is asked outside, which hides nothing of the user's.
    """
    home = Path(asker.env.get("HOME") or Path.home()).resolve()
    is_ours = sandbox_view.in_reach(session, Path(interpreter), home)
    is_fenced = asker.work is not None and bool(at or is_ours) and sandboxing.is_fenced(session, asker.tool)
    word = secrets.token_hex(8)

    def printed() -> str:
        question = python_imports.question(own, asker.places, first=asker.first, word=word)
        return f"{word}\n{_run(session, asker, interpreter, question, is_fenced=is_fenced)}"

    if is_ours:
        return _read(interpreter, printed())
    known = [at, asker.first, sorted(own.projects), sorted(one.name for one in own.names), own.gone]
    key = f"{interpreter}, installed {python_interpreters.stamp(interpreter)}, fenced {is_fenced}: {json.dumps(known)}"
    return _read(interpreter, session.known.once(key, printed) or "")


def _read(interpreter: str, printed: str) -> Answer:
    word, _, output = printed.partition("\n")
    return python_imports.read(interpreter, output, word=word)


def _run(session: Session, asker: Asker, interpreter: str, question: str, *, is_fenced: bool) -> str:
    """What the interpreter prints, or one line that says why it printed nothing."""
    argv = (interpreter, "-E", "-B", "-c", Path(import_probe.__file__).read_text("utf-8"), question)
    env = dict(asker.env)
    scratch = session.outside.state / layout.SCRATCH
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="python-", dir=scratch))
    except OSError as error:
        return f"no folder for it can be made: {error.strerror}"
    try:
        (folder / "home").mkdir()
        runner: CommandRunner = Local(session.processes)
        tree = folder  # in a work tree a relative path, such as /proc/self/cwd, leads to an agent's files
        if is_fenced and asker.work:
            runner = sandboxing.runner(
                asker.work, asker.tool, argv, env, tree=asker.places.tree, scratch=folder, home=folder / "home"
            )
            tree = asker.places.tree
        ended = runner.run(Call(argv=argv, folder=tree, env=env, log=folder / "log", timeout_s=_DEADLINE_S))
    except (OSError, ValueError) as error:
        return f"it cannot be started: {error}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return f"it did not end within {_DEADLINE_S:g} s" if ended.reason == Reason.TIMED_OUT else ended.output
