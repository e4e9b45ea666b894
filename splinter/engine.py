"""The story of one step: put the work tree in place, act, look at what changed, hold it against scope, checkpoint.

It never moves the workstream's branch, and never trusts what a tool says of itself.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splinter import acting, git, scope, worktree
from splinter.errors import GitError, StepError
from splinter.git import RefUpdate
from splinter.gitcall import WorkTree
from splinter.plan import Plan, fingerprint
from splinter.records import StepRecord
from splinter.session import Session
from splinter.workstream import Step

Values = dict[str, Any]
_INCLUDE = ".worktreeinclude"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a workstream's own commits begin: on `base`, or on what it depends on."""

    commit: str
    base: str


def prepare(session: Session, plan: Plan, *, previous: Values, made_of: Values) -> Values:
    """The work tree at its start, tools looked for, preflight passed; returns the values that doit keeps."""
    started = time.monotonic()
    session.open_run()
    tree = acting.locate(session, plan)
    try:
        start = _start(session, plan, previous)
        touch(session, plan, tree)
        worktree.place(session.repository, tree, start.commit, keep_ignored=previous.get("start") == start.commit)
        _include_ignored(session, tree)
        versions = _look_for_tools(session, plan)
        _preflight(session, plan, tree, start)
    except StepError as error:
        record = _record(session, plan, "prepare", "failed", started, reason=error.reason, message=str(error))
        session.store.add_step(session.open_run(), record)
        raise
    _pin(session, plan, "prepare", start.commit)
    return {
        "made_of": made_of,
        "versions": versions,
        "start": start.commit,
        "base": start.base,
        "commit": start.commit,
    }


def step(session: Session, plan: Plan, step: Step, *, before: str, made_of: Values) -> Values:
    """Run one step on the commit before it; returns the values that doit keeps, raises StepError."""
    record = attempt(session, plan, step, before=before, made_of=made_of)
    if record.outcome in ("failed", "interrupted"):
        raise StepError(record.reason or "interrupted", record.message)
    return {"made_of": made_of, "commit": record.commit, "outcome": record.outcome}


def attempt(session: Session, plan: Plan, step: Step, *, before: str, made_of: Values) -> StepRecord:
    """Act once and keep what came of it as a record, whatever it was."""
    run, tree, started = session.open_run(), acting.locate(session, plan), time.monotonic()
    try:
        record = _attempt(session, plan, step, tree, before, made_of, started)
    except StepError as error:
        outcome = "interrupted" if error.reason == "interrupted" else "failed"
        record = _record(
            session, plan, step.id, outcome, started,
            reason=None if outcome == "interrupted" else error.reason,
            message=str(error), step=step, patch=_keep_patch(session, plan, tree, before, step.id),
            log=session.log(plan, step.id), exit_status=error.exit_status_of_child,
        )  # fmt: skip
    session.store.add_step(run, record)
    return record


def _attempt(
    session: Session, plan: Plan, step: Step, tree: WorkTree, before: str, made_of: Values, started: float
) -> StepRecord:
    repository = session.repository
    touch(session, plan, tree)
    worktree.place(repository, tree, before, keep_ignored=True)
    acting.act(session, plan, step, step.id)
    guarded = worktree.guard(tree)
    after = worktree.measure(repository, tree)
    found = [f".git/{name} of the work tree was changed" for name in guarded.altered]
    found += scope.violations(repository, plan.workstream.scope, before, after)
    if found:
        raise StepError("out_of_scope", scope.told(found))
    changes = git.diff(repository, before, after)
    if not changes and step.expect == "change":
        raise StepError("no_change", "nothing changed, and the step was expected to change something")
    commit = _checkpoint(session, plan, step, after, before, made_of) if changes else before
    _pin(session, plan, step.id, commit)
    notes = tuple(f"{ref} was made by the step and is not kept" for ref in guarded.refs)
    return _record(
        session, plan, step.id, "changed" if changes else "unchanged", started, step=step, exit_status=0,
        commit=commit, files=git.files(changes), log=session.log(plan, step.id), notes=notes,
    )  # fmt: skip


def _checkpoint(session: Session, plan: Plan, step: Step, after: str, before: str, made_of: Values) -> str:
    trailers = {
        "Workstream": plan.id,
        "Step": step.id,
        "Tool": acting.tool_of(step),
        "Run": session.open_run(),
        "Fingerprint": fingerprint(made_of),
    }
    message = f"{plan.workstream.title} ({step.id})\n\n" + "".join(
        f"{key}: {value}\n" for key, value in trailers.items()
    )
    date_s = int(session.clock.now().timestamp())
    return git.commit_tree(session.repository, after, [before], session.redactor.text(message), date_s=date_s)


def _pin(session: Session, plan: Plan, name: str, commit: str) -> None:
    """Hold a commit by a ref, so that it outlives any clean-up until the next one takes its place."""
    session.made.add(commit)
    ref = f"refs/splinter/checkpoints/{plan.id}/{name}"
    git.update_refs(session.repository, [RefUpdate(ref=ref, new=commit)], why=f"splinter: {plan.id}:{name}")


