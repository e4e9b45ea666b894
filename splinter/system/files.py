"""Files that are written whole or not at all, and kept from git."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path


def make_ignored_folder(folder: Path) -> None:
    """Make a folder that git ignores by a file of its own."""
    if not (folder / ".gitignore").exists():
        write_whole(folder / ".gitignore", "*\n")


def write_whole(file: Path, text: str, *, mode: int = 0o666, is_lasting: bool = True) -> None:
    """Write a file so that nobody ever sees half of it, after a power cut neither; raises OSError with its name.

    `mode` is what the umask leaves of it. One that is not lasting may be torn or old after a power cut: whoever reads
    it must know that by what it says.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(handle, "w", encoding="utf-8", newline="") as output:  # noqa: PTH123
            output.write(text)
            if is_lasting:
                output.flush()
                os.fsync(output.fileno())
        temporary.replace(file)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        error.filename, error.filename2 = str(file), None
        raise


def exclude_from_git(common: Path, pattern: str) -> None:
    """Add a pattern to git's own, uncommitted ignore file, once."""
    file = common / "info" / "exclude"
    text = file.read_text("utf-8", "surrogateescape") if file.is_file() else ""
    if pattern not in text.splitlines():
        file.parent.mkdir(exist_ok=True)
        separator = "" if text.endswith("\n") or not text else "\n"
        with file.open("a", encoding="utf-8") as output:
            output.write(f"{separator}{pattern}\n")
