"""Where a workstream starts: the branch that its file or the settings name, else the remote's default branch.

Pure: of a remote it knows what was seen there. A local branch or HEAD is a base only where no remote is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from splinter.errors import InputError
from splinter.model import layout
from splinter.model.ports import Snapshot
from splinter.model.settings import Settings
from splinter.model.workstream import Workstream

COMMON_BASES = ("main", "master")
UNKNOWN = "HEAD"  # the default branch of a remote that was never asked for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Where a workstream starts: a branch's name, the ref that stands for it here, and the remote it is fetched from.

    `ref` is None where only the remote knows the branch. `is_default`: nobody named it, it is the remote's HEAD.
    """

    name: str
    ref: str | None
    remote: str | None
    is_default: bool = False

    @property
    def is_unknown(self) -> bool:
        """Whether even its name is not known before the remote is asked."""
        return self.remote is not None and self.is_default and self.name == UNKNOWN

    @property
    def shown(self) -> str:
        """Its name as git shows it: `origin/main`, or `main` without a remote."""
        return f"{self.remote}/{self.name}" if self.remote else self.name


def own_branch(workstream: Workstream, settings: Settings) -> str:
    """The branch that a workstream's result lands on."""
    return workstream.branch or f"{settings.branch_prefix}{workstream.id}"


def choose_base(workstream: Workstream, settings: Settings, snapshot: Snapshot, remote: str | None) -> Base:
    """The branch that a workstream starts from; raises InputError where there is nothing to start from."""
    named = workstream.base or settings.base
    base = (
        _of_remote(named, snapshot, remote) if remote else _local(named, workstream, settings, snapshot)
    )  # fmt: skip
    if not workstream.branch and base.name == own_branch(workstream, settings):
        whose = f'"base" in {settings.source}' if settings.base == base.name else f"the default branch of {remote}"
        raise InputError(
            f'{whose} is "{base.name}", which is the branch of the workstream {workstream.id} itself; '
            f'name the branch to start from with "base:" in {workstream.source}, or in the settings'
        )
    return base


def _of_remote(named: str | None, snapshot: Snapshot, remote: str) -> Base:
    name = named or _default_branch(snapshot, remote) or UNKNOWN
    ref = next((ref for ref in seen_as(remote, name) if ref in snapshot.refs), None)
    return Base(name=name, ref=ref, remote=remote, is_default=not named)


def seen_as(remote: str, name: str) -> tuple[str, str]:
    """The refs that hold a remote's branch as it was seen last: ours, and the user's."""
    return layout.base(remote, name), f"refs/remotes/{remote}/{name}"


def _seen_default(snapshot: Snapshot, remote: str) -> str | None:
    """The remote's default branch as we saw it last, or as git did."""
    tracking = f"refs/remotes/{remote}/"
    for head, folder in ((layout.head(remote), layout.base(remote, "")), (f"{tracking}HEAD", tracking)):
        if head in snapshot.symbolic:
            return snapshot.symbolic[head].removeprefix(folder)
    return None


def _default_branch(snapshot: Snapshot, remote: str) -> str | None:
    """The remote's default branch as far as is known here: as it was seen last, else its only branch."""
    if seen := _seen_default(snapshot, remote):
        return seen
    tracking = f"refs/remotes/{remote}/"
    names = [ref.removeprefix(tracking) for ref in snapshot.refs if ref.startswith(tracking)]
    others = [name for name in names if name not in snapshot.own_branches]
    return others[0] if len(others) == 1 else None


def default_branch(snapshot: Snapshot, remote: str | None) -> str | None:
    """The remote's default branch as it was seen last, the current one without a remote; None where nobody knows."""
    return _seen_default(snapshot, remote) if remote else _current(snapshot)


def _local(named: str | None, workstream: Workstream, settings: Settings, snapshot: Snapshot) -> Base:
    name = named or _current(snapshot)
    if snapshot.head is None and (name is None or f"refs/heads/{name}" not in snapshot.refs):
        raise InputError('this repository has no commit yet; "git commit" makes the first')
    if name is None and snapshot.head_branch:
        raise InputError(
            f'the checkout is on "{snapshot.head_branch}", which is a workstream\'s own branch; '
            f'name the branch to start from with "base:" in {workstream.source}, or in the settings'
        )
    base = Base(name=name or "HEAD", ref=f"refs/heads/{name}" if name else "HEAD", remote=None)
    if name and base.ref not in snapshot.refs:
        raise InputError(missing_base(workstream, base, snapshot))
    return base


def _current(snapshot: Snapshot) -> str | None:
    # somebody who looks at a workstream's branch does not want it to start from itself
    if snapshot.head_branch and snapshot.head_branch not in snapshot.own_branches:
        return snapshot.head_branch
    return next((name for name in COMMON_BASES if f"refs/heads/{name}" in snapshot.refs), None)


def missing_base(workstream: Workstream, base: Base, snapshot: Snapshot) -> str:
    """The sentence for a base that is not there; what it advises can be done."""
    name, remote = base.name, base.remote
    if remote is None:
        fix, where = f'"git branch {quote(name)}" makes it, or name another with "base:"', "here"
    elif base.is_default:  # and it has no other: that would have been taken
        where, fix = f"on {remote}, whose default branch it was", 'name one with "base:", here or in the settings'
    else:
        is_here = f"refs/heads/{name}" in snapshot.refs
        push = f'"git push {quote(remote)} {quote(name)}" makes it, or ' if is_here else ""
        where, fix = f"on {remote}", f'{push}name another with "base:"'
    return f'{workstream.source}: base "{name}" does not exist {where}; {fix}'


def without_default(workstream: Workstream, remote: str, snapshot: Snapshot, *, why: str) -> str:
    """The sentence for a remote whose default branch is not known; `why` says why it was not reached, empty if it was.

    A local branch is never taken in its place.
    """
    name = f'name the branch to start from with "base:" in {workstream.source}, or in the settings'
    if why:
        return f"{remote} was not reached, and what its default branch is was never seen here; {name}. {why}"
    command = f"git push {quote(remote)} {quote(snapshot.head_branch)}" if snapshot.head_branch else ""
    push = f'"{command}" makes it, or ' if command else ""
    return f"{remote} has no default branch; {push}{name}"


def never_seen(workstream: Workstream, base: Base, *, why: str) -> str:
    """The sentence for a remote that is out of reach, and whose branch was never seen: a local one is another."""
    return (
        f"{workstream.source}: {base.remote} was not reached, and {base.shown} was never seen here, "
        f"so that there is nothing to start from; a local {base.name} may hold what is not published. {why}"
    )
