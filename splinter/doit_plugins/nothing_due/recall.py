"""Whether a call has nothing to do, or what `doit list` says, known at once by what the last one like it left behind.

It says nothing that a full look would not say at this moment: where anything is not as it was, is newer, odd or not to
be read, it says nothing at all. It changes nothing, and imports nothing slow.
"""

from __future__ import annotations

import gc
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from doit import doit_cmd

from splinter.config import process_environment
from splinter.doit_plugins.nothing_due import look
from splinter.model import layout

VERSION = 2
SWITCH = "SPLINTER_SHORTCUT"  # off: each call looks at everything
FILE = f"{layout.STATE}/{layout.NOTHING_DUE}"
LISTED = f"{layout.STATE}/{layout.LISTED}"
LOCK, HOLDER = ".git/splinter.lock", ".git/splinter.holder.json"
LONGEST_S = 24 * 60 * 60
SHORTEST_SECRET, LONG_PART = 6, 12  # characters; as where secrets are masked
_ENTERS, _BORDER = re.compile(r"://([^/\s]*)@"), re.compile(r"[/?#&=:@;,\s]+")
_MOST_BYTES = 16_000_000
_LONGEST_LINE = 400
# what is raised by a file that holds anything at all
DAMAGED = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError, ArithmeticError)
_JOBS, _MOST_DIGITS = ("-n", "--process"), 9
_DEFAULTS = {"dodoFile": "dodo.py", "cwdPath": None, "seek_file": False}  # doit's, of where it finds tasks


def tasks(words: Sequence[str]) -> tuple[str, ...] | None:
    """The tasks that a call names; None where it says more than these and how many may run at once."""
    found: list[str] = []
    left = iter(words)
    for word in left:
        if not word.startswith("-"):
            found.append(word)
            continue
        is_long = word.startswith("--")
        option, equals, number = word.partition("=") if is_long else (word[:2], "", word[2:])
        number = number if number or equals else next(left, "")
        if option not in _JOBS or not number.isdecimal() or len(number) > _MOST_DIGITS:
            return None
    return tuple(found)


def call(config: Mapping[str, Any], given: Mapping[str, Any]) -> list[Any] | None:
    """What of a call counts beside its words: doit's configuration; None where it is no plain one."""
    is_plain_loader = all(given[name] == default for name, default in _DEFAULTS.items() if name in given)
    if not is_plain_loader or getattr(doit_cmd, "_CMDLINE_VARS", None):
        return None
    return [(section, sorted(values.items())) for section, values in sorted(config.items())]


def line(words: Sequence[str], asked: list[Any] | None, is_stopping: Callable[[], bool] = lambda: False) -> str:
    """What a call like this says, where it has nothing to do for certain; else empty.

    A remote is not waited for any more where it `is_stopping`.
    """
    said = "" if tasks(words) is None else _said(FILE, key(words), asked, is_stopping)
    return said if is_line(said) else ""


def listed(words: Sequence[str], asked: list[Any] | None) -> str:
    """What `doit list` without words says, where that is certain; else empty."""
    return "" if words else _said(LISTED, "", asked, lambda: False)


def _said(name: str, key: str, asked: list[Any] | None, is_stopping: Callable[[], bool]) -> str:
    """What was said of a call by that key, where nothing is another since."""
    variables = process_environment.variables()
    if asked is None or variables.get(SWITCH, "").strip() not in ("", "on"):
        return ""
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        kept = _kept(name)
        said = str(kept["calls"].get(key, ""))
        at, until = kept["at"], kept["until"]
        is_now = variables.get("SPLINTER_NOW", "").strip() or at <= time.time() < until
        if not said or not is_now or until - at > LONGEST_S or not is_harmless(said, kept["secrets"], variables):
            return ""
        is_same = _is_same(kept, variables, asked)
        if is_same and kept["remote"]:
            is_same = _says_the_same(kept, variables, asked, is_stopping)
        return said if is_same else ""
    except DAMAGED:
        return ""
    finally:
        if is_collecting:
            gc.enable()


def _is_same(kept: Mapping[str, Any], variables: Mapping[str, str], asked: list[Any]) -> bool:
    with alone():
        return bool(look.digest(look.stamps(kept), look.facts(kept, variables, asked)) == kept["seen"])


def _says_the_same(
    kept: Mapping[str, Any], variables: Mapping[str, str], asked: list[Any], is_stopping: Callable[[], bool]
) -> bool:
    """Whether the remote's default branch is the one that it was, at the same commit.

    Where all else is as it was by then, too, its answer counts for a full look; a remote may have another address now.
    """
    from splinter.errors import SplinterError
    from splinter.git import remote_head

    name, *head = kept["remote"]
    answer = remote_head.ask(name, variables, is_stopping)
    if not _is_same(kept, variables, asked):
        return False
    remote_head.HEARD[name] = answer
    if isinstance(answer, SplinterError) or answer.exit_status != 0:
        return False
    return remote_head.said(answer.stdout) == tuple(head)


def key(words: Sequence[str]) -> str:
    """The tasks that a call names as one text."""
    return "".join(f"{task}\0" for task in tasks(words) or ())


def is_line(said: str) -> bool:
    """Whether it is one line, as those of ours are."""
    return said.isascii() and "\n" not in said and len(said) <= _LONGEST_LINE


def is_harmless(said: str, secrets: Sequence[str], variables: Mapping[str, str]) -> bool:
    """Whether it is plain lines: whoever wrote the file steers no terminal by them, and no secret is in them."""
    if not all(map(str.isprintable, said.split("\n"))) or "::" in said or "##[" in said:
        return False
    values = (part for name in secrets for part in _parts(variables.get(name, "").strip()))
    return not any(len(value) >= SHORTEST_SECRET and value in said for value in values)


def _parts(secret: str) -> Iterator[str]:
    """A secret, and of an address what it is guessed by: who may enter, and by which password, and each long part."""
    yield secret
    if "://" in secret:
        yield from (part for found in _ENTERS.findall(secret) for part in found.split(":", 1))
        yield from (part for part in _BORDER.split(secret) if len(part) >= LONG_PART)


def _kept(name: str) -> Any:
    """What was left behind there; raises OSError or ValueError for what is no such file of ours."""
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        one = os.fstat(file)
        if not stat.S_ISREG(one.st_mode) or one.st_uid != os.geteuid() or one.st_size > _MOST_BYTES:
            raise look.OddError(name)
        with open(file, "rb", closefd=False) as reader:
            kept = json.loads(reader.read())
    finally:
        os.close(file)
    if kept["version"] != VERSION:
        raise look.OddError(name)
    return kept


@contextmanager
def alone() -> Iterator[None]:
    """While no run works here, and none can begin; raises OSError where one does, or was killed.

    Others that look like this may do so at the same time. The lock is the one of `RunLock`, which is not made here.
    """
    try:
        import fcntl
    except ImportError as error:  # a system without such locks, where nobody can be known to work
        raise look.OddError(LOCK) from error

    file = os.open(LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if os.path.lexists(HOLDER):  # it goes before the lock does, so that whoever had it was killed
            raise look.OddError(HOLDER)
        yield
    finally:
        os.close(file)
