"""What a run would do, in words: another way through the same tasks that executes none of them.

It opens no connection, starts no tool, and reads the database from a copy.
"""

from __future__ import annotations

from typing import Any, TextIO

from splinter.doit_plugins.rows import Rows
from splinter.engine import bases
from splinter.engine.session import Session
from splinter.model.plan import Plan
from splinter.model.ports import Proposal
from splinter.model.records import Outcome
from splinter.publish import combined_pull_request, proposals, pull_request, push
from splinter.text.redact import plain


def show(session: Session, control: Any, rows: Any, out: TextIO, *, is_always: bool) -> int:
    """Print a line for each selected task, in the order they would run; returns the exit status."""
    due: dict[str, bool] = {}
    for name in _in_order(control):
        task = control.tasks[name]
        meta = task.meta or {}
        status = rows.get_status(task, control.tasks).status
        waits_for_due = any(due.get(other) for other in task.task_dep)
        due[name] = bool(task.actions or task.task_dep) and (
            waits_for_due or (bool(task.actions) and (is_always or status != "up-to-date"))
        )
        if task.actions:
            text = _line(session, task, meta, is_due=due[name])
            out.write("".join(plain(line) + "\n" for line in session.outside.redactor.text(text).splitlines()))
    return 0


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


def _line(session: Session, task: Any, meta: dict[str, Any], *, is_due: bool) -> str:
    if not is_due:
        return f"-- {task.name}  up to date"
    if meta.get("publishes"):
        return f".. {task.name}  would publish\n{_pull_request(session, Rows(session), meta['publishes'])}"
    if meta.get("step") == "prepare":
        plan = session.plans[meta["workstream"]]
        seen = "".join(f"\n     {sentence}" for sentence in bases.as_seen(session.outside, [plan]))
        return f".. {task.name}  would start from {plan.base.shown}: {task.doc}{seen}"
    return f".. {task.name}  would run: {task.doc}"


def _of_one(session: Session, rows: Rows, plan: Plan) -> Proposal | str:
    row = rows.accepted(plan)
    if row and row.value.outcome == Outcome.CHANGED:
        return proposals.proposal(session, plan, row.value, push.local_head(session.outside, plan, row.value.tip))
    base = plan.base.shown if plan.base.is_unknown else plan.base.name
    return f"{plan.workstream.title}\n{plan.branch} -> {base}\n\n{plan.workstream.objective}"


def _together(session: Session, rows: Rows) -> Proposal | str:
    rehearsed = rows.rehearsed()
    if rehearsed and rehearsed.members:
        union, *_ = rehearsed.unions.values()
        return combined_pull_request.proposal(session, rehearsed, union.commit, union.commit)
    return "what goes together in the rehearsal"


def _pull_request(session: Session, rows: Rows, id: str) -> str:
    proposal = _together(session, rows) if id == combined_pull_request.ID else _of_one(session, rows, session.plans[id])
    if isinstance(proposal, Proposal):
        proposal = f"{proposal.title}\n{proposal.head} -> {proposal.base}\n\n{proposal.own_body}"
    lines = [f"to {pull_request.target(session.outside)}", *proposal.splitlines()]
    return "\n".join(f"     | {line}" for line in lines)
