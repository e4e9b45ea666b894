"""What can be done about a workstream that failed, in words. It decides nothing of it."""

from __future__ import annotations

from splinter.engine import prepare
from splinter.engine.session import Session
from splinter.model.fingerprints import Values
from splinter.model.plan import Plan


def of_failure(plan: Plan, step: str) -> str:
    """What the next call will do, as the failure itself says it."""
    if plan.workstream.when == "always":
        return f"doit {plan.id} begins it again."
    return f"doit {plan.id} takes it up at {step}, and begins it again once {plan.base.shown} has moved."


def since(session: Session, plan: Plan, previous: Values) -> str:
    """The same for whoever asks later; `previous` are the values of `prepare`, empty where it has not succeeded."""
    if plan.workstream.when == "always" or not previous:
        how = "doit begins it again"
    elif prepare.has_moved(session, plan, previous):
        how = f"{plan.base.shown} has moved since, so that it begins again"
    else:
        how = f"doit takes it up there, and begins it again once {plan.base.shown} has moved"
    allowed = plan.workstream.fix.attempts
    if allowed and len(session.store.attempts(plan.id, session.tries_key(plan))) >= allowed:
        how += f"; its fix attempts are used up {plan.until}"
    return how
