"""The story of one step: put the work tree in place, act, look at what changed, hold it against scope, checkpoint.

It never moves the workstream's branch, and never trusts what a tool says of itself.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splinter import git, scope, tools, worktree
from splinter.errors import GitError, StepError
from splinter.git import RefUpdate, WorkTree
from splinter.plan import Plan, fingerprint
from splinter.process import Ended
from splinter.records import StepRecord
from splinter.session import Session
from splinter.tools import Command, Tool
from splinter.workstream import Prompt, Run, Step, ToolCall

Values = dict[str, Any]
_INCLUDE = ".worktreeinclude"
_LAST_LINES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a workstream's own commits begin: on `base`, or on what it depends on."""

    commit: str
    base: str


def prepare(session: Session, plan: Plan, *, previous: Values, made_of: Values) -> Values:
    """The work tree at its start, tools looked for, preflight passed; returns the values that doit keeps."""
    started = time.monotonic()
    session.open_run()
    tree = locate(session, plan)
    try:
        start = _start(session, plan, previous)
        touch(session, plan, tree)
        worktree.place(session.repository, tree, start.commit, keep_ignored=previous.get("start") == start.commit)
        _include_ignored(session, tree)
        _look_for_tools(session, plan)
        _preflight(session, plan, tree, start)
    except StepError as error:
        record = _record(session, plan, "prepare", "failed", started, reason=error.reason, message=str(error))
        session.store.add_step(session.open_run(), record)
        raise
    _pin(session, plan, "prepare", start.commit)
    return {"made_of": made_of, "start": start.commit, "base": start.base, "commit": start.commit}


def step(session: Session, plan: Plan, step: Step, *, before: str, made_of: Values) -> Values:
    """Run one step on the commit before it; returns the values that doit keeps, raises StepError."""
    record = attempt(session, plan, step, before=before, made_of=made_of)
    if record.outcome in ("failed", "interrupted"):
        raise StepError(record.reason or "interrupted", record.message)
    return {"made_of": made_of, "commit": record.commit, "outcome": record.outcome}


def attempt(session: Session, plan: Plan, step: Step, *, before: str, made_of: Values) -> StepRecord:
    """Act once and keep what came of it as a record, whatever it was."""
    run, tree, started = session.open_run(), locate(session, plan), time.monotonic()
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


def locate(session: Session, plan: Plan) -> WorkTree:
    """The work tree of a workstream."""
    return worktree.locate(session.state, plan.id)


def act(session: Session, plan: Plan, step: Step, name: str, *, junit: Path | None = None) -> Ended:
    """Run a step's command in the work tree; raises StepError unless it ended well."""
    tree, log = locate(session, plan), session.log(plan, name)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = command_of(session, plan, step, junit=junit)
    timeout_s = _remaining_s(session, plan, step)
    profile = plan.tools[step.action.tool] if isinstance(step.action, ToolCall | Prompt) else None
    try:
        with session.turn(profile):
            ended = session.processes.run(
                command.argv, cwd=tree.path, env=_environment(session, plan, profile, tree), log=log,
                timeout_s=timeout_s, stall_s=step.stall_s,
            )  # fmt: skip
    except (FileNotFoundError, PermissionError) as error:
        raise StepError("tool_missing", f"{command.label} cannot be started: {error}") from error
    reason = ended.reason or ("exit_code" if ended.exit_status else None)
    if reason == "timed_out" and timeout_s < step.timeout_s:
        reason = "over_budget"
    if reason:
        failure = StepError(reason, _told(session, command, ended, reason, timeout_s, step))
        failure.exit_status_of_child = ended.exit_status
        raise failure
    return ended


def command_of(session: Session, plan: Plan, step: Step, *, junit: Path | None = None) -> Command:
    """The command of a step, its placeholders filled."""
    values = {"recorded": str(session.repository.start / tools.recorded_path(plan.id, step.id))}
    if junit:
        values["junit"] = str(junit)
    if isinstance(step.action, Prompt):
        values["prompt"] = step.action.text
        file = session.log(plan, step.id).with_suffix(".prompt.md")
        values["prompt_file"] = str(file)
        file.write_text(step.action.text, "utf-8")
    return tools.command(step.action, plan.tools, values=values)


def tool_of(step: Step) -> str:
    """What the `Tool` trailer says: the profile, or the shell command's kind."""
    return step.action.tool if isinstance(step.action, ToolCall | Prompt) else "run"


