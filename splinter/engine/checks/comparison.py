"""A check on a change against the same check before it, case by case. Pure: it runs nothing and knows no commit.

A check whose command failed passes only where every failure is accounted for by a named case that failed before, or
that passed when the same files were tried again. Any doubt is a failure:

- The command ended otherwise than its cases explain: it crashed, hung, failed without a failed case, or with another
  exit status than before the change.
- Its results contradict themselves, or a case of theirs has no name.
- A file, class or package could not be loaded: what stands for it is no test, and what is in it did not run.
- What ran before the change is gone or skipped. Only a name that the earlier commit itself does not give again may
  be gone, and only where as many like it ran: see `unstable_names`.
- What was before left no cases: it forgives nothing.

A case and its check are never one name: what becomes of the check itself is `Comparison.itself`.
"""

from __future__ import annotations

from dataclasses import replace

from splinter.engine.checks import unstable_names
from splinter.errors import Reason
from splinter.model.records import BAD, CheckRecord, Comparison, Outcome
from splinter.model.verdict import Itself, Outcomes

RULES = 4  # to be raised where outcomes that were remembered by earlier code are not to be believed
_WORST = (Outcome.ERROR, Outcome.FAILED, Outcome.SKIPPED, Outcome.PASSED)
_UNEXPLAINED = (Itself.BROKEN, Itself.FAILING_BEFORE)
_NAMED = 3


def outcomes(check: CheckRecord) -> Outcomes:
    """A check that ran as outcomes; the worst counts where an id is there more than once."""
    found: dict[str, str] = {}
    for case in check.cases:
        found[case.id] = min(found.get(case.id, case.outcome), case.outcome, key=_WORST.index)
    is_explained = check.reason in (None, Reason.EXIT_CODE) and any(outcome in BAD for outcome in found.values())
    return Outcomes(
        check=check.outcome,
        cases=found,
        exit_status=check.exit_status,
        is_unexplained=bool(check.doubts) or (check.outcome == Outcome.FAILED and not is_explained),
        flaky=tuple(case.id for case in check.cases if case.is_flaky),
    )


def compare(
    before: Outcomes, now: Outcomes, again: Outcomes | None = None, before_again: Outcomes | None = None
) -> Comparison:
    """What differs; `again` and `before_again` are the same check once more on the same files."""
    runs = [now, again] if again else [now]
    seen = {id: {run.cases[id] for run in runs if id in run.cases} for run in runs for id in run.cases}
    flaky = {id for id, ends in seen.items() if id in now.flaky or (Outcome.PASSED in ends and ends.intersection(BAD))}
    failing = [id for id, ends in seen.items() if ends.intersection(BAD) and id not in flaky]
    was_bad = {id for id, outcome in before.cases.items() if outcome in BAD}
    was_run = set(unstable_names.ran(before))
    is_cut_short = all(run.check == Outcome.FAILED and not run.cases for run in runs)  # no case had its turn
    gone = set() if is_cut_short else was_run - set(seen)
    unstable = unstable_names.accounted_for(gone, before, runs, before_again)
    old = tuple(id for id in failing if id in was_bad)
    return Comparison(
        before=before.check,
        itself=_itself(before, runs, has_forgiven=bool(old)),
        broken=tuple(id for id in failing if id not in was_bad),
        failing_before=old,
        fixed=tuple(id for id, ends in seen.items() if ends == {Outcome.PASSED} and id in was_bad - flaky),
        flaky=tuple(sorted(flaky)),
        vanished=tuple(sorted(gone - unstable)),
        newly_skipped=tuple(id for id, ends in seen.items() if ends == {Outcome.SKIPPED} and id in was_run),
        unstable=tuple(sorted(unstable)),
    )


def _itself(before: Outcomes, runs: list[Outcomes], *, has_forgiven: bool) -> Itself:
    """What became of the check beyond its cases; of two runs the second counts, or both where the first passed."""
    now, last = (_is_unexplained(before, run, has_forgiven=has_forgiven) for run in (runs[0], runs[-1]))
    if last and (now or runs[0].check == Outcome.FAILED):
        return Itself.FAILING_BEFORE if before.is_unexplained else Itself.BROKEN
    if now or last:
        return Itself.FLAKY
    return Itself.FIXED if before.is_unexplained else Itself.AS_ITS_CASES


def _is_unexplained(before: Outcomes, run: Outcomes, *, has_forgiven: bool) -> bool:
    return run.is_unexplained or (has_forgiven and not _ended_as_before(before, run))


