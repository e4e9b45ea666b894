"""Files that somebody else left in a folder: copied by name, plain ones alone, no larger than they may be.

It follows no link, opens nothing that could wait, and writes only where it is told to.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from splinter.errors import SplinterError
from splinter.system import disk

_BYTES = 1_000_000  # at a time


def copy(folder: Path, name: str, to: Path, *, most: int) -> int:
    """Copy the file of that name, from the folder and with `/`, to a path; returns its bytes, 0 where it is missing.

    Raises SplinterError for a link on the way, for what is no plain file, and for more than `most` bytes.
    """
    handle = _opened(folder, PurePosixPath(name))
    if handle is None:
        return 0
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_size > most:
        os.close(handle)
        why = f"is larger than {most // 1_000_000:,} MB" if stat.S_ISREG(found.st_mode) else "is no plain file"
        raise SplinterError(f"{name} {why}")
    with open(handle, "rb") as source:  # noqa: PTH123
        to.parent.mkdir(parents=True, exist_ok=True)
        with to.open("wb") as target:
            shutil.copyfileobj(source, target, _BYTES)
    return int(found.st_size)


def names(folder: Path, below: str, *, most: int) -> Iterator[str]:
    """What lies below a folder in it, but for folders and links, as names from the folder; no more than `most`."""
    start = folder / below
    if any(part.is_symlink() for part in (start, *start.parents) if part.is_relative_to(folder) and part != folder):
        return
    for path in disk.below(start, most=most):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder).as_posix()


def _opened(folder: Path, name: PurePosixPath) -> int | None:
    """The file, opened part by part so that no part is a link; None where it is missing."""
    if name.is_absolute() or ".." in name.parts:
        raise SplinterError(f"{name} does not lie in the folder")
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in name.parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = inner
        return os.open(name.parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SplinterError(f"{name} is a link, or cannot be read: {error.strerror}") from error
    finally:
        os.close(here)
