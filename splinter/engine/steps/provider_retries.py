"""Calls that failed through their provider's fault are made again, later each time; what waits says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splinter.engine.session import Session
from splinter.engine.steps.command import Acted
from splinter.model.tool import Tool
from splinter.model.workstream import Step

_LONGEST_SAID = 200


def retried(session: Session, profile: Tool, step: Step, once: Callable[[], Acted]) -> Acted:
    """Call, and again as long as the provider is at fault and the profile allows it; returns how the last call went."""
    import tenacity

    calls = 1 + profile.retries

    def say(state: Any) -> None:
        last: Acted = state.outcome.result()
        why = (last.reading.error or "no answer").strip().splitlines()[0][:_LONGEST_SAID]
        number, wait_s = state.attempt_number + 1, state.next_action.sleep
        session.activity.say(
            f"call {number} of {calls}", f"{profile.name}: {why}; call {number} of {calls} in {wait_s:.0f} s"
        )

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda acted: acted.is_providers_fault),
        stop=tenacity.stop_after_attempt(calls) | tenacity.stop_before_delay(step.timeout_s),
        wait=tenacity.wait_exponential_jitter(initial=profile.backoff_s, max=step.timeout_s, jitter=profile.backoff_s),
        before_sleep=say,
        sleep=session.processes.pause,
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    acted: Acted = retrying(once)
    return acted
