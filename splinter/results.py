"""Results of finished steps, kept in git by what they were made of: what was paid for once is applied, not asked again.

A kept result is a commit on the commit that the step started from. It never stands for a failed attempt, and what comes
of it is judged like a fresh one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from splinter import acting, git, remotes
from splinter.errors import GitError, SplinterError
from splinter.git import RefUpdate
from splinter.plan import Plan, choose_remote, fingerprint, told_to_agents
from splinter.records import StepRecord, Usage
from splinter.session import Session
from splinter.workstream import Step

PREFIX = "refs/splinter/results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One result: its commit, the run that made it, and what that took."""

    commit: str
    run: str
    usage: Usage | None


def key(session: Session, plan: Plan, step: Step, before: str) -> str:
    """The hash of all that a step's result depends on; `before` is the commit that it starts from."""
    return fingerprint(material(session, plan, step, before))


def material(session: Session, plan: Plan, step: Step, before: str) -> dict[str, Any]:
    """What the key is made of, by names that a user would know."""
    workstream, profile = plan.workstream, acting.profile_of(plan, step)
    prepared = session.values[plan.task("prepare")]
    names = (*(profile.env if profile else ()), *workstream.env)
    steps = workstream.steps[: workstream.steps.index(step) + 1]
    if workstream.inputs:
        seen = (*workstream.inputs, *workstream.scope.modify, *workstream.scope.create)
        bound = {"inputs on the base": git.seen(session.repository, prepared["base"], sorted(set(seen)))}
    else:
        bound = {"occurrence": plan.occurrence}
    return {
        "steps": [asdict(one) for one in steps],
        **told_to_agents(plan, step),
        "tool": asdict(profile) if profile else None,
        "version of the tool": session.version(profile) if profile else None,
        "recorded patch": plan.recorded.get(step.id, ""),
        "scope": asdict(workstream.scope),
        "env": sorted(workstream.env),
        "values of env": session.environment.plain_values(names),
        "results of dependencies": {
            other: session.values.get(f"{other}:accept", {}).get("result", "") for other in workstream.depends_on
        },
        "earlier steps' change": git.result(session.repository, prepared["start"], before),
        **bound,
    }


def found(session: Session, key: str) -> Iterator[Kept]:
    """Kept results of that key, the newest first; those of other machines too where the settings say so."""
    _fetch(session, key)
    for commit in git.under(session.repository, f"{PREFIX}/{key}/"):
        try:
            told = json.loads(git.message_of(session.repository, commit).split("\n\n", 1)[1])
            usage = Usage(**told["usage"]) if told["usage"] else None
            yield Kept(commit=commit, run=str(told["run"]), usage=usage)
        except (ValueError, LookupError, TypeError, GitError):  # not of our making, or torn
            continue


def applied(session: Session, kept: Kept, before: str) -> str | None:
    """The tree of a result brought to another start, three-way; None where it does not fit whole."""
    started, ours, theirs = (git.tree_of(session.repository, name) for name in (f"{kept.commit}^", before, kept.commit))
    return git.three_way(session.repository, started, ours, theirs)[0]


def kept(session: Session, key: str, step: StepRecord, before: str, after: str) -> RefUpdate:
    """A result as a commit, and the ref that is to hold it; nothing holds it before that ref is made."""
    told = {"run": session.open_run(), "usage": asdict(step.usage) if step.usage else None}
    message = f"splinter result of {step.workstream}:{step.step}\n\n{json.dumps(told, sort_keys=True)}"
    date_s = int(session.clock.now().timestamp())
    commit = git.commit_tree(session.repository, after, [before], message, date_s=date_s)
    return RefUpdate(ref=f"{PREFIX}/{key}/{commit[:16]}", new=commit)


def shared_through(session: Session) -> str | None:
    """The remote that results are shared through, None where they stay here."""
    return choose_remote(session.settings, session.snapshot) if session.settings.share_results else None


def share(session: Session, update: RefUpdate) -> str | None:
    """Push a result where the settings say so; returns why it could not be, None where all is well."""
    remote = shared_through(session)
    if not remote or not update.new:
        return None
    try:
        remotes.push_ref(session.repository, remote, update.ref, update.new, session.remote_auth(remote))
    except SplinterError as error:
        return f"its result was not shared: {error}"
    return None


def _fetch(session: Session, key: str) -> None:
    remote = shared_through(session)
    if remote:
        try:
            remotes.fetch_refs(session.repository, remote, f"{PREFIX}/{key}/*", session.remote_auth(remote))
        except SplinterError as error:  # offline: what is here counts
            session.note(f"{remote} was not asked for kept results: {error}")
