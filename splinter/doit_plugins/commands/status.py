"""`doit status`: what runs now, or that nothing does and what the last run came to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from splinter.doit_plugins import printing
from splinter.doit_plugins.commands.recorded import Recorded
from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of, inert, say
from splinter.model import record_json, record_words
from splinter.model.records import RunRecord
from splinter.model.under_way import Doing, UnderWay
from splinter.system import log_tail
from splinter.system.locks import Holder
from splinter.text import redact
from splinter.text.counts import duration
from splinter.text.markdown import utc


class Status(OwnCommand):
    """What happens now."""

    name = "status"
    doc_purpose = "show what runs, or what the last run came to"
    doc_usage = ""
    doc_description = """From another terminal while a run works: it takes no lock and changes nothing.

doit status          each task that runs: since when, which attempt, its cost, its log and the log's last line
doit status --json   for programs"""
    cmd_options = (
        {"name": "as_json", "short": "", "long": "json", "type": bool, "default": False, "help": "print JSON"},
    )

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print it; that nothing runs is no error."""
        return exit_status_of(lambda: self._show(as_json=opt_values["as_json"]))

    def _show(self, *, as_json: bool) -> int:
        from splinter.config import settings_file
        from splinter.doit_plugins.commands import recorded
        from splinter.engine import project

        known, at = recorded.read(), project.clock(settings_file.environment()).now()
        if (simulated := recorded.read(is_simulated=True)).is_simulating():
            known = simulated
        found = known.under_way()
        if as_json:
            masked = redact.masked(_json(known, found, at), known.redactor)
            printing.say_json(masked)
            return 0
        for line in _running(known, *found, at) if found else _ended(known):
            say(inert(known.redactor.text(line)))
        return 0


def _running(known: Recorded, holder: Holder, now: UnderWay, at: datetime) -> Iterator[str]:
    usage = known.history().usage_of(now.run) if now.run else None
    cost = f", {record_words.cost(usage)}" if usage and usage.calls else ""
    what = f"run {now.run}" if now.run else "A call of doit"
    yield f"{what} works, pid {holder.pid}, since {utc(holder.since)}{cost}"
    for one in now.doing:
        yield "   " + "  ".join(filter(None, (one.name, *_told(one, now, at))))
        if last := _last_line(known, one):
            yield f"     {last}"
    for waiting in now.pending:
        yield f"   {waiting.workstream}  {waiting.why}"


def _told(one: Doing, now: UnderWay, at: datetime) -> Iterator[str]:
    from splinter.doit_plugins.live import seconds_since

    yield f"since {utc(one.since)} ({duration(seconds_since(one.since, at))})"
    yield from one.how
    usage = now.usage(one.workstream)
    yield record_words.cost(usage) if usage.calls else ""
    yield one.log


def _ended(known: Recorded) -> Iterator[str]:
    from splinter.doit_plugins import summary
    from splinter.doit_plugins.reporter import published, with_errors

    run = _last(known)
    if run is None:
        yield "Nothing runs, and no run is recorded yet."
        return
    outcomes = ", ".join(f"{run.count(one)} {one}" for one in dict.fromkeys(one.outcome for one in run.workstreams))
    unfinished = "" if run.finished else "; it did not finish"
    yield f"Nothing runs. The last run, {run.run}: {with_errors(outcomes or published(run), run)}{unfinished}"
    for line in summary.lines(run):
        yield "   " + "  ".join(filter(None, line))


def _last(known: Recorded) -> RunRecord | None:
    history = known.history()
    id = history.latest_run()
    return history.run(id) if id else None


def _json(known: Recorded, found: tuple[Holder, UnderWay] | None, at: datetime) -> dict[str, Any]:
    from splinter.doit_plugins import summary
    from splinter.doit_plugins.live import seconds_since

    if found is None:
        run = _last(known)
        names = ("workstream", "outcome", "next")
        last = run and {
            "run": run.run, "started": run.started, "finished": run.finished,
            "workstreams": [dict(zip(names, row, strict=True)) for row in summary.rows(run)],
        }  # fmt: skip
        return {"running": False, "last": last}
    holder, now = found
    doing = [
        {
            **record_json.to_json(one),
            "seconds": seconds_since(one.since, at),
            "usage": record_json.to_json(now.usage(one.workstream)),
            "last_line": _last_line(known, one),
        }
        for one in now.doing
    ]
    pending = [record_json.to_json(one) for one in now.pending]
    usage = record_json.to_json(known.history().usage_of(now.run)) if now.run else None
    return {
        "running": True, "pid": holder.pid, "since": holder.since, "run": now.run, "usage": usage, "doing": doing,
        "pending": pending,
    }  # fmt: skip


def _last_line(known: Recorded, one: Doing) -> str:
    return log_tail.last_line(known.repository.root / one.log) if one.log else ""
