"""How a command of ours ends: an error is one message and its exit status, never a traceback."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.exceptions import InvalidDodoFile

from splinter.doit_plugins import printing
from splinter.errors import InputError, SplinterError

if TYPE_CHECKING:  # every call of doit's comes by here
    from splinter.engine.project import Project
    from splinter.text.redact import Text

_COMMAND = re.compile(r"(?m)^([^\S\n]*:)(:)|(##)(\[)")  # what a runner takes for a command: at the start, or anywhere


def exit_status_of(call: Callable[[], int]) -> int:
    """Call it; an error of ours goes to stderr and gives its exit status."""
    printing.guard()
    _mask_what_is_set()
    try:
        return call()
    except InvalidDodoFile as error:
        sys.stderr.write(f"{error}\n")
        return InputError.exit_status
    except SplinterError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    except OSError as error:
        from splinter.system import disk_errors

        hindered = disk_errors.of(error, (Path.cwd(), *disk_errors.temporary()))
        sys.stderr.write(f"{hindered}\n")
        return hindered.exit_status


def _mask_what_is_set() -> None:
    """Mask the secrets of the environment; an error that is about a malformed variable shows no value."""
    from splinter.config import settings_file

    with suppress(InputError):
        printing.mask(settings_file.environment().likely_secrets())


def read_project(*, warns: bool = False) -> Project:
    """What the user wrote here; from now on, all secrets that it names are masked in what is printed.

    `warns`: of scopes that overlap too.
    """
    _search_here_last()
    from splinter.engine import project

    _mask_what_is_set()
    known = project.read(Path.cwd(), warns=warns)
    printing.mask(known.redactor.secrets)
    return known


def _search_here_last() -> None:
    """Look for modules in the repository after all other places: a `jinja2.py` of the user's is not what we import."""
    here = {"", ".", str(Path.cwd())}
    sys.path[:] = [*(entry for entry in sys.path if entry not in here), *(entry for entry in sys.path if entry in here)]


def takes_colour(stream: Any = None) -> bool:
    """Whether what is printed there, on stdout by default, goes to a terminal that shows colours."""
    from splinter.config import settings_file

    is_terminal = getattr(stream or sys.stdout, "isatty", lambda: False)
    return is_terminal() and settings_file.allows_colour()


def inert(text: Text) -> Text:
    """The text as it may be printed whoever wrote it: it steers no terminal, and no runner of GitHub Actions."""
    from splinter.config import settings_file
    from splinter.text.redact import plain

    harmless = plain(text)
    if settings_file.is_on_actions():
        harmless = _COMMAND.sub(lambda found: " ".join(filter(None, found.groups())), harmless)  # type: ignore[assignment]
    return harmless


def say(text: str) -> None:
    """Print it."""
    print(text, flush=True)
