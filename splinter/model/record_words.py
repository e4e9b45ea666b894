"""Records in a few words: what was kept of a failure, errors counted, costs as they are known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from splinter.model import layout
from splinter.model.records import (
    BAD,
    FAILURES,
    CheckRecord,
    ErrorRecord,
    Outcome,
    RehearsalRecord,
    RunRecord,
    StepRecord,
    Usage,
    WorkstreamRecord,
)  # fmt: skip
from splinter.text.counts import and_more, plural

_SHOWN_TESTS, _SHOWN_BRANCHES = 5, 3
_LONGEST_SAID = 200  # characters of what a test says


def is_simulated(run: str) -> bool:
    """Whether a run of that id called no agent, and changed nothing but its own records."""
    return run.endswith(layout.SIMULATED_RUN)


def evidence(record: WorkstreamRecord) -> Iterator[tuple[str, str]]:
    """What was kept of a failure: pairs of what it is and its path."""
    parts: tuple[StepRecord | CheckRecord, ...] = (*record.steps, *record.checks)
    for part in parts:
        name = part.step if isinstance(part, StepRecord) else part.check
        if part.outcome in FAILURES and part.log:
            yield f"Log of {name}", part.log
        if part.outcome in FAILURES and isinstance(part, StepRecord) and part.patch:
            yield f"Patch of {name}", part.patch
    if record.patch:
        yield "Patch of what was made", record.patch


def failing_tests(record: WorkstreamRecord) -> Iterator[str]:
    """The tests by which a workstream failed, the newly failing first: names, and the first line of what they say."""
    failed = [check for check in record.checks if check.outcome in FAILURES]
    told = [line for check in failed for line in _told(check)]
    yield from told[:_SHOWN_TESTS]
    if len(told) > _SHOWN_TESTS:
        yield f"and {len(told) - _SHOWN_TESTS} more, in the report"


def _told(check: CheckRecord) -> list[str]:
    before = set(check.compared.failing_before) if check.compared else set()
    flaky = set(check.compared.flaky) if check.compared else set()
    bad = [case for case in check.cases if case.outcome in BAD and case.id not in flaky]
    said = {
        case.id: f": {case.message.strip().splitlines()[0][:_LONGEST_SAID]}" for case in bad if case.message.strip()
    }
    word = " (newly failing)" if check.compared else ""
    new = [f"{check.check}: {case.id}{word}{said.get(case.id, '')}" for case in bad if case.id not in before]
    old = [f"{check.check}: {case.id} (still failing){said.get(case.id, '')}" for case in bad if case.id in before]
    return [*new, *old]


def check_in_words(check: CheckRecord) -> str:
    """How a check ended, as a reviewer asks: `878 passed; none newly failing, 2 failed before and still do`."""
    before = check.compared.before if check.compared else ""
    if not check.cases:
        then = ", as before the change" if before == check.outcome else f"; {before} before the change"
        return f"{check.outcome}{then if before else ''}"
    flaky = set(check.compared.flaky) if check.compared else set()
    bad = {case.id for case in check.cases if case.outcome in BAD} - flaky
    old = len(bad.intersection(check.compared.failing_before)) if check.compared else 0
    told = [f"{check.count(Outcome.PASSED):,} passed"]
    told += [f"{check.count(Outcome.SKIPPED):,} skipped"] if check.count(Outcome.SKIPPED) else []
    told += [f"{len(flaky):,} flaky"] if flaky else []
    word = "newly failing" if check.compared else "failing"  # what was not compared is not called new
    newly = f"{len(bad) - old:,} {word}" if len(bad) > old else "none newly failing" if bad else "none failing"
    still = f", {old:,} failed before and still {'do' if old > 1 else 'does'}" if old else ""
    return f"{', '.join(told)}; {newly}{still}"


def before_the_change(check: CheckRecord) -> str:
    """What is said of a check with tests beside `check_in_words`: how it ended on the commit that the change is of."""
    if not check.cases or not check.compared or check.outcome != Outcome.PASSED:
        return ""
    before = check.compared.before
    return ", as before the change" if before == check.outcome else f"; {before} before the change"


def fits(rehearsal: RehearsalRecord, id: str) -> str:
    """What the rehearsal says of a workstream's branch, in a sentence; empty where it was the only one."""
    others = {*rehearsal.workstreams, *(one.workstream for one in rehearsal.left_out)} - {id}
    left_out = next((one for one in rehearsal.left_out if one.workstream == id), None)
    if not others or (left_out is None and id not in rehearsal.workstreams):
        return ""
    if left_out:
        return f"It does not fit together with the other branches of that run: {left_out.message or left_out.reason}."
    merged = and_more([one for one in rehearsal.workstreams if one != id], _SHOWN_BRANCHES)
    judged = ", and all checks pass on the whole" if rehearsal.checks else ""
    return f"It merges with {merged} of that run{judged}." if merged else ""


