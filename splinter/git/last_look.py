"""What a work tree was like when we last looked, so that one that nothing touched is neither put back nor measured.

It is known by what no program can set back: of each file inode, size, and the times of writing and of change, and what
it holds where it was written so shortly before the look that a file system's clock might not tell. It changes nothing,
and remembers nothing beyond this process.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from splinter.git.command_line import WorkTree

_PRIVATE, _FOLDER = ".git", stat.S_IFDIR
_MOST, _MOST_FRESH, _LARGEST_FRESH = 5_000, 1_000, 8_000_000  # entries; fresh files, and their bytes
_MOST_KEPT = 64  # work trees
_TICK_NS, _COARSE_NS = 20_000_000, 2_500_000_000  # of the clocks of file systems, and of those that know seconds only


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look: hashes of what it saw, of the tree's own `.git` by itself, and what fresh files held.

    `size` is how many bytes all files have together, `has_empty` whether a folder holds nothing.
    """

    files: bytes
    private: bytes
    fresh: Mapping[str, bytes]
    size: int
    has_empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A work tree whose files are those of `tree`, and the `.git` in it that of a `commit`, empty where it is not.

    `listed` is what else was left there, `index` what was our index, and the file of what the `.git` is given, then.
    """

    tree: str
    commit: str
    look: Look
    index: tuple[int, ...]
    listed: object = field(default=None, repr=False)


_known: OrderedDict[tuple[str, str], Known] = OrderedDict()
_too_large: set[str] = set()
_lock = threading.Lock()


def look(tree: WorkTree) -> Look | None:
    """Look at all that lies there; None where that is too much, or not to be seen."""
    return scan(str(tree.path))


def scan(top: str, but: Callable[[str], bool] | None = None) -> Look | None:
    """The same of any folder, without what `but` says of a path below it."""
    if top in _too_large:
        return None
    try:
        return _Walk(top, but).look()
    except OSError:
        return None


def is_same(top: str, before: Look, now: Look) -> bool:
    """Whether all files are as they were, but for those of a `.git` right there."""
    files = (path for path in before.fresh if not _is_private(path))
    return now.files == before.files and all(_held(top, path) == before.fresh[path] for path in files)


def remember(tree: WorkTree, seen: Look | None, *, id: str, commit: str = "", listed: object = None) -> None:
    """Let a look stand for the files of a tree, as the index has it now; nothing is known where there was none."""
    with _lock:
        _known.pop(_key(tree), None)
        index = _index(tree)
        if seen and index:
            _known[_key(tree)] = Known(tree=id, commit=commit, look=seen, index=index, listed=listed)
        while len(_known) > _MOST_KEPT:
            _known.popitem(last=False)


def forget(tree: WorkTree) -> None:
    """Know nothing of it any more: it is about to be changed."""
    with _lock:
        _known.pop(_key(tree), None)


def unchanged(tree: WorkTree, now: Look | None = None) -> Known | None:
    """What is known of a work tree whose files and index are as they were; `now` is a look that was just taken."""
    key = _key(tree)
    with _lock:
        known = _known.get(key)
    if known is None or known.index != _index(tree):
        return None
    now = now or look(tree)
    if not now or not is_same(str(tree.path), known.look, now):
        return None
    if known.commit and not _has_same_git(tree, known, now):
        known = replace(known, commit="")
    known = replace(known, look=now)  # less of it is fresh by now
    with _lock:
        _known[key] = known
    return known


def _has_same_git(tree: WorkTree, known: Known, now: Look) -> bool:
    own = ((path, held) for path, held in known.look.fresh.items() if _is_private(path))
    return now.private == known.look.private and all(_held(str(tree.path), path) == held for path, held in own)


class _Walk:
    def __init__(self, top: str, but: Callable[[str], bool] | None) -> None:
        self._top, self._but, self._now_ns = top, but, time.time_ns()
        self._fresh: dict[str, bytes] = {}
        self._left, self._fresh_left, self._size, self._has_empty = _MOST, _LARGEST_FRESH, 0, False

    def look(self) -> Look:
        files, private = hashlib.sha256(), hashlib.sha256()
        todo = [""]
        while todo:
            folder = todo.pop()
            rows = self._rows(folder)
            own = _is_private(folder)
            self._has_empty |= not rows and not own
            todo += [f"{folder}{os.fsdecode(row[0])}/" for row in rows if row[1] == _FOLDER]
            if not folder:
                private.update(marshal.dumps([row for row in rows if row[0] == os.fsencode(_PRIVATE)], 2))
                rows = [row for row in rows if row[0] != os.fsencode(_PRIVATE)]
            # without references to objects, so that the same rows are the same bytes
            (private if own else files).update(os.fsencode(folder) + b"\0" + marshal.dumps(rows, 2))
        status = os.lstat(self._top)
        files.update(f"{status.st_mode} {status.st_ino} {status.st_dev}".encode())
        return Look(
            files=files.digest(), private=private.digest(), fresh=self._fresh, size=self._size,
            has_empty=self._has_empty,
        )  # fmt: skip

    def _rows(self, folder: str) -> list[tuple[bytes, int, int, int, int, int, int]]:
        """What lies in a folder, by name: kind, mode, inode, and of what is no folder size and times."""
        rows = []
        with os.scandir(os.fsencode(f"{self._top}/{folder}")) as entries:
            for entry in entries:
                self._left -= 1
                if self._left < 0:
                    with _lock:
                        _too_large.add(self._top)
                    raise OSError("too much")
                name = entry.name
                if self._but and self._but(folder + os.fsdecode(name)):
                    continue
                found = entry.stat(follow_symlinks=False)
                mode, changed_ns = found.st_mode, found.st_ctime_ns
                if stat.S_IFMT(mode) == _FOLDER:  # what came and went in it is seen in it
                    rows.append((name, _FOLDER, mode, found.st_ino, 0, 0, 0))
                    continue
                self._size += found.st_size
                if changed_ns > self._now_ns - (_TICK_NS if changed_ns % 1_000_000_000 else _COARSE_NS):
                    self._read(folder + os.fsdecode(name), found.st_size)
                rows.append((name, 0, mode, found.st_ino, found.st_size, found.st_mtime_ns, changed_ns))
        rows.sort()
        return rows

    def _read(self, path: str, size: int) -> None:
        """Remember what a fresh file holds."""
        self._fresh_left -= size
        if self._fresh_left < 0 or len(self._fresh) >= _MOST_FRESH:
            raise OSError("too much is fresh")
        self._fresh[path] = _content(f"{self._top}/{path}")


def _is_private(path: str) -> bool:
    return path == _PRIVATE or path.startswith(f"{_PRIVATE}/")


def _held(top: str, path: str) -> bytes:
    try:
        return _content(f"{top}/{path}")
    except OSError:
        return b""


def _content(path: str) -> bytes:
    """The hash of what a file holds; of what is no file, or a link, a mark."""
    if os.path.islink(path):  # noqa: PTH114
        return b"a link to " + os.fsencode(os.readlink(path))  # noqa: PTH115
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(handle, "rb", buffering=0) as file:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return b"no file"
        return hashlib.sha256(file.read(_LARGEST_FRESH)).digest()


def _key(tree: WorkTree) -> tuple[str, str]:
    return str(tree.path), str(tree.index)


def _index(tree: WorkTree) -> tuple[int, ...]:
    """Empty where there is no index."""
    own = _times(str(tree.index))
    return own and (*own, *_times(f"{tree.index}.given"))


def _times(file: str) -> tuple[int, ...]:
    try:
        status = os.lstat(file)
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