def _ended_as_before(before: Outcomes, now: Outcomes) -> bool:
    """Whether cases that failed before explain how the command ended now: with the same exit status.

    Some runners tell the number of failed tests by it, others 2 where one ended with an error, else 1.
    """
    if now.check == Outcome.PASSED or now.exit_status == before.exit_status:
        return True
    counted = (_count(before, *BAD), _count(now, *BAD))
    graded = tuple(2 if _count(one, Outcome.ERROR) else 1 for one in (before, now))
    return (before.exit_status, now.exit_status) in (counted, graded)


def _count(one: Outcomes, *ends: Outcome) -> int:
    return sum(outcome in ends for outcome in one.cases.values())


def is_worth_a_second_try(check: CheckRecord, compared: Comparison) -> bool:
    """Whether the same files may say otherwise of what became worse; a check that hung is not asked twice."""
    worse = compared.broken or compared.vanished or compared.newly_skipped or compared.itself == Itself.BROKEN
    return bool(worse) and check.reason in (None, Reason.EXIT_CODE)


def is_worth_asking_before_again(before: Outcomes, now: Outcomes, compared: Comparison) -> bool:
    """Whether what ran before may be gone only by its name."""
    return unstable_names.may_be_unstable(compared.vanished, before, now)


def remarks(before: Outcomes, now: Outcomes) -> tuple[str, ...]:
    """What a reader of a comparison must know."""
    if before.cases or not now.cases:
        return ()
    status = "" if before.exit_status is None else f" (it ended with exit status {before.exit_status})"
    return (f"not comparable: before the change the check left no results of single tests{status}",)


def judged(check: CheckRecord, compared: Comparison, *, forgives_earlier: bool) -> CheckRecord:
    """The check with its comparison, failed for what became worse.

    Tests that failed before are forgiven where `forgives_earlier`; a check without tests asks for what it says, and
    that it failed before proves nothing.
    """
    worse = (*compared.broken, *compared.vanished, *compared.newly_skipped)
    is_failed = bool(worse) or compared.itself in _UNEXPLAINED
    judged = replace(check, compared=compared)
    if is_failed or (compared.failing_before and not forgives_earlier):
        message = check.message if check.outcome == Outcome.FAILED else told(judged)
        return replace(judged, outcome=Outcome.FAILED, message=message)
    if check.outcome == Outcome.PASSED:
        return judged
    why = "flaky" if compared.flaky or compared.itself == Itself.FLAKY else "no worse than before"
    return replace(
        judged, outcome=Outcome.PASSED, reason=None, message="", notes=(*check.notes, f"{why}: {check.message}")
    )


def judged_alone(check: CheckRecord) -> CheckRecord:
    """A check that is compared with nothing: it passes where neither its command nor a case of it failed."""
    if check.outcome == Outcome.FAILED or not (outcomes(check).is_unexplained or _count(outcomes(check), *BAD)):
        return check
    return replace(check, outcome=Outcome.FAILED, message=told(check))


def told(check: CheckRecord) -> str:
    """What is wrong with a failed check, in a line."""
    compared = check.compared or Comparison(before=check.outcome)
    bad = _bad(check, compared)
    parts = [f"{len(bad)} of {len(check.cases)} tests failed"] if bad else []
    newly = len(set(bad) - set(compared.failing_before))
    if bad and newly < len(bad):
        parts = [f"{parts[0]}, {f'{newly} of them newly' if newly else 'none of them newly'}"]
    if compared.vanished:
        parts.append(f"{len(compared.vanished)} vanished ({_named(compared.vanished)})")
    if compared.newly_skipped:
        parts.append(f"{len(compared.newly_skipped)} newly skipped ({_named(compared.newly_skipped)})")
    return ", ".join((*parts, *check.doubts)) or check.message


def is_no_worse(check: CheckRecord) -> bool:
    """Whether a failed check is held against nothing that did not fail before its change."""
    compared = check.compared
    if compared is None or compared.broken or compared.vanished or compared.newly_skipped:
        return False
    if compared.itself == Itself.BROKEN:
        return False
    return bool(compared.failing_before) or compared.itself == Itself.FAILING_BEFORE


def is_forgivable(check: CheckRecord) -> bool:
    """Whether tests alone speak against a check that is no worse than before."""
    return is_no_worse(check) and check.compared is not None and check.compared.itself != Itself.FAILING_BEFORE


def wrong(check: CheckRecord) -> list[str]:
    """The cases that speak against a check, by their ids; none where only its exit status does."""
    compared = check.compared or Comparison(before=check.outcome)
    return [*_bad(check, compared), *compared.vanished, *compared.newly_skipped]


def _bad(check: CheckRecord, compared: Comparison) -> list[str]:
    return [case.id for case in check.cases if case.outcome in BAD and case.id not in compared.flaky]


def _named(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:_NAMED]) + (" …" if len(ids) > _NAMED else "")
