"""Plans -> doit's tasks: names, dependencies, up-to-date checks, actions. It decides nothing that a Plan decided."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from splinter.doit_plugins import final_tasks, row_recovery
from splinter.doit_plugins.rows import Act, Rows, follow_rename, rows_of, to_values
from splinter.doit_plugins.terminal import read_project, say
from splinter.doit_plugins.uptodate import Fresh, MeaningChecker
from splinter.engine import bases, project, prospects
from splinter.engine.outside import Outside
from splinter.engine.placement import Here, Placement
from splinter.engine.session import Session
from splinter.engine.work import Work
from splinter.errors import InputError, SplinterError
from splinter.model import layout
from splinter.model.fingerprints import Values
from splinter.model.layout import DATABASE
from splinter.model.plan import Plan
from splinter.model.records import Outcome
from splinter.model.tool import recorded_path
from splinter.model.workstream import Prompt, Step
from splinter.system import disk_errors
from splinter.system.locks import RunLock

PLACE: Placement = Here()
NOBODY = "There is no workstream yet: workstreams/ holds no YAML file. `doit init` writes a first one."


def to_dicts(session: Session) -> Iterator[dict[str, Any]]:
    """All tasks, as doit's task creators yield them."""
    rows = rows_of(session)
    for one in session.plans.values():
        yield {"basename": one.id, "name": None, "doc": one.workstream.title, "meta": {"workstream": one.id}}
        yield _prepare(session, rows, one)
        for step in one.workstream.steps:
            yield _step(session, rows, one, step)
        yield _accept(session, rows, one)
    for group, members in prospects.groups(session).items():
        yield {
            "basename": group,
            "actions": None,
            "doc": f"the {len(members)} workstreams of {session.plans[members[0]].workstream.source}",
            "task_dep": list(members),
            "meta": {"workstream": "*", "group": group},
        }
    yield {
        "basename": "workstreams",
        "actions": None,
        "doc": "every workstream, without publishing",
        "task_dep": prospects.enabled(session),
        "meta": {"workstream": "*"},
    }
    yield from final_tasks.to_dicts(session, rows)


def is_something_due(session: Session, states: Any, ours: list[Any]) -> bool:
    """Whether some workstream has anything to do, as far as that can be said without asking for its base."""
    rows, by_name = rows_of(session), {task.name: task for task in ours}
    plans = session.plans.values()
    if not all(rows.is_done(one) and has_branch(session, one) for one in plans):
        return True
    # what is done is prepared again where its file says something else
    prepares = [by_name[one.task("prepare")] for one in plans]
    return any(states.get_status(task, by_name).status != "up-to-date" for task in prepares)


def default_tasks(session: Session) -> list[str]:
    """What `doit` alone runs: every workstream, then what is configured to publish."""
    if not session.plans:
        return []
    return [
        *prospects.enabled(session),
        *(name for name in final_tasks.NAMES if final_tasks.is_configured(session.outside, name)),
    ]


def _prepare(session: Session, rows: Rows, one: Plan) -> dict[str, Any]:
    def is_fresh(task: Any, values: Values) -> bool:
        follow_rename(one, task, rows.source(one))
        row = rows.prepared(one)
        if row is None or row.fingerprint != rows.prepare_made_of(one):
            return False
        if rows.is_done(one):
            return True
        from splinter.engine import prepare

        # what has not succeeded may have failed because of its base
        return not prepare.has_moved(rows.work(one, "prepare"), row.value)

    def act(task: Any) -> Values:
        if one.workstream.when == "always":
            session.memory.set_occurrence(one.id, one.occurrence, is_open=True)
        work, row, own = rows.work(one, "prepare"), rows.prepared(one), rows.prepare_made_of(one)
        has_failed = row is not None and row.fingerprint == own and session.history.has_failed(one.id)
        return _recording_failure(work, "prepare", lambda: to_values(
            own,
            PLACE.prepare(work, previous=row.value if row else None, has_failed=has_failed),
            source=one.workstream.source,
        ))  # fmt: skip

    def remove_worktree_and_logs(task: Any) -> None:
        from splinter.maintenance import clean

        lock = RunLock(session.outside.repository.common)
        lock.acquire(session.outside.clock.now())
        try:
            for sentence in clean.clean(Work(session=session, plan=one)):
                say(sentence)
        finally:
            lock.release()

    before = [f"{other}:accept" for other in one.workstream.depends_on]
    return _task(session, one, "prepare", is_fresh, act, task_dep=before, file_dep=_files(session.outside, one),
                 clean=[Act(remove_worktree_and_logs)], doc="work tree, tools, preflight")  # fmt: skip


