"""Paths and patterns of the earlier orchestrator as `:(glob)` patterns of git. It never looks at a disk."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from splinter.config.importer.source import Source
from splinter.config.yaml_events import Keys
from splinter.text.patterns import WILDCARDS, matches, path_problem, pattern, shown

MAX_ALTERNATIVES = 64
MAX_CHARACTERS = 1000
BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")


def taken(source: Source, places: Iterable[Keys], *, root: str = "") -> list[str]:
    """The patterns of those lists, each once; what is no path inside the repository stays, with a warning.

    `root` is the absolute folder that the file calls the repository's.
    """
    found: list[str] = []
    for place in places:
        for keys, item in source.items(*place):
            own = keys if isinstance(item, str) else (*keys, _path_key(item))
            path = source.text(*own)
            for one in _alternatives(path or ""):
                clean = normal(one, root=root)
                why = _problem(clean)
                if why:
                    source.leave(own, f"path {shown(path)} {why}; kept under metadata")
                elif clean not in found:
                    found.append(clean)
    return found


def normal(path: str, *, root: str = "") -> str:
    """A path with `/`, without `./` in front, from the repository's root.

    `folder/*` meant all that lies below: the earlier orchestrator's `*` crossed folders, git's does not.
    """
    text = path.strip().replace("\\", "/")
    base = root.replace("\\", "/").rstrip("/")
    if base and text.lower().startswith(base.lower() + "/"):
        text = text[len(base) + 1 :]
    text = re.sub(r"/{2,}", "/", text)
    while text.startswith("./"):
        text = text[2:]
    if text in ("", ".", "*", "**", "**/*"):
        return "**" if text or path.strip() else ""
    return f"{text}*" if text.endswith("/*") else text


def overlap(one: str, other: str) -> bool:
    """Whether two patterns may mean the same file; in doubt they may."""
    if not WILDCARDS & set(one) or not WILDCARDS & set(other):
        return matches(pattern(one), other.rstrip("/")) or matches(pattern(other), one.rstrip("/"))
    first, second = _fixed(one), _fixed(other)
    if not (first.startswith(second) or second.startswith(first)):
        return False
    ends = [posixpath.splitext(text)[1] for text in (one, other)]
    return not all(ends) or ends[0] == ends[1] or bool(WILDCARDS & set("".join(ends)))


def _fixed(text: str) -> str:
    return re.split(r"[*?\[]", text, maxsplit=1)[0]


def _path_key(item: object) -> str:
    """The key of a mapping under which its path stands."""
    keys = ("path", "pattern", "file", "glob")
    return next((key for key in keys if isinstance(item, dict) and isinstance(item.get(key), str)), "path")


def _alternatives(path: str) -> list[str]:
    """The paths that a shell would make of `{a,b}`, which git takes for plain characters."""
    done: list[str] = []
    rest = [path] if path else []
    if len(path) > MAX_CHARACTERS:
        return rest
    while rest and len(done) + len(rest) < MAX_ALTERNATIVES:
        one = rest.pop(0)
        found = BRACES.search(one)
        if found is None:
            done.append(one)
        else:
            rest[:0] = [one[: found.start()] + part.strip() + one[found.end() :] for part in found[1].split(",")]
    return done + rest


def _problem(path: str) -> str | None:
    if len(path.split()) > 2 and "/" not in path and not re.search(r"\.\w+$", path):
        return "is a sentence, not a path"
    return path_problem(path)
