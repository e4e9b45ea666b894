"""Commands of the earlier orchestrator as `run` takes them. It starts nothing, and never guesses an exit status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from splinter.config.importer.phrases import is_powershell

PATH = r"""(?P<quote>['"]?)(?P<path>[\w./\\*?-]+)(?P=quote)"""
EXISTS = re.compile(rf"Test-Path\s+(?:-Path\s+)?{PATH}")
MUST_EXIST = re.compile(rf"if\s*\(\s*-not\s*\(\s*Test-Path\s+{PATH}\s*\)\s*\)\s*\{{\s*exit\s+1\s*;?\s*\}}")
VARIABLE = re.compile(r"\$\{([\w.]+)\}")
SAFE = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What `run` gets; `was` is the command where it was put into other words, `needs` a program it needs."""

    run: str | list[str]
    was: str | None = None
    needs: str | None = None


def convert(command: str, *, prints_true: bool = False) -> Converted:
    """A command line for the shell, or for PowerShell where only that understands it.

    `prints_true` says that the command was judged by printing "True": so it is put as a test with an exit status.
    """
    text = command.strip()
    found = MUST_EXIST.fullmatch(text) or (EXISTS.fullmatch(text) if prints_true else None)
    if found and not found["path"].startswith("-"):
        return Converted(run=_exists(found["path"].replace("\\", "/")), was=text)
    if is_powershell(text):
        return Converted(run=["pwsh", "-NoProfile", "-Command", text], needs="pwsh")
    return Converted(run=text)


def must_exist(pattern: str) -> str:
    """A command that succeeds where something has a path of that pattern; all but the wildcards is quoted."""
    return "ls -d " + "".join(part if part in "*?" else _quoted(part) for part in re.split(r"([*?])", pattern) if part)


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with `${name}` replaced where the name is known and its value is a plain word."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        return found if found is not None and SAFE.fullmatch(found) else match[0]

    return VARIABLE.sub(value, text)


def all_of(commands: list[str]) -> str:
    """One text for the shell that ends with the first command that fails."""
    return commands[0] if len(commands) == 1 else "\n".join(["set -e", *commands, ""])


def _exists(path: str) -> str:
    return must_exist(path) if set("*?") & set(path) else f"test -e {path}"


def _quoted(part: str) -> str:
    return part if re.fullmatch(r"[\w./@%+=:,-]*", part) else "'" + part.replace("'", "'\\''") + "'"