def _step(session: Session, rows: Rows, one: Plan, step: Step) -> dict[str, Any]:
    def is_fresh(task: Any, values: Values) -> bool:
        row = rows.stepped(one, step.id)
        return row is not None and row.fingerprint == rows.step_made_of(one, step)

    def run(task: Any) -> Values:
        work = rows.work(one, step.id)
        before, own = _begins_at(work, step.id), rows.step_made_of(one, step)
        return _recording_failure(work, step.id, lambda: to_values(
            own, PLACE.step(work, step, before=before, fingerprint=own)
        ))  # fmt: skip

    return _task(session, one, step.id, is_fresh, run, task_dep=[one.task_before(step.id)], doc=step.action.label)


def _accept(session: Session, rows: Rows, one: Plan) -> dict[str, Any]:
    def is_fresh(task: Any, values: Values) -> bool:
        row = rows.accepted(one)
        is_there = row is not None and (row.value.outcome != Outcome.CHANGED or has_branch(session, one))
        return row is not None and is_there and row.fingerprint == rows.accept_made_of(one)

    def act(task: Any) -> Values:
        work = rows.work(one, "accept")
        before, own = _begins_at(work, "accept"), rows.accept_made_of(one)
        files = rows.of_file_states(one.task("prepare"))
        tasks = row_recovery.remembered(one, rows, source=rows.source(one), files=files)
        return _recording_failure(work, "accept", lambda: to_values(
            own, PLACE.accept(work, before=before, fingerprint=own, tasks=tasks)
        ))  # fmt: skip

    before = one.task_before("accept")
    return _task(session, one, "accept", is_fresh, act, task_dep=[before], doc="checks, artifacts, branch")


def _task(
    session: Session, one: Plan, name: str, is_fresh: Callable[[Any, Values], bool],
    call: Callable[[Any], Values], **more: Any,
) -> dict[str, Any]:  # fmt: skip
    return {
        "basename": one.id,
        "name": name,
        "actions": [Act(call)],
        "uptodate": [Fresh(is_fresh)],
        "meta": {"workstream": one.id, "step": name, "session": session},
        **more,
    }


def _recording_failure(work: Work, step: str, call: Callable[[], Values]) -> Values:
    """Call it, and record the workstream's end where it fails."""
    from splinter.engine import accept

    try:
        with disk_errors.as_storage_errors(work.session.folders):
            return call()
    except Exception as error:  # whatever it was, it belongs in the report
        accept.fail(work, step, error)
        raise


def _files(outside: Outside, one: Plan) -> list[str]:
    start = outside.repository.start
    prompts = [step for step in one.workstream.steps if isinstance(step.action, Prompt)]
    # of a member of a matrix its own definition counts: an edit of the list is nothing to the others
    named = [
        *(() if one.workstream.group else (one.workstream.source,)),
        *(step.action.file for step in prompts if isinstance(step.action, Prompt) and step.action.file),
    ]
    recorded = [recorded_path(one.id, step.id) for step in prompts if step.id in one.recorded]
    return [path for path in (*named, *recorded, layout.INCLUDE) if os.path.isfile(f"{start}/{path}")]  # noqa: PTH113


def has_branch(session: Session, one: Plan) -> bool:
    """Whether the branch is there, in this repository or on a remote.

    A tracking ref may be left of one that was deleted there: a run asks the remote, and a look, or a remote that is not
    reached, takes it as last seen.
    """
    refs, remotes = session.outside.snapshot.refs, session.outside.snapshot.remotes
    if f"refs/heads/{one.branch}" in refs:
        return True
    seen = [remote for remote in remotes if f"refs/remotes/{remote}/{one.branch}" in refs]
    return any(bases.has_branch(session, remote, one.branch) for remote in seen)


def _begins_at(work: Work, step: str) -> str:
    commit = work.before(step)
    if not commit:
        raise SplinterError(f"{work.plan.task_before(step)} has not run; doit {work.plan.id} runs it first")
    return commit


# doit reads these two names from dodo.py -----------------------------------------------------------------

DOIT_CONFIG: dict[str, Any] = {
    "backend": "splinter",
    "reporter": "splinter",
    "check_file_uptodate": MeaningChecker,
    "continue": True,
    "dep_file": DATABASE,
    "par_type": "thread",
    "default_tasks": [],
}


def task_splinter() -> Iterator[dict[str, Any]]:
    """Every workstream as doit's tasks; for `dodo.py` alone, where doit does not know our loader."""
    from doit.exceptions import InvalidDodoFile

    from splinter.publish import plugins

    try:
        found = read_project()
        found.collection.check()
        session = project.open_session(found, auth=plugins.auth, is_read_only=True)
    except InputError as error:
        raise InvalidDodoFile(str(error)) from error
    DOIT_CONFIG["default_tasks"][:] = default_tasks(session)
    yield from to_dicts(session)
