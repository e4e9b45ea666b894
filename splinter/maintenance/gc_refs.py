"""Refs of ours that nobody needs any more: kept results past their limits, checkpoints of nothing, merged backups.

Results are copies, kept so that nothing is paid for twice; all other refs hold work: a commit of theirs that is
neither in a ref that stays nor merged is held by a backup before they go, and that by itself goes only where a later
run replaced what we alone had made. Branches are none of its business.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from splinter.engine.session import Session
from splinter.engine.steps import cache
from splinter.errors import GitError
from splinter.git import command_line, held
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.commands import RefUpdate
from splinter.maintenance import gc_unmerged, retention
from splinter.maintenance.gc_files import began_s
from splinter.maintenance.gc_unmerged import Ref, Unmerged
from splinter.maintenance.retention import Thing
from splinter.model import layout
from splinter.model.settings import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Bygone:
    """Refs that go, by kind and name with the reason; where commits are held from now on; how many must stay.

    `left` are sentences on what was not judged, since something of it is damaged.
    """

    refs: Mapping[str, Ref]
    results: Mapping[str, str]
    pointless: Mapping[str, str]
    backups: Mapping[str, str]
    moved: Mapping[str, str]
    unmerged: int = 0
    left: tuple[str, ...] = ()

    def updates(self, repository: Repository) -> list[RefUpdate]:
        """All of it as one transaction, each ref only from where it was seen."""
        nothing = git.nothing(repository)
        gone = [self.refs[name] for kind in (self.results, self.pointless, self.backups) for name in kind]
        held = [RefUpdate(ref=backup, new=self.refs[name].work, old=nothing) for name, backup in self.moved.items()]
        return [*held, *(RefUpdate(ref=one.name, new=None, old=one.commit) for one in gone)]


def read(repository: Repository) -> dict[str, Ref]:
    """Every ref of ours, by name."""
    found = {}
    for one in held.read(repository, layout.OURS):
        subject, _, body = one.message.partition("\n\n")
        found[one.ref] = Ref(
            name=one.ref, commit=one.id, at_s=one.at_s, parent=next(iter(one.parents), ""), subject=subject, body=body,
            problem=one.problem,
        )  # fmt: skip
    return found


def damaged(repository: Repository) -> dict[str, str]:
    """Refs of ours that serve nobody, with the reason."""
    found = {one.name: one.problem for one in read(repository).values() if one.problem}
    return found | dict(cache.here(repository).damaged)


def decide(session: Session, shape: Mapping[str, Set[str]] | None, *, limits: Limits, now: datetime) -> Bygone:
    """What goes; `shape` names the steps of each workstream that there is, None where nobody knows.

    `session.outside.repository` gets new objects: it is a borrowed one where nothing may stay of them.
    """
    every, now_s = read(session.outside.repository), now.timestamp()
    broken = damaged(session.outside.repository)
    refs = {name: one for name, one in every.items() if name not in broken}
    gone_results, left = _parted(broken)
    unreadable = frozenset(one.commit for one in every.values() if one.problem)
    gone_results |= _results(session, refs, shape, limits, now_s, unreadable, left)
    pointless = _pointless(refs, shape, limits, now_s) if shape is not None else {}
    backups = [one for one in refs.values() if one.words[0] == "backups"]
    dated = [Thing(name=one.name, used_s=_backed_up_s(one)) for one in backups]
    old = retention.too_old(dated, days=limits.backup_days, now_s=now_s)
    lasts = max(limits.backup_days, limits.unreachable_days)
    may_go = retention.too_old(dated, days=lasts, now_s=now_s)
    try:
        found = gc_unmerged.judge(
            session.outside, refs, [refs[name] for name in (*old, *pointless)], unreadable,
            may_go=may_go.keys(), ours=session.commits(),
        )  # fmt: skip
    except GitError as error:
        left.append(f"checkpoints and backups past their limits, for not all of them can be read: {error}")
        old, pointless, found = {}, {}, Unmerged()
    stamp = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    homeless = found.loose & pointless.keys()
    moved = {name: f"{layout.BACKUPS}/gc/{stamp}/{name.removeprefix(layout.OURS)}" for name in homeless}
    return Bygone(
        refs=every,
        results=gone_results,
        pointless=pointless,
        backups=_backups(old, may_go, found),
        moved=moved,
        unmerged=sum(name in found.loose for name in old),
        left=tuple(left),
    )


def _backups(old: Mapping[str, str], may_go: Mapping[str, str], found: Unmerged) -> dict[str, str]:
    """The backups that go, with the reason: what they hold is elsewhere too, or nobody but us made it."""
    held = {name: f"{why}, and all of it is held elsewhere" for name, why in old.items() if name not in found.loose}
    return held | {
        name: f"{may_go[name]}, and all of it is splinter's own" for name in found.superseded & may_go.keys()
    }


def _parted(broken: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Of damaged refs the results, which go, since they serve nobody; and a sentence on each other one, which stays."""
    results = {name: why for name, why in broken.items() if name.startswith(f"{layout.RESULTS}/")}
    others = (name for name in broken if name not in results)
    return results, [f"{name}, for {broken[name]}; `git update-ref -d {name}` removes it" for name in others]


