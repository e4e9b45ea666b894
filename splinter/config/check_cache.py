"""A clean `doit check` remembered by content, so that a second one costs a look at each file's time and size.

Kept in the user's cache folder, keyed by the code and schemas that judged; safe to delete, whole or torn. It remembers
no problem: a file with one is read and judged again. It imports nothing slow, for that is what it is for.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from splinter.config import packaged_files
from splinter.model import layout
from splinter.system import user_folders

SETTINGS = (layout.SETTINGS, layout.SHARED_SETTINGS)
# a file written in the same tick of the file system's clock as the verdict may have changed since unseen
TICK_NS = 2_000_000_000
# what a verdict rests on, beside the schemas: these packages, whole
_PACKAGES = ("text", "model", "config")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How many workstreams were found, all of them sound; `refs` is the state of refs that this rests on, if on any."""

    workstreams: int
    refs: str = ""


def root_above(start: Path) -> Path | None:
    """The checkout that `start` lies in, by looking for `.git`; None where there is none."""
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)


def recall(root: Path) -> Verdict | None:
    """The verdict of the last clean check, if every file it rests on is as it was; None otherwise."""
    try:
        kept = json.loads(place(root, "verdict").read_bytes())
        files: dict[str, list[object]] = kept["files"]
        if kept["key"] != key(root) or sorted(_names(root)) != kept["own"]:
            return None
        if any((root / path).exists() for path in kept["absent"]):
            return None
        unsure_since = kept["made"] - TICK_NS
        if all(is_same(root / path, seen, unsure_since) for path, seen in files.items()):
            return Verdict(workstreams=int(kept["workstreams"]), refs=str(kept["refs"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        pass
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What stood there before anything was judged: a file that changes meanwhile will differ from it."""

    at_ns: int
    own: list[str]
    files: dict[str, list[object]]
    absent: list[str]


def look(root: Path) -> Before:
    """Look at every workstream and settings file; raises OSError for one that cannot be read."""
    own = sorted(_names(root))
    present = [path for path in SETTINGS if (root / path).exists()]
    return Before(
        at_ns=time.time_ns(),
        own=own,
        files={path: seen(root / path) for path in (*own, *present)},
        absent=[path for path in SETTINGS if path not in present],
    )


def keep(root: Path, before: Before, workstreams: int, others: Iterable[str], refs: str = "") -> None:
    """Remember that all is sound; `others` are the files beside workstreams and settings that this rests on."""
    try:
        rest = {path: seen(root / path) for path in others}
        if any((root / path).stat().st_mtime_ns >= before.at_ns for path in rest):
            return  # changed while it was judged
        content = {
            "key": key(root),
            "made": before.at_ns,
            "workstreams": workstreams,
            "refs": refs,
            "own": before.own,
            "files": {**before.files, **rest},
            "absent": before.absent,
        }
        write(place(root, "verdict"), json.dumps(content))
    except OSError:  # a cache that cannot be written is one that is not there
        return


def _names(root: Path) -> Iterator[str]:
    """Every file that is read as a workstream, and every folder entry that would be reported as a problem."""
    try:
        with os.scandir(root / layout.WORKSTREAMS) as entries:
            for entry in entries:
                if (
                    entry.name.endswith(layout.WORKSTREAM_SUFFIXES)
                    and not entry.name.startswith(".")
                    and not entry.is_dir()
                ):
                    yield f"{layout.WORKSTREAMS}/{entry.name}"
    except FileNotFoundError:
        return


def is_same(file: Path, known: list[object], unsure_since: int) -> bool:
    """Whether a file is as it was when `seen` looked: by size and time, by content where those leave a doubt."""
    status = file.stat()
    size, mtime, digest = known
    if status.st_size != size:
        return False
    if status.st_mtime_ns == mtime and mtime < unsure_since:
        return True
    return hashlib.sha256(file.read_bytes()).hexdigest() == digest


def seen(file: Path) -> list[object]:
    """A file's size, time of change in nanoseconds, and sha256."""
    status = file.stat()
    return [status.st_size, status.st_mtime_ns, hashlib.sha256(file.read_bytes()).hexdigest()]


def key(root: Path, more: str = "") -> str:
    """What judged: our own files, the schemas, and the Python that runs them."""
    digest = hashlib.sha256(f"{sys.version_info} {root} {more}".encode())
    for file in _judges():
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _judges() -> Iterator[Path]:
    """Our own files that judge a workstream, in a fixed order."""
    package = Path(str(resources.files("splinter")))
    yield from sorted(package.glob("*.py"))
    for folder in (*(package / name for name in _PACKAGES), packaged_files.schemas()):
        yield from sorted(file for file in folder.rglob("*") if file.suffix in (".py", ".toml", ".json"))


def place(root: Path, name: str) -> Path:
    """The file in the user's cache folder that remembers `name` of a repository."""
    return user_folders.cache() / f"{name}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}.json"


def write(file: Path, text: str) -> None:
    """Two processes that write at once leave one whole file of the two."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8")
    temporary.replace(file)
