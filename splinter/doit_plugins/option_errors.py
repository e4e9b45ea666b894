"""What is wrong with a command's options, in a sentence: doit's own names every option that it knows as Python's repr.

It takes no option that doit does not take, and refuses none that doit takes.
"""

from __future__ import annotations

import re
from getopt import GetoptError
from typing import Any

from doit.cmdparse import CmdParse, CmdParseError, TaskParse

from splinter.text.patterns import did_you_mean

_doits = CmdParse.parse_only
_NAMED = re.compile(r"Error parsing parameter '(\w+)' <class 'int'>")


def explain() -> None:
    """From now on: for the commands of doit, too, which a plugin can replace only where a project names it."""
    CmdParse.parse_only = _parse_only


def _parse_only(self: Any, in_args: list[str], params: Any = None) -> Any:
    try:
        return _doits(self, in_args, params)
    except CmdParseError as error:
        raise CmdParseError(_sentence(self, error)) from error


def _sentence(parser: Any, error: CmdParseError) -> str:
    cause = error.__context__
    if isinstance(cause, GetoptError):
        return _unfit(parser, cause)
    named = _NAMED.match(str(error))
    if named is None:
        return str(error)
    option, given = parser[named[1]], str(cause).rpartition(": ")[2]
    spelt = " or ".join(filter(None, (option.short and f"-{option.short}", option.long and f"--{option.long}")))
    return f"{spelt} takes a whole number, not {given}"


def _unfit(parser: Any, cause: GetoptError) -> str:
    """An option that is not known, or that came with or without a value where it should not."""
    known = [f"--{name.removesuffix('=')}" for name in parser.get_long()]
    dashed = f"--{cause.opt}" if len(cause.opt) > 1 else f"-{cause.opt}"
    if "not recognized" not in cause.msg:
        begun = [name for name in known if name.startswith(dashed)] if "unique prefix" in cause.msg else []
        return f"{cause.msg}: {' or '.join(begun)}" if begun else cause.msg
    whose = "task" if isinstance(parser, TaskParse) else "command"
    if not known:
        return f"option {dashed} is not known: this {whose} takes none"
    hint = did_you_mean(dashed, known) or f'; "doit help {whose.upper()}" names those that are'
    return f"option {dashed} is not known{hint}"