def _results(
    session: Session, refs: Mapping[str, Ref], shape: Mapping[str, Set[str]] | None, limits: Limits, now_s: float,
    unreadable: Set[str], told: list[str],
) -> dict[str, str]:  # fmt: skip
    """Kept results past age or size; what the next run may ask for stays.

    To `told` goes a sentence where their size cannot be told: none goes for that, then.
    """
    kept = [one for one in refs.values() if one.name.startswith(f"{layout.RESULTS}/")]
    needed = _needed(session, kept, shape)
    things = [Thing(name=one.name, used_s=one.at_s, stays=one.name in needed) for one in kept]
    gone = retention.too_old(things, days=limits.result_days, now_s=now_s)
    left = [one for one in things if one.name not in gone]
    snapshot = session.outside.snapshot.refs.items()
    others = [id for ref, id in snapshot if not ref.startswith(f"{layout.RESULTS}/") and id not in unreadable]

    def size_of(names: tuple[str, ...]) -> int:
        return held_alone(session.outside.repository, [refs[name].commit for name in names], others)

    try:
        fits = set(retention.newest_within(left, size_of, mb=limits.result_mb))
    except GitError as error:
        told.append(f"kept results, whatever their size, for not all of them can be read: {error}")
        return gone
    return gone | {one.name: retention.too_much(limits.result_mb) for one in left if one.name not in fits}


def held_alone(repository: Repository, commits: Iterable[str], others: Iterable[str]) -> int:
    """The bytes on disk of what those commits hold and no other ref does."""
    # of an excluded commit alone git does not exclude the files; of its tree it does
    lines = [*commits, *(f"^{one}{what}" for one in sorted(set(others)) for what in ("", "^{tree}"))]
    done = command_line.call(repository, "rev-list", "--objects", "--disk-usage", "--ignore-missing", "--stdin",
                        stdin="\n".join(lines).encode() + b"\n")  # fmt: skip
    return int(done.stdout or 0)


def _needed(session: Session, kept: list[Ref], shape: Mapping[str, Set[str]] | None) -> set[str]:
    """Of each step the newest result, and the one that was applied last; and all that the latest runs paid for."""
    runs = {session.history.latest_run(), *session.history.unfinished_runs()}
    applied = {(f"{step.workstream}:{step.step}", step.applied_run) for step in session.history.last_steps()}
    newest: dict[str, float] = {}
    made_for = {one.name: one.subject.removeprefix(cache.SUBJECT) for one in kept}
    for one in kept:
        newest[made_for[one.name]] = max(one.at_s, newest.get(made_for[one.name], 0.0))
    needed = set()
    for one in kept:
        step, run = made_for[one.name], _run_of(one)
        is_there = shape is None or step.partition(":")[2] in shape.get(step.partition(":")[0], ())
        if is_there and (one.at_s == newest[step] or (step, run) in applied or run in runs):
            needed.add(one.name)
    return needed


def _run_of(result: Ref) -> str | None:
    try:
        return str(json.loads(result.body)["run"])
    except (ValueError, LookupError, TypeError):  # not of our making
        return None


def _pointless(
    refs: Mapping[str, Ref], shape: Mapping[str, Set[str]], limits: Limits, now_s: float
) -> dict[str, str]:  # fmt: skip
    """Checkpoints, acceptances and remote branches of workstreams or steps that there are no more."""
    found = {}
    for one in refs.values():
        kind, id = one.words[0], one.words[1] if len(one.words) > 1 else ""
        if kind in ("checkpoints", "remote") and id not in shape:
            found[one.name] = "its workstream is no longer there"
        elif kind == "checkpoints" and one.words[2:] and one.words[2] not in shape[id]:
            found[one.name] = "its step is no longer there"
        elif kind == "accepted" and id not in shape:
            # a workstream that comes back within that time is as it was
            found |= retention.too_old([Thing(name=one.name, used_s=one.at_s)], days=limits.backup_days, now_s=now_s)
    return found


def _backed_up_s(backup: Ref) -> float:
    """When a backup was made: its name holds the run that made it, for its commit may be much older."""
    dates = [began for word in backup.words if (began := began_s(word)) is not None]
    return max([*dates, backup.at_s])
