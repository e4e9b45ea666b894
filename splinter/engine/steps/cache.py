"""Results of finished steps, kept in git by what they were made of: what was paid for once is applied, not asked again.

A kept result is a commit on the commit that the step started from. It never stands for a failed attempt, and what comes
of it is judged like a fresh one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from splinter.engine.branch import private_commits
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.engine.steps import command
from splinter.engine.work import Work
from splinter.errors import SplinterError
from splinter.git import commands as git
from splinter.git import held, merge, remotes
from splinter.git.command_line import Repository
from splinter.git.commands import RefUpdate
from splinter.git.held import Held
from splinter.model import differences, layout
from splinter.model.agents import reports
from splinter.model.fingerprints import Inputs, fingerprint, stated, told_to_agents, used, written
from splinter.model.plan import choose_remote
from splinter.model.records import StepRecord, Usage
from splinter.model.workstream import Prompt, Step, ToolCall
from splinter.text import outputs
from splinter.text.redact import Masked

SUBJECT = "splinter result of "
NOTHING = hashlib.sha256(b"").hexdigest()  # the change of no step, from whichever commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The result that a step needs: `key` is the hash of all that it depends on, `parts` the same in short, by name."""

    key: str
    parts: Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One result: its commit, the run that made it, what that took, and the parts of its key where it tells them.

    `start` is the commit that it was made on, `outputs` what the step wrote for later ones.
    """

    commit: str
    start: str
    run: str
    usage: Usage | None
    parts: Inputs | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Results that may serve, the newest first, and the refs of those that serve nobody, with the reason."""

    kept: tuple[Kept, ...]
    damaged: Mapping[str, str]


def wanted(work: Work, step: Step, before: str) -> Wanted:
    """What a step needs that starts from the commit `before`."""
    assert work.prepared
    change = git.result(work.repository, work.prepared.start, before)
    needed = inputs(work, step, base=work.prepared.base, change=change)
    return Wanted(key=fingerprint(needed), parts=differences.of_result(needed))


def inputs(work: Work, step: Step, *, base: str | None, change: str | None) -> Inputs:
    """The inputs of the result of a step, by names that a user would know; their hash is its key.

    `base` is the commit of the base, `change` the hash of what the steps before it changed; what is not known, None, is
    left out.
    """
    workstream, profile = work.plan.workstream, command.profile_of(work.plan, step)
    names = (*(profile.env if profile else ()), *work.plan.env)
    steps = workstream.steps[: workstream.steps.index(step) + 1]
    if workstream.inputs:
        seen = (*workstream.inputs, *workstream.scope.modify, *workstream.scope.create)
        bound = {"inputs on the base": git.seen(work.repository, base, git.globs(sorted(set(seen))))} if base else {}
    else:
        bound = {"occurrence": work.plan.occurrence}
    return {
        "steps": [_asked(one) for one in steps],
        **(told_to_agents(work.plan) if isinstance(step.action, Prompt) else {}),
        "tool": stated(used(profile, _options(step))) if profile else None,
        "version of the tool": work.session.version(profile) if profile else None,
        "recorded patch": work.plan.recorded.get(step.id, ""),
        "scope": stated(workstream.scope),
        "env": sorted(work.plan.env),
        "values of env": work.session.outside.environment.plain_values(names) | dict(workstream.variables),
        **({"matrix": dict(workstream.matrix)} if workstream.matrix else {}),  # its environment holds them
        "results of dependencies": work.results,
        **({} if change is None else {"earlier steps' change": change, **written(work.outputs)}),
        **bound,
    }


def _options(step: Step) -> Iterable[str]:
    return step.action.options if isinstance(step.action, ToolCall | Prompt) else ()


def _asked(step: Step) -> dict[str, Any]:
    """What of a step decides what it makes: not what its commit says."""
    return {"id": step.id, **stated(replace(step, commit=None)), "action": stated(step.action)}


def found(session: Session, key: str) -> Looked:
    """Kept results of that key; those of other machines too where the settings say so."""
    _fetch(session, key)
    return here(session.outside.repository, key)


