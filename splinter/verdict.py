"""A clean `doit check` remembered by content, so that asking again costs a look at each file's time and size.

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
from pathlib import Path

FOLDER, SUFFIXES = "workstreams", (".yaml", ".yml", ".json")
SETTINGS = ("splinter.toml", "pyproject.toml")
# a file written in the same tick of the file system's clock as the verdict may have changed since unseen
_TICK_NS = 2_000_000_000
_JUDGES = (
    "collection.py", "documents.py", "errors.py", "events.py", "notation.py", "rules.py", "schema.py", "settings.py",
    "toml.py", "tools.py", "tools.toml", "when.py", "workstream.py",
)  # fmt: skip
_SCHEMAS = ("workstream.schema.json", "settings.schema.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How many workstreams were found, all of them sound."""

    workstreams: int


def root_above(start: Path) -> Path | None:
    """The checkout that `start` lies in, by looking for `.git`; None where there is none."""
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)


def recall(root: Path) -> Verdict | None:
    """The verdict of the last clean check, if every file it rests on is as it was; None otherwise."""
    try:
        kept = json.loads(_place(root).read_bytes())
        files: dict[str, list[object]] = kept["files"]
        if kept["key"] != _key(root) or sorted(_names(root)) != kept["own"]:
            return None
        if any((root / path).exists() for path in kept["absent"]):
            return None
        unsure_since = kept["made"] - _TICK_NS
        if all(_is_same(root / path, seen, unsure_since) for path, seen in files.items()):
            return Verdict(workstreams=int(kept["workstreams"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        pass
    return None


def keep(root: Path, workstreams: int, others: Iterable[str]) -> None:
    """Remember that all is sound; `others` are the files beside workstreams and settings that this rests on."""
    made = time.time_ns()
    present = [path for path in SETTINGS if (root / path).exists()]
    absent = [path for path in SETTINGS if path not in present]
    try:
        own = sorted(_names(root))
        content = {
            "key": _key(root),
            "made": made,
            "workstreams": workstreams,
            "own": own,
            "files": {path: _seen(root / path) for path in (*own, *present, *others)},
            "absent": absent,
        }
        _write(_place(root), json.dumps(content))
    except OSError:  # a cache that cannot be written is one that is not there
        return


def _names(root: Path) -> Iterator[str]:
    """Every file that is read as a workstream, and every folder entry that would be told as a problem."""
    try:
        with os.scandir(root / FOLDER) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIXES) and not entry.name.startswith(".") and not entry.is_dir():
                    yield f"{FOLDER}/{entry.name}"
    except FileNotFoundError:
        return


def _is_same(file: Path, seen: list[object], unsure_since: int) -> bool:
    status = os.stat(file)
    size, mtime, digest = seen
    if status.st_size != size:
        return False
    if status.st_mtime_ns == mtime and mtime < unsure_since:
        return True
    return hashlib.sha256(file.read_bytes()).hexdigest() == digest


def _seen(file: Path) -> list[object]:
    status = os.stat(file)
    return [status.st_size, status.st_mtime_ns, hashlib.sha256(file.read_bytes()).hexdigest()]


def _key(root: Path) -> str:
    """What judged: our own files, the schemas, and the Python that runs them."""
    here = Path(__file__).parent
    schemas = next(folder for folder in (here / "schemas", here.parent / "schemas") if folder.is_dir())
    digest = hashlib.sha256(f"{sys.version_info} {root}".encode())
    for file in (*(here / name for name in _JUDGES), *(schemas / name for name in _SCHEMAS)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _place(root: Path) -> Path:
    from platformdirs import user_cache_path

    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return user_cache_path("splinter") / f"verdict-{name}.json"


def _write(file: Path, text: str) -> None:
    """Two processes that write at once leave one whole file of the two."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8")
    temporary.replace(file)
