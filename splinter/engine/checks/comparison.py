"""A check on a change against the same check before it, case by case. Pure: it runs nothing and knows no commit."""

from __future__ import annotations

from dataclasses import replace

from splinter.model.records import CheckRecord, Comparison, Outcomes

BAD = ("failed", "error")
_WORST = ("error", "failed", "skipped", "passed")
_NAMED = 3


def outcomes(check: CheckRecord) -> Outcomes:
    """A check that ran as outcomes; the worst counts where an id is there more than once."""
    found: dict[str, str] = {}
    for case in check.cases:
        found[case.id] = min(found.get(case.id, case.outcome), case.outcome, key=_WORST.index)
    is_told = any(outcome in BAD for outcome in found.values())
    found[check.check] = "failed" if check.outcome == "failed" and not is_told else "passed"
    return Outcomes(check=check.outcome, cases=found)


def compare(before: Outcomes, now: Outcomes, again: Outcomes | None = None) -> Comparison:
    """What differs; `again` is the same check once more on the same files, which tells what is flaky."""
    flaky = {
        id
        for id, outcome in (again.cases if again else {}).items()
        if {outcome, now.cases.get(id, outcome)} in ({"passed", bad} for bad in BAD)
    }
    failing = [id for id, outcome in now.cases.items() if outcome in BAD and id not in flaky]
    was_bad = {id for id, outcome in before.cases.items() if outcome in BAD}
    ran = {id for id, outcome in before.cases.items() if outcome != "skipped"}
    is_cut_short = now.check == "failed" and len(now.cases) == 1  # it crashed or hung: no case had its turn
    return Comparison(
        before=before.check,
        broken=tuple(id for id in failing if id not in was_bad),
        failing_before=tuple(id for id in failing if id in was_bad),
        fixed=tuple(id for id, outcome in now.cases.items() if outcome == "passed" and id in was_bad - flaky),
        flaky=tuple(sorted(flaky)),
        vanished=() if is_cut_short else tuple(sorted(ran - set(now.cases))),
        newly_skipped=tuple(id for id, outcome in now.cases.items() if outcome == "skipped" and id in ran),
    )


def judged(check: CheckRecord, compared: Comparison, *, forgives_earlier: bool) -> CheckRecord:
    """The check with its comparison, failed for what became worse.

    Tests that failed before are forgiven where `forgives_earlier`; a check without tests asks for what it says, and
    that it failed before proves nothing.
    """
    worse = (*compared.broken, *compared.vanished, *compared.newly_skipped)
    unforgiven = [id for id in compared.failing_before if id == check.check or not forgives_earlier]
    is_failed = bool(worse or unforgiven)
    judged = replace(check, compared=compared)
    if is_failed:
        message = check.message if check.outcome == "failed" else told(judged)
        return replace(judged, outcome="failed", message=message)
    if check.outcome == "passed":
        return judged
    why = "flaky" if compared.flaky else "no worse than before"
    return replace(judged, outcome="passed", reason=None, message="", notes=(*check.notes, f"{why}: {check.message}"))


def told(check: CheckRecord) -> str:
    """What is wrong with a failed check, in a line."""
    compared = check.compared or Comparison(before=check.outcome)
    bad = check.count("failed") + check.count("error") - len(set(compared.flaky) - {check.check})
    parts = [f"{bad} of {len(check.cases)} tests failed"] if bad > 0 else []
    if compared.vanished:
        parts.append(f"{len(compared.vanished)} vanished ({_named(compared.vanished)})")
    if compared.newly_skipped:
        parts.append(f"{len(compared.newly_skipped)} newly skipped ({_named(compared.newly_skipped)})")
    return ", ".join(parts) or check.message


def wrong(check: CheckRecord) -> list[str]:
    """The cases that speak against a check, by their ids; none where only its exit status does."""
    compared = check.compared or Comparison(before=check.outcome)
    bad = [case.id for case in check.cases if case.outcome in BAD and case.id not in compared.flaky]
    return [*bad, *compared.vanished, *compared.newly_skipped]


def _named(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:_NAMED]) + (" …" if len(ids) > _NAMED else "")
