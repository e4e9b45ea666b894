"""The story of one step: put the work tree in place, act, look at what changed, hold it against scope, checkpoint.

It never moves the workstream's branch, and never trusts what a tool says of itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from splinter.engine.branch import move_branch
from splinter.engine.steps import (
    cache,
    cache_claims,
    checkpoint,
    command,
    guarded_files,
    large_files,
    provider_retries,
    scope_check,
    secret_scan,
    setup,
    stand_in,
    step_outputs,
    workspace,
)  # fmt: skip
from splinter.engine.steps.cache import Kept, Wanted
from splinter.engine.steps.command import Acted
from splinter.engine.tools import prompts
from splinter.engine.work import Work
from splinter.errors import GitError, Reason, StepError, StorageError
from splinter.git import attributes, nested, submodules, worktree
from splinter.git import commands as git
from splinter.git.command_line import Repository, WorkTree
from splinter.git.commands import RawChange
from splinter.model import late_filling, record_words
from splinter.model.done import Stepped
from splinter.model.records import Outcome, StepRecord
from splinter.model.workstream import Prompt, Step, Workstream
from splinter.text.counts import and_more

_SHOWN = 10
_LEAST_LOOK_S = 10.0  # for looking at what came of a command that took all its time


def step(work: Work, step: Step, *, before: str, fingerprint: str) -> Stepped:
    """Run one step on the commit before it; raises StepError."""
    wanted = cache.wanted(work, step, before) if step.cache else None
    step, told = _filled(work, step)
    prompt = ""
    if isinstance(step.action, Prompt):
        before_it = earlier(work, until=step.id)
        prompt = prompts.of_step(told, step.action.text, earlier=before_it, folder=step.working_directory)
    misses: dict[str, None] = {}
    record = _from_kept(work, step, wanted, misses, before=before, fingerprint=fingerprint)
    if record is None:
        record = _without_tries(work, step)
    if record is None:
        if command.is_paid(work.plan, step):
            move_branch.refuse_beforehand(work.session, work.plan, work.prepared.start if work.prepared else before)
        with cache_claims.held(work, step, wanted.key if wanted else None) as is_news:
            record = _from_kept(work, step, wanted if is_news else None, misses, before=before, fingerprint=fingerprint)
            if record is None:
                record = attempt(
                    work, step, before=before, fingerprint=fingerprint, prompt=prompt, wanted=wanted, notes=misses
                )  # fmt: skip
    if record.outcome in (Outcome.FAILED, Outcome.INTERRUPTED):
        raise StepError(record.reason or Reason.INTERRUPTED, record.message)
    return Stepped(commit=record.commit or before, outcome=record.outcome, outputs=record.outputs)


def _filled(work: Work, step: Step) -> tuple[Step, Workstream]:
    """The step with what earlier ones wrote, and the workstream as it is told of; what asks for more has failed."""
    told = workstream = work.plan.workstream
    silent = stand_in.silent(work.plan)
    try:
        if command.is_paid(work.plan, step):
            checkpoint.as_committed(work, step, work.outputs)  # before it is paid for
        if isinstance(step.action, Prompt):
            told = late_filling.for_agents(workstream, work.outputs, silent=silent)
        return late_filling.of_step(workstream, step, work.outputs, silent=silent), told
    except StepError as error:
        failed = checkpoint.record(
            work, step.id, Outcome.FAILED, time.monotonic(), step=step, reason=error.reason, message=str(error)
        )
        work.session.history.add_step(work.session.run.open(), failed)
        raise


def earlier(work: Work, *, until: str | None) -> tuple[StepRecord, ...]:
    """How the steps before one ended, from whichever run; None: all of them."""
    found = []
    for step in work.plan.workstream.steps:
        if step.id == until:
            break
        commit = work.stepped[step.id].commit if step.id in work.stepped else ""
        record = work.session.history.last_step(work.plan.id, step.id, commit)
        found += [record] if record else []
    return tuple(found)


def attempt(
    work: Work, step: Step, *, before: str, fingerprint: str, prompt: str = "",
    wanted: Wanted | None = None, notes: Iterable[str] = (),
) -> StepRecord:  # fmt: skip
    """Act once and keep what came of it as a record, whatever it was; a success as what was `wanted`.

    What a failure made is kept as a patch, and as no object of the user's. `notes` are what there is to say of the
    time before.
    """
    with work.apart() as apart:
        return _attempt(apart, step, before, fingerprint, prompt, wanted, notes)


def _attempt(
    work: Work, step: Step, before: str, fingerprint: str, prompt: str, wanted: Wanted | None, notes: Iterable[str]
) -> StepRecord:  # fmt: skip
    run, tree, started = work.session.run.open(), work.tree, time.monotonic()
    calls: list[Acted] = []
    try:
        setup.touch(work, tree, before)
        try:
            _act(work, step, before, prompt, calls)
        finally:
            setup.refuse_forged(work)
        kept = _settle(work, step, tree, before, fingerprint, started, calls, wanted)
    except StepError as error:
        kept = failed(work, step, error, before, started, calls)
    kept = replace(kept, notes=(*notes, *kept.notes))
    work.session.history.add_step(run, kept)
    return kept


def failed(
    work: Work, step: Step, error: StepError, before: str, started: float, calls: Sequence[Acted]
) -> StepRecord:  # fmt: skip
    """The record of an attempt that came to nothing; what it made is a patch, and the work tree as it was before."""
    tree, is_ended = work.tree, error.reason == Reason.INTERRUPTED
    made = _undone(worktree.own_refs(tree))
    was_slow = error.reason in (Reason.TIMED_OUT, Reason.INTERRUPTED) and calls and not calls[-1].failure
    patch, left = (None, _stays(tree)) if was_slow else _kept_patch(work, tree, before, step.id)
    return checkpoint.record(
        work, step.id, Outcome.INTERRUPTED if is_ended else Outcome.FAILED, started, step=step, calls=calls,
        reason=None if is_ended else error.reason, message=f"{error}{left}", patch=patch,
        exit_status=error.exit_status_of_child, notes=made,
    )  # fmt: skip


def _kept_patch(
    work: Work, tree: WorkTree, before: str, name: str
) -> tuple[Path | None, str]:  # fmt: skip
    """A failed attempt's files as a patch, and a line of those that are not in it, or of why all are left there."""
    try:
        return workspace.keep_patch(work, tree, before, name)
    except (StorageError, GitError, StepError) as error:
        return None, f"{_stays(tree)}: {error}"


