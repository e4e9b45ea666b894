"""Options of commands: they may stand anywhere, and one that does not fit is told in a sentence.

doit's own sentence names every option that it knows as Python's repr. Here none is taken that doit does not take.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from getopt import GetoptError
from typing import Any

from doit.cmd_base import Command
from doit.cmdparse import CmdParse, CmdParseError, TaskParse

_doits, _executes = CmdParse.parse_only, Command.parse_execute
_HELP = frozenset({"-h", "--help"})
_NAMED = re.compile(r"Error parsing parameter '(\w+)' <class 'int'>")


class OwnCommand(Command):
    """A command of ours: its options may stand anywhere, and one whose usage names no argument refuses any."""

    def parse_execute(self, in_args: list[str]) -> int:
        """Parse, and execute where the arguments fit."""
        explain()
        if asks_for_help(in_args):
            return show_help(self)
        values, arguments = self.cmdparser.parse(first(in_args, self.cmdparser.options))
        if arguments and not self.doc_usage:
            sys.stderr.write(f'ERROR: doit {self.name} takes no arguments, but was given "{arguments[0]}"\n')
            return 3
        return int(self.execute(values, arguments) or 0)


def first(arguments: list[str], known: list[Any], *, has_tasks: bool = False) -> list[str]:
    """`doit pr --dry-run` as `doit --dry-run pr`: options may stand anywhere, those of a task of `run` stay with it."""
    takes_value = {}
    for option in known:
        for spelling in (option.short and f"-{option.short}", option.long and f"--{option.long}"):
            if spelling:
                takes_value[spelling] = option.type is not bool
        if option.inverse:
            takes_value[f"--{option.inverse}"] = False
    front: list[str] = []
    rest: list[str] = []
    words: Iterator[str] = iter(arguments)
    for word in words:
        name = word.split("=", 1)[0]
        if name in takes_value:
            front.append(word)
            if takes_value[name] and "=" not in word:
                front.extend([next(words, "")])
        else:
            is_ours = word.startswith("-") and not (has_tasks and rest)
            (front if is_ours else rest).append(word)
    return [*front, *rest]


def explain() -> None:
    """From now on: for the commands of doit, too, which a plugin can replace only where a project names it."""
    CmdParse.parse_only, Command.parse_execute = _parse_only, _parse_execute


def was_set(command: Any, given: dict[str, Any]) -> bool:
    """Whether one of a command's options has another value than its own default."""
    defaults = {option["name"]: option["default"] for option in command.cmd_options}
    return any(given.get(name, default) != default for name, default in defaults.items())


def asks_for_help(arguments: list[str]) -> bool:
    """Whether somebody wants to know what a command does, and not have it done."""
    return not _HELP.isdisjoint(arguments[: arguments.index("--")] if "--" in arguments else arguments)


def show_help(command: Any) -> int:
    """Print what a command does, its options, and examples where it has some; all is well then."""
    print(command.help())
    return 0


def _parse_execute(self: Any, in_args: list[str]) -> Any:
    self.cmdparser.named = self.name
    return show_help(self) if asks_for_help(in_args) else _executes(self, in_args)


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
    from splinter.text.patterns import did_you_mean

    known = [f"--{name.removesuffix('=')}" for name in parser.get_long()]
    dashed = f"--{cause.opt}" if len(cause.opt) > 1 else f"-{cause.opt}"
    if "not recognized" not in cause.msg:
        begun = [name for name in known if name.startswith(dashed)] if "unique prefix" in cause.msg else []
        return f"{cause.msg}: {' or '.join(begun)}" if begun else cause.msg
    whose = "task" if isinstance(parser, TaskParse) else "command"
    if not known:
        return f"option {dashed} is not known: this {whose} takes none"
    called = getattr(parser, "named", whose.upper())
    hint = did_you_mean(dashed, known) or f'; "doit help {called}" names those that are'
    return f"option {dashed} is not known{hint}"
