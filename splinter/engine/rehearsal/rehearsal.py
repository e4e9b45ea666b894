"""All finished branches of a base brought together and judged before anybody merges them.

It changes no branch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from splinter.engine import merged_dependencies
from splinter.engine.checks import baseline, comparison, judge
from splinter.engine.outside import Outside
from splinter.engine.rehearsal import largest_subset, merge_all
from splinter.engine.rehearsal.largest_subset import Largest
from splinter.engine.rehearsal.merge_all import Member, Merged
from splinter.engine.session import Session
from splinter.engine.steps import stand_in
from splinter.engine.work import Work
from splinter.errors import PublishError, Reason, StepError
from splinter.git import commands as git
from splinter.git import quarantine
from splinter.git.commands import RefUpdate
from splinter.model import late_filling, layout
from splinter.model.done import Branch, Prepared, Rehearsed, Union
from splinter.model.fingerprints import fingerprint, written
from splinter.model.plan import Plan
from splinter.model.records import CheckRecord, LeftOut, LeftOutReason, Outcome, RehearsalRecord
from splinter.text.outputs import Outputs
from splinter.text.redact import Masked

_LOG = "rehearsal."


def of_bases(members: Sequence[Member]) -> dict[str, tuple[Member, ...]]:
    """The members by their base, for what is brought together is what goes to one branch."""
    names = dict.fromkeys(member.plan.base.name for member in members)
    return {name: tuple(member for member in members if member.plan.base.name == name) for name in names}


def inputs(members: Sequence[Member]) -> dict[str, str]:
    """What a rehearsal is made of: the branches, and how their workstreams are judged."""
    return {
        member.id: fingerprint(
            {
                "base": [member.plan.base.name, member.base],
                "start": member.start,
                "head": member.head,
                "checks": [asdict(check) for check in member.plan.workstream.checks],
                "forgives": member.plan.forgives_earlier,
                **written(member.outputs),
            }
        )
        for member in members
    }


def rehearsed(
    run: str | None, bases: Mapping[str, Sequence[Member]], done: Sequence[RehearsalRecord]
) -> Rehearsed:  # fmt: skip
    """What the rehearsals of all bases came to, together."""
    members = {
        member.id: Branch(start=member.start, tip=member.tip, head=member.head, outputs=member.outputs)
        for one, some in zip(done, bases.values(), strict=True)
        for member in some
        if member.id in one.workstreams
    }
    return Rehearsed(
        inputs={base: inputs(some) for base, some in bases.items()},
        unions={one.base: Union(base=one.base_commit, commit=one.commit) for one in done},
        members=members,
        run=run,
        notes=tuple(f"{one.workstream} is left out: {one.message}" for record in done for one in record.left_out),
    )


def rehearse(session: Session, members: Sequence[Member]) -> RehearsalRecord:
    """Bring the branches of one base together and judge the whole; raises PublishError where that cannot be done."""
    base = merge_all.newest_base(session.outside, members)
    with session.apart() as apart:
        merged = merge_all.merged(apart.outside, _pending(apart, members, base), base)
        by_id = {member.id: member for member in merged.fits}
        stage = _Stage(session=apart, base=base, members=by_id, trees={tuple(by_id): merged.tree})
        record = _record(apart, stage, merged, _largest(stage), base_name=members[0].plan.base.name)
        held = (base, *(member.head for member in members))
        quarantine.narrow(apart.outside.repository, record.commit, held)  # what was only tried is not the user's
        update = RefUpdate(ref=f"{layout.REHEARSALS}/{record.base}", new=record.commit)
        git.update_refs(apart.outside.repository, [update], why="splinter: rehearsal")
    if record.workstreams or record.left_out:
        session.history.put_rehearsal(session.run.open(), record)
    return record


def _pending(session: Session, members: Sequence[Member], base: str) -> tuple[Member, ...]:
    """Those whose change is not in the base, neither as it is nor, as the forge says, with something edited."""

    def is_merged(one: Member) -> bool:
        return merged_dependencies.is_known(session, one.id, one.tip) or bool(
            one.base != base and merged_dependencies.ask(session, one.plan, one.id, one.tip)
        )

    return tuple(one for one in merge_all.pending(session.outside, members, base) if not is_merged(one))


def _largest(stage: _Stage) -> Largest:
    depends_on = {id: member.plan.workstream.depends_on for id, member in stage.members.items()}
    try:
        return largest_subset.largest(tuple(stage.members), stage.fails, depends_on)
    except StepError as error:
        if error.reason == Reason.INTERRUPTED:
            raise
        raise PublishError(f"the branches could not be rehearsed together: {error}") from error


def _record(session: Session, stage: _Stage, merged: Merged, found: Largest, *, base_name: str) -> RehearsalRecord:
    tree = stage.tree(found.kept)
    left_out = (*merged.left_out, *(_left_out(stage.members[id].plan, wrong) for id, wrong in found.failed.items()))
    return RehearsalRecord(
        base=base_name,
        base_commit=stage.base,
        commit=_commit(session.outside, tree or stage.base, stage.base),
        workstreams=found.kept,
        left_out=left_out,
        clashes=merged.clashes,
        checks=stage.checks,
        unions=stage.unions,
    )


def summary(record: RehearsalRecord) -> str:
    """How many go together: `3 of 4 branches`."""
    count = len(record.workstreams)
    return f"{count} of {count + len(record.left_out)} branches"


@dataclass(kw_only=True)
class _Stage:
    """The unions judged so far, `trees` by their members; `checks` are of the latest in which nothing failed."""

    session: Session
    base: str
    members: Mapping[str, Member]
    trees: dict[tuple[str, ...], str | None]
    checks: tuple[CheckRecord, ...] = ()
    unions: int = 0

    def fails(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        """What fails where these members are brought together."""
        tree = self.tree(ids)
        if tree is None:
            return ("it does not merge without what else is left out",)
        members = [self.members[id] for id in ids]
        checks = _judge(self.session, members, self.base, _commit(self.session.outside, tree, self.base))
        self.unions += 1
        failed = [check for check in checks if check.outcome == Outcome.FAILED]
        self.checks = self.checks if failed else checks
        return tuple(f"{check.check} of {check.workstream}: {comparison.told(check)}" for check in failed)

    def tree(self, ids: tuple[str, ...]) -> str | None:
        """The tree of the base with these members' changes, None where they conflict."""
        if ids not in self.trees:
            self.trees[ids] = merge_all.tree(self.session, [self.members[id] for id in ids], self.base)
        return self.trees[ids]


