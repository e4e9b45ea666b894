"""Whether a step runs: its `only_if` is asked in the work tree, and may change nothing there.

It calls no agent, and no check is ever asked: what a step wrote must not decide whether it is judged.
"""

from __future__ import annotations

import time
from dataclasses import replace

from splinter.engine.steps import checkpoint, command, run_step, setup, stand_in, workspace
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.git import commands as git
from splinter.git import nested, submodules, worktree
from splinter.git.command_line import Repository, WorkTree
from splinter.model import late_filling, tool
from splinter.model.done import Stepped
from splinter.model.records import Outcome, StepRecord
from splinter.model.workstream import Run, Step
from splinter.text.counts import and_more

_NO = 1  # the exit status that skips the step; whatever is neither this nor 0 is a failure
# bubblewrap ends with 1 where it could start nothing, so that the command's own 1 comes out of it as another
_TOLD_NO = 113
_TELLING = f'"$@" || case $? in {_NO}) exit {_TOLD_NO} ;; {_TOLD_NO}) exit {_TOLD_NO - 1} ;; *) exit $? ;; esac'
_SHOWN = 3


def label(step: Step) -> str:
    """What is asked, on a line as people read it."""
    return tool.command(Run(command=step.only_if or ""), {}, values={}).label


def skipped(work: Work, step: Step, *, before: str) -> Stepped | None:
    """The end of a step that is not to run, None for one that is; raises StepError where nobody could say."""
    if step.only_if is None:
        return None
    with work.apart() as apart:
        record = _asked(apart, step, before)
    if record is None:
        return None
    work.session.history.add_step(work.session.run.open(), record)
    if record.outcome != Outcome.SKIPPED:
        raise StepError(record.reason or Reason.INTERRUPTED, record.message)
    checkpoint.pin(work, step.id, before)
    return Stepped(commit=before, outcome=Outcome.SKIPPED, outputs=None)


def _asked(work: Work, step: Step, before: str) -> StepRecord | None:
    """The record of a step that does not run, or of the question that failed."""
    started, asked = time.monotonic(), step
    try:
        setup.touch(work, work.tree, before)
        try:
            silent = stand_in.silent(work.plan)
            asked = late_filling.of_step(work.plan.workstream, step, work.outputs, silent=silent)
            is_wanted = _ask(work, _question(asked), before)
        finally:
            setup.refuse_forged(work)
    except StepError as error:
        whole = error.within(error.reason, f"only_if: {_in_its_words(asked, error)}")
        whole.exit_status_of_child = error.exit_status_of_child
        return _logged(work, run_step.failed(work, step, whole, before, started, ()), step)
    if is_wanted:
        return None
    message = work.mask(f"only_if: {label(step)} ended with exit status {_NO}")
    made = checkpoint.record(
        work, step.id, Outcome.SKIPPED, started, step=step, message=message, exit_status=_NO, commit=before,
        notes=(message,),
    )  # fmt: skip
    return _logged(work, made, step)


def _ask(work: Work, question: Step, before: str) -> bool:
    if work.session.processes.is_stopping:
        raise StepError(Reason.INTERRUPTED, f"{question.id} was interrupted before it began")
    worktree.place(work.repository, work.tree, before)
    workspace.disarm(work.session, work.tree, question.working_directory)
    failure = command.act(work, question, question.id, before=before).failure
    is_no = failure is not None and failure.reason == Reason.EXIT_CODE and failure.exit_status_of_child == _TOLD_NO
    if failure and not is_no:
        raise failure
    processes, until = work.session.processes, time.monotonic() + question.timeout_s
    looked = replace(work.repository, until=until, is_stopping=lambda: processes.is_stopping)
    if changed := _changed(looked, work.tree, before):
        raise StepError(Reason.OUT_OF_SCOPE, f"it may change nothing, and changed {and_more(changed, _SHOWN)}")
    return not is_no


def _changed(repository: Repository, tree: WorkTree, before: str) -> list[str]:
    """What differs in the work tree, and in its own `.git`, from how the question found it."""
    guarded, armed = worktree.guard(tree), nested.armed(repository, tree)
    paths = [change.path for change in git.diff(repository, before, worktree.measure(repository, tree))]
    return [*map(git.printable, (*paths, *armed)), *submodules.changed(repository, tree), *guarded.all]


def _question(step: Step) -> Step:
    """What is asked, as a step of its own, with as much time."""
    asked = step.only_if or ""
    words = (*tool.SHELL, asked) if isinstance(asked, str) else asked
    action = Run(command=(tool.SHELL[0], "-c", _TELLING, "only_if", *words))
    folder = step.working_directory
    return Step(id=f"{step.id}.only-if", action=action, timeout_s=step.timeout_s, working_directory=folder)


def _in_its_words(step: Step, error: StepError) -> str:
    """A failure, of the command as the user wrote it."""
    own = tool.command(_question(step).action, {}, values={}).label
    return f"{label(step)}{str(error).removeprefix(own)}" if str(error).startswith(own) else str(error)


def _logged(work: Work, record: StepRecord, step: Step) -> StepRecord:
    log = work.log(_question(step).id)
    return replace(record, log=work.session.outside.relative(log) if log.exists() else None)
