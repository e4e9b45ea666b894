"""Folders of ours on the disk: what they hold, and how they go. It follows no link, and deletes nothing beside them."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splinter.errors import SplinterError
from splinter.text.counts import more

_DEEP, _LONG = 100, 2_000  # folders in folders, and characters of a path: Python and the system go further


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The bytes of files, each counted once however many names it has here; `newest_s` is the latest write.

    A file that has a name elsewhere counts nothing: it would stay. `is_whole` is false where not all was looked at.
    """

    bytes: int = 0
    newest_s: float = 0.0
    is_whole: bool = True


def measure(paths: Iterable[Path], *, most: int = sys.maxsize) -> Held:
    """What those files and folders hold together; looks at no more than `most` entries."""
    sizes = newest = seen = 0.0
    several: dict[tuple[int, int], int] = {}
    for one in _walk(paths):
        seen += 1
        if seen > most:
            return Held(bytes=int(sizes), newest_s=newest, is_whole=False)
        newest = max(newest, one.st_mtime)
        if stat.S_ISDIR(one.st_mode):
            continue
        names = several[(one.st_dev, one.st_ino)] = several.get((one.st_dev, one.st_ino), 0) + 1
        sizes += one.st_size if names == max(1, one.st_nlink) else 0
    return Held(bytes=int(sizes), newest_s=newest)


def entries(root: Path, *parts: str) -> tuple[Path, ...]:
    """What lies in a folder below `root`, by name; nothing where it is missing.

    Raises SplinterError where it, or a folder on the way, is a link or cannot be read.
    """
    folder = root
    for part in parts:
        folder = folder / part
        if folder.is_symlink():
            raise SplinterError(f"{folder} is a link, which is not followed; nothing was deleted there")
    try:
        return tuple(sorted(folder.iterdir()))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SplinterError(f"{folder} cannot be read: {error.strerror}") from error


def below(folder: Path, *, most: int) -> Iterator[Path]:
    """Everything below a folder, however deep, as far as `most` entries; no link is followed, nothing missing told."""
    todo = [folder]
    while todo and most > 0:
        try:
            with os.scandir(todo.pop()) as found:
                for entry in found:
                    yield Path(entry.path)
                    most -= 1
                    if most <= 0:
                        return
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(Path(entry.path))
        except OSError:  # gone meanwhile, no folder, or not ours to read
            continue


def is_folder(path: Path) -> bool:
    """Whether it is a folder itself, not a link to one."""
    return path.is_dir() and not path.is_symlink()


def seen_folder(path: Path) -> bool:
    """Whether a folder can be seen there, or a link to one; not where we may not look, where `is_dir` raises."""
    return os.path.isdir(path)  # noqa: PTH112


def seen(path: Path) -> bool:
    """The same of anything."""
    return os.path.exists(path)  # noqa: PTH110


def seen_file(path: Path) -> bool:
    """The same of a file."""
    return os.path.isfile(path)  # noqa: PTH113


def beginning(file: Path, most: int) -> bytes:
    """The first bytes of a file; none where there is none to be read. A pipe is not waited for."""
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return b""
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return b""
        with os.fdopen(handle, "rb", closefd=False) as opened:
            return opened.read(most)
    except OSError:
        return b""
    finally:
        os.close(handle)


class NoPlainFileError(ValueError):
    """What lies there is not read; the message says why."""


def whole(file: Path, *, most: int) -> bytes | None:
    """The bytes of a regular file, None where there is none; raises NoPlainFileError.

    A link, a pipe, a folder, and what holds more than `most` bytes are not read, and not waited for.
    """
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NoPlainFileError(f"it cannot be opened: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NoPlainFileError("it is no regular file")
        with os.fdopen(handle, "rb", closefd=False) as opened:
            data = opened.read(most + 1)
    finally:
        os.close(handle)
    if len(data) > most:
        raise NoPlainFileError(f"it is larger than {most // 1024 // 1024} MB")
    return data


def remove(path: Path) -> str | None:
    """Delete a file, a link or a folder with all in it; returns why it could not be, None where it is gone.

    Folders that nobody may write in, as Go's module cache makes them, are made writable first.
    """
    failed = _removed(path)
    if failed:
        _make_writable(path)
        failed = _removed(path)
    if not failed:
        return None
    where, why = failed[0]
    others = more(len(failed) - 1)
    return f"{where} cannot be deleted: {why}{f', {others}' if others else ''}"


def _walk(paths: Iterable[Path]) -> Iterator[os.stat_result]:
    todo = [str(path) for path in paths]
    while todo:
        path = todo.pop()
        try:
            found = os.lstat(path)
            if stat.S_ISDIR(found.st_mode):
                todo.extend(entry.path for entry in os.scandir(path))
        except OSError:  # gone meanwhile, or not ours to look into
            continue
        yield found


def _removed(path: Path) -> list[tuple[str, str]]:
    """Try to delete it; what stood in the way, by path."""
    failed: list[tuple[str, str]] = []

    def note(_function: object, where: str | Path, error: Any) -> None:
        found = error[1] if isinstance(error, tuple) else error
        if not isinstance(found, FileNotFoundError):
            failed.append((str(where), getattr(found, "strerror", None) or str(found)))

    if not is_folder(path):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            note(None, str(path), error)
    else:
        try:
            _remove_folder(path, note)
        except RecursionError:
            _bring_up(path)
            _remove_folder(path, note)
    # a folder that is not empty is a consequence of what lies in it
    return [one for one in failed if not any(other[0].startswith(f"{one[0]}{os.sep}") for other in failed[:50])]


def _remove_folder(path: Path, note: Callable[[object, str | Path, Any], None]) -> None:
    if sys.version_info >= (3, 12):
        shutil.rmtree(path, onexc=note)
    else:
        shutil.rmtree(path, onerror=note)


def _bring_up(path: Path) -> None:
    """Move what lies deeper in a folder than Python goes right below its top."""
    todo, made = [(str(path), 0)], secrets.token_hex(8)
    count = 0
    while todo:
        folder, depth = todo.pop()
        with suppress(OSError), os.scandir(folder) as found:
            for entry in [one for one in found if one.is_dir(follow_symlinks=False)]:
                if depth < _DEEP and len(entry.path) < _LONG:
                    todo.append((entry.path, depth + 1))
                    continue
                count += 1
                top = path / f".{made}-{count}"
                os.rename(entry.path, top)  # noqa: PTH104  # its path may be longer than pathlib takes
                todo.append((str(top), 1))


def _make_writable(path: Path) -> None:
    folders = [path] if is_folder(path) else []
    while folders:
        folder = folders.pop()
        try:
            folder.chmod(0o700)
            folders.extend(one for one in folder.iterdir() if is_folder(one))
        except OSError:
            continue
