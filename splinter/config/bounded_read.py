"""The bytes of one file of the repository, or why there are none. It reads no more than it may and waits for nobody."""

from __future__ import annotations

import errno
from pathlib import Path

from splinter.config.yaml_documents import MAX_BYTES


def read(root: Path, file: Path, *, most: int = MAX_BYTES) -> bytes | str:
    """The file's bytes, at most one more than it may have; a sentence where it is no file inside `root`."""
    try:
        reached = file.resolve(strict=True)
        if not reached.is_relative_to(root.resolve()):
            return "is a symlink that leaves the repository"
        if not reached.is_file():  # a pipe would wait for ever
            return "is not a file"
        with reached.open("rb") as stream:
            return stream.read(most + 1)
    except FileNotFoundError:
        return "does not exist"
    except RuntimeError:  # what pathlib makes of ELOOP before Python 3.13
        return "is a loop of symlinks"
    except OSError as error:
        return "is a loop of symlinks" if error.errno == errno.ELOOP else f"cannot be read: {error.strerror}"