def _start(session: Session, plan: Plan, previous: Values) -> Start:
    base = session.base_commit(plan)
    tips = [session.values[f"{other}:accept"] for other in plan.workstream.depends_on]
    ahead = [values["tip"] for values in tips if not git.is_ancestor(session.repository, values["tip"], base)]
    if ahead:
        return Start(commit=_merged(session, plan, base, ahead), base=base)
    kept = previous.get("base", "")
    if kept and kept != base and previous["start"] == kept and _moved_only_in_workstreams(session, kept, base):
        base = kept
    return Start(commit=base, base=base)


def _moved_only_in_workstreams(session: Session, old: str, new: str) -> bool:
    """A base that moved only in files that no step may read as input is no moved base: nothing is rebuilt for it."""
    repository = session.repository
    if not git.existing(repository, [old]) or not git.is_ancestor(repository, old, new):
        return False
    return all(change.path.startswith("workstreams/") for change in git.diff(repository, old, new))


def _merged(session: Session, plan: Plan, base: str, tips: list[str]) -> str:
    merged = tips[0]
    for tip in tips[1:]:
        tree, conflicts = git.merge_trees(session.repository, merged, tip)
        if tree is None:
            raise StepError("conflict", f"what it depends on does not merge: {', '.join(conflicts[:10])}")
        message = f"Merge what {plan.id} depends on\n\nWorkstream: {plan.id}\nRun: {session.open_run()}\n"
        date_s = int(session.clock.now().timestamp())
        merged = git.commit_tree(session.repository, tree, [merged, tip], message, date_s=date_s)
    return merged


def touch(session: Session, plan: Plan, tree: WorkTree) -> None:
    """Before a work tree is used for the first time in a run: made if missing, what was found in it kept as a patch."""
    if not session.touches_first(plan.id):
        return
    is_new = not tree.path.is_dir()
    if not is_new:
        _keep_hand_edits(session, plan, tree)
    leaves = tuple(leaf for tool in session.settings.tools.values() for leaf in tool.leaves)
    worktree.ensure(session.repository, tree, leaves)
    if is_new:
        _include_ignored(session, tree)


def _keep_hand_edits(session: Session, plan: Plan, tree: WorkTree) -> None:
    """What lies in the work tree beyond what we put there: a person's edits, or what a killed step left."""
    at = worktree.expected(tree)
    if not at or not tree.index.exists() or not git.existing(session.repository, [at]):
        return
    try:
        now = worktree.measure(session.repository, tree)
    except StepError:
        return
    if now == git.tree_of(session.repository, at):
        return
    patch = session.store.run_folder(session.open_run()) / plan.id / "found-in-worktree.patch"
    git.write_patch(session.repository, at, now, patch)
    session.note(
        f"{plan.id}: changes found in its work tree were kept as {session.relative(patch)}, outside any commit."
    )


def _keep_patch(session: Session, plan: Plan, tree: WorkTree, before: str, name: str) -> Path | None:
    """A failed attempt's files as a patch beside its log; the work tree goes back to where it was."""
    try:
        after = worktree.measure(session.repository, tree)
        patch = None
        if after != git.tree_of(session.repository, before):
            patch = session.log(plan, name).with_suffix(".patch")
            git.write_patch(session.repository, before, after, patch)
        worktree.place(session.repository, tree, before, keep_ignored=True)
    except (GitError, StepError):
        return None
    return patch


def _include_ignored(session: Session, tree: WorkTree) -> None:
    """Copy in the ignored files that `.worktreeinclude` lists; what leaves the repository is refused."""
    listing = session.repository.start / _INCLUDE
    if not listing.is_file():
        return
    top = session.repository.start.resolve()
    for line in listing.read_text("utf-8").splitlines():
        pattern = line.strip().rstrip("/")
        if not pattern or pattern.startswith("#"):
            continue
        if pattern.startswith("/") or ".." in pattern.split("/"):
            raise StepError("preflight", f'{_INCLUDE}: "{pattern}" leaves the repository')
        for source in sorted(session.repository.start.glob(pattern)):
            if not source.resolve().is_relative_to(top):
                raise StepError("preflight", f'{_INCLUDE}: "{pattern}" leaves the repository')
            target = tree.path / source.relative_to(session.repository.start)
            if not target.resolve().is_relative_to(tree.path):
                raise StepError("preflight", f'{_INCLUDE}: "{pattern}" leads out of the work tree by a link')
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(source, target)


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


def _preflight(session: Session, plan: Plan, tree: WorkTree, start: Start) -> None:
    for check in plan.workstream.preflight:
        try:
            acting.act(session, plan, check, check.id)
        except StepError as error:
            if error.reason == "interrupted":
                raise
            raise StepError("preflight", f"{check.id}: {error}") from error
    if plan.workstream.preflight:
        worktree.place(session.repository, tree, start.commit, keep_ignored=True)


def _record(
    session: Session, plan: Plan, name: str, outcome: str, started: float, *,
    step: Step | None = None, log: Path | None = None, patch: Path | None = None,
    **more: Any,
) -> StepRecord:  # fmt: skip
    return StepRecord(
        workstream=plan.id,
        step=name,
        outcome=outcome,
        started=session.clock.now().isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - started, 3),
        tool=acting.tool_of(step) if step else None,
        command=acting.label(step) if step else "",
        log=session.relative(log) if log and log.exists() else None,
        patch=session.relative(patch) if patch else None,
        **more,
    )
