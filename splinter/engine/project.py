"""Opens a project: reads settings, workstreams, git and history once, and gives the Session that tasks share.

It starts no workstream; opened for reading, it changes no byte and reaches no network.
"""

from __future__ import annotations

import functools
import hashlib
import os
import secrets
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from splinter.config import settings_file, workstream_files
from splinter.config.workstream_files import Collection
from splinter.engine import base_files, bases, members, proposed, slots_seen
from splinter.engine.activity import Activity
from splinter.engine.branch import last_success
from splinter.engine.current_run import CurrentRun
from splinter.engine.outside import Auth, IsHosted, Outside
from splinter.engine.session import Merged, Session, nobody
from splinter.engine.slots import Slots
from splinter.git import commands as git
from splinter.git import quarantine, user_repository
from splinter.git.command_line import Repository
from splinter.model import layout, plan, tool
from splinter.model.plan import Held, Plan
from splinter.model.ports import Clock, Snapshot
from splinter.model.settings import Environment, Settings
from splinter.model.tool import Tool
from splinter.model.workstream import Prompt, Workstream
from splinter.system.budget import Ledger
from splinter.system.files import exclude_from_git
from splinter.system.history import History
from splinter.system.memory import Memory
from splinter.system.process import Processes, end_orphans
from splinter.system.supervisor import MARKER, OF_GIT
from splinter.text.redact import Redactor

if TYPE_CHECKING:
    from splinter.engine.night import Given


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


@dataclass(frozen=True, kw_only=True)  # no slots: its redactor is made once
class Project:
    """What a user wrote and where: read before any decision is made; `files` are those of bases, as last seen."""

    repository: Repository
    settings: Settings
    environment: Environment
    collection: Collection
    files: base_files.Files | None = None

    @property
    def marker(self) -> str:
        """The part of a child's marker that names this repository."""
        return f"{self.repository.key}/"

    @functools.cached_property
    def redactor(self) -> Redactor:
        """What masks all secrets that are known: our own, and those that some workstream or tool passes on."""
        passed_on = [one.env for one in self.collection.workstreams]
        passed_on.append(self.settings.env)
        passed_on += [one.env for one in self.settings.tools.values()]
        return Redactor(self.environment.secrets(tuple(name for names in passed_on for name in names)))


def read(start: Path, *, warns: bool = False) -> Project:
    """Read settings and workstreams of the repository that `start` lies in; raises InputError.

    `warns`: its collection tells of scopes that overlap too.
    """
    environment = settings_file.environment()
    at = user_repository.places(start, environment.variables)
    chosen = settings_file.read(at[0])
    repository = user_repository.open_repository(at[0], environment.variables, chosen.identity, at=at)
    files = base_files.of_repository(lambda: repository, chosen)
    return Project(
        repository=repository,
        settings=chosen,
        environment=environment,
        collection=workstream_files.read(at[0], chosen, files, warns=warns),
        files=files,
    )


def all_workstreams(
    repository: Repository, settings: Settings, own: Collection
) -> tuple[Workstream, ...] | None:  # fmt: skip
    """Every workstream that there is; None where a file is broken, for then nobody knows which ones there are.

    `own` are those of the checkout; in a linked worktree of the user's those of the main checkout count too.
    """
    found = [own]
    if repository.root != repository.start:
        files = base_files.of_repository(lambda: repository, settings)
        found.append(workstream_files.read(repository.root, settings, files, warns=False))
    if any(not one.is_whole or any(problem.is_error for problem in one.problems) for one in found):
        return None
    return tuple(workstream for one in found for workstream in one.workstreams)


