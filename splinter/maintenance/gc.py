"""What `doit gc` does: worktrees, logs, kept results and refs past their limits go, and what was freed is reported.

No branch is touched, no unmerged commit of a person's loses its last ref, and nothing that they changed goes unkept.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from splinter.config.workstream_files import Collection
from splinter.engine import project
from splinter.engine.outside import Outside
from splinter.engine.project import Project
from splinter.engine.session import Session
from splinter.engine.steps import workspace
from splinter.errors import GitError, Reason, SplinterError, StepError
from splinter.git import base_store, command_line, worktree
from splinter.git import commands as git
from splinter.git.base_store import Superseded
from splinter.maintenance import gc_files, gc_refs, retention
from splinter.maintenance.gc_files import Leftover
from splinter.maintenance.gc_pull_requests import Tidied
from splinter.maintenance.gc_refs import Bygone
from splinter.model import layout
from splinter.model.workstream import Workstream
from splinter.publish import combined_pull_request, plugins
from splinter.system import disk
from splinter.text.counts import plural


class Kind(StrEnum):
    """What `doit gc` frees, in the order in which it is told."""

    WORKTREES = "worktrees"
    LOGS = "logs"
    ANSWERS = "answers"
    RESULTS = "results"
    REFS = "refs"
    BACKUPS = "backups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """One thing that went, or would: `bytes` are of files, 0 for refs; `note` says what was kept of it."""

    kind: Kind
    name: str
    why: str
    bytes: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What went; where commits are held now, by the ref that went; what was left and why; what could not be done.

    `closed` are pull requests, with the reason.
    """

    freed: tuple[Freed, ...] = ()
    closed: tuple[str, ...] = ()
    moved: Mapping[str, str]
    left: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def of(self, kind: Kind) -> tuple[Freed, ...]:
        """What went of one kind."""
        return tuple(one for one in self.freed if one.kind == kind)

    def beside(self, pulls: Tidied) -> Report:
        """The same with what became of pull requests."""
        left, problems = (*pulls.left, *self.left), (*pulls.problems, *self.problems)
        return replace(self, closed=pulls.closed, left=left, problems=problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A leftover that is to go; `changed` are the trees before and after of what a person changed in a worktree."""

    kind: Kind
    leftover: Leftover
    why: str
    changed: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """All that is past its limits, and what stays although it is."""

    going: tuple[Going, ...]
    bygone: Bygone
    store: Superseded | None = None
    left: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def free(known: Project, *, is_dry_run: bool) -> Report:
    """Decide, and unless it is a dry run delete; raises SplinterError where nothing can be decided."""
    with _session(known) as session:
        now = session.outside.clock.now()
        decision = decide(session, _shape(known), now=now)
        report = foretold(decision) if is_dry_run else carried_out(session, known, decision, now=now)
        left, problems = (tuple(map(session.outside.redactor.text, texts)) for texts in (report.left, report.problems))
        return replace(report, left=left, problems=problems)


@contextmanager
def _session(known: Project) -> Iterator[Session]:
    """A session without plans, for what cannot be run can be tidied; what git makes meanwhile goes at the end."""
    bare = replace(known, settings=replace(known.settings, remote=None), collection=Collection())
    session = project.open_session(bare, auth=plugins.auth, is_read_only=True)
    with command_line.borrowed(session.outside.repository) as repository:
        session.outside = replace(
            session.outside, settings=known.settings, redactor=known.redactor, repository=repository
        )  # fmt: skip
        yield session


def _shape(known: Project) -> dict[str, Set[str]] | None:
    """Each workstream's steps; None where a file is broken, for then nobody knows which ones there are."""
    workstreams = project.all_workstreams(known.repository, known.settings, known.collection)
    if workstreams is None:
        return None
    shape: dict[str, Set[str]] = (
        {combined_pull_request.ID: set()} if known.settings.pull_requests == combined_pull_request.ID else {}
    )
    for workstream in workstreams:
        shape[workstream.id] = {*shape.get(workstream.id, ()), *_names(workstream)}
    return shape


def _names(workstream: Workstream) -> Iterator[str]:
    yield "prepare"
    yield from (step.id for step in workstream.steps)
    yield from (f"fix-{number + 1}" for number in range(workstream.fix.attempts))


def decide(session: Session, shape: Mapping[str, Set[str]] | None, *, now: datetime) -> Decision:
    """What is past the limits of the settings; it reads what lies there, and changes nothing."""
    limits, now_s = session.outside.settings.gc, now.timestamp()
    ids = None if shape is None else shape.keys()
    trees, runs = gc_files.worktrees(session.outside, ids), gc_files.runs(session)
    old_trees = retention.expired(
        (one.thing for one in trees.leftovers), days=limits.worktree_days, mb=limits.worktree_mb, now_s=now_s,
        age="not used for {}",
    )  # fmt: skip
    old_runs = retention.expired(
        (one.thing for one in runs.leftovers), days=limits.log_days, mb=limits.log_mb, now_s=now_s
    )
    going, left = [], []
    for one in (one for one in trees.leftovers if one.name in old_trees):
        try:
            changed = _changed(session.outside, one)
            going.append(Going(kind=Kind.WORKTREES, leftover=one, why=old_trees[one.name], changed=changed))
        except SplinterError as error:
            left.append(f"the worktree of {one.name}: {error}")
    going += [
        Going(kind=Kind.LOGS, leftover=one, why=old_runs[one.name]) for one in runs.leftovers if one.name in old_runs
    ]
    for one in gc_files.simulated(session.outside):
        old = retention.too_old([one.thing], days=limits.worktree_days, now_s=now_s, age="not used for {}")
        going += [Going(kind=Kind.WORKTREES, leftover=one, why=why) for why in old.values()]
    answers = gc_files.answers(session.outside, days=limits.log_days, now_s=now_s)
    going += [Going(kind=Kind.ANSWERS, leftover=one, why=one.thing.goes) for one in answers.leftovers]
    return Decision(
        going=tuple(going),
        bygone=gc_refs.decide(session, shape, limits=limits, now=now),
        store=base_store.superseded(session.outside.repository),
        left=tuple(left),
        problems=(*trees.problems, *runs.problems, *answers.problems),
    )


def _changed(outside: Outside, leftover: Leftover) -> tuple[str, str] | None:
    """The trees of a worktree as we put it and as it is, None where they are the same; raises SplinterError.

    What cannot be looked at, and what somebody did in the worktree's own repository, is not ours to throw away.
    """
    repository, tree = outside.repository, worktree.locate(outside.state, leftover.name)
    if not disk.is_folder(tree.path) or not any(tree.path.iterdir()):
        return None
    own = worktree.own_refs(tree)
    if own:
        raise StepError(Reason.CONFLICT, f"its own .git holds {own[0]}, which no run made; delete {tree.path} by hand")
    at = worktree.expected(tree)
    before = git.tree_of(repository, at) if at and git.existing(repository, [at]) else git.empty_tree(repository)
    assert repository.objects
    index = repository.objects / f"{leftover.name}.index"
    if tree.index.is_file():
        shutil.copyfile(tree.index, index)
    copy = replace(tree, index=index)
    if not tree.index.is_file():
        worktree.read_index(repository, copy, before)
    after = worktree.measure(repository, copy)
    return (before, after) if before != after else None


def foretold(decision: Decision) -> Report:
    """What carrying it out would do."""
    freed = [
        Freed(
            kind=one.kind, name=one.leftover.name, why=one.why, bytes=one.leftover.thing.bytes,
            note="what was changed in it is kept as a patch" if one.changed else "",
        )
        for one in decision.going
    ]  # fmt: skip
    return Report(
        freed=(*freed, *_tidied(None, decision.store), *_refs(decision.bygone)),
        moved=decision.bygone.moved,
        left=(*decision.left, *decision.bygone.left, *_unmerged(decision.bygone)),
        problems=decision.problems,
    )


def carried_out(session: Session, known: Project, decision: Decision, *, now: datetime) -> Report:
    """Delete it, one thing after the other: what cannot be deleted is reported and stops nobody."""
    if any(one.kind == Kind.WORKTREES for one in decision.going):
        project.sweep(known, session)
    freed, problems = [], [*decision.problems]
    stamp = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-gc-{secrets.token_hex(2)}"
    for one in decision.going:
        try:
            note = _keep(session, one, stamp) if one.changed else ""
        except (SplinterError, OSError) as error:
            problems.append(f"the worktree of {one.leftover.name} stays, for its changes cannot be kept: {error}")
            continue
        bytes, failed = _delete(one.leftover)
        problems += failed
        if bytes or not failed:
            freed.append(Freed(kind=one.kind, name=one.leftover.name, why=one.why, bytes=bytes, note=note))
    freed += _tidied(session, decision.store)
    moved, gone = decision.bygone.moved, [*_refs(decision.bygone)]
    try:
        if updates := decision.bygone.updates(session.outside.repository):
            users = replace(session.outside.repository, objects=None)  # nothing that was made to look is to stay
            git.update_refs(users, updates, why="splinter: gc")
    except GitError as error:
        moved, gone = {}, []
        problems.append(f"no ref was deleted: {error}")
    return Report(
        freed=(*freed, *gone),
        moved=moved,
        left=(*decision.left, *decision.bygone.left, *_unmerged(decision.bygone)),
        problems=tuple(problems),
    )


def _keep(session: Session, going: Going, stamp: str) -> str:
    assert going.changed
    patch = session.history.run_folder(stamp) / going.leftover.name / workspace.FOUND
    workspace.write_patch(session.outside, *going.changed, patch)
    return f"what was changed in it is kept as {session.outside.relative(patch)}"


def _tidied(session: Session | None, store: Superseded | None) -> Iterator[Freed]:
    """The store that work trees read, made again without what is superseded; without a session that is foretold."""
    if store:
        bytes = base_store.tidy(replace(session.outside.repository, objects=None), store) if session else 0
        why = f"{plural(len(store.bases), 'base')} of it in no ref any more" if store.bases else f"{store.packs} packs"
        yield Freed(kind=Kind.WORKTREES, name="the base store", why=why, bytes=bytes, note="what counts of it stays")


def _delete(leftover: Leftover) -> tuple[int, list[str]]:
    """How many bytes went, and what is still there and why."""
    before = disk.measure(leftover.paths).bytes
    failed = [why for why in map(disk.remove, leftover.paths) if why]
    return before - (disk.measure(leftover.paths).bytes if failed else 0), failed


def _refs(gone: Bygone) -> Iterator[Freed]:
    kinds = {Kind.RESULTS: gone.results, Kind.REFS: gone.pointless, Kind.BACKUPS: gone.backups}
    for kind, names in kinds.items():
        yield from (Freed(kind=kind, name=name, why=why) for name, why in sorted(names.items()))


def _unmerged(gone: Bygone) -> Iterable[str]:
    if gone.unmerged:
        count = retention.counts({"backup": gone.unmerged})
        yield f"{count} under {layout.BACKUPS}/ past the limit, for an unmerged commit is in no other ref"
