"""Whether a result may be pushed: all that the remote lacks is held against scope, guards and secrets again.

It trusts the remote, and the workstreams' files of this checkout. Where commits and records were handed over by another
job they decide what is looked at, and never what is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from splinter.engine import bases
from splinter.engine.branch import last_success
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.engine.steps import scope_check, secret_scan
from splinter.errors import PublishError
from splinter.git import commands as git
from splinter.git import merge, new_objects, remotes, sizes
from splinter.git.commands import Commit
from splinter.model import layout
from splinter.model.plan import Plan
from splinter.model.workstream import Scope
from splinter.text.counts import and_more

MOST_COMMITS = 1000  # that are not on the remote: steps make a few, people some more
LARGEST_PUSH = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was accepted: each commit up to `tip` is within one of `scopes`; what `start` stands on, within `below`.

    `slots` are the workstreams whose slots are done with it.
    """

    tip: str
    start: str
    scopes: tuple[Scope, ...]
    below: tuple[Scope, ...] = ()
    slots: tuple[str, ...] = ()


def result_of(session: Session, plan: Plan, *, start: str, tip: str) -> Result:
    """A workstream's result, by what its file in this checkout says."""
    below = tuple(session.plans[id].workstream.scope for id in builds_on(session, plan))
    return Result(tip=tip, start=start, scopes=(plan.workstream.scope,), below=below, slots=(plan.id,))


def last_result(session: Session, plan: Plan) -> Result:
    """What was accepted last, where nothing is to be pushed: on the base as it is now.

    In CI what is recorded of it may have been made up, and so counts for nothing.
    """
    start = bases.commit(session, plan)
    last = None if session.outside.environment.is_in_ci else last_success.last(session.outside, plan)
    return Result(tip=last.tip if last else start, start=start, scopes=())


def on_remote(session: Session, plan: Plan, remote: str) -> dict[str, str]:
    """The remote's branches as they are now, by name, with their ids; those that count for this one are fetched."""
    repository, auth = session.outside.repository, session.outside.remote_auth(remote)
    found = remotes.heads(repository, remote, auth)
    if plan.base.name not in found:
        raise _refusal(plan, f"{plan.base.shown}, which it is held against, is not there")
    place, pushing = session.outside.pushed_to(remote)
    refs = {session.plans[id].branch: layout.remote(id) for id in builds_on(session, plan)}
    if place != remote:
        pushed = remotes.heads(repository, place, pushing)
        found = {name: id for name, id in found.items() if name not in (plan.branch, *refs)}
        found |= {name: id for name, id in pushed.items() if name in (plan.branch, *refs)}
    sources = {**dict.fromkeys(refs, (place, pushing)), plan.base.name: (remote, auth)}
    refs[plan.base.name] = layout.base(remote, plan.base.name)
    held = git.existing(repository, (found[name] for name in refs if name in found))
    for name, ref in refs.items():
        if name in found and found[name] not in held:
            # once: two fetches into one ref are in each other's way
            session.known.once(found[name], partial(_fetched, session, *sources[name], name, ref))
            found[name] = git.resolve(repository, ref) or found[name]
    return found


def _fetched(session: Session, place: str, auth: Mapping[str, str], name: str, ref: str) -> str:
    remotes.fetch(session.outside.repository, place, name, ref, auth)
    return ref


def known(session: Session, plan: Plan, there: Mapping[str, str]) -> tuple[str, ...]:
    """The commits of the remote's that may be under a result: its base, its own branch, those of what it depends on.

    A person may have merged any other branch of the remote's into theirs.
    """
    names = [plan.base.name, plan.branch, *(session.plans[id].branch for id in builds_on(session, plan))]
    wanted = (there[name] for name in names if name in there)
    some = wanted if session.outside.environment.is_in_ci else there.values()
    return tuple(sorted(git.existing(session.outside.repository, some)))


def builds_on(session: Session, plan: Plan) -> list[str]:
    """The ids of all that a workstream depends on, at any distance."""
    found: dict[str, None] = {}
    todo = list(plan.workstream.depends_on)
    while todo:
        id = todo.pop()
        if id not in found:
            found[id] = None
            todo += session.plans[id].workstream.depends_on
    return list(found)


def refuse(session: Session, plan: Plan, result: Result, head: str, *, known: Sequence[str]) -> None:
    """Raise PublishError for what `head` would bring to the remote, which holds `known`, and must not be there."""
    repository = session.outside.repository
    if git.resolve(repository, head) != head or not git.is_ancestor(repository, result.start, result.tip):
        raise _refusal(plan, "it is no commit, or does not begin where it is recorded to")
    new = new_objects.commits(repository, head, known, most=MOST_COMMITS + 1)
    if len(new) > MOST_COMMITS:
        raise _refusal(plan, f"it holds more than {MOST_COMMITS} commits that the remote lacks")
    if new:
        _refuse_large(plan, *new_objects.largest(repository, head, known))
    on_top = {*merge.first_parents(repository, head, [result.tip])} & {*new}
    below = {*new_objects.commits(repository, result.start, known, most=MOST_COMMITS)} if result.below else set()
    for commit in git.commits(repository, new):
        assert commit
        scopes = result.below if commit.id in below else result.scopes
        if commit.id in on_top:
            scopes = tuple(_of_a_person(scope) for scope in result.scopes)
        _refuse_commit(session.outside, plan, commit, scopes)


def _refuse_large(plan: Plan, largest: int, whole: int) -> None:
    if largest > sizes.LARGEST_FILE:
        raise _refusal(plan, f"a file of it is larger than {sizes.LARGEST_FILE // sizes.MB} MB")
    if whole > LARGEST_PUSH:
        raise _refusal(plan, f"it is larger than {LARGEST_PUSH // 1_000_000} MB")


def _refuse_commit(outside: Outside, plan: Plan, commit: Commit, scopes: Sequence[Scope]) -> None:
    """Hold one commit against what a step is held against."""
    repository, short = outside.repository, commit.id[:12]
    if not commit.parents:
        raise _refusal(plan, f"{short} begins a history of its own")
    parent, first, *more = commit.parents[0], *scopes
    found = scope_check.violations(repository, first, parent, commit.id, *more)
    if found:
        raise _refusal(plan, f"{short} is out of scope: {scope_check.summary(found)}")
    leaked = secret_scan.found(repository, outside.redactor, git.diff(repository, parent, commit.id))
    if leaked:
        raise _refusal(plan, f"a secret stands in {and_more(leaked, 5)} of {short}")
    if outside.redactor.found(f"{commit.head}\n\n{commit.message}".encode()):
        raise _refusal(plan, f"a secret stands in the message of {short}")


def _of_a_person(scope: Scope) -> Scope:
    """What a person may put on top: everything, but for what is guarded and the scope does not name."""
    return replace(scope, modify=(*scope.modify, "**"), create=(*scope.create, "**"), forbid=())


def _refusal(plan: Plan, why: str) -> PublishError:
    return PublishError(f"{plan.branch} was not pushed: {why}")
