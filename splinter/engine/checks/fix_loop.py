"""The fix loop: a failed check goes back to the tool, every attempt is counted before it is made, breakers end it.

It never makes a call twice: attempts count by definition and occurrence, whatever was killed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from splinter.engine.branch import move_branch
from splinter.engine.checks import comparison, judge, stuck_detector
from splinter.engine.checks.judge import Judged
from splinter.engine.checks.stuck_detector import Tried
from splinter.engine.outside import Outside
from splinter.engine.steps import run_step, stand_in
from splinter.engine.tools import prompts
from splinter.engine.tools.prompts import Failure
from splinter.engine.work import Work
from splinter.errors import Reason
from splinter.git import commands as git
from splinter.git import line_counts
from splinter.model import late_filling
from splinter.model.done import Attempt
from splinter.model.fingerprints import fingerprint
from splinter.model.plan import Plan
from splinter.model.records import CheckRecord, Outcome, StepRecord
from splinter.model.workstream import PROMPT_STALL_S, TIMEOUT_S, Prompt, Step
from splinter.text.counts import and_more

_MOST_NAMES, _LONGEST_NAME = 100, 200  # of failing tests that are remembered of an attempt
_SHOWN_FIXED = 5


def fixed(work: Work, *, start: str, before: str) -> Judged:
    """Judge, and hand failures back to the tool until the checks pass; raises StepError where that leads nowhere.

    `start` is the commit that the workstream's change begins at, `before` its last step's.
    """
    judged = judge.judge(_headed(work), _resumed(work, before), start=start)
    while judged.failures:
        tries = _tries(work)
        results = [*_results(work.session.outside, tries), judge.tried(work.session.outside, judged)]
        _refuse(work, judged, results, tries, start)
        commit = _attempt(work, judged, results[-1], number=len(tries) + 1)
        judged = judge.judge(_headed(work), commit, start=start)
    return judged


def _headed(work: Work) -> Work:
    """The same, whose checks say in their logs which attempt they judge: all of them go on in one."""
    made = len(_tries(work))
    return replace(work, heading=f"after fix attempt {made} of {work.plan.workstream.fix.attempts}") if made else work


def attempts(work: Work, checks: Sequence[CheckRecord]) -> tuple[StepRecord, ...]:
    """What the attempts made so far came to, also those of earlier runs; `checks` are as they ended after the last."""
    tries, found = _tries(work), []
    for number, tried in enumerate(tries, 1):
        record = work.session.history.last_step(work.plan.id, f"fix-{number}", tried.commit or "")
        after = tries[number].failed if number < len(tries) else _failed(checks)
        fixed = [name for name in tried.failed if name not in after] if checks else []
        if record:
            notes = (f"fixed {and_more(fixed, _SHOWN_FIXED)}",) if fixed else ()
            found.append(replace(record, notes=(*record.notes, *notes)))
    return tuple(found)


def _failed(checks: Iterable[CheckRecord]) -> tuple[str, ...]:
    """What is wrong with checks, by name: of a check without tests its own."""
    failed = [check for check in checks if check.outcome == Outcome.FAILED]
    named = [case[:_LONGEST_NAME] for check in failed for case in comparison.wrong(check) or [check.check]]
    return tuple(named[:_MOST_NAMES])


def _refuse(work: Work, judged: Judged, results: list[Tried], tries: tuple[Attempt, ...], start: str) -> None:
    """Raise StepError where no further attempt is to be made."""
    fix = work.plan.workstream.fix
    if not fix.attempts:
        raise judge.failed(Reason.CHECK_FAILED, _summary(judged), judged)
    why = stuck_detector.trip(results)
    if why:
        message = f"fix attempt {len(tries)} {why}; no more are made {work.plan.until}\n{_summary(judged)}"
        raise judge.failed(Reason.OSCILLATING, message, judged)
    if len(tries) >= fix.attempts:
        used_up = f"({fix.attempts} fix attempts are used up {work.plan.until})"
        raise judge.failed(Reason.CHECK_FAILED, f"{_summary(judged)} {used_up}", judged)
    lines = line_counts.in_sum(work.repository, start, judged.commit) if fix.max_lines and tries else 0
    if fix.max_lines and lines > fix.max_lines:
        message = f"{_summary(judged)} (fixing let the change grow to {lines} lines, past its limit of {fix.max_lines})"
        raise judge.failed(Reason.CHECK_FAILED, message, judged)


def _attempt(work: Work, judged: Judged, result: Tried, *, number: int) -> str:
    """One more call of the tool; returns the commit that it came to."""
    move_branch.refuse_beforehand(work.session, work.plan, work.prepared.start if work.prepared else judged.commit)
    key = work.tries_key
    counted = Attempt(begun_at=judged.commit, failing=result.failing, failed=_failed(judged.checks))
    work.session.memory.put_attempt(work.plan.id, key, number, counted)
    told = late_filling.for_agents(work.plan.workstream, work.outputs, silent=stand_in.silent(work.plan))
    prompt = prompts.of_fix(told, _as_written(work, judged), number=number, earlier=run_step.earlier(work, until=None))
    own = fingerprint({"fix": number, "before": judged.commit, "definition": key})
    step = _step(work.plan, number)
    which = f"fix {number} of {work.plan.workstream.fix.attempts}"
    failed = ", ".join(map(_named, judged.failures))
    work.session.activity.say(which, f"{which.replace('fix', 'fix attempt')} for {failed}")
    record = run_step.attempt(work, step, before=judged.commit, fingerprint=own, prompt=prompt)
    if record.outcome in (Outcome.FAILED, Outcome.INTERRUPTED) or record.commit is None:
        raise judge.failed(record.reason or Reason.INTERRUPTED, f"{step.id}: {record.message}", judged)
    work.session.memory.put_attempt(work.plan.id, key, number, replace(counted, commit=record.commit))
    return record.commit


def _named(failure: Failure) -> str:
    """A failed check, and which of its tests."""
    wrong = comparison.wrong(failure.check)
    return f"{failure.check.check} ({and_more(wrong, 1)})" if wrong else failure.check.check


def _as_written(work: Work, judged: Judged) -> tuple[Failure, ...]:
    """What failed, by commands as their file has them: what steps wrote into one is no word of the user's."""
    written = {check.id: check.action.label for check in work.plan.definition.checks}
    return tuple(
        replace(one, check=replace(one.check, command=written.get(one.check.check, one.check.command)))
        for one in judged.failures
    )