def _stays(tree: WorkTree) -> str:
    return f"\nwhat it made stays in {tree.path} and is kept by the next run"


def _act(work: Work, step: Step, before: str, prompt: str, calls: list[Acted]) -> None:
    """Run the step's command on a clean tree, and again where its provider was at fault; each call goes to `calls`."""
    profile = command.profile_of(work.plan, step)
    started = time.monotonic()

    def once() -> Acted:
        if work.session.processes.is_stopping:
            raise StepError(Reason.INTERRUPTED, f"{step.id} was interrupted before it began")
        worktree.place(work.repository, work.tree, before)
        workspace.disarm(work.session, work.tree, step.working_directory)
        name = f"{step.id}.try-{len(calls) + 1}" if calls else step.id
        left_s = step.timeout_s - (time.monotonic() - started) if calls else step.timeout_s
        calls.append(command.act(work, step, name, prompt=prompt, before=before, timeout_s=left_s))
        return calls[-1]

    last = provider_retries.retried(work.session, profile, step, once) if profile and prompt else once()
    if last.failure:
        raise last.failure


def _settle(
    work: Work, step: Step, tree: WorkTree, before: str, fingerprint: str, started: float,
    calls: list[Acted], wanted: Wanted | None,
) -> StepRecord:  # fmt: skip
    """Make what lies in the work tree a commit, if it may be one; raises StepError.

    Looking at it counts in the step's deadline, but is never given less than some seconds.
    """
    until, processes = max(started + step.timeout_s, time.monotonic() + _LEAST_LOOK_S), work.session.processes
    looked = replace(work.repository, until=until, is_stopping=lambda: processes.is_stopping)
    guarded, armed = worktree.guard(tree), nested.armed(looked, tree)
    after = worktree.measure(looked, tree)
    after, spared = guarded_files.spared(work, looked, step, before, after)
    altered = [f"{git.printable(path)} is a repository of its own" for path in armed]
    altered += submodules.changed(looked, tree)
    altered += attributes.without_pointer(looked, tree, git.diff(looked, before, after))
    denied = "".join(f"; {note}" for call in calls for note in call.notes)
    changes, large = _judged(work, looked, step, before, after, altered=altered, denied=denied)
    commit = checkpoint.commit(work, step, after, before, fingerprint, calls[-1].outputs) if changes else before
    outcome = Outcome.CHANGED if changes else Outcome.UNCHANGED
    done = checkpoint.record(
        work, step.id, outcome, started, step=step, calls=calls, exit_status=0, commit=commit,
        files=git.files(changes), notes=(*spared, *large, *_undone(guarded.all)), outputs=calls[-1].outputs,
    )  # fmt: skip
    update = cache.kept(work.session, wanted, done, before, after) if wanted else None
    checkpoint.pin(work, step.id, commit, also=update)
    if guarded.refs:
        worktree.renew_private(work.repository, tree, commit)  # told, and not kept: the next run finds none of them
    worktree.expect(tree, commit)  # whoever kills us now finds no edits of a person's there
    if guarded.all:
        with suppress(GitError):  # and `doit gc` no refs of a person's; whoever works there next makes it again anyway
            worktree.renew_private(work.repository, tree, commit)
    why = cache.share(work.session, update) if update else None
    return replace(done, notes=(*done.notes, work.mask(why))) if why else done


