"""How a command of ours ends: an error is one message and its exit status, never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from doit.exceptions import InvalidDodoFile

from splinter.doit_plugins import printing
from splinter.errors import InputError, SplinterError
from splinter.system import disk_errors
from splinter.text.redact import Redactor


def exit_status_of(call: Callable[[], int]) -> int:
    """Call it; an error of ours goes to stderr and gives its exit status."""
    printing.guard()
    try:
        return call()
    except InvalidDodoFile as error:
        sys.stderr.write(f"{_masked(error)}\n")
        return InputError.exit_status
    except SplinterError as error:
        sys.stderr.write(f"{_masked(error)}\n")
        return error.exit_status
    except OSError as error:
        hindered = disk_errors.of(error, (Path.cwd(), *disk_errors.temporary()))
        sys.stderr.write(f"{_masked(hindered)}\n")
        return hindered.exit_status


def _masked(error: Exception) -> str:
    """An error without the secrets of the environment; one that is about a malformed variable shows no value."""
    from splinter.config import settings_file

    try:
        secrets = settings_file.environment().secrets()
    except InputError:
        secrets = ()
    return Redactor(secrets).text(str(error))


def takes_colour(variables: Mapping[str, str]) -> bool:
    """Whether what is printed goes to a terminal that shows colours."""
    return sys.stdout.isatty() and not variables.get("NO_COLOR") and variables.get("TERM", "dumb") != "dumb"


def say(text: str) -> None:
    """Print it."""
    print(text, flush=True)
