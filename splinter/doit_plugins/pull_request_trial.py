"""`doit pr --test`: a pull request of its own is opened and removed, after a question. It starts no workstream."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from splinter.doit_plugins.terminal import read_project, say
from splinter.errors import InputError, PublishError

if TYPE_CHECKING:
    from splinter.engine.project import Project
    from splinter.engine.session import Session

PARAMS: list[dict[str, Any]] = [
    {
        "name": "test", "long": "test", "type": bool, "default": False,
        "help": "try token and settings by a pull request of its own, which is removed again",
    },
    {"name": "yes", "long": "yes", "type": bool, "default": False, "help": "with --test: do not ask first"},
]  # fmt: skip


def is_asked(arguments: Sequence[str]) -> bool:
    """Whether a call of `doit run` is this one."""
    return arguments[:1] == ["pr"] and "--test" in arguments


def run(arguments: Sequence[str], locked: Callable[[], AbstractContextManager[None]], *, is_dry_run: bool) -> int:
    """Ask, do it under the lock of runs, and say what worked; exit status 2 where something did not.

    Raises SplinterError.
    """
    from doit.cmdparse import CmdOption, TaskParse

    from splinter.publish import pull_request_trial

    values, more = TaskParse([CmdOption(one) for one in PARAMS]).parse(arguments[1:])
    if more:
        raise InputError(f'"doit pr --test" does nothing else: leave out "{more[0]}"')
    known = read_project()
    asked = pull_request_trial.begin(_session(known, is_read_only=True), say)
    if is_dry_run:
        say(pull_request_trial.question(asked))
        return 0
    _consent(pull_request_trial.question(asked), values)
    with locked():
        labels = [
            label for one in known.collection.workstreams if one.pull_request for label in one.pull_request.labels
        ]
        attempt = replace(asked, session=_session(known, is_read_only=False), labels=labels)
        is_done = pull_request_trial.carry_out(attempt)
    say("all that was tried worked" if is_done else f"did not work: {', '.join(attempt.failed)}")
    return 0 if is_done else 2


def _session(known: Project, *, is_read_only: bool) -> Session:
    """A session without plans: a workstream that cannot be run is no reason not to try the token."""
    from splinter.config.workstream_files import Collection
    from splinter.engine import project
    from splinter.publish import plugins

    bare = replace(known, collection=Collection())
    session = project.open_session(bare, auth=plugins.auth, is_hosted=plugins.is_hosted, is_read_only=is_read_only)
    session.outside = replace(session.outside, redactor=known.redactor)
    return session


def _consent(question: str, values: dict[str, Any]) -> None:
    """Raise PublishError unless somebody said yes, here or in the call."""
    if values["yes"]:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise PublishError(f"{question} Nobody can be asked here: `doit pr --test --yes` does it without asking.")
    say(question)
    try:
        answer = input("Go on? [y/N] ")
    except (EOFError, KeyboardInterrupt):
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise PublishError("Nothing was done.")
