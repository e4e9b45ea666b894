"""What a run would do, in words: another way through the same tasks that executes none of them.

It opens no connection, starts no tool, and reads the database from a copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from splinter.doit_plugins.rows import rows_of
from splinter.engine import bases, open_limit, slots_seen
from splinter.engine.session import Session
from splinter.engine.steps import foreseen_call
from splinter.publish import combined_pull_request, pull_request_preview
from splinter.text import counts
from splinter.text.redact import plain


def show(
    session: Session, control: Any, rows: Any, out: TextIO, *, is_always: bool, named: Sequence[str] = ()
) -> int:  # fmt: skip
    """Print a line for each selected task, in the order they would run; returns the exit status.

    Of pull requests that are `named` the page is printed whether it is due or not.
    """
    due: dict[str, bool] = {}
    ignored: set[str] = set()
    refusals = {} if is_always else slots_seen.refusals(session)
    refusals |= open_limit.waiting(session, _due(control, rows, is_always=is_always) - refusals.keys())
    for name in _in_order(control):
        task = control.tasks[name]
        meta = task.meta or {}
        if rows.status_is_ignore(task) or (not meta.get("finalizer") and ignored.intersection(task.task_dep)):
            ignored.add(name)
            out.write(f"!! {name}  ignored\n" if task.actions else "")
            continue
        status = rows.get_status(task, control.tasks).status
        if "step" in meta and meta["workstream"] in refusals and status != "up-to-date":
            ignored.add(name)
            said = session.outside.redactor.text(f"-- {name}  not run: {refusals[meta['workstream']]}")
            out.write(f"{plain(said)}\n")
            continue
        waits_for_due = any(due.get(other) for other in task.task_dep)
        due[name] = bool(task.actions or task.task_dep) and (
            waits_for_due or (bool(task.actions) and (is_always or status != "up-to-date"))
        )
        if task.actions:
            waits_for = next((other for other in task.task_dep if due.get(other)), "")
            is_named = bool({name, task.subtask_of} & {*named})
            text = _line(session, task, meta, is_due=due[name], waits_for=waits_for, is_named=is_named)
            out.write("".join(plain(line) + "\n" for line in session.outside.redactor.text(text).splitlines()))
    return 0


def _due(control: Any, rows: Any, *, is_always: bool) -> set[str]:
    """The workstreams of which a selected task has something to do."""
    selected = (control.tasks[name] for name in _in_order(control))
    tasks = [task for task in selected if "step" in (task.meta or {})]
    return {
        task.meta["workstream"]
        for task in tasks
        if is_always or rows.get_status(task, control.tasks).status != "up-to-date"
    }


def _in_order(control: Any) -> list[str]:
    """The selected tasks and all they wait for, what they wait for first."""
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in order or name in path:
            return
        path.add(name)
        for other in control.tasks[name].task_dep:
            visit(other)
        path.discard(name)
        order[name] = None

    path: set[str] = set()
    for name in control.selected_tasks:
        visit(name)
    return list(order)


def _line(session: Session, task: Any, meta: dict[str, Any], *, is_due: bool, waits_for: str, is_named: bool) -> str:
    if meta.get("publishes") and (is_due or is_named):
        return _pull_request(session, task.name, meta["publishes"], is_due=is_due, waits_for=waits_for)
    if not is_due:
        return f"-- {task.name}  up to date"
    if meta.get("step") == "prepare":
        plan = session.plans[meta["workstream"]]
        seen = "".join(f"\n     {sentence}" for sentence in bases.as_seen(session.outside, [plan]))
        before = plan.workstream.depends_on
        results = (
            f", with the {'results' if before[1:] else 'result'} of {counts.and_more(before, 3)}" if before else ""
        )
        return f".. {task.name}  would start from {plan.base.shown}{results}: {task.doc}{seen}"
    if meta.get("left_over"):
        verb = "close" if session.outside.settings.close_removed else "tell of"
        return "\n".join(f".. {task.name}  would {verb} {one.where}: {one.why}" for one in meta["left_over"])
    return "\n     ".join((f".. {task.name}  would run: {task.doc}", *_agents(session, meta)))


def _agents(session: Session, meta: dict[str, Any]) -> Iterator[str]:
    """How an agent would be called, and what it may do."""
    if "step" not in meta:
        return
    plan, name = session.plans[meta["workstream"]], meta["step"]
    for step in plan.workstream.steps:
        if step.id == name:
            yield from foreseen_call.sentences(session, plan, step)
    if name == "accept":
        yield from foreseen_call.fixes(session, plan)


def _pull_request(session: Session, name: str, id: str, *, is_due: bool, waits_for: str) -> str:
    """What would become of it, and the page as it would be by what is recorded."""
    rows = rows_of(session)
    if id == combined_pull_request.ID:
        preview = pull_request_preview.together(session, rows.rehearsed(), is_fresh=not is_due)
    else:
        row = rows.accepted(session.plans[id])
        accepted = row.value if row else None
        preview = pull_request_preview.of_workstream(session, session.plans[id], accepted, is_fresh=not is_due)
    first = [f"{'..' if is_due else '--'} {name}  {preview.action}"]
    if waits_for and preview.page:
        first.append(f"     {waits_for} is due before it, and may change what follows")
    return "\n".join([*first, *(f"     | {line}" for line in preview.page)])
