"""The plan of a run: made of what a call asked and decided, and taken in the place of asking and deciding again.

A plan that is taken says what to do and where it starts. What may be pushed it never says: a call that only publishes
takes the run and the occurrences of it, and asks the remote for all else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from splinter.config import night_plan_file
from splinter.engine import bases, merged_dependencies
from splinter.engine.branch import last_success
from splinter.engine.known import BASE, BRANCH, DEFAULT_BRANCH, MERGED, Question
from splinter.engine.session import Session
from splinter.errors import InputError
from splinter.git import commands as git
from splinter.git import remotes
from splinter.git.commands import RefUpdate
from splinter.model import fingerprints, layout, night_plan, shards
from splinter.model.bases import Base
from splinter.model.night_plan import NightPlan, PinnedBase, Planned, SeenBranch, SeenMerge
from splinter.model.plan import Plan
from splinter.model.slot_claim import State
from splinter.system.files import write_whole
from splinter.text import markdown

_LONGEST = 200  # characters of why one is not run
_MOST_NOTES, _LONGEST_NOTE = 200, 2_000  # as the schema has it
FILE = "plan.json"  # in the folder of its run


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A plan that a call was given, with the ids of those that it runs of it."""

    plan: NightPlan
    part: frozenset[str]


def take(session: Session, given: Given, *, only_publishes: bool, is_look: bool) -> None:
    """Let a plan answer what would be asked; raises InputError where it is of another commit, or names what is lacking.

    Where nothing may be changed the bases are not kept in refs of ours.
    """
    plan, outside = given.plan, session.outside
    if plan.commit != (outside.snapshot.head or ""):
        there, here = (one[:12] or "none" for one in (plan.commit, outside.snapshot.head or ""))
        raise InputError(f"the plan was made at the commit {there}, and this checkout is at {here}; check that one out")
    session.night = plan
    session.run.given, session.run.given_notes = plan.run, tuple(map(markdown.one_line, plan.notes))
    if only_publishes:
        return
    session.part = given.part
    _refuse_missing(session, plan)
    session.known.tell(_answers(plan))
    refs = {layout.base(one.remote, one.name): one.commit for one in plan.bases}
    heads = {layout.head(one.remote): layout.base(one.remote, one.name) for one in plan.bases if one.is_default}
    seen = outside.snapshot
    snapshot = replace(seen, refs={**seen.refs, **refs}, symbolic={**seen.symbolic, **heads})
    session.outside = replace(outside, snapshot=snapshot)
    if not is_look:
        updates = [RefUpdate(ref=ref, new=commit) for ref, commit in refs.items()]
        git.update_refs(outside.repository, updates, why="splinter: bases of a plan")
        for one in plan.bases:
            if one.is_default:
                remotes.remember_default_branch(outside.repository, one.remote, one.name)


def pinned(session: Session, base: Base) -> str | None:
    """Where a plan says that a base was, if that commit is here; None without a plan."""
    bases_ = session.night.bases if session.night else ()
    found = next((one.commit for one in bases_ if (one.remote, one.name) == (base.remote, base.name)), "")
    return found if found and git.existing(session.outside.repository, [found]) else None


def with_occurrences(night: NightPlan, plans: Mapping[str, Plan]) -> dict[str, Plan]:
    """The plans with the occurrences of a night; raises InputError where that is of other workstreams."""
    planned = night.by_id
    own = {id: one.at(planned[id].occurrence) for id, one in plans.items() if id in planned}
    slots = {id: fingerprints.slot(own.get(id, one)) for id, one in plans.items()}
    night_plan.refuse_unknown(night, slots)
    return own


def with_kept_occurrences(session: Session, run: str) -> dict[str, Plan]:
    """The plans of a call that publishes a run with the occurrences of that run, where they say what they said then."""
    try:
        planned = night_plan_file.read(file_of(session, run)).by_id
    except InputError:  # none was kept, or it is torn: the clock decides
        return dict(session.plans)
    then = {id: one.at(planned[id].occurrence) for id, one in session.plans.items() if id in planned}
    same = {id: one for id, one in then.items() if fingerprints.slot(one) == planned[id].slot}
    return {**session.plans, **same}


def claimed_for(session: Session) -> tuple[str, Mapping[str, str]]:
    """The run that a call publishes, perhaps after its work, with the claims that its plan names, by workstream."""
    run = session.run.taken_up if session.run.only_publishes else session.run.given
    if not run:
        return "", {}
    try:
        plan = session.night or night_plan_file.read(file_of(session, run))
    except InputError:  # none was kept, or it is torn
        return "", {}
    return plan.run, {one.id: one.claim for one in plan.workstreams if one.claim and one.id in session.plans}