def here(repository: Repository, key: str = "") -> Looked:
    """Kept results of that key, or of all, that this repository holds."""
    looked = [(one, _read(one)) for one in held.read(repository, f"{layout.RESULTS}/{key}")]
    return Looked(
        kept=tuple(kept for _, kept in looked if kept),
        damaged={one.ref: one.problem or "it is not of our making" for one, kept in looked if not kept},
    )


def of_step(work: Work, step: Step) -> tuple[Kept, ...]:
    """Every kept result of a workstream's step, the newest first, whatever its key."""
    found = held.read(work.repository, layout.RESULTS)
    ours = [one for one in found if one.message.split("\n", 1)[0] == _subject(work.plan.id, step.id)]
    return tuple(kept for one in ours if (kept := _read(one)))


def _subject(workstream: str, step: str) -> str:
    return f"{SUBJECT}{workstream}:{step}"


def _read(one: Held) -> Kept | None:
    """A result as its commit tells of it, None where that is not of our making."""
    try:
        told = json.loads(one.message.split("\n\n", 1)[1])
        usage, parts, run = _usage(told["usage"]), told.get("parts"), str(told["run"])
        left = dict(told.get("outputs", {}))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if len(one.parents) != 1 or not outputs.are_sound(left):
        return None
    return Kept(
        commit=one.id,
        start=one.parents[0],
        run=run,
        usage=usage,
        parts=parts if isinstance(parts, dict) else None,
        outputs=left,
    )


def _usage(told: dict[str, Any] | None) -> Usage | None:
    """What a result says that it took; raises TypeError for what is no usage."""
    for name, value in (told or {}).items():
        if reports.number(value) is None or (name != "usd" and not isinstance(value, int)):
            raise TypeError(name)
    return Usage(**told) if told else None


def applied(outside: Outside, kept: Kept, before: str) -> str | None:
    """The tree of a result brought to another start, three-way; None where it does not fit whole.

    Raises GitError where something of it is gone.
    """
    started, ours, theirs = (git.tree_of(outside.repository, name) for name in (kept.start, before, kept.commit))
    return merge.three_way(outside.repository, started, ours, theirs)[0]


def kept(session: Session, wanted: Wanted, step: StepRecord, before: str, after: str) -> RefUpdate:
    """A result as a commit, and the ref that is to hold it; nothing holds it before that ref is made."""
    usage = asdict(step.usage) if step.usage else None
    more = {"outputs": step.outputs} if step.outputs else {}
    told = session.outside.redactor.json({"parts": wanted.parts, "run": session.run.open(), "usage": usage, **more})
    message = Masked(f"{_subject(step.workstream, step.step)}\n\n{told}")
    date_s = int(session.outside.clock.now().timestamp())
    commit = git.commit_tree(session.outside.repository, after, [before], message, date_s=date_s)
    return RefUpdate(ref=f"{layout.RESULTS}/{wanted.key}/{commit[:16]}", new=commit)


def shared_through(session: Session) -> str | None:
    """The remote that results are shared through, None where they stay here, or where nobody is asked."""
    outside = session.outside
    is_shared = outside.settings.share_results and session.asks
    return choose_remote(outside.settings, outside.snapshot) if is_shared else None


def applied_note(kept: Kept, cost: str) -> str:
    """What the record of a step says where a kept result was applied."""
    return f"the kept result of run {kept.run}{cost}"


def share(session: Session, update: RefUpdate) -> str | None:
    """Push a result where the settings say so; returns why it could not be, None where all is well."""
    remote = shared_through(session)
    if not remote or not update.new:
        return None
    try:
        if private := private_commits.found(session, remote, update.new, own=(update.new,)):
            return f"its result was not shared: {private_commits.refusal(remote, private)}"
        remotes.push_ref(
            session.outside.repository, remote, update.ref, update.new, session.outside.remote_auth(remote)
        )
    except SplinterError as error:
        return f"its result was not shared: {error}"
    return None


def _fetch(session: Session, key: str) -> None:
    remote = shared_through(session)
    if remote:
        try:
            remotes.fetch_refs(
                session.outside.repository, remote, f"{layout.RESULTS}/{key}/*", session.outside.remote_auth(remote)
            )
        except SplinterError as error:  # offline: what is here counts
            session.run.note(f"{remote} was not asked for kept results: {error}")
