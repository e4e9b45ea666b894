"""A matrix to its members: each combination of its lists' values, with an id. Lists may be what a base's files are.

It fills no text, and asks no git: what the base holds is handed in.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import PurePosixPath
from typing import Any

from splinter.config.yaml_documents import Document, Problem
from splinter.model import guarded_paths, value_names
from splinter.model.ports import BaseFiles
from splinter.model.workstream import COMMANDS_OF_DOIT, RESERVED_IDS, Scope
from splinter.text import values
from splinter.text.patterns import WILDCARDS, matches, path_problem, shown

MOST = 1_000
LONGEST_ID = 63
MAX_JSON = 1_000_000
LONGEST_VALUE = 32_000  # characters: what a command finds in its environment is bounded
KINDS = ("folders", "files", "json")
_HASH = 8
_UNFIT = re.compile(r"[\x00\ud800-\udfff\ufffd]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One combination: its id, its place in the group, and its values (`package`, `package.name`, `package.slug`).

    `found` are the names of those that the files of the base gave, of which `paths` are paths.
    """

    id: str
    group: str
    number: int
    values: Mapping[str, str]
    found: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """All of a file, in the order of its lists; `is_known` is False where the base was never seen here."""

    members: tuple[Member, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """A value of a list, and what tells it from others in ids and names."""

    text: str
    name: str
    slug: str


class _WrongListError(Exception):
    """A list cannot be made; it says why."""


def looks_at_files(data: Any) -> bool:
    """Whether its members are known only with the files of its base."""
    matrix = data.get("matrix") if isinstance(data, dict) else None
    return isinstance(matrix, dict) and any(isinstance(one, dict) for one in matrix.values())


def check(document: Document) -> Iterator[Problem]:
    """What is wrong with a matrix, whatever its lists come to."""
    data = document.data if isinstance(document.data, dict) else {}
    matrix = data.get("matrix")
    if not isinstance(matrix, dict):
        return
    yield from _clashes(document, matrix)
    for key in (one for one in ("include", "exclude") if one in matrix):
        message = f"{shown(key)} would be one more list, not what it is in GitHub Actions; write the lists without it"
        yield document.problem(("matrix", key), message, at_key=True)
    for key, given in matrix.items():
        for kind in (*KINDS, "with") if isinstance(given, dict) else ():
            text = given.get(kind)
            why = path_problem(text) if isinstance(text, str) and text else None
            if why:
                yield document.problem(("matrix", key, kind), f"path {shown(text)} {why}")
    base = data.get("base")
    if looks_at_files(data) and isinstance(base, str) and values.references(base):
        yield document.problem(("base",), "the files of the base say which members there are: name one base for all")
    if "max_open" in data and data.get("pull_request") is False:
        yield document.problem(
            ("max_open",), "max_open counts pull requests, and this workstream has none", at_key=True
        )


def _clashes(document: Document, matrix: Mapping[str, Any]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for key in matrix:
        for name in value_names.of_keys([key]):
            own = value_names.variable(name)
            if own in first and first[own] != key:
                message = f"{shown(key)} and {shown(first[own])} are both {own} in the environment; rename one"
                yield document.problem(("matrix", key), message, at_key=True)
                break
            first.setdefault(own, key)


def members(document: Document, files: BaseFiles | None) -> Members:
    """The members of a document whose matrix has passed the schema and `check`."""
    data = document.data
    base = data.get("base")
    paths = files.paths(base) if files and looks_at_files(data) else ()
    if paths is None or (files is None and looks_at_files(data)):
        return Members(is_known=False)
    lists: dict[str, Sequence[_Value]] = {}
    for key, given in data["matrix"].items():
        try:
            lists[key] = _values(given, files, base, paths)
        except _WrongListError as error:
            kind = next((kind for kind in KINDS if kind in given), None)
            return Members(problems=(document.problem(("matrix", key, *filter(None, [kind])), str(error)),))
    count = math.prod(map(len, lists.values()))
    if count > MOST:
        message = f"these lists make {count:,} members; a matrix has {MOST:,} at most"
        return Members(problems=(document.problem(("matrix",), message, at_key=True),))
    return _made(document, lists)


def _made(document: Document, lists: Mapping[str, Sequence[_Value]]) -> Members:
    data, first, problems = document.data, dict[str, Member](), list[Problem]()
    found = frozenset(key for key, given in data["matrix"].items() if isinstance(given, dict))
    paths = frozenset(key for key in found if "json" not in data["matrix"][key])
    for number, combination in enumerate(product(*lists.values())):
        chosen = dict(zip(lists, combination, strict=True))
        id = _id(data["id"], combination)
        one = Member(id=id, group=data["id"], number=number, values=_flat(chosen), found=found, paths=paths)
        if one.id in RESERVED_IDS:
            whose = "doit" if one.id in COMMANDS_OF_DOIT else "splinter"
            why = f"{_named(one)} makes the id {shown(one.id)}, which is reserved for {whose}"
        elif one.id in first:
            why = f"{_named(one)} and {_named(first[one.id])} make the same id, {shown(one.id)}"
        else:
            first[one.id] = one
            continue
        problems.append(document.problem(("matrix",), why, at_key=True))
    return Members(members=tuple(first.values()), problems=tuple(problems))


def _named(one: Member) -> str:
    return ", ".join(f"{key} {shown(value)}" for key, value in one.values.items() if "." not in key)


def _flat(chosen: Mapping[str, _Value]) -> dict[str, str]:
    return {
        f"{key}{part}": text
        for key, one in chosen.items()
        for part, text in (("", one.text), (".name", one.name), (".slug", one.slug))
    }


def _id(group: str, combination: Iterable[_Value]) -> str:
    texts = "\0".join(one.text for one in combination)
    return _short("-".join((group, *(one.slug for one in combination))), texts)


def _short(name: str, made_of: str) -> str:
    if len(name) <= LONGEST_ID:
        return name
    return f"{name[: LONGEST_ID - _HASH - 1].rstrip('-')}-{_hash(made_of)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]


def _value(text: str, told_apart_by: str = "") -> _Value:
    plain = unicodedata.normalize("NFKD", told_apart_by or text).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    name = text.rstrip("/").rpartition("/")[2] or text
    return _Value(text=text, name=name, slug=_short(slug or _hash(text), text))


def _values(given: Any, files: BaseFiles | None, base: str | None, paths: Sequence[str]) -> Sequence[_Value]:
    """A list's values; raises _WrongListError."""
    if isinstance(given, list):
        found = [_value(text) for text in given]
    elif "json" in given:
        assert files
        found = [_value(text) for text in _listed(given["json"], files, base, paths)]
    else:
        kind = "folders" if "folders" in given else "files"
        pattern = given[kind].removesuffix("/")
        matched = _matched(pattern, _folders(paths, pattern, given.get("with")) if kind == "folders" else paths)
        if not matched:
            beside = f" with {given['with']}" if "with" in given else ""
            where = f" of {base}" if base else ""
            raise _WrongListError(f"no {kind.removesuffix('s')}{beside} on the base{where} fits {shown(given[kind])}")
        start, end = _literal_ends(pattern)
        found = [_value(path, path[len(start) : len(path) - len(end)]) for path in matched]
    for one in found:
        if _UNFIT.search(one.text):
            raise _WrongListError(f"{shown(one.text)} holds characters that no file's name or variable can be given")
        if len(one.text) > LONGEST_VALUE:
            raise _WrongListError(f"{shown(one.text)} is longer than {LONGEST_VALUE:,} characters")
    return found


def _listed(path: str, files: BaseFiles, base: str | None, paths: Sequence[str]) -> list[str]:
    if path not in paths:
        raise _WrongListError(f"there is no file {shown(path)} on the base{f' {base}' if base else ''}")
    text = files.text(base, path, most=MAX_JSON)
    if text is None:
        raise _WrongListError(f"{shown(path)} is larger than {MAX_JSON:,} bytes")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _WrongListError(f"{shown(path)} on the base holds no JSON: {error}") from error
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
        raise _WrongListError(f"{shown(path)} on the base holds no list of texts")
    if not found:
        raise _WrongListError(f"{shown(path)} on the base holds an empty list")
    return found


def _folders(paths: Sequence[str], pattern: str, beside: str | None) -> list[str]:
    """The folders of a tree below a pattern's fixed part; those that have a file, where one is named."""
    if beside is not None:
        end = f"/{beside}"
        return [path.removesuffix(end) for path in paths if path.endswith(end)]
    start, found = _literal_ends(pattern)[0], set[str]()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in found and folder.startswith(start.rstrip("/")):
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(found)


def _matched(pattern: str, paths: Iterable[str]) -> list[str]:
    """What fits a pattern; what is guarded, or begins with a dot, only where the pattern names it."""
    guarded = guarded_paths.forbidden_patterns(Scope(modify=(pattern,), create=(pattern,)))
    start = _literal_ends(pattern)[0]
    names_hidden = "/." in f"/{pattern}"
    return [
        path
        for path in paths
        if path.startswith(start)
        and (matches(pattern, path) if WILDCARDS & set(pattern) else path == pattern)
        and (names_hidden or "/." not in f"/{path}")
        and not any(guarded_paths.is_guarded(one, guarded) for one in (path, f"{path}/x"))
    ]


def _literal_ends(pattern: str) -> tuple[str, str]:
    """The folders before a pattern's first wildcard, and what follows its last one."""
    wild = [index for index, sign in enumerate(pattern) if sign in "*?[]"]
    if not wild:
        return (f"{parent}/" if (parent := str(PurePosixPath(pattern).parent)) != "." else ""), ""
    start = pattern[: pattern.rfind("/", 0, wild[0]) + 1]
    return start, pattern[wild[-1] + 1 :]
