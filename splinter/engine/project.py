"""Opens a project: reads settings, workstreams, git and history once, and gives the Session that tasks share.

It starts no workstream; opened for reading, it changes no byte and reaches no network.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from splinter.config import settings_file, workstream_files
from splinter.config.workstream_files import Collection
from splinter.engine.session import Session
from splinter.errors import InputError
from splinter.git import commands as git
from splinter.git import user_repository
from splinter.git.command_line import Repository
from splinter.model import layout, plan, tool
from splinter.model.plan import Plan, missing_base
from splinter.model.ports import Clock, Snapshot
from splinter.model.settings import Environment, Settings
from splinter.model.workstream import Prompt, Workstream
from splinter.system import user_folders
from splinter.system.budget import Ledger
from splinter.system.history import Store, exclude_from_git
from splinter.system.process import Processes, end_orphans
from splinter.text.redact import Redactor


@dataclass(frozen=True, slots=True)
class FixedClock:
    """The clock that SPLINTER_NOW sets: it stands still."""

    at: datetime

    def now(self) -> datetime:
        """The time that was set."""
        return self.at


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a user wrote and where: read before any decision is made."""

    repository: Repository
    settings: Settings
    environment: Environment
    collection: Collection

    @property
    def marker(self) -> str:
        """The part of a child's marker that names this repository."""
        return f"{repository_key(self.repository)}/"


def read(start: Path) -> Project:
    """Read settings and workstreams of the repository that `start` lies in; raises InputError."""
    environment = settings_file.environment()
    top = user_repository.toplevel(start, environment.variables)
    chosen = settings_file.read(top)
    repository = user_repository.open_repository(top, environment.variables, chosen.identity)
    return Project(
        repository=repository,
        settings=chosen,
        environment=environment,
        collection=workstream_files.read(top, chosen),
    )


def open_session(project: Project, *, is_read_only: bool, may_fetch: bool = False) -> Session:
    """Decide everything that can be decided before the first task; raises InputError for what cannot be run.

    `may_fetch` lets it ask the remote for bases that must be known now: for a real run.
    """
    repository = project.repository
    snapshot = user_repository.snapshot(repository)
    current = clock(project.environment)
    redactor = Redactor(project.environment.secrets(_named(project)))
    store = Store(repository.root / layout.STATE, redactor=redactor, is_read_only=is_read_only)
    if not is_read_only:
        exclude_from_git(repository.common, f"{layout.DATABASE}*")
    session = Session(
        repository=repository,
        snapshot=snapshot,
        settings=project.settings,
        environment=project.environment,
        store=store,
        processes=Processes(f"{project.marker}{os.getpid()}-{secrets.token_hex(3)}", redactor),
        ledger=Ledger(store, project.settings.budget, jobs=project.settings.jobs),
        clock=current,
        redactor=redactor,
        state=state_folder(repository),
        plans={},
    )
    workstreams = project.collection.workstreams
    now = current.now()
    drafts = _plans(session, workstreams, now, watched={})
    session.plans = drafts
    if may_fetch:
        for draft in drafts.values():
            if draft.workstream.when == "on-change" or not _is_known(draft, snapshot):
                session.base_commit(draft)
    else:
        _refuse_unknown_bases(drafts, snapshot)
    watched = {id: _watched(session, draft) for id, draft in drafts.items() if draft.workstream.when == "on-change"}
    session.plans = _plans(session, workstreams, now, watched=watched) if watched else drafts
    return session


def sweep(project: Project, session: Session) -> int:
    """End what a killed run of this repository left running; returns how many processes."""
    return end_orphans(project.marker, but=session.processes.marker)


def repository_key(repository: Repository) -> str:
    """A name for the repository that no other on this machine has: its folder's, and the hash of where it lies."""
    place = hashlib.sha256(os.fsencode(repository.common)).hexdigest()[:12]
    return f"{repository.root.name}-{place}"


def state_folder(repository: Repository) -> Path:
    """Where work trees lie: in the user's state folder, outside the checkout."""
    return user_folders.state().resolve() / repository_key(repository)


def _named(project: Project) -> tuple[str, ...]:
    """Every variable that some workstream or tool passes on."""
    workstreams = [name for one in project.collection.workstreams for name in one.env]
    return (*workstreams, *(name for tool in project.settings.tools.values() for name in tool.env))


def clock(environment: Environment) -> Clock:
    """The machine's clock, or the one that SPLINTER_NOW sets."""
    return FixedClock(environment.now) if environment.now else SystemClock()


def _plans(
    session: Session, workstreams: tuple[Workstream, ...], now: datetime, *, watched: dict[str, str]
) -> dict[str, Plan]:
    fresh = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    run_bound = {one.id: session.store.open_occurrence(one.id) or fresh for one in workstreams if one.when == "always"}
    recorded = {one.id: _recorded(session.repository.start, one) for one in workstreams}
    made = plan.make(
        workstreams,
        session.settings,
        session.snapshot,
        now=now,
        run_bound=run_bound,
        watched=watched,
        recorded=recorded,
    )
    return {one.id: one for one in made}


def _recorded(start: Path, workstream: Workstream) -> dict[str, str]:
    """The hash of each recorded patch that a step of the workstream would apply."""
    prompts = [step.id for step in workstream.steps if isinstance(step.action, Prompt)]
    names = [*prompts, *(f"fix-{number + 1}" for number in range(workstream.fix.attempts))]
    files = {name: start / tool.recorded_path(workstream.id, name) for name in names}
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items() if file.is_file()}


def _watched(session: Session, draft: Plan) -> str:
    """What an `on-change` workstream sees on its base: the ids of everything under its inputs and scope."""
    workstream, base = draft.workstream, draft.base
    commit = session.last_seen(draft)
    if commit is None:
        raise InputError(missing_base(workstream, base.name, base.remote))
    scope = (*workstream.scope.modify, *workstream.scope.create) if workstream.scope.is_declared else ()
    return git.seen(session.repository, commit, tuple(sorted({*workstream.inputs, *scope} or {"**"})))


def _is_known(draft: Plan, snapshot: Snapshot) -> bool:
    """Whether the base was seen where it is to be taken from: a branch of ours may be one that the remote lacks."""
    base = draft.base
    seen = (f"refs/remotes/{base.remote}/{base.name}", layout.base(base.name))
    return base.remote is None or any(ref in snapshot.refs for ref in seen)


def _refuse_unknown_bases(drafts: dict[str, Plan], snapshot: Snapshot) -> None:
    for draft in drafts.values():
        if draft.base.ref is None and layout.base(draft.base.name) not in snapshot.refs:
            raise InputError(missing_base(draft.workstream, draft.base.name, draft.base.remote))
