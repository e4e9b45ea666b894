"""The command `doit alarm`: tells people of a night that doit itself could tell nobody of.

It works where YAML, settings, `dodo.py` or variables are invalid; it runs no task, takes no lock and writes no file.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of, say
from splinter.errors import InputError, PublishError, SplinterError

_MOST_READ = 1_000_000  # bytes


class Alarm(OwnCommand):
    """A night that could not begin, or broke."""

    name = "alarm"
    doc_purpose = "tell people that a night could not begin, or broke"
    doc_usage = ""
    doc_description = """It looks for all problems, as `doit check` does, and sends them by mail, Slack and apprise and
to the healthcheck's /fail, as far as these are configured: each once. In GitHub Actions it prints annotations.
The exit status is 2 where one of them was not told.

doit alarm --status 3                doit ended with 3: nothing was run
doit alarm --status 3 --said FILE    with the end of what it printed
doit alarm                           a job was stopped, or broke around doit"""
    cmd_options = (
        {
            "name": "status", "short": "", "long": "status", "type": str, "default": "",
            "help": "what doit ended with; empty where it did not end by itself",
        },
        {"name": "said", "short": "", "long": "said", "type": str, "default": "",
         "help": "a file that holds what it printed"},
    )  # fmt: skip

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Tell all that are configured; 2 where one of them could not be."""
        return exit_status_of(lambda: self._alarm(opt_values["status"], opt_values["said"]))

    def _alarm(self, status: str, said: str) -> int:
        from splinter.config import problem_listing, settings_file
        from splinter.publish import alarm
        from splinter.text.redact import Redactor

        environment, malformed = settings_file.sound_environment()
        top, address, problems = _found(environment)
        if problems:
            is_read_by_actions = settings_file.is_on_actions()
            show = problem_listing.as_annotations if is_read_by_actions else problem_listing.for_people
            say(show(problems))
        broken = alarm.Broken(
            status=status,
            problems=(*malformed, *(f"{one.path}:{one.line}:{one.column}: {one.message}" for one in problems)),
            said=_said(said),
            repository=environment.variable("GITHUB_REPOSITORY") or top.name,
            page=environment.page,
        )
        told = alarm.message(broken, Redactor(environment.likely_secrets()))
        say(told.subject)
        sent = list(alarm.send(told, environment, address))
        for name, words, is_told in sent:
            say(f"   {name}  {'' if is_told else 'error  '}{words}")
        if not sent:
            say("   nobody is told: neither mail nor a messenger nor a healthcheck is configured")
        return 0 if all(is_told for _, _, is_told in sent) else PublishError.exit_status


def _found(environment: Any) -> tuple[Path, str, Sequence[Any]]:
    """The top of the checkout, the address that mail is from by default, and all that is wrong in it."""
    from splinter.config import settings_file, workstream_files
    from splinter.engine import base_files
    from splinter.git import user_repository
    from splinter.model.settings import NOBODY

    try:
        top = user_repository.toplevel(Path.cwd(), environment.variables)
    except SplinterError:
        return Path.cwd(), NOBODY.email, ()
    chosen, problems = settings_file.look(top)
    files = base_files.as_last_seen(top, chosen, environment.variables) if chosen else None
    found = workstream_files.read(top, chosen, files).problems if chosen else ()
    try:
        address = user_repository.open_repository(top, environment.variables).identity.email
    except SplinterError:
        address = NOBODY.email
    return top, address, (*_dodo(top), *problems, *found)


def _dodo(top: Path) -> Sequence[Any]:
    """What Python says of `dodo.py` without running it."""
    from splinter.config.yaml_documents import Problem

    try:
        ast.parse((top / "dodo.py").read_bytes())
    except OSError as error:
        return (Problem(path="dodo.py", line=1, column=1, message=f"cannot be read: {error.strerror}"),)
    except (SyntaxError, ValueError) as error:
        line, column = getattr(error, "lineno", None) or 1, getattr(error, "offset", None) or 1
        return (Problem(path="dodo.py", line=line, column=column, message=getattr(error, "msg", str(error))),)
    return ()


def _said(path: str) -> str:
    """The end of what doit printed, which may hold anything."""
    if not path:
        return ""
    try:
        return Path(path).read_bytes()[-_MOST_READ:].decode("utf-8", "replace")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
