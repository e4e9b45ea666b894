"""What can be done about a workstream that failed, in words. It decides nothing of it."""

from __future__ import annotations

from splinter.engine import prepare
from splinter.engine.session import Session
from splinter.model.fingerprints import Values
from splinter.model.plan import Plan


def of_failure(plan: Plan, step: str, prepared: Values | None) -> str:
    """What the next call will do, as the failure itself says it; `prepared` are the values of `prepare`."""
    if plan.workstream.when == "always":
        how = f"doit {plan.id} begins it again."
    else:
        how = f"doit {plan.id} takes it up at {step}, and begins it again once {plan.base.shown} has moved."
    if not prepared or prepared["start"] == prepared["base"] or not plan.workstream.depends_on:
        return how
    before, names = ", ".join(plan.workstream.depends_on), " ".join(plan.workstream.depends_on)
    return f"{how} It starts from {before}; doit -a {names} makes that again on {plan.base.shown}."


def since(session: Session, plan: Plan, previous: Values, *, is_prepared: bool) -> str:
    """The same for whoever asks later; `previous` are the values of `prepare`, `is_prepared`: they still count."""
    if is_prepared:
        how = f"doit takes it up there, and begins it again once {plan.base.shown} has moved"
    elif previous and plan.workstream.when != "always" and prepare.has_moved(session, plan, previous):
        how = f"{plan.base.shown} has moved since, so that it begins again"
    else:
        how = "doit begins it again"
    return how if session.has_tries(plan) else f"{how}; {plan.used_up}"