def _undone(names: Sequence[str]) -> tuple[str, ...]:
    """A note on what a step did to its work tree's own `.git`."""
    return (f"not kept of what the step did to its own .git: {and_more(names, _SHOWN)}",) if names else ()


def _from_kept(
    work: Work, step: Step, wanted: Wanted | None, misses: dict[str, None], *, before: str, fingerprint: str
) -> StepRecord | None:  # fmt: skip
    """The step done by a kept result, None where none is there that fits and passes as a fresh one would.

    To `misses` go those that are damaged, as notes.
    """
    if wanted is None or not work.session.uses_kept:
        return None
    started = time.monotonic()
    found = cache.found(work.session, wanted.key)
    misses |= dict.fromkeys(f"the kept result {ref} is not used: {why}" for ref, why in found.damaged.items())
    for kept in found.kept:
        try:
            with work.apart() as apart:
                applied = _applied(apart, step, kept, before=before, fingerprint=fingerprint)
        except StepError:
            continue
        except GitError as error:
            misses[f"the kept result {kept.commit} is not used: {error}"] = None
            continue
        if applied is None:
            continue
        commit, changes = applied
        took = ", which took " if kept.usage and kept.usage.priced else ", "
        cost = f"{took}{record_words.cost(kept.usage)}" if kept.usage else ""
        done = checkpoint.record(
            work, step.id, Outcome.CACHED, started, step=step, commit=commit, files=git.files(changes),
            notes=(*misses, cache.applied_note(kept, cost)), applied_run=kept.run, outputs=kept.outputs,
        )  # fmt: skip
        if isinstance(step.action, Prompt):
            done = replace(done, said=kept.outputs.get(step_outputs.AGENTS_TEXT, "")[: checkpoint.LONGEST_SAID])
        work.session.history.add_step(work.session.run.open(), done)
        return done
    return None


def _applied(
    work: Work, step: Step, kept: Kept, *, before: str, fingerprint: str
) -> tuple[str, tuple[RawChange, ...]] | None:  # fmt: skip
    """The commit and the changes of a kept result, None where it does not fit; raises StepError where it may not be."""
    after = cache.applied(work.session.outside, kept, before)
    if after is None:
        return None
    changes, _ = _judged(work, work.repository, step, before, after)
    if why := step_outputs.secret_in(work, step, kept.outputs):
        raise StepError(Reason.SECRET_IN_RESULT, why)
    commit = checkpoint.commit(work, step, after, before, fingerprint, kept.outputs) if changes else before
    checkpoint.pin(work, step.id, commit)
    return commit, changes


def _without_tries(work: Work, step: Step) -> StepRecord | None:
    """The failure of an agent's step that only a moved base brought back, where no try is left; None for any other."""
    has_failed = work.prepared and work.prepared.has_failed
    if not has_failed or not command.is_paid(work.plan, step) or not work.session.uses_kept or work.has_tries:
        return None
    message = f"{work.plan.base.shown} moved after a failure, and {step.id} is not asked again: {work.plan.used_up}"
    failed = checkpoint.record(
        work, step.id, Outcome.FAILED, time.monotonic(), step=step, reason=Reason.CHECK_FAILED, message=message
    )
    work.session.history.add_step(work.session.run.open(), failed)
    return failed


def _judged(
    work: Work, repository: Repository, step: Step, before: str, after: str, *,
    altered: Sequence[str] = (), denied: str = "",
) -> tuple[tuple[RawChange, ...], tuple[str, ...]]:  # fmt: skip
    """What changed, held against scope, expectation, sizes and secrets, with notes on it; raises StepError."""
    found = [*altered, *scope_check.violations(repository, work.plan.workstream.scope, before, after)]
    if found:
        raise StepError(Reason.OUT_OF_SCOPE, scope_check.summary(found))
    changes = git.diff(repository, before, after)
    if not changes and step.expect == "change":
        raise StepError(Reason.NO_CHANGE, f"nothing changed, and the step was expected to change something{denied}")
    if not changes and command.NOT_UNDERSTOOD in denied:  # an agent that is logged out may say so, and exit with 0
        raise StepError(Reason.AGENT_ERROR, f"nothing changed{denied}")
    notes = large_files.notes(work.session.outside, work.plan, repository, changes)
    leaked = secret_scan.found(repository, work.session.outside.redactor, changes)
    if leaked:
        raise StepError(Reason.SECRET_IN_RESULT, secret_scan.summary(leaked))
    return changes, notes
