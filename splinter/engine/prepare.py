"""The first task of a workstream: where it starts, its work tree there, its tools looked for, its preflight passed.

Nothing is paid for before all of it is well.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from splinter.engine import bases
from splinter.engine.branch import last_success
from splinter.engine.checks import baseline
from splinter.engine.session import Session
from splinter.engine.steps import checkout_notes, command, run_step, sandboxing, setup
from splinter.errors import GitError, SplinterError, StepError
from splinter.git import commands as git
from splinter.git import merge, submodules, worktree
from splinter.model.fingerprints import Values
from splinter.model.plan import Plan
from splinter.text.counts import plural
from splinter.text.redact import Masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a workstream's own commits begin: on `base`, or on what it depends on."""

    commit: str
    base: str


def prepare(session: Session, plan: Plan, *, previous: Values, fingerprint: str, has_failed: bool = False) -> Values:
    """The work tree at its start, tools looked for, preflight passed; returns the values that doit keeps.

    `previous` are those of last time; `has_failed`: since then it was tried and did not succeed.
    """
    started = time.monotonic()
    session.open_run()
    tree = command.locate(session, plan)
    try:
        start = _start(session, plan, previous, has_failed=has_failed)
        _note_what_is_ahead(session, plan)
        sandboxing.require(session, plan)
        setup.touch(session, plan, tree)
        setup.ready(
            session, plan, tree, start.commit, log="", keeps_ignored=previous.get("start") == start.commit
        )  # fmt: skip
        if why := submodules.missing(submodules.listed(tree)):
            session.note(f"{plan.id}: {why}.")
        _try_to_sign(session, start)
        versions = _look_for_tools(session, plan)
        checkout_notes.note(session, plan, tree)
        preflight(session, plan, start.commit)
        baseline.outcomes(session, plan, start=start.commit)  # before any step ran
    except StepError as error:
        is_interrupted = error.reason == "interrupted"
        outcome, reason = ("interrupted", None) if is_interrupted else ("failed", error.reason)
        record = run_step.record(session, plan, "prepare", outcome, started, reason=reason, message=str(error))
        log = session.relative(error.log) if error.log else record.log
        session.store.add_step(session.open_run(), replace(record, log=log))
        raise
    run_step.pin(session, plan, "prepare", start.commit)
    return {
        "fingerprint": fingerprint,
        "versions": versions,
        "start": start.commit,
        "base": start.base,
        "commit": start.commit,
        "on": _tips(session, plan),
        "has_failed": has_failed,
    }


def _start(session: Session, plan: Plan, previous: Values, *, has_failed: bool) -> Start:
    base = bases.commit(session, plan)
    tips = [session.values[f"{other}:accept"] for other in plan.workstream.depends_on]
    ahead = [values["tip"] for values in tips if not is_in(session, values["start"], values["tip"], base)]
    if ahead:
        return Start(commit=_merged(session, plan, base, ahead), base=base)
    base = base_of(session, plan, previous, base, has_failed=has_failed)
    return Start(commit=base, base=base)


def _note_what_is_ahead(session: Session, plan: Plan) -> None:
    """Say where the user's own branch has what the remote's lacks: they may take it for a part of the run."""
    base, local = plan.base, f"refs/heads/{plan.base.name}"
    if base.remote and local in session.snapshot.refs:
        ahead = git.count(session.repository, local, but=bases.commit(session, plan))
        if ahead:
            session.note(f"{base.name} is {plural(ahead, 'commit')} ahead of {base.shown}; that is not in this run.")


def base_of(session: Session, plan: Plan, previous: Values, base: str, *, has_failed: bool = False) -> str:
    """Where a workstream starts that builds on no other: the base, or its last one where nothing that counts moved.

    What failed on its last one is not kept there by a setting.
    """
    kept = previous.get("base", "")
    if not kept or kept == base or previous["start"] != kept:
        return base
    may_stay = not has_failed and _may_stay(session, plan, kept, base)
    return str(kept) if may_stay or _moved_only_in_workstreams(session, kept, base) else base


