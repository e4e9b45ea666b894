"""Whether a repository's refs are as they were, by a look at git's own files. It starts no git, and reads no ref.

It imports nothing slow: what was judged before is to be known again at once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

_FILES = ("HEAD", "config", "packed-refs")
_FOLDERS = ("refs", "reftable")


def state(top: Path) -> str:
    """A hash that differs once a ref, HEAD or a remote does; empty in a linked work tree, whose refs lie elsewhere."""
    folder = top / ".git"
    if not folder.is_dir():
        return ""
    digest = hashlib.sha256()
    try:
        for path in (*(folder / name for name in _FILES), *(one for name in _FOLDERS for one in _below(folder / name))):
            if path.exists():
                status = path.stat()
                digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ino}\n".encode())
    except OSError:  # it moves while we look
        return ""
    return digest.hexdigest()


def _below(folder: Path) -> Iterator[Path]:
    for place, _, names in sorted(os.walk(folder)):
        yield from (Path(place) / name for name in sorted(names))
