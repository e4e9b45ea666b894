"""Which members matrices have in a call: read again once it is known where their bases are. It starts no workstream."""

from __future__ import annotations

from splinter.config import workstream_files
from splinter.config.workstream_files import Collection
from splinter.engine import base_files, bases
from splinter.engine.base_files import Files
from splinter.engine.session import Session
from splinter.errors import InputError
from splinter.git import commands as git
from splinter.model.plan import Plan


def collection(session: Session, known: Collection, seen: Files | None, *, only_publishes: bool) -> Collection:
    """The workstreams, of which `known` are those by the files of bases as they were `seen` last.

    Raises InputError where a base is not to be had, or the files cannot be run with it.
    """
    settings = session.outside.settings
    if not known.looks_at or not (session.asks or session.night):
        return known
    commits: dict[str | None, str] = {}
    for path, base in known.looks_at.items():
        if base is None and settings.base is None:
            bases.ask(session)
        draft = base_files.chosen(base, path, settings, session.outside.snapshot)
        commits[base] = _published(session, draft) if only_publishes else bases.commit(session, draft)
    found = known
    if seen is None or seen.commits != commits:
        repository = session.outside.repository
        found = workstream_files.read(repository.start, settings, base_files.at(repository, commits), warns=False)
    found.check()
    if not found.is_whole:
        raise InputError("the files of a base, which say what members a matrix has, cannot be read; git fsck says more")
    return found


def _published(session: Session, draft: Plan) -> str:
    """The commit that says which members are published: the plan's, where the base has that here too, else the base's.

    A plan proves nothing: what never was on the base makes no member.
    """
    own = bases.commit(session, draft) if session.asks else bases.last_seen(session, draft.base)
    if own is None:
        where = f"{draft.workstream.source}: {draft.base.shown}"
        raise InputError(f"{where}, whose files say which members there are, was never seen here")
    from splinter.engine import night

    pinned = night.pinned(session, draft.base)
    return pinned if pinned and git.is_ancestor(session.outside.repository, pinned, own) else own