def has_moved(session: Session, plan: Plan, previous: Values) -> bool:
    """Whether the base is another than what failed was prepared on, in files that count; a real run asks for it.

    What it depends on counts too: made again on a moved base, its result may be the same, and its commits are others.
    Where the base cannot be found out, it has moved: `prepare` says why.
    """
    if previous.get("on", _tips(session, plan)) != _tips(session, plan):
        return True
    try:
        is_look = session.store.is_read_only
        base = bases.last_seen(session, plan.base) if is_look else bases.commit(session, plan)
    except SplinterError:
        return True
    kept = previous.get("base", "")
    if base is None or base == kept:
        return False
    return not _moved_only_in_workstreams(session, kept, base)


def _tips(session: Session, plan: Plan) -> list[str]:
    return [session.values.get(f"{other}:accept", {}).get("tip", "") for other in plan.workstream.depends_on]


def is_in(session: Session, start: str, tip: str, base: str) -> bool:
    """Whether a change is in the base: merged, or squashed or rebased so that it would change nothing there."""
    repository = session.repository
    if git.is_ancestor(repository, tip, base):
        return True
    was, there, made = (git.tree_of(repository, commit) for commit in (start, base, tip))
    return merge.three_way(repository, was, there, made)[0] == there


def _moved_only_in_workstreams(session: Session, old: str, new: str) -> bool:
    """A base that moved only in files that no step may read as input is no moved base: nothing is rebuilt for it."""
    repository = session.repository
    if not git.existing(repository, [old]) or not git.is_ancestor(repository, old, new):
        return False
    return all(change.path.startswith("workstreams/") for change in git.diff(repository, old, new))


def _may_stay(session: Session, plan: Plan, kept: str, base: str) -> bool:
    """Whether the settings ask for a new base only on conflict, and the branch on its old one still merges."""
    last = last_success.last(session, plan) if session.settings.rebase == "conflict" else None
    if last is None or last.start != kept or is_in(session, last.start, last.tip, base):
        return False
    return merge.merge_trees(session.repository, base, last.tip)[0] is not None


def _merged(session: Session, plan: Plan, base: str, tips: list[str]) -> str:
    merged = tips[0]
    for tip in tips[1:]:
        tree, conflicts = merge.merge_trees(session.repository, merged, tip)
        if tree is None:
            raise StepError("conflict", f"what it depends on does not merge: {', '.join(conflicts[:10])}")
        message = f"Merge what {plan.id} depends on\n\nWorkstream: {plan.id}\nRun: {session.open_run()}\n"
        date_s = int(session.clock.now().timestamp())
        text = session.redactor.text(message)
        merged = git.commit_tree(session.repository, tree, [merged, tip], text, date_s=date_s,
                                 is_signed=session.settings.sign_commits)  # fmt: skip
        session.store.add_commit(merged, plan.id)
    return merged


def _try_to_sign(session: Session, start: Start) -> None:
    """Where commits are to be signed, sign one that no ref will hold: a paid step's must not be the first."""

    def ask() -> str | None:
        repository, tree = session.repository, git.tree_of(session.repository, start.commit)
        try:
            git.commit_tree(repository, tree, [start.commit], Masked("a first signature\n"), date_s=0, is_signed=True)
        except GitError as error:
            return str(error)
        return None

    why = session.once("what keeps commits from being signed", ask) if session.settings.sign_commits else None
    if why:
        raise StepError("preflight", f"commits cannot be signed, as sign_commits asks for: {why}")


def _look_for_tools(session: Session, plan: Plan) -> dict[str, str]:
    """What each tool says its version is; raises StepError for one that is not there, before anything is paid."""
    versions = {}
    for tool in plan.tools.values():
        version = session.version(tool)
        if version is None:
            raise StepError(
                "tool_missing", f'tool "{tool.name}": {tool.command} is not on PATH; install it and run again'
            )
        versions[tool.name] = version
    return versions


def preflight(session: Session, plan: Plan, commit: str) -> None:
    """Run the preflight in the work tree at a commit, and put it back there; raises StepError."""
    for check in plan.workstream.preflight:
        failure = command.act(session, plan, check, check.id).failure
        if failure and failure.reason in ("interrupted", "over_budget"):
            raise failure
        if failure:
            raise failure.within("preflight", f"{check.id}: {failure}")
    if plan.workstream.preflight:
        worktree.place(session.repository, command.locate(session, plan), commit, keep_ignored=True)
