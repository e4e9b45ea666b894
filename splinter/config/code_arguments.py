"""Which words of a command without a shell are code after all: the program itself, and what an interpreter is given.

It knows the usual interpreters and their options, and takes a word that it does not know for data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_INTERPRETERS = re.compile(
    r"(?:ba|da|z|k|mk|a|fi|c|tc)?sh|busybox|python[\d.]*|pypy[\d.]*|node|nodejs|deno|bun|perl|ruby|php[\d.]*|lua[\d.]*"
    r"|pwsh|powershell|Rscript|osascript|tclsh"
)
_FILTERS = re.compile(r"[gmn]?awk|g?sed|jq|yq|xargs|ssh|su")  # whose first words are programs, too
_CODE_FOLLOWS = re.compile(r"-[a-zA-Z]*[ceErp]|--(?:eval|execute|command|print|run)|-Command|eval")
_EXECUTES = ("-exec", "-execdir", "-ok", "-okdir")  # of find
_FILE = re.compile(r"[./]|-m$")  # a script or a module: what follows is for that


def program(words: Sequence[str], at: int) -> str:
    """The program that would run the word at that place as code; empty where none would. Wrappers may stand before."""
    if at == 0 or words[at - 1] in _EXECUTES:
        return words[0]
    for place in range(at - 1, -1, -1):
        name, between = words[place].rpartition("/")[2], words[place + 1 : at]
        if _FILTERS.fullmatch(name) and all(word.startswith("-") for word in between):
            return name
        if _INTERPRETERS.fullmatch(name) and not any(map(_FILE.search, between)):
            return name if _CODE_FOLLOWS.fullmatch(words[at - 1]) else ""
    return ""
