"""The files of bases, by which a matrix says which workstreams there are: as last seen, or at a commit that is known.

It asks no remote, and reads each base once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from splinter.engine import bases
from splinter.errors import GitError, SplinterError
from splinter.git import blobs, user_repository
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.model.bases import Base, choose_base
from splinter.model.plan import Plan, choose_remote
from splinter.model.ports import Snapshot
from splinter.model.settings import Settings
from splinter.model.workstream import Workstream


class Files:
    """What commits hold; `find` says at which commit a base is, None for one that is not known here."""

    def __init__(self, repository: Callable[[], Repository], find: Callable[[str | None], str | None]) -> None:
        """`repository` opens it, once something is asked for."""
        self._repository, self._find = repository, find
        self._paths: dict[str, tuple[str, ...]] = {}
        self.commits: dict[str | None, str | None] = {}

    def paths(self, base: str | None) -> Sequence[str] | None:
        """All paths; None where nothing is known of that base."""
        if base not in self.commits:
            self.commits[base] = self._find(base)
        commit = self.commits[base]
        if commit is None:
            return None
        if commit not in self._paths:
            try:
                self._paths[commit] = git.paths_of(self._repository(), commit)
            except GitError:  # its objects are not here, or damaged: a run says so
                return None
        return self._paths[commit]

    def text(self, base: str | None, path: str, *, most: int) -> str | None:
        """What a file of that base holds, None for one of more bytes."""
        commit = self.commits[base]
        assert commit
        return next(iter(blobs.texts(self._repository(), commit, [path], most=most)), None)


def as_last_seen(top: Path, settings: Settings, environ: Mapping[str, str]) -> Files:
    """Those of the repository that a checkout at `top` belongs to; nothing is opened before a base is asked for."""
    repository = functools.cache(lambda: user_repository.open_repository(top, environ, settings.identity))
    return of_repository(repository, settings)


def of_repository(repository: Callable[[], Repository], settings: Settings) -> Files:
    """Those of a repository, as last seen."""
    snapshot = functools.cache(lambda: user_repository.snapshot(repository()))

    def find(name: str | None) -> str | None:
        try:
            base = chosen(name, "", settings, snapshot()).base
            return None if base.is_unknown else bases.seen(repository(), snapshot(), base)
        except SplinterError:  # a run says what is the matter with it
            return None

    return Files(repository, find)


def at(repository: Repository, commits: Mapping[str | None, str]) -> Files:
    """Those of bases at these commits."""
    return Files(lambda: repository, commits.get)


def chosen(name: str | None, source: str, settings: Settings, snapshot: Snapshot) -> Plan:
    """A plan that starts from the base that a file names; raises InputError where there is none."""
    nobody = Workstream(id="", title="", source=source or settings.source or "", steps=(), base=name)
    base: Base = choose_base(nobody, settings, snapshot, choose_remote(settings, snapshot))
    return Plan(workstream=nobody, base=base, branch="", occurrence="")
