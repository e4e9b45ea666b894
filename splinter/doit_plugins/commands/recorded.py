"""What commands that only look open: records, and what runs at this moment. They take no lock and write no byte."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from splinter.engine.outside import Outside
from splinter.git.command_line import Repository
from splinter.model import layout
from splinter.model.under_way import UnderWay
from splinter.system import locks, under_way_file
from splinter.system.history import History
from splinter.system.locks import Holder
from splinter.text import markdown
from splinter.text.redact import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A repository as it is on disk."""

    repository: Repository
    redactor: Redactor

    @property
    def folder(self) -> Path:
        """Our own, in the main checkout."""
        return self.repository.root / layout.STATE

    def history(self) -> History:
        """A copy of it, as it is now."""
        return History(self.folder, is_read_only=True)

    def under_way(self) -> tuple[Holder, UnderWay] | None:
        """Who works on this repository, and at what; None where nobody does, whatever a killed run left."""
        holder = locks.holder(self.repository.common)
        return (holder, under_way_file.read(self.folder, holder.pid)) if holder else None

    def at_work(self) -> dict[str, str]:
        """What is done at this moment, by workstream, in words."""
        found = self.under_way()
        if found is None:
            return {}
        doing = {
            one.workstream: f"runs now: {one.name} since {markdown.utc(one.since)}"
            for one in found[1].doing
            if one.workstream
        }
        return {one.workstream: f"in the run under way it {one.why}" for one in found[1].pending} | doing

    def is_simulating(self) -> bool:
        """Whether what runs is what this was read for, and simulated."""
        return bool(self.repository.copy and (found := self.under_way()) and found[1].run)


def of(outside: Outside) -> Recorded:
    """The repository that a call has opened already."""
    return Recorded(repository=outside.repository, redactor=outside.redactor)


def read(*, is_simulated: bool = False) -> Recorded:
    """The repository that we are called in, or what stood for it in the last simulated run."""
    from splinter.config import settings_file
    from splinter.engine import simulation
    from splinter.git import user_repository

    environment = settings_file.environment()
    top = user_repository.toplevel(Path.cwd(), environment.variables)
    repository = user_repository.open_repository(top, environment.variables)
    if is_simulated:
        repository = simulation.repository(repository)
    return Recorded(repository=repository, redactor=Redactor(environment.secrets()))
