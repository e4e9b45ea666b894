"""Sound workstream files remembered by content, so that one that did not change is neither parsed nor judged again.

Kept beside the remembered verdict, under the same rules: keyed by the code, schemas and tools that judged, safe to
delete, whole or torn. A file with a problem is never remembered.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from splinter.config import check_cache, yaml_documents
from splinter.config.yaml_documents import Document, Place, Problem
from splinter.config.yaml_events import Keys
from splinter.model.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled(Document):
    """A sound document without its text: places are looked up in the file, should one be asked for."""

    file: Path

    def _whole(self) -> Document:
        return yaml_documents.read(self.file.read_bytes(), path=self.path)

    def place(self, keys: Keys) -> Place:
        """Where the value stands."""
        return self._whole().place(keys)

    def key_place(self, keys: Keys) -> Place:
        """Where the key stands."""
        return self._whole().key_place(keys)

    def problem(self, keys: Keys, message: str, *, at_key: bool = False) -> Problem:
        """A problem at that value or its key."""
        return self._whole().problem(keys, message, at_key=at_key)

    def problem_inside(self, keys: Keys, marks: re.Pattern[str], number: int, message: str) -> Problem:
        """A problem at one of the places in a text that `marks` names."""
        return self._whole().problem_inside(keys, marks, number, message)

    def problem_at(self, place: Place, message: str) -> Problem:
        """A problem at a place of this document."""
        return self._whole().problem_at(place, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A file's size and time of change, and when that was looked at."""

    size: int
    mtime_ns: int
    at_ns: int


@dataclass(slots=True)
class Memory:
    """What is remembered of one repository; `seen` maps a path to its size, time, hash, when it was read, and data."""

    root: Path
    key: str
    seen: dict[str, list[Any]] = field(default_factory=dict)
    fresh: dict[str, list[Any]] = field(default_factory=dict)
    is_changed: bool = False

    def recall(self, file: Path, path: str) -> Document | None:
        """The document of a file that is as it was, None for one that has to be read."""
        known = self.seen.get(path)
        try:
            if known is None or not check_cache.is_same(file, known[:3], known[3] - check_cache.TICK_NS):
                return None
        except OSError:
            return None
        self.fresh[path] = known
        return Recalled(path=path, text="", data=known[4], file=file)

    def keep(self, document: Document, raw: bytes, before: Glance) -> None:
        """Remember a sound document; `raw` is what was read of it, `before` the look at the file before that."""
        digest = hashlib.sha256(raw).hexdigest()
        self.fresh[document.path] = [before.size, before.mtime_ns, digest, before.at_ns, document.data]
        self.is_changed = True

    def save(self) -> None:
        """Write what this call saw, if that is more or less than before; a cache that cannot be written is none."""
        if not self.is_changed and len(self.fresh) == len(self.seen):
            return
        try:
            check_cache.write(_place(self.root), json.dumps({"key": self.key, "files": self.fresh}))
        except (OSError, ValueError):
            return


def glance(file: Path) -> Glance | None:
    """Look at a file before it is read; None where it cannot be."""
    at_ns = time.time_ns()
    try:
        status = file.stat()
    except OSError:
        return None
    return Glance(size=status.st_size, mtime_ns=status.st_mtime_ns, at_ns=at_ns)


def load(root: Path, tools: Mapping[str, Tool]) -> Memory:
    """What is remembered of the repository at `root`; empty where nothing counts."""
    key = check_cache.key(root, json.dumps({name: asdict(tool) for name, tool in tools.items()}, sort_keys=True))
    memory = Memory(root=root, key=key)
    try:
        kept = json.loads(_place(root).read_bytes())
        if kept["key"] == key:
            memory.seen = {path: list(known) for path, known in kept["files"].items() if len(known) == 5}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass
    return memory


def _place(root: Path) -> Path:
    return check_cache.place(root, "parsed")
