"""Which changes a workstream may make, as git's own pathspecs would. It never looks at files on disk, only at trees."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from splinter.engine.steps import guarded_tables
from splinter.git import blobs
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.commands import RawChange
from splinter.model.guarded_paths import forbidden_patterns, is_guarded
from splinter.model.workstream import Scope
from splinter.text.counts import and_more
from splinter.text.patterns import is_odd, means

_SHOWN = 10
_MOST_LINKS = 40  # that lead from one to the next, as Linux has it


def violations(repository: Repository, scope: Scope, before: str, after: str, *others: Scope) -> tuple[str, ...]:
    """What of the diff of two trees the scope does not allow, as sentences; empty where all is well.

    A path that one of `others` allows is well too.
    """
    changes = git.diff(repository, before, after)
    if not changes:
        return ()
    refused = _refused(repository, scope, changes, before, after)
    for other in others if refused else ():
        also = _refused(repository, other, changes, before, after)
        refused = {path: why for path, why in refused.items() if path in also}
    leaving = _leaving(repository, changes, after)
    unchanged = sorted(leaving - {change.path for change in changes} - _leaving(repository, changes, before))
    found = [f"{git.printable(path)} leaves the work tree by a changed symlink" for path in unchanged]
    found += guarded_tables.changed(repository, changes)
    for change in changes:
        path = git.printable(change.path)
        if change.path in refused:
            found.append(refused[change.path])
        elif change.is_repository:
            found.append(f"{path} is a repository of its own")
        elif change.path in leaving:
            found.append(f"{path} is a symlink that leaves the work tree")
    return tuple(found)


def guarded_changes(repository: Repository, scope: Scope, before: str, after: str) -> tuple[RawChange, ...]:
    """What differs of files that are forbidden without being named."""
    patterns = forbidden_patterns(scope)
    matching = _matching(repository, before, after, patterns)
    changes = git.diff(repository, before, after)
    return tuple(one for one in changes if one.path in matching or is_guarded(one.path, patterns))


def _refused(
    repository: Repository, scope: Scope, changes: Sequence[RawChange], before: str, after: str
) -> dict[str, str]:  # fmt: skip
    """The paths that one scope does not allow, each with a sentence."""
    gone = {change.path for change in changes if change.status == "D"}
    created = _matching(repository, before, after, _of_files(scope.create, gone))
    modified = _matching(repository, before, after, _of_files(scope.modify, gone))
    guarded = forbidden_patterns(scope)
    forbidden = _matching(repository, before, after, (*guarded, *scope.forbid))
    found = {}
    for change in changes:
        path = git.printable(change.path)
        if change.path in forbidden or is_guarded(change.path, guarded):
            found[change.path] = f"{path} is forbidden"
        elif change.path not in (created if change.status == "A" else modified):
            verb = {"A": "create", "D": "delete"}.get(change.status, "modify")
            found[change.path] = f"{path} is not in scope to {verb}"
    return found


def summary(found: Sequence[str]) -> str:
    """Violations as one sentence of bounded length."""
    return and_more(found, _SHOWN, between="; ")


def _matching(repository: Repository, before: str, after: str, patterns: Sequence[str]) -> frozenset[str]:
    if not patterns:
        return frozenset()
    odd = [pattern for pattern in patterns if is_odd(pattern)]
    byte_patterns = [_bytes(pattern) for pattern in patterns if pattern not in odd]
    paths = {change.path: _bytes(change.path) for change in git.diff(repository, before, after)}
    found = {path for path, name in paths.items() if any(means(one, name) for one in byte_patterns)}
    asked = git.diff(repository, before, after, git.globs(odd)) if odd else ()
    return frozenset(found | {change.path for change in asked})


def _bytes(text: str) -> str:
    """A character for each byte, as git matches names."""
    return os.fsencode(text).decode("latin-1")


def _of_files(patterns: Sequence[str], gone: set[str]) -> tuple[str, ...]:
    """The patterns but for the names of files that became folders: what lies in those, nobody named."""
    return tuple(pattern for pattern in patterns if pattern not in gone)


def _leaving(repository: Repository, changes: Sequence[RawChange], after: str) -> frozenset[str]:
    """The links of a tree that lead out of it, or into `.git`; none where no link changed.

    Each is followed through the tree's other links: `d/../x` leaves by a `d` that leads to the top.
    """
    if not any(change.is_link for change in changes):
        return frozenset()
    links = blobs.links(repository, after)
    return frozenset(path for path in links if _leaves(path, links))


def _leaves(path: str, links: Mapping[str, str]) -> bool:
    at: list[str] = []
    todo, hops = path.split("/")[::-1], 0
    while todo:
        part = todo.pop()
        if part == ".." and not at:
            return True
        if part == "..":
            at.pop()
        elif part not in ("", "."):
            at.append(part)
            target = links.get("/".join(at))
            if target is not None:
                hops, at = hops + 1, at[:-1]
                todo += target.replace("\\", "/").split("/")[::-1]
                if hops > _MOST_LINKS or target[:1] in ("/", "\\") or target[1:2] == ":":
                    return True
        if at[:1] and at[0].lower() == ".git":
            return True
    return False