def open_session(
    project: Project, *, auth: Auth, is_read_only: bool, may_fetch: bool = False, merged: Merged = nobody,
    is_hosted: IsHosted = lambda url, environment: False, given: Given | None = None, only_publishes: bool = False,
) -> Session:  # fmt: skip
    """Decide everything that can be decided before the first task; raises InputError for what cannot be run.

    `may_fetch` lets it ask the remote, for bases that must be known now among others: for a real run. `merged` asks a
    forge, `is_hosted` says which remotes lead to one. A plan that is `given` stands in the place of all that. A call
    that `only_publishes` does so with the occurrences of the run that it publishes.
    """
    marker = f"{project.marker}{os.getpid()}-{secrets.token_hex(3)}"
    repository = _marked(project.repository, f"{marker}{OF_GIT}")
    outside = _outside(project, repository, auth=auth, is_hosted=is_hosted)
    run = _run(outside, is_read_only=is_read_only)
    processes, activity = Processes(marker, outside.redactor), Activity(outside.clock, lambda: run.id)
    session = Session(
        outside=outside,
        run=run,
        processes=processes,
        ledger=Ledger(run.memory, run.history, project.settings.budget, jobs=project.settings.jobs or 1),
        slots=Slots(processes, activity),
        activity=activity,
        plans={},
        at=given.plan.at if given else outside.clock.now(),
        merged=merged,
        asks=may_fetch and (given is None or only_publishes),
    )
    if not is_read_only and not repository.copy:
        exclude_from_git(repository.common, f"{layout.DATABASE}*")
    if given:
        from splinter.engine import night

        night.take(session, given, only_publishes=only_publishes, is_look=is_read_only)
    if only_publishes:
        session.run.take_up()
    found = members.collection(session, project.collection, project.files, only_publishes=only_publishes)
    _decide(session, found.workstreams)
    return session


def _outside(project: Project, repository: Repository, *, auth: Auth, is_hosted: IsHosted) -> Outside:
    outside = Outside(
        repository=repository,
        snapshot=user_repository.snapshot(repository),
        settings=project.settings,
        environment=project.environment,
        clock=clock(project.environment),
        redactor=project.redactor,
        state=repository.state,
        auth=auth,
        is_hosted=is_hosted,
    )
    return outside if _is_default_seen(outside.snapshot) else _with_own_branches(outside)


def _is_default_seen(snapshot: Snapshot) -> bool:
    """Whether a remote's default branch is known, so that none has to be guessed from the names that there are."""
    heads = (ref for ref in snapshot.symbolic if ref.startswith((f"{layout.HEADS}/", "refs/remotes/")))
    return bool(snapshot.remotes) and any(heads)


def _with_own_branches(outside: Outside) -> Outside:
    own = frozenset(last_success.branches(outside).values())
    return replace(outside, snapshot=replace(outside.snapshot, own_branches=own))


def _run(outside: Outside, *, is_read_only: bool) -> CurrentRun:
    """The run of a call, not begun, over what earlier ones left."""
    folder = outside.repository.root / layout.STATE
    return CurrentRun(
        memory=Memory(folder, redactor=outside.redactor, is_read_only=is_read_only),
        history=History(folder, redactor=outside.redactor, is_read_only=is_read_only),
        clock=outside.clock,
        suffix=layout.SIMULATED_RUN if outside.repository.copy else "",
    )


def _marked(repository: Repository, mark: str) -> Repository:
    """With the run's mark in the environment of its calls: by it ends what a run that is killed leaves of them."""
    return replace(repository, environ={**repository.environ, MARKER: mark})


def must_ask_to_publish(session: Session) -> bool:
    """Whether what the default branch is called is not known here, or was only handed over."""
    return session.outside.environment.is_in_ci or any(one.base.is_unknown for one in session.plans.values())


def rests_on_default_branch(session: Session) -> bool:
    """Whether a workstream starts from a remote's default branch, or only a run for that publishes."""
    is_for_a_ref = bool(session.outside.environment.ref)
    return any(one.base.remote and (one.base.is_default or is_for_a_ref) for one in session.plans.values())


def follow_default_branch(session: Session) -> bool:
    """Ask the remote for its default branch where something rests on it; whether plans are others now."""
    if not rests_on_default_branch(session) or not bases.ask(session):
        return False
    _decide(session, tuple(one.definition for one in session.plans.values()))
    return True