def _attempt(
    session: Session, plan: Plan, step: Step, tree: WorkTree, before: str, made_of: Values, started: float
) -> StepRecord:
    repository = session.repository
    touch(session, plan, tree)
    worktree.place(repository, tree, before, keep_ignored=True)
    act(session, plan, step, step.id)
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
        "Tool": tool_of(step),
        "Run": session.open_run(),
        "Fingerprint": fingerprint(made_of),
    }
    message = f"{plan.workstream.title} ({step.id})\n\n" + "".join(f"{key}: {value}\n" for key, value in trailers.items())
    date_s = int(session.clock.now().timestamp())
    return git.commit_tree(session.repository, after, [before], session.redactor.text(message), date_s=date_s)


def _pin(session: Session, plan: Plan, name: str, commit: str) -> None:
    """Hold a commit by a ref, so that it outlives any clean-up until the next one takes its place."""
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
    session.note(f"{plan.id}: changes found in its work tree were kept as {session.relative(patch)}, outside any commit.")


def _keep_patch(session: Session, plan: Plan, tree: WorkTree, before: str, name: str) -> Path | None:
    """A failed attempt's files as a patch beside its log; the work tree goes back to where it was."""
    try:
        after = git.write_tree(session.repository, tree)
        patch = None
        if after != git.tree_of(session.repository, before):
            patch = session.log(plan, name).with_suffix(".patch")
            git.write_patch(session.repository, before, after, patch)
        worktree.place(session.repository, tree, before, keep_ignored=True)
    except GitError:
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
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(source, target)


def _look_for_tools(session: Session, plan: Plan) -> None:
    path = session.environment.child_environment(()).get("PATH", "")
    for tool in plan.tools.values():
        if shutil.which(tool.command, path=path) is None:
            raise StepError("tool_missing", f'tool "{tool.name}": {tool.command} is not on PATH; install it and run again')


def _preflight(session: Session, plan: Plan, tree: WorkTree, start: Start) -> None:
    for check in plan.workstream.preflight:
        try:
            act(session, plan, check, check.id)
        except StepError as error:
            if error.reason == "interrupted":
                raise
            raise StepError("preflight", f"{check.id}: {error}") from error
    if plan.workstream.preflight:
        worktree.place(session.repository, tree, start.commit, keep_ignored=True)


def _environment(session: Session, plan: Plan, profile: Tool | None, tree: WorkTree) -> dict[str, str]:
    own = profile.env if profile else ()
    env = session.environment.child_environment((*own, *plan.workstream.env))
    return {**env, "GIT_CEILING_DIRECTORIES": str(tree.path.parent), "GIT_TERMINAL_PROMPT": "0"}


def _remaining_s(session: Session, plan: Plan, step: Step) -> float:
    minutes = plan.workstream.budget.minutes
    if minutes is None:
        return step.timeout_s
    used_s = sum(record.seconds for record in session.store.steps_of(session.open_run(), plan.id))
    if used_s >= minutes * 60:
        raise StepError("over_budget", f"its budget of {minutes:g} minutes is used up")
    return min(step.timeout_s, minutes * 60 - used_s)


def _told(session: Session, command: Command, ended: Ended, reason: str, timeout_s: float, step: Step) -> str:
    how = {
        "exit_code": f"ended with exit status {ended.exit_status}",
        "timed_out": f"did not end within {timeout_s:g} s and was ended with all it had started",
        "stalled": f"neither wrote nor computed for {step.stall_s or 0:g} s and was ended",
        "over_budget": f"was ended after {ended.seconds:.0f} s: the workstream's budget of minutes is used up",
        "interrupted": "was interrupted",
    }[reason]
    last = "\n".join(ended.tail.strip().splitlines()[-_LAST_LINES:])
    return session.redactor.text(f"{command.label} {how}" + (f"\n{last}" if last else ""))


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
        tool=tool_of(step) if step else None,
        command=label(step) if step else "",
        log=session.relative(log) if log and log.exists() else None,
        patch=session.relative(patch) if patch else None,
        **more,
    )


def label(step: Step) -> str:
    """A step's command as people read it."""
    action = step.action
    if isinstance(action, Run):
        return action.command if isinstance(action.command, str) else " ".join(action.command)
    return " ".join((action.tool, *action.args)) if isinstance(action, ToolCall) else f"{action.tool} (prompt)"
