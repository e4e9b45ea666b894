"""All checks of a workstream on one commit: run, compared with those before its change, failures run once more.

It never moves a ref, and takes no failure for the workstream's own that a second try does not show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from splinter.engine.checks import baseline, comparison, run_check
from splinter.engine.checks.run_check import Checked
from splinter.engine.checks.stuck_detector import Tried, essence
from splinter.engine.outside import Outside
from splinter.engine.tools.prompts import Failure
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.git import commands as git
from splinter.model.fingerprints import fingerprint
from splinter.model.records import CheckRecord, Outcome
from splinter.model.verdict import Itself, Outcomes
from splinter.model.workstream import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The commit that the checks were run on, what they said, and the last of what each printed, by its id."""

    commit: str
    checks: tuple[CheckRecord, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The checks that did not pass."""
        failed = (check for check in self.checks if check.outcome == Outcome.FAILED)
        return tuple(Failure(check=check, output=self.outputs.get(check.check, "")) for check in failed)


def judge(work: Work, commit: str, *, start: str, log: str = "") -> Judged:
    """Run every check on a commit and hold it against `start`, where the change begins.

    Logs are named after the checks, with `log` in front. Raises StepError where one could not judge.
    """
    checks = work.plan.workstream.checks
    ran = [(check, run_check.run(work, check, commit, name=f"{log}{check.id}")) for check in checks]
    before: dict[str, Outcomes] = {}
    if git.tree_of(work.repository, start) != git.tree_of(work.repository, commit):
        before = baseline.outcomes(work, start=start)
    else:
        before = {check.id: comparison.outcomes(checked.record) for check, checked in ran}
    records = tuple(_judged(work, check, checked, before.get(check.id), start, commit, log) for check, checked in ran)
    return Judged(commit=commit, checks=records, outputs={check.id: checked.output for check, checked in ran})


def _judged(
    work: Work, check: Step, checked: Checked, before: Outcomes | None, start: str, commit: str,
    log: str,
) -> CheckRecord:  # fmt: skip
    record = checked.record
    if before is None:
        note = "there was no time left to compare it with what was before" if check.compare else ""
        return comparison.judged_alone(replace(record, notes=(*record.notes, *filter(None, [note]))))
    now, again = comparison.outcomes(record), None
    compared = comparison.compare(before, now)
    if comparison.is_worth_a_second_try(record, compared):
        again = _again(work, check, commit, log)
        compared = comparison.compare(before, now, again)
        if comparison.is_worth_asking_before_again(before, now, compared):
            compared = comparison.compare(before, now, again, baseline.again(work, check, start=start))
    record = replace(record, notes=(*record.notes, *comparison.remarks(before, now)))
    judged = comparison.judged(record, compared, forgives_earlier=work.plan.forgives_earlier)
    is_forgiven = bool(compared.failing_before) or compared.itself == Itself.FAILING_BEFORE
    is_same = git.tree_of(work.repository, start) == git.tree_of(work.repository, commit)
    if judged.outcome == Outcome.FAILED or not is_forgiven or is_same:
        return judged
    # what was remembered may have failed by chance, or for want of what is there now: only what fails still is forgiven
    fresh = baseline.again(work, check, start=start)
    compared = comparison.compare(fresh or Outcomes(check=Outcome.PASSED), now, again)
    return comparison.judged(record, compared, forgives_earlier=True)


def _again(work: Work, check: Step, commit: str, log: str) -> Outcomes | None:
    """What a check says when it runs once more, None where no time is left for that."""
    try:
        return comparison.outcomes(run_check.run(work, check, commit, name=f"{log}{check.id}.again").record)
    except StepError as error:
        if error.reason != Reason.OVER_BUDGET:
            raise
        return None


def tried(outside: Outside, judged: Judged) -> Tried:
    """A judged result as the breakers see it: what is wrong by name, else what a check printed, numbers aside."""
    failing = [
        (failure.check.check, case)
        for failure in judged.failures
        for case in comparison.wrong(failure.check) or [essence(failure.output)]
    ]
    tree = git.tree_of(outside.repository, judged.commit)
    return Tried(tree=tree, failing=fingerprint({"failing": sorted(failing)}))


def failed(reason: Reason, message: str, judged: Judged) -> StepError:
    """The error of a workstream whose checks were run."""
    error = StepError(reason, message)
    error.checks, error.commit = judged.checks, judged.commit
    return error
