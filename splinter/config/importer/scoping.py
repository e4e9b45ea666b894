"""Where a workstream may write and what it must leave, from the earlier orchestrator's lists. It reads no disk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from splinter.config.importer import paths, phrases, shell
from splinter.config.importer.entries import Entries
from splinter.config.importer.source import Source
from splinter.config.rules import NEVER_AN_ARTIFACT
from splinter.config.yaml_events import Keys
from splinter.text.patterns import WILDCARDS, matches, path_problem, pattern, shown

SCOPES: tuple[Keys, ...] = (("scope_and_modules", "file_scope"), ("file_scope",), ("scope",))
MODIFY: tuple[Keys, ...] = (("files_scope",), ("files_modify",))
CREATE: tuple[Keys, ...] = (("files_create",),)
FORBID: tuple[Keys, ...] = (("forbidden_paths",),)
ARTIFACTS: tuple[Keys, ...] = (("expected_artifacts",), ("artifacts",), ("deliverables",))
FILE_NAME = re.compile(r"[\w.-]+\.\w+")


def scope(source: Source, *, is_changed_later: bool) -> dict[str, list[str]]:
    """The scope; empty where the file has none. What is only read is forbidden, unless it may change."""
    root = source.value("scope_and_modules", "repo_root") or source.value("repo_root")
    base = root if isinstance(root, str) and re.match(r"/|[A-Za-z]:", root) else ""

    def patterns(names: tuple[str, ...], others: tuple[Keys, ...]) -> list[str] | None:
        places = [(*scope, name) for scope in SCOPES for name in names] + list(others)
        written = [place for place in places if source.has(place) and isinstance(source.value(*place), list | str)]
        return paths.taken(source, written, root=base) if written else None

    modify = patterns(("modify", "files_scope", "files", "allowed"), MODIFY)
    create = patterns(("create", "files_create"), CREATE)
    forbid = patterns(("forbidden_paths", "forbidden", "forbid"), FORBID) or []
    kept = patterns(("read_only", "readonly"), ()) or []
    writable = [*(modify or ()), *(create or ())]
    both = [own for own in kept if any(paths.overlap(own, other) for other in writable)]
    if both:
        source.warn((), f"both read_only and to be changed, so it may be changed: {', '.join(map(shown, both))}")
    forbid += [own for own in kept if own not in both and own not in forbid]
    if create and is_changed_later:
        # what one step creates is there when the next one, or a fix, changes it
        modify = list(modify or ())
        modify += [own for own in create if not any(matches(pattern(other), own) for other in modify)]
    if modify is None and create is None:
        return {"forbid": forbid} if forbid else {}
    scope = {"modify": modify or [], "create": create or []}
    return {**scope, "forbid": forbid} if forbid else scope


def artifacts(
    source: Source, entries: Entries, checks: list[dict[str, Any]], allowed: Mapping[str, list[str]]
) -> list[str]:
    """The paths that must be there at the end; a pattern becomes a check, for artifacts are paths."""
    found: list[str] = []
    forbidden = (*NEVER_AN_ARTIFACT, *map(pattern, allowed.get("forbid", ())))
    for keys, text in _named_artifacts(source):
        path = paths.normal(shell.filled(text, entries.values))
        inside = (path.rstrip("/"), f"{path}x" if path.endswith("/") else path)
        guard = next((own for own in forbidden if any(matches(own, one) for one in inside)), None)
        why = path_problem(path) or (f"is forbidden by {shown(guard)}" if guard else None)
        if why:
            source.leave(keys, f"artifact {shown(text)} {why}; kept under metadata")
        elif WILDCARDS & set(path):
            check = entries.check_of(_id_beside(source, keys) or phrases.identifier(path), shell.must_exist(path))
            source.warn(keys, f"artifact {shown(text)} is a pattern: check {shown(check['id'])} looks for it")
            checks.append(check)
        elif path not in found:
            found.append(path)
    return found


def _id_beside(source: Source, keys: Keys) -> str | None:
    found = source.value(*keys[:-1], "id")
    return found if isinstance(found, str) else None


def _named_artifacts(source: Source) -> Iterator[tuple[Keys, str]]:
    groups = [place for place in ARTIFACTS if isinstance(source.value(*place), dict)]
    places = [*ARTIFACTS, *((*place, name) for place in groups for name in source.value(*place))]
    for place in places:
        found = source.value(*place)
        for keys, item in source.items(*place) if isinstance(found, list | str) else ():
            if isinstance(item, str):
                source.take(keys)
                yield keys, item
            elif isinstance(item, dict) and item.get("must_exist") is not False:
                yield from _artifact(source, keys, item)


def _artifact(source: Source, keys: Keys, item: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    path, name, folder = source.text(*keys, "path"), item.get("name"), item.get("location")
    if path:
        if item.get("must_exist") is True:
            source.take((*keys, "must_exist"))
        yield (*keys, "path"), path
    elif isinstance(name, str) and isinstance(folder, str) and folder.endswith("/") and FILE_NAME.fullmatch(name):
        source.take((*keys, "name"))
        source.take((*keys, "location"))
        yield (*keys, "name"), folder + name
