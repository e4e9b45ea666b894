"""Slots, for doit's tasks: before a call's first task the due ones are claimed, at its end they are given back.

What has no slot to be had, and what builds on it, is left out as if it were ignored; it says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from splinter.engine import night, open_limit, slot_claims, slots_seen
from splinter.engine.known import HeldClaim
from splinter.engine.session import Session
from splinter.errors import GitError, PublishError, SplinterError
from splinter.model import layout
from splinter.publish import run_errors

TASK = "claims"  # what an error of claiming is recorded as
_WELL = ("successful", "up-to-date")


@contextmanager
def claimed(
    session: Session, control: Any, states: Any, reporter: Any, selected: set[str], *, is_all: bool
) -> Iterator[tuple[Any, int]]:
    """Hold the slots of a call while its tasks are run: yields what dispatches these, and the exit status so far."""
    is_publishing = session.run.only_publishes or "pr" in selected  # who only works by a plan asks nobody
    failure = (_adopt(session) if is_publishing else "") or _claim(session, control, states, selected, is_always=is_all)
    if failure:
        getattr(reporter, "tell_error", reporter.runtime_error)(failure)
    dispatcher = control.task_dispatcher()
    try:
        yield dispatcher, PublishError.exit_status if failure else 0
    finally:
        _give_back(session, control, states, dispatcher.nodes)


def _adopt(session: Session) -> str:
    """Go on with the claims of the run that is published; returns why that failed: what they are of is not pushed."""
    run, claims = night.claimed_for(session)
    try:
        failure = "\n".join(slot_claims.adopt(session, claims, run=run))
    except GitError as error:
        failure = f"nothing can be pushed, since claims on slots were not found out: {error}"
    if failure:
        run_errors.keep(session, TASK, failure)
    return failure


def _claim(session: Session, control: Any, states: Any, selected: set[str], *, is_always: bool) -> str:
    """Claim the slots of the selected workstreams that are due; returns why that failed, empty where it did not."""
    is_claiming = session.asks and slots_seen.place(session.outside) is not None  # else whoever made the plan did
    plans = session.plans.values()
    if not is_claiming and not any(one.has_passed or one.workstream.max_open for one in plans):
        return ""
    due = _due(session, control, states, selected, is_always=is_always)
    passed = [id for id in due if session.plans[id].has_passed and not is_always]
    not_run = session.known.not_run
    not_run.update((id, slots_seen.passed(session, id)) for id in passed)
    not_run.update(open_limit.waiting(session, [id for id in due if id not in not_run]))
    failure = ""
    if is_claiming and not_run.keys() != {*due}:
        try:
            slot_claims.claim(session, [id for id in due if id not in not_run], is_again=is_always)
        except PublishError as error:
            run_errors.keep(session, TASK, str(error))
            failure = str(error)
    slot_claims.leave_out_dependents(session, due)
    for sentence in [] if failure else session.known.left_out():  # without a run each is a line on the terminal
        session.run.note_if_any(sentence)
    return failure


def _due(session: Session, control: Any, states: Any, selected: set[str], *, is_always: bool) -> list[str]:
    """The selected workstreams that have something to do, or may have once what they depend on has."""
    found: list[str] = []
    for id, one in session.plans.items():  # each after those it depends on
        names = [name for name in one.tasks if name in selected]
        if not names or any(states.status_is_ignore(control.tasks[name]) for name in names):
            continue
        is_stale = is_always or any(other in found for other in one.workstream.depends_on)
        if is_stale or any(_is_stale(control, states, name) for name in names):
            found.append(id)
    return found


def _give_back(session: Session, control: Any, states: Any, nodes: Any) -> None:
    """At the end of a call, by what its tasks came to: what is to be published yet keeps its slot."""
    is_ours = session.asks or session.known.claims  # those of a plan, which a call took up that works and publishes
    if not is_ours or slots_seen.place(session.outside) is None:
        return
    done: set[str] = set()
    kept: set[str] = set()
    session.known.claims.update(_of_earlier_calls(session, control, states, nodes))
    for id in session.known.claims.keys() - session.known.not_run.keys():
        if _has_succeeded(session, control, states, nodes, id):
            (done if _is_published(session, nodes, id) else kept).add(id)
    try:
        slot_claims.give_back(session, done=done, kept=kept)
    except SplinterError as error:
        session.run.note(session.outside.redactor.text(f"slots were not given back: {error}"))


def _of_earlier_calls(session: Session, control: Any, states: Any, nodes: Any) -> dict[str, HeldClaim]:
    """Slots that an earlier call had and finished, and whose results need no push any more."""
    found = {id: slots_seen.held(session, id) for id in session.plans if id not in session.known.claims}
    held = {id: one for id, one in found.items() if one}
    slots = slots_seen.slots(session) if held else {}
    return {
        id: one
        for id, one in held.items()
        if id in slots
        and slots[id].made_of == one.claim.slot.made_of
        and _is_published(session, nodes, id)
        and _has_succeeded(session, control, states, nodes, id)
    }


def _has_succeeded(session: Session, control: Any, states: Any, nodes: Any, id: str) -> bool:
    """Whether a workstream has come to its end, in this call or, where it only publishes, before."""
    one = session.plans[id]
    if one.task("accept") in nodes:
        return _ended(nodes, one.task("accept")) in _WELL
    return not any(_is_stale(control, states, name) for name in one.tasks)


def _is_stale(control: Any, states: Any, name: str) -> bool:
    try:
        return bool(states.get_status(control.tasks[name], control.tasks).status != "up-to-date")
    except Exception:  # the runner says what is the matter with it
        return True


def _is_published(session: Session, nodes: Any, id: str) -> bool:
    """Whether nothing of it is to be published any more."""
    from splinter.publish import pull_request

    if not session.plans[id].workstream.pull_request or pull_request.target(session.outside) == pull_request.LOCAL:
        return True
    is_together = session.outside.settings.pull_requests == layout.TOGETHER
    return _ended(nodes, f"pr:{layout.TOGETHER if is_together else id}") in _WELL


def _ended(nodes: Any, name: str) -> str:
    """How a task ended; empty where it was not looked at."""
    return str(nodes[name].run_status or "") if name in nodes else ""


def waits_for_left_out(session: Session, task: Any) -> bool:
    """Whether it is ignored for no other reason than that a workstream is left out."""
    left_out, meta = session.known.not_run, task.meta or {}
    named = {meta.get("workstream"), meta.get("publishes")}
    return bool(left_out) and (bool(named & {*left_out, "*", layout.TOGETHER}) or task.name == "pr")


def is_left_out(session: Session, task: Any) -> str:
    """Why a workstream's task is not run; empty where it is."""
    meta = task.meta or {}
    return session.known.not_run.get(meta["workstream"], "") if "step" in meta else ""
