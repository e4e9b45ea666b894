"""What a killed run left half done: found when the next one begins, put right, and reported in a sentence each.

It runs under the lock, and removes nothing but what only a call of ours can have left.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from splinter.engine import project
from splinter.engine.project import Project
from splinter.engine.session import Session
from splinter.model import layout
from splinter.model.layout import REPORTS
from splinter.model.records import Outcome, WorkstreamRecord
from splinter.system import under_way_file
from splinter.text.counts import plural

STILL_S = 5.0  # git holds a ref's lock for milliseconds; one that lies longer belongs to nobody who lives
_UNFINISHED = re.compile(r"\..+\.\d+\.\d+")  # the name that history.write_whole gives a file until it is whole


def make(found: Project, session: Session) -> tuple[str, ...]:
    """Put right what is left of killed runs; returns what was done."""
    damaged = (session.memory.repair, session.history.repair)
    return tuple(filter(None, (*damaged, _orphans(found, session), *_locks(session), _files(session))))


def end_interrupted(session: Session) -> None:
    """Record of each workstream that a killed run had begun that it was interrupted: it was due, and did not end."""
    history, left = session.history, under_way_file.left(session.history.folder)
    for run in history.unfinished_runs():
        at = {one.workstream: one for one in left.doing if one.workstream} if left and left.run == run else {}
        ended = {one.workstream for one in history.run(run).workstreams}
        for id in dict.fromkeys((*history.unended(run), *at)):
            if id in session.plans and id not in ended:
                step = at[id].task.partition(":")[2] if id in at else None
                history.put_workstream(run, _interrupted(session, run, id, step))


def _interrupted(session: Session, run: str, id: str, step: str | None) -> WorkstreamRecord:
    plan, steps = session.plans[id], session.history.steps_of(run, id)
    return WorkstreamRecord(
        workstream=id,
        title=plan.workstream.title,
        outcome=Outcome.INTERRUPTED,
        branch=plan.branch,
        steps=steps,
        step=step,
        message="the run was killed while it worked on this; the next one goes on behind the last finished step",
    )


def _orphans(found: Project, session: Session) -> str:
    count = project.sweep(found, session)
    return f"{plural(count, 'process', 'processes')} of a killed run still ran and were ended." if count else ""


def _locks(session: Session) -> Iterator[str]:
    """Locks of refs that only we move, left by a git that was killed: they would stop every later update."""
    refs = session.outside.repository.kept_in / "refs"
    branches = [refs / "heads" / f"{plan.branch}.lock" for plan in session.plans.values()]
    for lock in (*(refs / "splinter").rglob("*.lock"), *branches):
        if lock.is_file() and _is_left(session, lock):
            lock.unlink(missing_ok=True)
            yield f"{lock.relative_to(refs.parent)} was left by a git call that was killed; it was removed."


def _is_left(session: Session, lock: Path) -> bool:
    """Whether a lock stays as it is for longer than git ever holds one."""
    try:
        before = lock.stat()
        age_s = max(0.0, time.time() - before.st_mtime)
        if age_s < STILL_S:
            session.processes.pause(STILL_S - age_s)
        after = lock.stat()
    except FileNotFoundError:
        return False
    return (before.st_ino, before.st_mtime_ns) == (
        after.st_ino,
        after.st_mtime_ns,
    ) and not session.processes.is_stopping


def _files(session: Session) -> str:
    reports = session.outside.repository.root / REPORTS
    folders = (
        session.history.folder,
        *(session.history.folder / name for name in (layout.OUTBOX, layout.PULL_REQUESTS)),
        reports,
    )
    nearby = (*folders, *(folder for folder in reports.glob("[0-9]*") if folder.is_dir()))
    left = [file for folder in nearby for file in folder.glob(".*") if _UNFINISHED.fullmatch(file.name)]
    for file in left:
        file.unlink(missing_ok=True)
    return f"{plural(len(left), 'half-written file')} of a killed run removed." if left else ""
