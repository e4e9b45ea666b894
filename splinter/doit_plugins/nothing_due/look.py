"""One look at everything that "nothing is due" rests on: the code, the environment, files, refs, objects, databases.

It opens none of them and starts no git: names, sizes and times say enough. It imports nothing slow, and makes no value
that is not needed, since it is to see ten thousand workstreams in a few hundredths of a second. What is odd raises
OSError.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import stat
import sys
from collections.abc import Mapping
from typing import Any

from doit import version

from splinter.model import layout

# variables that say nothing to us: what a shell counts, and how large its window is
_QUIET = frozenset(("_", "SHLVL", "OLDPWD", "PWD", "COLUMNS", "LINES", "WINDOWID"))
_BESIDE = ("", "-wal", "-shm", "-journal")  # a database, and what sqlite keeps beside it while somebody has it open
# from the root; one that is not there must still not be there
_FILES = (
    "dodo.py", "doit.cfg", layout.SHARED_SETTINGS, layout.SETTINGS, layout.INCLUDE,
    *(f"{layout.DATABASE}{end}" for end in _BESIDE),
    *(f"{layout.STATE}/{name}{end}" for name in (layout.HISTORY, layout.MEMORY) for end in _BESIDE),
    *(f"{layout.STATE}/{name}" for name in (layout.UNDER_WAY, layout.WORKSTREAM_SCHEMA, layout.SETTINGS_SCHEMA)),
    *(f".git/{name}" for name in (
        "HEAD", "config", "config.worktree", "packed-refs", "shallow", "commondir", "gitdir", "worktrees",
        "info/exclude", "info/attributes", "info/grafts", "objects/info/alternates", "objects/info/http-alternates",
    )),
)  # fmt: skip
_OF_LOOKS = (layout.NOTHING_DUE, layout.LISTED)  # what is left behind by them
_FOLDERS = (".", layout.STATE, ".git", layout.WORKSTREAMS)  # which may change within
_BOOT = "/proc/sys/kernel/random/boot_id"
_LEAST_FREE = 1_000_000  # bytes: on a disk that is full a call says so
_SECOND_NS = 1_000_000_000
_COARSE_NS, _FINE_NS = 2 * _SECOND_NS, 20_000_000  # how far a file system's clock may be behind

Stamp = tuple[Any, ...]  # a name, time of change, time of change of what is known of it, size, inode, mode


class OddError(OSError):
    """What nobody expects there."""


def stamps(named: Mapping[str, Any]) -> list[Stamp]:
    """Everything that has a time, in the folder that the process is in, which is the repository's root.

    `named` are `files` and `folders` beside those that every repository has.
    """
    found: list[Stamp] = []
    for name in (*_FILES, *named["files"]):
        _stamp(name, found)
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    _below(package, found)
    for name in (".git/refs", ".git/reftable"):
        if os.path.lexists(name):
            _below(name, found)
    _entries(layout.WORKSTREAMS, found)
    _entries(".git/objects", found)
    _entries(".git/objects/pack", found)
    return found


def facts(named: Mapping[str, Any], variables: Mapping[str, str], call: object) -> list[Any]:
    """All else: who calls what, with which Python and variables, and that folders are where they were."""
    secrets = named["secrets"]
    if os.path.isdir(".git/objects/info/alternates") or os.path.islink(".git"):  # noqa: PTH112, PTH114
        raise OddError(".git")
    for place in (".", ".git"):
        disk = os.statvfs(place)
        if disk.f_flag & os.ST_RDONLY or disk.f_bavail * disk.f_frsize < _LEAST_FREE:
            raise OddError(place)
    return [
        sys.version, sys.prefix, sys.flags.optimize, version.VERSION, _boot(),
        os.uname().nodename, os.getcwd(), os.geteuid(), os.getegid(), repr(call),  # noqa: PTH109
        sorted(name for name in os.listdir(layout.STATE) if name not in _OF_LOOKS),  # noqa: PTH208
        [_identity(name) for name in (*_FOLDERS, *named["folders"])],
        # a secret counts as there or not: its value is no business of a file's
        sorted((name, bool(value.strip()) if name in secrets else value) for name, value in variables.items()
               if name not in _QUIET),
    ]  # fmt: skip


def digest(found: list[Stamp], more: list[Any]) -> str:
    """The hash of a look."""
    return hashlib.blake2b(marshal.dumps((found, more), 2), digest_size=20).hexdigest()  # 2: by value, not by identity


def newest_ns(found: list[Stamp], now_ns: int) -> int:
    """From when on nothing of it has changed, for certain: file systems have clocks of their own grain."""
    newest = 0
    for one in found:
        if len(one) > 2:
            is_coarse = one[1] % _SECOND_NS == 0 and one[2] % _SECOND_NS == 0
            changed = max(one[2], one[1] if one[1] <= now_ns else 0)
            newest = max(newest, changed + (_COARSE_NS if is_coarse else _FINE_NS))
    return newest


def _stamp(name: str, found: list[Stamp]) -> None:
    try:
        one = os.lstat(name)
    except (FileNotFoundError, NotADirectoryError):
        found.append((name,))
        return
    found.append((name, one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino, one.st_mode))
    if stat.S_ISLNK(one.st_mode):
        one = os.stat(name)  # noqa: PTH116  a link that leads nowhere is odd
        found.append((f"{name}/", one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino, one.st_mode))


def _entries(folder: str, found: list[Stamp]) -> None:
    """What a folder holds; of folders in it only what can be seen from outside."""
    some: list[Stamp] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            one, is_link = entry.stat(), entry.is_symlink()
            some.append((entry.name, one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino, one.st_mode, is_link))
    some.sort()
    found.append((folder,))
    found.extend(some)


def _below(folder: str, found: list[Stamp]) -> None:
    """The files below a folder, at any depth; an empty folder says nothing."""
    some: list[Stamp] = []
    todo = [folder]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        todo.append(entry.path)
                    continue
                one = entry.stat()
                if stat.S_ISDIR(one.st_mode):
                    raise OddError(entry.path)
                some.append((entry.path, one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino, one.st_mode))
    some.sort()
    found.extend(some)


def _boot() -> bytes:
    """Which start of the machine this is: a power cut leaves files torn whose times and sizes say nothing of it."""
    try:
        file = os.open(_BOOT, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(file, 100)
    finally:
        os.close(file)


def _identity(folder: str) -> tuple[int, ...]:
    one = os.lstat(folder)
    return one.st_mode, one.st_ino, one.st_dev, one.st_uid