def _left_out(plan: Plan, wrong: tuple[str, ...]) -> LeftOut:
    if not wrong:
        others = ", ".join(plan.workstream.depends_on)
        return LeftOut(workstream=plan.id, reason=LeftOutReason.DEPENDS_ON, message=f"it builds on {others}")
    return LeftOut(workstream=plan.id, reason=LeftOutReason.CHECK_FAILED, message="; ".join(wrong))


def _commit(outside: Outside, tree: str, base: str) -> str:
    date_s = int(outside.clock.now().timestamp())
    return git.commit_tree(outside.repository, tree, [base], Masked("What was rehearsed together\n"), date_s=date_s)


def _reading(work: Work, outputs: Outputs) -> Work:
    """The same with what its steps wrote, which its checks may read."""
    checks = late_filling.of_checks(work.plan.workstream, outputs, silent=stand_in.silent(work.plan))
    return replace(work, plan=replace(work.plan, workstream=checks), outputs=outputs)


def _judge(session: Session, members: Sequence[Member], base: str, commit: str) -> tuple[CheckRecord, ...]:
    """The checks of all members on a commit; one that several have runs once."""
    records: list[CheckRecord] = []
    ran: set[str] = set()
    for member in members:
        work = Work(session=session, plan=member.plan, prepared=Prepared(start=base, base=base)).unbounded
        work, own = _reading(work, member.outputs), written(member.outputs)
        keys = {
            check.id: fingerprint({"check": baseline.key(work, check), **own}) for check in work.plan.workstream.checks
        }
        checks = tuple(check for check in work.plan.workstream.checks if keys[check.id] not in ran)
        ran |= set(keys.values())
        if checks:
            plan = replace(work.plan, workstream=replace(work.plan.workstream, checks=checks))
            records += judge.judge(replace(work, plan=plan), commit, start=base, log=_LOG).checks
    return tuple(records)