def diff_command(record: WorkstreamRecord) -> str:
    """The command that shows what a failed workstream made."""
    return f"git diff {record.base_commit[:12]} {record.ref}" if record.base_commit else f"git show {record.ref}"


def seconds(run: RunRecord) -> float | None:
    """How long a run took from its begin to its end; None where that is not known."""
    try:
        return (datetime.fromisoformat(run.finished or "") - datetime.fromisoformat(run.started)).total_seconds()
    except (ValueError, TypeError):
        return None


def errors_in_words(run: RunRecord) -> str:
    """How many of a run's tasks ended in an error: `1 incomplete, 1 not published, 2 errors`; empty for none."""
    incomplete = sum(error.task in run.incomplete for error in run.open_errors)
    unpublished = sum(error.is_publishing for error in run.open_errors) - incomplete
    others = len(run.open_errors) - unpublished - incomplete
    told = {
        f"{incomplete} incomplete": incomplete, f"{unpublished} not published": unpublished,
        plural(others, "error"): others,
    }  # fmt: skip
    return ", ".join(words for words, number in told.items() if number)


def waiting(run: RunRecord) -> tuple[str, ...]:
    """How many pull requests wait for a limit to end, and when they go: a sentence for each limit."""
    found: dict[str, list[str]] = {}
    for error in run.open_errors:
        if error.waits_for and error.task.partition(":")[0] == "pr":
            found.setdefault(error.waits_for, []).append(error.waits_until)
    return tuple(
        f"{plural(len(ends), 'pull request')} {'wait' if ends[1:] else 'waits'} for {limit};"
        f" {'they go' if ends[1:] else 'it goes'} with the next run after {max(ends, key=lambda end: (len(end), end))}."
        for limit, ends in found.items()
    )


def cost(usage: Usage) -> str:
    """What agents say they cost: `$0.0137, 2,400 tokens read, 68 written`, or `cost unknown`, which is not 0."""
    return amounts(usage) if usage.priced else f"cost {amounts(usage)}"


def amounts(usage: Usage) -> str:
    """The same after a label that says "cost" already: `unknown` where no agent says its dollars."""
    dollars = _sum(f"${usage.usd:.4f}" if usage.usd < 1 else f"${usage.usd:,.2f}", usage.priced, usage.calls)
    tokens = f"{usage.input_tokens:,} tokens read, {usage.output_tokens:,} written"
    return ", ".join(filter(None, (dollars or "unknown", _sum(tokens, usage.counted, usage.calls))))


def dollars(usage: Usage) -> str:
    """The dollars alone: `$0.42`, `at least $0.42`, or `unknown`."""
    shown = f"${usage.usd:,.2f}" if usage.usd >= 0.01 or not usage.usd else f"${usage.usd:.4f}"
    return _sum(shown, usage.priced, usage.calls) or "unknown"


def commands(record: WorkstreamRecord, run: RunRecord) -> Iterator[tuple[str, str]]:
    """What to type to look at a failure, and to try again: pairs of what it does and the command."""
    if record.ref:
        yield "To see it", diff_command(record)
    if is_simulated(run.run) or record.outcome not in (Outcome.FAILED, Outcome.INTERRUPTED):
        return
    parts: tuple[StepRecord | CheckRecord, ...] = (*record.steps, *record.checks)
    failed = [part for part in parts if part.outcome in FAILURES and part.log]
    names = dict.fromkeys(part.step if isinstance(part, StepRecord) else part.check for part in failed)
    yield from (
        ("Its log" if len(names) == 1 else f"Log of {name}", f"doit log {record.workstream}:{name}") for name in names
    )
    yield "To run it again", f"doit {record.workstream}"


def error_word(error: ErrorRecord, run: RunRecord) -> str:
    """What became of what a task was to do."""
    if error.task in run.incomplete:
        return "incomplete"
    return "not published" if error.is_publishing else "error"


def _sum(shown: str, known: int, calls: int) -> str:
    """A sum of which only the known parts are in it."""
    return "" if not known else shown if known == calls else f"at least {shown}"