def _step(plan: Plan, number: int) -> Step:
    tool = plan.workstream.tool
    assert tool
    timeout_s = plan.tools[tool].timeout_s or TIMEOUT_S["prompt"]
    action = Prompt(text=f"fix what failed (attempt {number})", tool=tool, options=plan.workstream.options)
    return Step(
        id=f"fix-{number}", action=action, timeout_s=timeout_s, stall_s=PROMPT_STALL_S,
        working_directory=plan.workstream.working_directory,
    )  # fmt: skip


def _tries(work: Work) -> tuple[Attempt, ...]:
    return work.session.memory.attempts(work.plan.id, work.tries_key)


def _results(outside: Outside, tries: tuple[Attempt, ...]) -> list[Tried]:
    """What was judged before; an attempt that came to nothing left the result that it was made on."""
    made = [one for one in tries if one.commit]
    known = git.existing(outside.repository, [one.begun_at for one in made])
    return [
        Tried(tree=git.tree_of(outside.repository, one.begun_at), failing=one.failing)
        for one in made
        if one.begun_at in known
    ]


def _resumed(work: Work, before: str) -> str:
    """Where the loop had come to when it was ended: attempts that were made are not made again."""
    commit = before
    for tried in _tries(work):
        if tried.begun_at == commit and tried.commit and git.existing(work.repository, [tried.commit]):
            commit = tried.commit
    return commit


def _summary(judged: Judged) -> str:
    return "; ".join(f"{failure.check.check}: {comparison.told(failure.check)}" for failure in judged.failures)
