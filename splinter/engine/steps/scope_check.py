"""Which changes a workstream may make: git's own pathspecs decide. It never looks at files on disk, only at trees."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.commands import RawChange
from splinter.model.guarded_paths import forbidden_patterns
from splinter.model.workstream import Scope
from splinter.text.counts import and_more

_SHOWN = 10


def violations(repository: Repository, scope: Scope, before: str, after: str) -> tuple[str, ...]:
    """What of the diff of two trees the scope does not allow, as sentences; empty where all is well."""
    changes = git.diff(repository, before, after)
    if not changes:
        return ()
    created = _matching(repository, before, after, scope.create)
    modified = _matching(repository, before, after, scope.modify)
    forbidden = _matching(repository, before, after, (*forbidden_patterns(scope), *scope.forbid))
    found = []
    for change in changes:
        path = git.printable(change.path)
        if change.path in forbidden:
            found.append(f"{path} is forbidden")
        elif change.path not in (created if change.status == "A" else modified):
            verb = {"A": "create", "D": "delete"}.get(change.status, "modify")
            found.append(f"{path} is not in scope to {verb}")
        elif change.is_repository:
            found.append(f"{path} is a repository of its own")
        elif change.is_link and _leaves(repository, change):
            found.append(f"{path} is a symlink that leaves the work tree")
    return tuple(found)


def summary(found: Sequence[str]) -> str:
    """Violations as one sentence of bounded length."""
    return and_more(found, _SHOWN, between="; ")


def _matching(repository: Repository, before: str, after: str, patterns: Sequence[str]) -> frozenset[str]:
    if not patterns:
        return frozenset()
    pathspecs = [f":(glob){pattern}" for pattern in patterns]
    return frozenset(change.path for change in git.diff(repository, before, after, pathspecs))


def _leaves(repository: Repository, change: RawChange) -> bool:
    target = git.link_target(repository, change.new_blob).replace("\\", "/")
    if posixpath.isabs(target) or target[1:2] == ":":
        return True
    reached = posixpath.normpath(posixpath.join(posixpath.dirname(change.path), target))
    return reached == ".." or reached.startswith("../") or reached.split("/")[0] == ".git"
