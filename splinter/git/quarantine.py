"""Objects that nothing names yet, apart from the user's: they go into their store just before a ref names them.

What is not accepted is gone with its folder, and was never where another reads. It moves no ref.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from splinter.git import command_line
from splinter.git.command_line import Repository
from splinter.model import layout
from splinter.system import disk, disk_errors, removal

_LOOSE = re.compile(r"[0-9a-f]{2}/(?:[0-9a-f]{38}|[0-9a-f]{62})")
_PACK = re.compile(r"pack/pack-[0-9a-f]+\.(?:pack|rev|idx)")
_PACK_ORDER = (".pack", ".rev", ".idx")  # git looks for the last, and finds the others
_TRIES = 5  # of a folder that a `git gc` of the user's takes away meanwhile


@contextmanager
def opened(repository: Repository) -> Iterator[Repository]:
    """The repository with a folder of ours for new objects, emptied by `keep`; raises StorageError."""
    with disk_errors.as_storage_errors(lambda: [repository.state]):
        place = repository.state / layout.QUARANTINE
        place.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=place))
    try:
        with disk_errors.as_storage_errors(lambda: [repository.state]):
            (folder / "info").mkdir()
            (folder / "info/alternates").write_text(f"{repository.store}\n", "utf-8")
        yield replace(repository, objects=folder)
    finally:
        removal.soon(folder, place)


def keep(repository: Repository) -> None:
    """Move what is apart into the repository's store, each object after those it was made of; raises StorageError.

    git wrote each file through to the disk. A kill in the midst leaves objects that nothing names, and the ref unmoved.
    """
    assert repository.objects
    store = repository.kept_in / "objects"
    with disk_errors.as_storage_errors(lambda: [store]):
        for name in _names(repository.objects):
            _move(repository.objects / name, store / name, like=store)


def narrow(repository: Repository, commit: str, known: Iterable[str]) -> None:
    """Delete of what is apart all that a commit does not need beyond some that the user's store holds."""
    assert repository.objects
    names = "".join(f"{id}\n" for id in (commit, *(f"^{one}" for one in known))).encode()
    words = ("rev-list", "--objects", "--no-object-names", "--stdin")
    needed = set(command_line.call(repository, *words, stdin=names).stdout.decode().split())
    for name in _names(repository.objects):
        if _LOOSE.fullmatch(name) and name.replace("/", "") not in needed:
            (repository.objects / name).unlink()


def forget(state: Path) -> None:
    """Delete what killed runs left apart; for whoever holds the lock of the run."""
    disk.remove(state / layout.QUARANTINE)


def _names(folder: Path) -> list[str]:
    found = [f"{path.parent.name}/{path.name}" for path in folder.glob("*/*")]
    loose = sorted((name for name in found if _LOOSE.fullmatch(name)), key=lambda name: _written_ns(folder / name))
    packs = (name for name in found if _PACK.fullmatch(name))
    return [*sorted(packs, key=lambda name: _PACK_ORDER.index(Path(name).suffix)), *loose]


def _written_ns(file: Path) -> int:
    return file.stat().st_mtime_ns


def _move(file: Path, target: Path, *, like: Path) -> None:
    for tried in range(_TRIES):
        try:
            if not target.parent.is_dir():
                target.parent.mkdir(exist_ok=True)
                target.parent.chmod(like.stat().st_mode & 0o7777)  # a shared repository's is its group's too
            if target.exists():
                os.utime(target)  # a `git gc` of the user's takes it for new
                return
            _rename(file, target)
        except FileNotFoundError:
            if tried == _TRIES - 1:
                raise
        else:
            return


def _rename(file: Path, target: Path) -> None:
    try:
        file.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.with_name(f"tmp_obj_{os.getpid()}_{target.name}")  # so named, git's own gc takes a dead one away
        with file.open("rb") as source, copy.open("wb") as output:
            shutil.copyfileobj(source, output)
            output.flush()
            os.fsync(output.fileno())
        copy.chmod(file.stat().st_mode & 0o7777)
        copy.rename(target)
