"""How a command of ours ends: an error is one message and its exit status, never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from doit.exceptions import InvalidDodoFile

from splinter.errors import InputError, SplinterError


def told(call: Callable[[], int]) -> int:
    """Call it; an error of ours goes to stderr and gives its exit status."""
    try:
        return call()
    except InvalidDodoFile as error:
        sys.stderr.write(f"{error}\n")
        return InputError.exit_status
    except SplinterError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
