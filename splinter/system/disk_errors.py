"""A file system that takes no more, as one sentence: what could not be written, where, why, and how to fix it.

It keeps nothing and knows no file's meaning; what it writes to find out why has no name and is gone at once.
"""

from __future__ import annotations

import errno
import getpass
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from splinter.errors import StorageError

_PROBE_BYTES = 64 * 1024
_ROOM_BYTES = 1024 * 1024
_WHY = {
    errno.ENOSPC: ("no space is left on its file system", "free some"),
    errno.EDQUOT: ("the disk quota is used up", "free some space"),
    errno.EROFS: ("its file system is read-only", "mount it so that it may be written"),
    errno.EACCES: ("{user} has no permission", "grant it, or run as its owner"),
    errno.EPERM: ("{user} has no permission", "grant it, or run as its owner"),
    errno.EIO: ("its disk answers with an input/output error", "check the disk"),
}
# what git says where it may not or cannot write; a file of a work tree that it may not read is the step's doing
_LONGEST_LINE = 5_000  # a path, and git's words around it
_GIT_WORDS = (
    (errno.ENOSPC, re.compile(r"No space left on device|Out of diskspace")),
    (errno.EDQUOT, re.compile(r"Disk quota exceeded")),
    (errno.EROFS, re.compile(r"Read-only file system")),
    (errno.EACCES, re.compile(r"(?i)insufficient permission|(?:unable to|cannot|could not) (?:create|write).*"
                              r"Permission denied")),
)  # fmt: skip
_GIT_WRITES = re.compile(r"(?i)(?:unable to|cannot|could not|couldn't|failed to) (?:create|write|mkdir)|write error")
_GIT_PATH = re.compile(r"'(/[^'\n]+)'|(?:for|file) (/[^:\n]+)")
_GIT_LOCK = re.compile(r"Unable to create '([^']+\.lock)': File exists")


def sentence(path: Path | str, error: OSError) -> str:
    """What cannot be written, why, and how to fix it."""
    why, remedy = _WHY.get(error.errno or 0, (error.strerror or str(error), ""))
    end = f"; {remedy}, then run doit again" if remedy else ""
    return f"{path} cannot be written: {why.format(user=_user())}{end}"


def of(error: OSError, folders: Sequence[Path] = ()) -> StorageError:
    """An error of the system's as ours; where it names no file, that of `folders` which takes nothing is named."""
    named = error.filename2 or error.filename
    path = os.fsdecode(named) if isinstance(named, str | bytes) else ""
    if error.errno not in _WHY:
        return StorageError(": ".join(filter(None, (error.strerror or str(error), path))))
    path = path or str(next((folder for folder in folders if probe(folder)), "a file"))
    return StorageError(sentence(path, error))


@contextmanager
def as_storage_errors(folders: Callable[[], Sequence[Path]]) -> Iterator[None]:
    """Errors of the system's become ours; `folders` are where something may have been written."""
    try:
        yield
    except OSError as error:
        raise of(error, folders()) from error


def of_git(verb: str, stderr: str, folders: Sequence[Path]) -> StorageError | None:
    """What hindered a git call from writing into one of `folders`, None where it failed for another reason."""
    lines = (line[:_LONGEST_LINE] for line in stderr.splitlines() if line.startswith(("error:", "fatal:")))
    said = "\n".join(line for line in lines if "remote" not in line[:16])  # not what ssh or the other side says
    if lock := _GIT_LOCK.search(said):
        return StorageError(
            f"git {verb} found {lock[1]}: another git is at work, or one that was killed left it; "
            f"where none is, remove it (rm '{lock[1]}'), then run doit again"
        )
    number = next((number for number, words in _GIT_WORDS if words.search(said)), None)
    if number is None and not _GIT_WRITES.search(said):
        return None
    named = [Path(quoted or bare) for quoted, bare in _GIT_PATH.findall(said)[:1]]
    places = [*named, *folders]
    refusing = ((place, error) for place in places if (error := probe(place)))
    place, error = next(refusing, (places[0], OSError(number, os.strerror(number)) if number else None))
    return StorageError(f"git {verb}: {sentence(named[0] if named else place, error)}") if error else None


def require(folders: Iterable[Path]) -> None:
    """Raise StorageError where one of the folders has no room for what something that costs may make."""
    for folder in folders:
        if error := probe(folder, size=_ROOM_BYTES):
            raise StorageError(sentence(folder, error))


def temporary() -> tuple[Path, ...]:
    """The folder of temporary files; none where no such folder takes a file."""
    try:
        return (Path(tempfile.gettempdir()),)
    except FileNotFoundError:
        return ()


def probe(folder: Path, *, size: int = _PROBE_BYTES) -> OSError | None:
    """Why that many bytes cannot be written into a folder, None where they can."""
    there = next((path for path in (folder, *folder.parents) if path.is_dir()), folder)
    try:
        with tempfile.TemporaryFile(dir=there, buffering=0) as file:
            if file.write(bytes(size)) < size:
                return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        return error if error.errno in _WHY else None
    return None


def _user() -> str:
    try:
        return f"user {getpass.getuser()}"
    except (KeyError, OSError):  # a number without a name
        return f"user {os.getuid()}"
