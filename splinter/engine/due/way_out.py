"""What can be done about a workstream that failed, in words. It decides nothing of it."""

from __future__ import annotations

from collections.abc import Sequence

from splinter.engine import prepare
from splinter.engine.checks import comparison
from splinter.engine.work import Work
from splinter.model.done import Prepared
from splinter.model.plan import Plan
from splinter.model.records import CheckRecord, Outcome


def of_earlier_failures(plan: Plan, checks: Sequence[CheckRecord]) -> str:
    """What to do where all that fails failed before the change too; empty where the change made something worse."""
    failed = [check for check in checks if check.outcome == Outcome.FAILED]
    if not failed or not all(map(comparison.is_no_worse, failed)):
        return ""
    where = f"by this workstream, on {plan.base.shown}, or in what is installed here"
    how = f"What fails here failed before the change too, and is still to be fixed: {where}."
    # what fails beyond its tests is forgiven by no setting
    if plan.forgives_earlier or not all(map(comparison.is_forgivable, failed)):
        return how
    return f'{how} checks = "baseline" in the settings lets it stand.'


def of_unfixed(plan: Plan) -> str:
    """How a failed check would go back to the agent; empty where it does, or none is there."""
    own, tool = plan.workstream, plan.workstream.tool
    if own.fix.attempts or not own.has_prompts or not tool or plan.tools[tool].needs_recording:
        return ""
    return f"fix: {{attempts: 2}} in {own.source} would give it back to {tool}."


def of_failure(plan: Plan, step: str, prepared: Prepared | None) -> str:
    """What the next call will do, as the failure itself says it; `prepared` is where it began."""
    if plan.workstream.when == "always":
        how = f"doit {plan.id} starts over."
    else:
        asks = ", and asks its agents again" if plan.workstream.has_prompts else ""
        how = (
            f"doit {plan.id} goes on at {step}, or starts over once {plan.base.shown} has moved;"
            f" doit -a {plan.id} starts over now{asks}."
        )
    if not prepared or prepared.start == prepared.base or not plan.workstream.depends_on:
        return how
    before, names = ", ".join(plan.workstream.depends_on), " ".join(plan.workstream.depends_on)
    return f"{how} It starts from {before}; doit -a {names} makes that again on {plan.base.shown}."


def since(work: Work, previous: Prepared | None, *, is_prepared: bool) -> str:
    """The same for whoever asks later; `previous` is where it began last, `is_prepared`: that still counts."""
    plan = work.plan
    if is_prepared:
        how = f"doit goes on there, or starts over once {plan.base.shown} has moved"
    elif previous and plan.workstream.when != "always" and prepare.has_moved(work, previous):
        how = f"{plan.base.shown} has moved since, so it starts over"
    else:
        how = "doit starts over"
    return how if work.has_tries else f"{how}; {plan.used_up}"
