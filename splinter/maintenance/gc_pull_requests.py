"""Pull requests that nothing asks for any more, as `doit gc` tells of them, and closes them where it is told to.

It asks no forge but where it closes, and touches no branch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from splinter.config.workstream_files import Collection
from splinter.engine import project
from splinter.engine.project import Project
from splinter.engine.session import Session
from splinter.errors import SplinterError
from splinter.model.records import Action
from splinter.publish import left_over, plugins
from splinter.publish.left_over import LeftOver

BROKEN = "pull requests, for a file under workstreams/ is broken, and so nobody knows which are left over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """Sentences: what was closed, or would be; what stays, and why; what could not be done."""

    closed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def tidy(known: Project, *, closes: bool, is_dry_run: bool) -> Tidied:
    """Close them where that is wanted; else, and in a dry run, tell of those that are known of here."""
    workstreams = project.all_workstreams(known.repository, known.settings, known.collection)
    if workstreams is None:
        return Tidied(left=(BROKEN,) if closes else ())
    session = _session(known, is_read_only=is_dry_run or not closes)
    if closes and not is_dry_run:
        # those too that only the forge can tell of, where the memory of runs is lost
        done = _closed(session, left_over.suspected(session.outside, session.memory, workstreams))
    else:
        done = _told(left_over.found(session.outside, session.memory, workstreams), closes=closes)
    mask = session.outside.redactor.text
    closed, left, problems = (tuple(map(mask, texts)) for texts in (done.closed, done.left, done.problems))
    return Tidied(closed=closed, left=left, problems=problems)


def _session(known: Project, *, is_read_only: bool) -> Session:
    """A session without plans, for what cannot be run can be tidied."""
    bare = replace(known, settings=replace(known.settings, remote=None), collection=Collection())
    session = project.open_session(bare, auth=plugins.auth, is_hosted=plugins.is_hosted, is_read_only=is_read_only)
    session.outside = replace(session.outside, settings=known.settings, redactor=known.redactor)
    return session


def _told(found: Sequence[LeftOver], *, closes: bool) -> Tidied:
    if closes:
        return Tidied(closed=tuple(f"{one.where}: {one.why}; nobody was asked whether it is open" for one in found))
    return Tidied(left=tuple(one.text() for one in found))


def _closed(session: Session, found: Sequence[LeftOver]) -> Tidied:
    """One after the other: what cannot be closed stops nobody."""
    closed: list[str] = []
    left: list[str] = []
    problems: list[str] = []
    session.known.again = "doit gc --close"
    for one in found:
        try:
            record = left_over.close(session, one)
        except SplinterError as error:
            problems.append(str(error))
            continue
        if record and record.action == Action.CLOSED:
            closed.append(f"{record.where}: {one.why}")
        elif record:
            left += record.notes
    return Tidied(closed=tuple(closed), left=tuple(left), problems=tuple(problems))