def pin(session: Session, due: Set[str]) -> None:
    """Ask all that whoever takes the plan must not ask; raises InputError where one of `due` has no base.

    What was asked before is not asked again.
    """
    for one in session.plans.values():
        try:
            bases.commit(session, one)
        except InputError:
            if one.id in due:
                raise
    for one in session.plans.values():
        for other in one.workstream.depends_on:
            last = last_success.last(session.outside, session.plans[other])
            base = session.known.answer((BASE, one.base.remote or "", one.base.name))
            if last and base and last.base != base and not merged_dependencies.is_known(session, other, last.tip):
                merged_dependencies.ask(session, one, other, last.tip)


def made(
    session: Session, run: str, due: Set[str], *, number: int = 1, notes: Sequence[str] = (), call: str = ""
) -> NightPlan:  # fmt: skip
    """The plan of a run in which those are due, cut into that many shards."""
    plans = session.plans
    seconds = shards.expected_s({id: session.history.durations(id, latest=shards.LATEST) for id in plans})
    depends_on = {id: one.workstream.depends_on for id, one in plans.items()}
    claims, not_run = session.known.claims, session.known.not_run
    runs = {id: seconds[id] for id in plans if id in due and id not in not_run}
    cut = shards.cut(runs, depends_on, shards=number)
    return NightPlan(
        run=run,
        at=session.at,
        commit=session.outside.snapshot.head or "",
        shards=number,
        **_asked(session),
        workstreams=tuple(
            Planned(
                id=id,
                occurrence=one.occurrence,
                is_due=id in due,
                slot=fingerprints.slot(one),
                shard=cut.get(id, 0),
                seconds=seconds[id],
                claim=claims[id].commit if id in claims and claims[id].claim.state == State.HELD else "",
                held_by=not_run.get(id, "")[:_LONGEST],
            )
            for id, one in plans.items()
        ),
        notes=tuple(one[:_LONGEST_NOTE] for one in (*notes[: _MOST_NOTES - 1], *notes[_MOST_NOTES - 1 :][-1:])),
        call=call,
    )


def _asked(session: Session) -> dict[str, Any]:
    """What remotes and the forge said in this call, as fields of a plan."""
    plans = session.plans.values()
    defaults = {(one.base.remote, one.base.name) for one in plans if one.base.is_default}
    bases_, branches, merged = (sorted(session.known.answers(kind).items()) for kind in (BASE, BRANCH, MERGED))
    return {
        "bases": tuple(
            PinnedBase(remote=remote, name=name, commit=commit, is_default=(remote, name) in defaults)
            for (remote, name), commit in bases_
            if remote and commit
        ),
        "branches": tuple(
            SeenBranch(remote=remote, branch=branch, is_there=bool(there)) for (remote, branch), there in branches
        ),
        "merged": tuple(
            SeenMerge(head=head, base=base, tip=tip, where=where or "") for (head, base, tip), where in merged
        ),
    }


def file_of(session: Session, run: str) -> Path:
    """Where the plan of a run is kept."""
    return session.history.run_folder(run) / FILE


def keep(session: Session, run: str) -> None:
    """Keep the plan by which a run was made beside its logs: the one that it was given, else what it came to."""
    if file_of(session, run).parent.is_dir():
        took_part = {one.workstream for one in session.history.run(run).workstreams} & {*session.plans}
        plan = session.night or made(session, run, took_part)
        write_whole(file_of(session, run), night_plan.to_text(plan))


def _refuse_missing(session: Session, plan: NightPlan) -> None:
    snapshot = session.outside.snapshot
    for remote in (*(one.remote for one in plan.bases), *(one.remote for one in plan.branches)):
        if remote not in snapshot.remotes:
            raise InputError(f'the plan names the remote "{remote}", which "git remote" does not list')
    here = git.existing(session.outside.repository, (one.commit for one in plan.bases))
    for base in plan.bases:
        if base.commit not in here:
            raise InputError(
                f"the plan starts from {base.remote}/{base.name} at {base.commit[:12]}, and that commit is not here; "
                f"git fetch {base.remote} {base.commit} brings it"
            )


def _answers(plan: NightPlan) -> dict[Question, str | None]:
    return {
        **{(DEFAULT_BRANCH, one.remote): one.name for one in plan.bases if one.is_default},
        **{(BASE, one.remote, one.name): one.commit for one in plan.bases},
        **{(BRANCH, one.remote, one.branch): one.branch if one.is_there else None for one in plan.branches},
        **{(MERGED, one.head, one.base, one.tip): markdown.one_line(one.where) or None for one in plan.merged},
    }
