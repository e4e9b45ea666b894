"""What a step came to, kept: its tree as a commit of ours, the ref that holds it, and its record.

It judges nothing: whoever makes a commit of a tree has held it against scope and secrets.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from splinter.engine.steps import command, stand_in
from splinter.engine.steps.command import Acted
from splinter.engine.work import Work
from splinter.git import commands as git
from splinter.git.commands import RefUpdate
from splinter.model import commit_message, late_filling, layout
from splinter.model.records import Outcome, StepRecord, Usage
from splinter.model.workstream import Step, Workstream
from splinter.text.outputs import Outputs

LONGEST_SAID = 4_000  # characters of an agent's last message


def as_committed(work: Work, step: Step, outputs: Outputs) -> Workstream:
    """The workstream as the commit of a step speaks of it, with what is known of outputs; raises StepError."""
    return late_filling.for_commit(work.plan.workstream, step, outputs, silent=stand_in.silent(work.plan))


def commit(
    work: Work, step: Step, after: str, before: str, fingerprint: str, outputs: Mapping[str, str]
) -> str:  # fmt: skip
    """A tree as the commit of a step that wrote these outputs; raises StepError where it must not say what it would."""
    trailers = {
        "Workstream": work.plan.id,
        "Step": step.id,
        "Tool": command.tool_of(step),
        "Run": work.session.run.open(),
        "Fingerprint": fingerprint,
    }
    told = as_committed(work, step, {**work.outputs, step.id: outputs})
    own = next((one for one in told.steps if one.id == step.id), step)
    message = commit_message.message(told, own, trailers, work.repository.identity)
    date_s = int(work.session.outside.clock.now().timestamp())
    return git.commit_tree(
        work.repository, after, [before], work.mask(message), date_s=date_s,
        is_signed=work.session.outside.settings.sign_commits,
    )  # fmt: skip


def pin(work: Work, name: str, commit: str, *, also: RefUpdate | None = None) -> None:
    """Hold a commit by a ref, so that it outlives any clean-up until the next one takes its place."""
    work.session.known.made.add(commit)
    updates = [RefUpdate(ref=layout.checkpoint(work.plan.id, name), new=commit)]
    git.update_refs(work.repository, [*updates, also] if also else updates, why=f"splinter: {work.plan.id}:{name}")


def record(
    work: Work, name: str, outcome: Outcome, started: float, *,
    step: Step | None = None, calls: Sequence[Acted] = (), patch: Path | None = None,
    notes: tuple[str, ...] = (), **more: Any,
) -> StepRecord:  # fmt: skip
    """What came of a step and of the calls that it took."""
    log = work.log(f"{name}.try-{len(calls)}" if len(calls) > 1 else name)
    reading = calls[-1].reading if calls else None
    seconds = round(time.monotonic() - started, 3)
    began = work.session.outside.clock.now() - timedelta(seconds=seconds)
    return StepRecord(
        workstream=work.plan.id,
        step=name,
        outcome=outcome,
        started=began.isoformat(timespec="seconds"),
        seconds=seconds,
        tool=command.tool_of(step) if step else None,
        command=step.action.label if step else "",
        log=work.session.outside.relative(log) if log.exists() else None,
        patch=work.session.outside.relative(patch) if patch else None,
        notes=(*_notes_of(calls), *notes),
        usage=_usage_of(calls) if step and command.is_paid(work.plan, step) else None,
        model=reading.model if reading else None,
        agent_session=reading.session if reading else None,
        said=calls[-1].ended.last_message[:LONGEST_SAID] if calls else "",
        **more,
    )


def _usage_of(calls: Sequence[Acted]) -> Usage | None:
    """What calls cost together, None where none costs anything."""
    known = [call.reading.usage for call in calls if call.reading.usage]
    return sum(known, Usage()) if known else None


def _notes_of(calls: Sequence[Acted]) -> Iterator[str]:
    """Notes of every call, and why there was more than one."""
    for number, call in enumerate(calls, 1):
        yield from call.notes
        if number < len(calls):
            yield f"call {number} failed through the provider's fault and was made again: {call.reading.error}"
