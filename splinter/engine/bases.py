"""The base of each workstream as a commit: asked of its remote once in a call, fetched, pinned for the run.

A local branch never stands in for a remote's: what nobody published stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from splinter.engine.known import BASE, BRANCH, DEFAULT_BRANCH, TIP
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import GitError, InputError, SplinterError, StorageError
from splinter.git import commands as git
from splinter.git import remotes
from splinter.git.command_line import Repository
from splinter.model import bases, layout
from splinter.model.bases import Base
from splinter.model.plan import Plan, choose_remote
from splinter.model.ports import Snapshot

_HEAD = "HEAD"


def ask(session: Session) -> bool:
    """Ask the remote for its default branch, once in a call; whether it is another than the session knew."""
    remote = choose_remote(session.outside.settings, session.outside.snapshot)
    name = session.known.once((DEFAULT_BRANCH, remote), lambda: _asked(session, remote)) if remote else None
    if not remote or not name:
        return False
    head, own = layout.head(remote), layout.base(remote, name)
    if session.outside.snapshot.symbolic.get(head) == own:
        return False
    snapshot = session.outside.snapshot
    session.outside = replace(session.outside, snapshot=replace(snapshot, symbolic={**snapshot.symbolic, head: own}))
    return True


def _asked(session: Session, remote: str) -> str | None:
    if not session.asks:
        return None
    try:
        found = remotes.default_branch(session.outside.repository, remote, session.outside.remote_auth(remote))
    except StorageError:
        raise
    except SplinterError as error:
        session.known.unreached[remote] = session.outside.redactor.text(str(error))
        return None
    if found is None:
        return None
    name, tip = found
    if _is_kept(session.outside.snapshot, remote, name, tip):
        session.known.tell({(TIP, remote, name): tip})
    return name


def unmoved_head(session: Session) -> tuple[str, str, str] | None:
    """The remote that was asked for its default branch in this call and has nothing new, with branch and commit."""
    remote = choose_remote(session.outside.settings, session.outside.snapshot)
    name = session.known.answer((DEFAULT_BRANCH, remote)) if remote else None
    tip = session.known.answer((TIP, remote, name)) if remote and name else None
    return (remote, name, tip) if remote and name and tip else None


def _is_kept(snapshot: Snapshot, remote: str, name: str, tip: str) -> bool:
    """Whether the remote's default branch is the one of last time, and has nothing that was not fetched then."""
    own = layout.base(remote, name)
    return bool(tip) and snapshot.refs.get(own) == tip and snapshot.symbolic.get(layout.head(remote)) == own


def commit(session: Session, plan: Plan) -> str:
    """The commit that a workstream's base is at, fetched once and pinned for the run; raises InputError for none."""
    base = plan.base
    found = session.known.once(
        _question(base), lambda: _fetched(session, plan) if base.remote else _local(session.outside, plan)
    )
    assert found
    return found


def has_branch(session: Session, remote: str, branch: str) -> bool:
    """Whether a remote has a branch, asked once in a call; one that is not reached, or asked, has it as last seen."""

    def ask() -> str | None:
        if not session.asks or remote in session.known.unreached:
            return branch
        try:
            place, auth = session.outside.pushed_to(remote)
            return remotes.remote_id(session.outside.repository, place, branch, auth)
        except StorageError:
            raise
        except SplinterError:
            return branch

    return bool(session.known.once((BRANCH, remote, branch), ask))


def last_seen(session: Session, base: Base) -> str | None:
    """The commit that a base is at as far as is known without asking its remote."""
    return session.known.answer(_question(base)) or seen(session.outside.repository, session.outside.snapshot, base)


def as_seen(outside: Outside, plans: Iterable[Plan]) -> tuple[str, ...]:
    """What a command that asks nobody says of the bases that it speaks of, a sentence each."""
    found = []
    for base in dict.fromkeys(plan.base for plan in plans):
        if base.remote and base.is_unknown:
            found.append(f"The default branch of {base.remote} was never seen here; a run asks for it.")
        elif base.remote:
            how = "as last seen" if base.ref else "not known here"
            found.append(f"{base.shown} is {how}; a run asks {base.remote}.")
    return tuple(found)


def _question(base: Base) -> tuple[str, ...]:
    return BASE, base.remote or "", base.name


def _fetched(session: Session, plan: Plan) -> str:
    base, repository = plan.base, session.outside.repository
    assert base.remote
    if session.night and not session.asks:
        raise InputError(f"the plan does not say where {base.shown} is; doit plan --write makes another one")
    _refuse_unknown(session, plan, base.remote)
    own = layout.base(base.remote, base.name)
    tip = session.known.answer((TIP, base.remote, base.name))
    if tip and git.existing(repository, [tip]):
        return tip
    try:
        if base.remote in session.known.unreached:
            raise GitError(session.known.unreached[base.remote])
        remotes.fetch(repository, base.remote, base.name, own, session.outside.remote_auth(base.remote))
    except StorageError:
        raise
    except SplinterError as error:
        if _is_gone(session, base):
            raise InputError(bases.missing_base(plan.workstream, base, session.outside.snapshot)) from error
        return _without_remote(session, plan, session.outside.redactor.text(str(error)))
    if base.is_default:
        remotes.remember_default_branch(repository, base.remote, base.name)
    return _resolved(session.outside, plan, own)


def _is_gone(session: Session, base: Base) -> bool:
    """Whether the remote answers, and has no such branch."""
    if not base.remote or base.remote in session.known.unreached:
        return False
    try:
        return not remotes.remote_id(
            session.outside.repository, base.remote, base.name, session.outside.remote_auth(base.remote)
        )
    except SplinterError:
        return False


def _refuse_unknown(session: Session, plan: Plan, remote: str) -> None:
    if plan.base.is_unknown:
        why = session.known.unreached.get(remote, "")
        raise InputError(bases.without_default(plan.workstream, remote, session.outside.snapshot, why=why))


def _without_remote(session: Session, plan: Plan, why: str) -> str:
    """The base as it was seen last, which the report says; raises InputError where it never was."""
    base = plan.base
    last = seen(session.outside.repository, session.outside.snapshot, base)
    if last is None:
        raise InputError(bases.never_seen(plan.workstream, base, why=why))
    how = "was not asked" if session.outside.is_simulated else "was not reached"
    session.run.note(f"{base.remote} {how}; {base.name} is as last seen. {why}")
    return last


def seen(repository: Repository, snapshot: Snapshot, base: Base) -> str | None:
    """A branch without asking its remote: as last seen there, by us or by the user, whoever saw more of it."""
    if base.remote is None:
        return _commit_of(repository, snapshot, base.ref) if base.ref else None
    ours, users = (_readable(repository, ref) for ref in bases.seen_as(base.remote, base.name))
    if ours and users and ours != users and git.is_ancestor(repository, ours, users):
        return users
    return ours or users


def _readable(repository: Repository, ref: str) -> str | None:
    try:
        return git.resolve(repository, ref)
    except GitError:  # torn: the fetch brings it again
        return None


def _local(outside: Outside, plan: Plan) -> str:
    return _resolved(outside, plan, plan.base.ref or _HEAD)


def _resolved(outside: Outside, plan: Plan, ref: str) -> str:
    found = _commit_of(outside.repository, outside.snapshot, ref)
    if found is None:
        raise InputError(bases.missing_base(plan.workstream, plan.base, outside.snapshot))
    return found


def _commit_of(repository: Repository, snapshot: Snapshot, ref: str) -> str | None:
    """The commit of a ref; HEAD is the user's, as it was found."""
    return snapshot.head if ref == _HEAD else git.resolve(repository, ref)
