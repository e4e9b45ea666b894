"""Records in a few words: what was kept of a failure, errors counted, costs as they are known."""

from __future__ import annotations

from collections.abc import Iterator

from splinter.model.records import FAILURES, CheckRecord, RunRecord, StepRecord, Usage, WorkstreamRecord
from splinter.text.counts import plural


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


def errors_in_words(run: RunRecord) -> str:
    """How many of a run's tasks ended in an error: `1 not published, 2 errors`; empty for none."""
    unpublished = sum(error.is_publishing for error in run.open_errors)
    others = len(run.open_errors) - unpublished
    return ", ".join(
        filter(None, (f"{unpublished} not published" if unpublished else "", plural(others, "error") if others else ""))
    )


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


def _sum(shown: str, known: int, calls: int) -> str:
    """A sum of which only the known parts are in it."""
    return "" if not known else shown if known == calls else f"at least {shown}"
