"""`doit list`: workstreams with what is to be expected of each, then other tasks; with options it is doit's own.

What it said last is said again at once where nothing that it rests on is another.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from doit.cmd_list import List as DoitsList

from splinter.doit_plugins import options, printing
from splinter.doit_plugins.commands.reading import Reading
from splinter.doit_plugins.nothing_due import recall


class List(Reading, DoitsList):
    """Workstreams and tasks, in two groups."""

    name = "list"
    doc_purpose = "list workstreams with their state, and the other tasks"
    doc_usage = "[TASK ...]"
    doc_description = """With an option, or a task's name, it is doit's own list.

doit list            workstreams and tasks
doit list --all      every step of them, as doit's tasks
doit list -s --all   whether each is up to date (U), ignored (I) or to be run (R)"""
    cmd_options = DoitsList.cmd_options

    _needs_backends = False
    _call: dict[str, Any]

    def get_backends(self) -> Any:
        """Those of a command that reads, once tasks are read: all that is installed is asked for them."""
        return super().get_backends() if self._needs_backends else {}

    def parse_execute(self, in_args: list[str]) -> int:
        """As doit parses it: options stand before tasks."""
        self._call = {"words": tuple(in_args), "began_ns": time.time_ns()}
        self._call["asked"] = recall.call(self.config, self.opt_vals)
        if said := recall.listed(in_args, self._call["asked"]):
            sys.stdout.write(said)
            return 0
        self._needs_backends = True
        self._backends = self.get_backends()
        return int(DoitsList.parse_execute(self, in_args) or 0)

    def _execute(  # the names are doit's options
        self, subtasks: bool, quiet: bool, status: bool, private: bool, list_deps: bool, template: Any, sort: str,
        pos_args: list[str],
    ) -> int:  # fmt: skip
        given = {
            "subtasks": subtasks, "quiet": quiet, "status": status, "private": private, "list_deps": list_deps,
            "template": template, "sort": sort,
        }  # fmt: skip
        session = getattr(self.loader, "session", None)
        if session is None or not session.plans or pos_args or options.was_set(self, given):
            return int(DoitsList._execute(self, **given, pos_args=pos_args))
        self._show(session)
        return 0

    def _show(self, session: Any) -> None:
        from splinter.engine import prospects

        now = self.under_way()
        found = self.explained(session, [])
        rows = [row for group, ids in prospects.in_groups(session, found) for row in self._rows(session, group, [
            (id, "under way" if id in now else self._state(session, found[id]), session.plans[id].workstream.title)
            for id in ids
        ])]  # fmt: skip
        others = [
            (task.name, "", task.doc or "")
            for task in sorted(self.task_list)
            if not task.subtask_of
            and not task.name.startswith("_")
            and task.name not in session.plans
            and not (task.meta or {}).get("group")
        ]
        said = "".join([*_lines("Workstreams", rows), *_lines("Tasks", others)])
        is_all = printing.has_printed_nothing()
        self.outstream.write(said)
        if is_all and not now and not any(due.is_left_out for due in found.values()):
            self._keep(session, said)

    def _keep(self, session: Any, said: str) -> None:
        """Leave it behind for the next call; not where a run is at work."""
        from splinter.doit_plugins.nothing_due import keep

        until = keep.until(session)
        session.history.close()
        session.memory.close()
        with suppress(OSError):
            if until and printing.shows_as_it_is(said):
                with recall.alone():
                    keep.keep(session, keep.Call(**self._call), said, until, place=recall.LISTED)

    def _rows(self, session: Any, group: str, rows: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
        """The rows of a matrix's members below one of its own."""
        from splinter.text import counts

        if group:
            plan = session.plans[rows[0][0]]
            due = sum(state == "due" for _, state, _ in rows)
            whose = f"{counts.plural(len(rows), 'workstream')} of {plan.workstream.source}"
            yield group, f"{due} due" if due else "", whose
        yield from ((f"  {id}" if group else id, state, title) for id, state, title in rows)

    def _state(self, session: Any, due: Any) -> str:
        from splinter.engine import prospects

        plan = session.plans[due.workstream]
        if not prospects.is_enabled(session, plan):
            return "disabled"
        if due.is_due or due.reasons:
            return "due" if due.is_due else "not run" if due.is_left_out else "ignored"
        following = prospects.next_time(session, plan)
        state = "waits" if plan.waits_at else "up to date"
        return f"{state}, next {following:%Y-%m-%d %H:%M}" if following else state


def _lines(heading: str, rows: list[tuple[str, str, str]]) -> Iterator[str]:
    """A table below its heading, a column as wide as its widest part."""
    yield f"{heading}\n"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] if rows else []
    for row in rows:
        padded = (f"{part:<{width}}" for part, width in zip(row, widths, strict=True) if width)
        yield f"  {'  '.join(padded).rstrip()}\n"