def _decide(session: Session, workstreams: tuple[Workstream, ...]) -> None:
    now = session.at
    if session.asks:
        slots_seen.look_for_missed(session, workstreams)
    session.plans = _plans(session, workstreams, now)
    waiting = proposed.waiting(session)
    watch = {one.id for one in session.plans.values() if one.workstream.when == "on-change" or one.id in waiting}
    if session.asks:
        if any(_must_be_asked(session.outside, one, watch) for one in session.plans.values()) and bases.ask(session):
            session.plans = _plans(session, workstreams, now)
        for draft in session.plans.values():
            if draft.id in watch or (draft.base.remote and draft.base.ref is None):
                bases.commit(session, draft)
    if watch:
        on_change = (one for one in session.plans.values() if one.workstream.when == "on-change")
        watched = {one.id: _watched(session, one) for one in on_change}
        held = proposed.held(session, waiting)
        session.plans = _plans(session, workstreams, now, watched=watched, held=held)
    if not session.night and not session.run.taken_up:
        return
    from splinter.engine import night

    if session.night:
        session.plans = night.with_occurrences(session.night, session.plans)
    elif session.run.taken_up:
        session.plans = night.with_kept_occurrences(session, session.run.taken_up)


def _must_be_asked(outside: Outside, draft: Plan, watch: Set[str]) -> bool:
    """Whether the default branch must be known before it is known what is due: it is watched, or was only guessed."""
    remote = draft.base.remote
    if not remote or not draft.base.is_default:
        return False
    return draft.id in watch or layout.head(remote) not in outside.snapshot.symbolic


def sweep(project: Project, session: Session) -> int:
    """End what a killed run of this repository left running, and delete its objects; returns how many processes."""
    quarantine.forget(session.outside.state)
    return end_orphans(project.marker, but=session.processes.marker)


def clock(environment: Environment) -> Clock:
    """The machine's clock, or the one that SPLINTER_NOW sets."""
    return FixedClock(environment.now) if environment.now else SystemClock()


def _plans(
    session: Session, workstreams: tuple[Workstream, ...], now: datetime, *,
    watched: Mapping[str, str] = MappingProxyType({}), held: Mapping[str, Held] = MappingProxyType({}),
) -> dict[str, Plan]:  # fmt: skip
    fresh = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    run_bound = {one.id: session.memory.open_occurrence(one.id) or fresh for one in workstreams if one.when == "always"}
    start, tools = session.outside.repository.start, session.outside.settings.tools
    recorded = {one.id: _recorded(start, one, tools) for one in workstreams}
    made = plan.make(
        workstreams,
        session.outside.settings,
        session.outside.snapshot,
        now=now,
        run_bound=run_bound,
        watched=watched,
        recorded=recorded,
        held=held,
        reached=slots_seen.reached(session, workstreams),
    )
    return {one.id: one for one in made}


def _recorded(start: Path, workstream: Workstream, tools: Mapping[str, Tool]) -> dict[str, str]:
    """The hash of each recorded patch that a step of the workstream would apply; an agent applies none."""
    actions = {step.id: step.action for step in workstream.steps}
    names = [id for id, one in actions.items() if isinstance(one, Prompt) and tools[one.tool].needs_recording]
    if workstream.tool and tools[workstream.tool].needs_recording:
        names += [f"fix-{number + 1}" for number in range(workstream.fix.attempts)]
    files = {name: start / tool.recorded_path(workstream.id, name) for name in names}
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items() if file.is_file()}


def _watched(session: Session, draft: Plan) -> str:
    """What an `on-change` workstream sees on its base: the ids of everything under its inputs and scope.

    Empty where nobody has seen that base yet.
    """
    commit = bases.last_seen(session, draft.base)
    return git.seen(session.outside.repository, commit, draft.workstream.watched) if commit else ""
