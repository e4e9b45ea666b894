"""Refs of ours that nobody needs any more: kept results past their limits, checkpoints of nothing, merged backups.

Results are copies, kept so that nothing is paid for twice; all other refs hold work: a commit of theirs that is
neither in a ref that stays nor merged is held by a backup before they go. Branches are none of its business.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from splinter.engine.branch import last_success
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.engine.steps import cache
from splinter.errors import GitError
from splinter.git import command_line, held, merge
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.commands import RefUpdate
from splinter.maintenance import retention
from splinter.maintenance.gc_files import began_s
from splinter.maintenance.retention import Thing
from splinter.model import layout
from splinter.model.settings import Limits

# what the next step, the next success or the next fetch writes over: none of these keeps a commit for good
_PASSING = tuple(
    f"{layout.OURS}{kind}/" for kind in ("results", "checkpoints", "accepted", "remote", "claims", "rehearsals")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """One ref of ours with what its commit says; `at_s` is when that was made, in seconds since the epoch.

    `problem` says why the commit cannot be read, None where it can.
    """

    name: str
    commit: str
    at_s: float
    parent: str = ""
    subject: str = ""
    body: str = ""
    problem: str | None = None

    @property
    def words(self) -> list[str]:
        """The name's parts after `refs/splinter/`: kind, workstream, step and the like."""
        return self.name.removeprefix(layout.OURS).split("/")

    @property
    def work(self) -> str:
        """The commit whose loss would lose work: what was accepted is the parent of the commit that says so."""
        return self.parent if self.words[0] == "accepted" and self.parent else self.commit


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
    try:
        loose = _loose(session.outside, refs, [refs[name] for name in (*old, *pointless)], unreadable)
    except GitError as error:
        left.append(f"checkpoints and backups past their limits, for not all of them can be read: {error}")
        old, pointless, loose = {}, {}, set()
    gone_backups = {name: f"{why}, and all of it is held elsewhere" for name, why in old.items() if name not in loose}
    stamp = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    moved = {
        name: f"{layout.BACKUPS}/gc/{stamp}/{name.removeprefix(layout.OURS)}" for name in loose if name in pointless
    }  # fmt: skip
    return Bygone(
        refs=every,
        results=gone_results,
        pointless=pointless,
        backups=gone_backups,
        moved=moved,
        unmerged=sum(name in loose for name in old),
        left=tuple(left),
    )


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


def _loose(outside: Outside, refs: Mapping[str, Ref], going: list[Ref], unreadable: Set[str]) -> set[str]:
    """Names of those that hold work which is in no ref that stays, and not merged; of nested ones the outermost."""
    names = {one.name for one in going}
    staying = ((ref, id) for ref, id in outside.snapshot.refs.items() if ref not in names and id not in unreadable)
    lasting = [id for ref, id in staying if not _is_passing(ref)]
    head = [outside.snapshot.head] if outside.snapshot.head else []
    bases, branches = _bases(outside), last_success.branches(outside)
    by_work: dict[str, list[Ref]] = {}
    for one in sorted(going, key=lambda one: (one.words[0] != "backups", one.name)):
        by_work.setdefault(one.work, []).append(one)
    alone = _outside(outside.repository, list(by_work), [*lasting, *head])
    unmerged = {
        work
        for work in by_work.keys() & alone.keys()
        if not _is_merged(outside, work, [*_own(outside, by_work[work][0], branches), *bases])
    }
    return {by_work[work][0].name for work in _outermost(unmerged, alone)}


def _is_passing(ref: str) -> bool:
    if ref.startswith(_PASSING):
        return True
    # a remote's copy of a branch goes with that, as ours does when its pull request is closed; what is merged is known
    return ref.startswith("refs/remotes/")


def _outside(repository: Repository, commits: list[str], lasting: Iterable[str]) -> dict[str, list[str]]:
    """What those commits hold and none of the lasting ones does: each with its parents, children first."""
    if not commits:
        return {}
    lines = [*commits, *(f"^{one}" for one in sorted(set(lasting)))]
    done = command_line.call(repository, "rev-list", "--topo-order", "--parents", "--ignore-missing", "--stdin",
                        stdin="\n".join(lines).encode() + b"\n")  # fmt: skip
    rows = (line.split(" ") for line in done.stdout.decode().splitlines())
    return {commit: parents for commit, *parents in rows}


def _outermost(commits: Set[str], outside: Mapping[str, list[str]]) -> list[str]:
    """Those commits that none of the others contains."""
    below: set[str] = set()
    found = []
    for commit, parents in outside.items():
        if commit in commits and commit not in below:
            found.append(commit)
        if commit in commits or commit in below:
            below.update(parents)
    return found


def _own(outside: Outside, ref: Ref, branches: Mapping[str, str]) -> list[str]:
    """The branch of the workstream that a ref belongs to; `branches` are those that are recorded, by id."""
    words = [word for word in ref.words if word not in ("backups", "gc", "checkpoints", "accepted", "remote")]
    id = next((word for word in words if began_s(word) is None), "")
    branch = f"refs/heads/{branches.get(id, '')}"
    return [outside.snapshot.refs[branch]] if branch in outside.snapshot.refs else []


def _bases(outside: Outside) -> list[str]:
    """What pull requests are merged into, as far as it is known here."""
    refs, symbolic = outside.snapshot.refs, outside.snapshot.symbolic
    names = [ref for ref in refs if ref.startswith(f"{layout.BASES}/")]
    names += [target for ref, target in symbolic.items() if ref.startswith("refs/remotes/") and ref.endswith("/HEAD")]
    names += [f"refs/heads/{name}" for name in (outside.settings.base, outside.snapshot.head_branch) if name]
    return list(dict.fromkeys(refs[name] for name in names if name in refs))


def _is_merged(outside: Outside, commit: str, targets: list[str]) -> bool:
    """Whether merging it would change nothing: it was squashed or rebased into one of the targets."""
    for target in targets:
        try:
            merged = merge.merge_trees(outside.repository, target, commit)[0]
        except GitError:  # no common history
            continue
        if merged and merged == git.tree_of(outside.repository, target):
            return True
    return False
