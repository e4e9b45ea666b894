"""Paths of the user's checkout in commands and values: what is named by its whole path is none of a work tree's files.

Pure: it looks at text alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

_HOME = re.compile(r"(?<![\w/~])~(?=/)|\$HOME\b|\$\{HOME\}")
_REST = re.compile(r"(?![\w.-])(?:/[^\s\"'`;:|&,<>()]*)?")
_WORD_BEFORE = re.compile(r"[^\s\"'`=:,;|&(]*$")


def named(text: str, checkouts: Sequence[Path], *, home: str) -> Iterator[Path]:
    """The paths in a text that lie in a checkout, or are one; the home may be written as `~` or `$HOME`."""
    text = _HOME.sub(lambda _: home, text)
    for checkout in checkouts:
        for found in re.finditer(re.escape(str(checkout)), text):
            before, rest = _WORD_BEFORE.search(text[: found.start()]), _REST.match(text, found.end())
            # `-I/path` and `file:///path` name it, `/mnt/path` does not
            is_begin = before is not None and (not before[0] or before[0][0] == "-" or before[0][-1] == "/")
            if not is_begin or rest is None:
                continue
            path = Path(os.path.normpath(found[0] + rest[0]))
            if path.is_relative_to(checkout):
                yield path
