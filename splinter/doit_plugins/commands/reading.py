"""What the commands that look at workstreams share: the tasks and their rows, of which nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from doit.cmd_base import DoitCmdBase

from splinter.doit_plugins import options
from splinter.doit_plugins.database import READ_ONLY
from splinter.doit_plugins.terminal import exit_status_of
from splinter.errors import InputError

AS_JSON = {"name": "as_json", "short": "", "long": "json", "type": bool, "default": False, "help": "print JSON"}


def _leave_out(found: dict[str, Any], plan: Any, refusals: Mapping[str, str]) -> None:
    """Say of a workstream that is due why it is not run all the same, where it or one that it builds on is refused."""
    from splinter.engine.due.explain import Due
    from splinter.text import counts

    below = [other for other in plan.workstream.depends_on if found[other].is_left_out]
    why = refusals.get(plan.id) or (f"it builds on {counts.and_more(below, 3)}" if below else "")
    if why and found[plan.id].is_due:
        found[plan.id] = Due(workstream=plan.id, is_due=False, reasons=(why,), is_left_out=True)


class Reading(DoitCmdBase):
    """A command that needs the tasks and their rows, and changes neither."""

    tells_errors = True  # those too that a look finds after the tasks were made

    cmd_options: tuple[dict[str, Any], ...] = (AS_JSON,)

    def get_backends(self) -> Any:
        """Doit's backends, and the one that only reads."""
        from splinter.doit_plugins.database import ReadOnlyDatabase

        backends = super().get_backends()
        backends[READ_ONLY] = ReadOnlyDatabase
        return backends

    def parse_execute(self, in_args: list[str]) -> int:
        """Let options stand anywhere."""
        if options.asks_for_help(in_args):
            return options.show_help(self)
        return int(super().parse_execute(options.first(in_args, self.cmdparser.options)) or 0)

    def execute(self, params: Any, args: list[str]) -> int:
        """Run with a copy of the database."""
        params["backend"] = READ_ONLY
        execute = super().execute
        return exit_status_of(lambda: int(execute(params, args) or 0))

    def explained(self, session: Any, wanted: list[str], *, claims: bool = True) -> dict[str, Any]:
        """Why each workstream is due, in the order of dependencies, for those that are wanted.

        `claims` of others count as they were last seen, unless they are asked for later.
        """
        from splinter.doit_plugins.rows import rows_of
        from splinter.engine import open_limit, slots_seen, work
        from splinter.engine.branch import last_success
        from splinter.engine.due import explain

        unknown = [id for id in wanted if id not in session.plans]
        if unknown:
            from splinter.text.patterns import did_you_mean

            hint = did_you_mean(unknown[0], session.plans) or '; "doit list" names them'
            raise InputError(f'"{unknown[0]}" is not a workstream{hint}')
        by_name = {task.name: task for task in self.task_list}
        rows, refusals = rows_of(session), slots_seen.refusals(session, claims=claims)
        accepted = cache(lambda: last_success.of_all(session.outside, session.plans.values()))
        found: dict[str, Any] = {}
        ignored: dict[str, str] = {}  # with the one that was named
        for id, plan in session.plans.items():
            if name := self._ignored(plan, by_name, ignored):
                ignored[id] = name
                found[id] = explain.Due(workstream=id, is_due=False, reasons=(explain.ignored(name),))
                continue
            before = tuple(other for other in plan.workstream.depends_on if found[other].is_due)
            stale = (name for name in plan.tasks if self._is_stale(by_name[name], by_name))
            first = next(stale, None)
            edited = tuple(sorted(by_name[first].dep_changed)) if first else ()  # doit has just found them
            due = explain.explain(
                work.of(session, rows, plan), stale=first, due_before=before, edited=edited, accepted=accepted
            )
            found[id] = replace(due, stale=first, due_before=before)
            _leave_out(found, plan, refusals)
        waiting = open_limit.waiting(session, [id for id, due in found.items() if due.is_due])
        for plan in session.plans.values() if waiting else ():
            _leave_out(found, plan, waiting)
        return {id: found[id] for id in wanted or session.plans}

    def _ignored(self, plan: Any, by_name: dict[str, Any], ignored: dict[str, str]) -> str:
        """The workstream that `doit ignore` was told of, this one or one before it; empty for none."""
        if any(self.dep_manager.status_is_ignore(by_name[name]) for name in plan.tasks):
            return str(plan.id)
        return next((ignored[other] for other in plan.workstream.depends_on if other in ignored), "")

    def under_way(self) -> dict[str, str]:
        """What a run in another terminal does at this moment, by workstream, in words."""
        from splinter.doit_plugins.commands import recorded

        session = getattr(self.loader, "session", None)
        return (recorded.of(session.outside) if session else recorded.read()).at_work()

    def _is_stale(self, task: Any, by_name: dict[str, Any]) -> bool:
        return bool(self.dep_manager.get_status(task, by_name).status != "up-to-date")
