"""Finished branches brought together with `git merge-tree`: which of them merge, which pairs conflict, and where.

It moves no branch, and judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from splinter.engine import prepare
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.git import command_line, merge, merge_trials
from splinter.git import commands as git
from splinter.git.merge_trials import Touched
from splinter.git.tree_join import Joining
from splinter.model.done import Accepted
from splinter.model.plan import Plan
from splinter.model.records import Clash, LeftOut, LeftOutReason, Outcome
from splinter.text.counts import and_more
from splinter.text.outputs import Outputs

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One finished branch: its own change goes from `start` to `head`, where a person's commits stand on top of ours.

    `tip` is what was accepted, `base` the base's commit then, `outputs` what its steps wrote.
    """

    plan: Plan
    base: str
    start: str
    tip: str
    head: str
    outputs: Outputs = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The workstream's id."""
        return self.plan.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The members that merge, in order, and the tree of all; the others with the reason; the pairs that conflict."""

    fits: tuple[Member, ...]
    tree: str
    left_out: tuple[LeftOut, ...] = ()
    clashes: tuple[Clash, ...] = ()


def members(session: Session, accepted: Mapping[str, Accepted]) -> tuple[Member, ...]:
    """The finished branches with changes, each after those it depends on; `accepted` are those that succeeded."""
    ends = [(plan, accepted[plan.id]) for plan in session.plans.values() if plan.id in accepted]
    changed = [(plan, end) for plan, end in ends if end.outcome == Outcome.CHANGED]
    heads = git.refs(session.outside.repository, "refs/heads") if changed else {}
    return tuple(
        Member(
            plan=plan, base=end.base, start=end.start, tip=end.tip,
            head=heads.get(f"refs/heads/{plan.branch}") or end.tip, outputs=end.outputs,
        )
        for plan, end in changed
    )  # fmt: skip


def proposed(some: Sequence[Member]) -> tuple[Member, ...]:
    """Those that ask for a pull request, and those they build on."""
    wanted: set[str] = set()
    for member in reversed(some):
        if member.plan.workstream.pull_request or member.id in wanted:
            wanted |= {member.id, *member.plan.workstream.depends_on}
    return tuple(member for member in some if member.id in wanted)


def newest_base(outside: Outside, some: Sequence[Member]) -> str:
    """The commit of their bases that contains the others."""
    newest = some[0].base
    for base in {member.base for member in some}:
        newest = base if git.is_ancestor(outside.repository, newest, base) else newest
    return newest


def pending(outside: Outside, some: Iterable[Member], base: str) -> tuple[Member, ...]:
    """Those whose change is not in the base already; what was made on it is none of it."""
    return tuple(one for one in some if one.base == base or not prepare.is_in(outside, one.start, one.head, base))


def merged(outside: Outside, some: Sequence[Member], base: str) -> Merged:
    """Which of the members merge onto the base one after another."""
    whole = Joining(outside.repository, git.tree_of(outside.repository, base))
    fits: list[Member] = []
    left: dict[str, LeftOut] = {}
    conflicting: list[Member] = []
    for member in some:
        missing = [other for other in member.plan.workstream.depends_on if other in left]
        if missing:
            message = f"it builds on {', '.join(missing)}"
            left[member.id] = LeftOut(workstream=member.id, reason=LeftOutReason.DEPENDS_ON, message=message)
            continue
        paths = _conflicts(outside, whole, member)
        if paths is None:
            fits.append(member)
        else:
            left[member.id] = LeftOut(workstream=member.id, reason=LeftOutReason.CONFLICT, message=_summary(paths))
            conflicting.append(member)
    return Merged(
        fits=tuple(fits), tree=whole.tree(), left_out=tuple(left.values()), clashes=_clashes(outside, conflicting, some)
    )


def tree(session: Session, some: Iterable[Member], base: str) -> str | None:
    """The tree of the base with the members' changes, None where they conflict."""
    whole = Joining(session.outside.repository, git.tree_of(session.outside.repository, base))
    if any(_conflicts(session.outside, whole, member) is not None for member in some):
        return None
    return whole.tree()


def _conflicts(outside: Outside, whole: Joining, member: Member) -> tuple[str, ...] | None:
    """The paths in which a member's change conflicts with the whole, None where it was joined to it."""
    start, head = (git.tree_of(outside.repository, commit) for commit in (member.start, member.head))
    if whole.add(start, head):
        return None
    tree, paths = merge.three_way(outside.repository, start, whole.tree(), head)
    if tree is None:
        return paths
    whole.becomes(tree)
    return None


def _clashes(outside: Outside, conflicting: Sequence[Member], some: Sequence[Member]) -> tuple[Clash, ...]:
    touched = _touched(outside, some) if conflicting else {}
    pairs: dict[frozenset[str], tuple[Member, Member]] = {}
    for one in conflicting:
        for other in some:
            if one.id != other.id and _may_conflict(one, other, touched):
                pairs.setdefault(frozenset((one.id, other.id)), (other, one))
    with command_line.borrowed(outside.repository) as apart:
        trials = merge_trials.several(apart, [(other.head, one.head) for other, one in pairs.values()])
    found = []
    for (other, one), trial in zip(pairs.values(), trials, strict=True):
        if trial.problem:
            raise trial.problem
        if trial.tree is None:
            first, second = sorted((one.id, other.id))
            found.append(Clash(one=first, other=second, paths=tuple(git.printable(path) for path in trial.paths)))
    return tuple(found)


def _touched(outside: Outside, some: Sequence[Member]) -> dict[tuple[str, str], Touched]:
    """What each member's commits touch, by base and head; of one whose commits are no single line nothing."""
    heads = {base: [one.head for one in some if one.base == base] for base in {one.base for one in some}}
    every = ((base, merge_trials.touched(outside.repository, base, some)) for base, some in heads.items())
    return {(base, head): touched for base, found in every for head, touched in found.items()}


def _may_conflict(one: Member, other: Member, touched: Mapping[tuple[str, str], Touched]) -> bool:
    mine, theirs = (touched.get((member.base, member.head)) for member in (one, other))
    return one.base != other.base or mine is None or theirs is None or mine.meets(theirs)


def _summary(paths: Sequence[str]) -> str:
    return f"it conflicts in {and_more([git.printable(path) for path in paths], _SHOWN)}"
