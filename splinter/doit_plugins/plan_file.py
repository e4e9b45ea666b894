"""Plans of runs on the command line: read for `doit run --plan`, and made by `doit plan --write`. It runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splinter.errors import InputError
from splinter.text.counts import plural

if TYPE_CHECKING:  # doit loads its commands before it knows what to do with them
    from splinter.engine.night import Given
    from splinter.engine.session import Session
    from splinter.model.night_plan import NightPlan

PLAN = {
    "name": "plan_file", "short": "", "long": "plan", "type": str, "default": "",
    "help": "do what this plan says, which doit plan --write made, and ask nobody",
}  # fmt: skip
SHARD = {
    "name": "shard", "short": "", "long": "shard", "type": str, "default": "",
    "help": "of the plan only this part, such as 2/8",
}  # fmt: skip
WRITE = {
    "name": "write", "short": "", "long": "write", "type": str, "default": "",
    "help": "ask the remote, and write all that is decided to this file",
}  # fmt: skip
SHARDS = {
    "name": "shards", "short": "", "long": "shards", "type": int, "default": 1,
    "help": "cut what is due into so many parts",
}  # fmt: skip
CLAIM = {
    "name": "claim", "short": "", "long": "claim", "type": bool, "default": False,
    "help": "claim the slots of what is due on the remote, as with claim_slots in the settings",
}  # fmt: skip
AGAIN = {
    "name": "again", "short": "", "long": "again", "type": bool, "default": False,
    "help": "claim also slots that were done, of what doit forget made due",
}  # fmt: skip


_ALONE = "The run was cut into {} shards, none of which saw all branches: whether they fit together was not tried."


def absolute(words: Sequence[str]) -> list[str]:
    """A call's words with the files of plans, and the folders that are gathered, named from anywhere."""
    files = {f"--{option['long']}" for option in (PLAN, WRITE)}
    is_gather, is_file, found = words[:1] in (["gather"], ["pack"], ["unpack"]), False, []
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if is_file or (is_gather and number and not word.startswith("-")):
            found.append(str(Path(word).absolute()))
        else:
            found.append(f"{name}={Path(value).absolute()}" if equals and name in files else word)
        is_file = not is_file and word in files
    return found


def given(options: Mapping[str, Any]) -> Given | None:
    """The plan that a run was given, and its part of it; raises InputError for what is none."""
    file, shard = options.get("plan_file", ""), options.get("shard", "")
    if not file:
        if shard:
            raise InputError("--shard is a part of a plan; name that with --plan FILE")
        return None
    from splinter.config import night_plan_file
    from splinter.engine.night import Given
    from splinter.model import night_plan

    plan = night_plan_file.read(Path(file))
    return Given(plan=plan, part=plan.part(night_plan.shard_of(shard, plan) if shard else None))


def refuse_others(session: Session, names: Sequence[str], *, is_shard: bool) -> None:
    """Raise InputError for what was named, and is not among that which a plan lets this call run."""
    if session.night is None:
        return
    if is_shard and session.night.shards > 1:
        _refuse_what_follows(names)
    if session.part is None:
        return
    planned = session.night.by_id
    for id in names:
        if id in session.plans and id not in session.part:
            one = planned[id]
            why = f"not run: {one.held_by}" if one.held_by else f"in shard {one.shard}" if one.is_due else "not due"
            raise InputError(f"by the plan {id} is {why}; leave it out, or run it without --plan")


def _refuse_what_follows(names: Sequence[str]) -> None:
    """A shard has its own branches alone: what is rehearsed or published of these is not of the run."""
    from splinter.doit_plugins import final_tasks

    asked = [name for name in final_tasks.NAMES if name in names]
    if asked or not names:
        raise InputError(
            f"{asked[0] if asked else 'publishing'} is no shard's, which has its own branches alone: name workstreams, "
            "or `workstreams` for all of its part; what follows comes after doit gather"
        )


def wanted(session: Session, named: Sequence[str]) -> frozenset[str]:
    """Those that a plan may run: the named with what they depend on, or all that run without being named."""
    from splinter.engine import prospects

    todo = list(named or prospects.enabled(session))
    found: set[str] = set()
    while todo:
        id = todo.pop()
        if id not in found and id in session.plans:
            found.add(id)
            todo += session.plans[id].workstream.depends_on
    return frozenset(found)


def write(
    session: Session, file: str, due: Set[str], *, number: int, claims: bool = False, is_again: bool = False
) -> NightPlan:  # fmt: skip
    """Write the plan in which those are due, with their slots claimed where `claims` or the settings say so.

    `is_again`: also what was done. Raises InputError where one has no base, PublishError where no claim can be made.
    """
    from splinter.engine import night, slot_claims
    from splinter.model import night_plan
    from splinter.publish import life_signs
    from splinter.system.files import write_whole

    call = life_signs.begin_for_others(session)
    night.pin(session, due)
    run = session.history.free_id(session.at)
    if claims or session.outside.settings.claim_slots:
        open_ones = due - session.known.not_run.keys()
        slot_claims.claim_for_others(session, open_ones, run=run, is_again=is_again)
    alone = [_ALONE.format(number)] if number > 1 and len(due) > 1 else []
    notes = (*session.run.unsaid, *session.known.left_out(), *alone)
    plan = night.made(session, run, due, number=number, notes=notes, call=call)
    write_whole(Path(file), night_plan.to_text(plan))
    return plan


def refuse_number(number: int, *, is_together: bool) -> None:
    """Raise InputError where nothing can be cut into so many parts."""
    from splinter.model.night_plan import MOST_SHARDS

    if not 1 <= number <= MOST_SHARDS:
        raise InputError(f"--shards takes a number from 1 to {MOST_SHARDS}, not {number}")
    if number > 1 and is_together:
        raise InputError(
            'with pull_requests = "together" all branches are brought together and judged where they were made: plan '
            "one shard, or propose each"
        )


def summary(plan: NightPlan, file: str) -> str:
    """What a plan came to, in a sentence."""
    counts = [len(plan.part(shard)) for shard in range(1, plan.shards + 1)]
    cut = f", in {plan.shards} shards of {', '.join(map(str, counts))}" if plan.shards > 1 else ""
    left_out = [f"{one.id} is not run: {one.held_by}" for one in plan.workstreams if one.held_by]
    return "\n".join((*left_out, f"{file}: {plural(sum(counts), 'workstream')} to run{cut}"))
