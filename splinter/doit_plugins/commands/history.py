"""The commands `doit history` and `doit show`: what was recorded, as text or JSON. They take no lock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from splinter.doit_plugins import plan_file, printing
from splinter.doit_plugins.commands import recorded
from splinter.doit_plugins.commands.recorded import Recorded
from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of, inert, say
from splinter.errors import InputError, NoRecordError
from splinter.model import record_files, record_json, record_words
from splinter.model.records import RunRecord, WorkstreamRecord
from splinter.system.history import History as Store
from splinter.text import counts, redact
from splinter.text.patterns import did_you_mean_id

_GONE = "Some of its logs and patches are no longer there: `doit gc` and `doit clean` remove them."
_SHOWN_OPEN = 20
_JSON = {"name": "as_json", "short": "", "long": "json", "type": bool, "default": False, "help": "print JSON"}
_NONE = "No run is recorded yet."


class History(OwnCommand):
    """Past runs."""

    name = "history"
    doc_purpose = "show past runs: outcomes, time, cost, and what is proposed"
    doc_usage = ""
    doc_description = """The last one first; then the pull requests that are open as far as they were recorded.

doit history          the latest runs
doit history --json   for programs"""
    cmd_options = (
        {"name": "limit", "short": "n", "long": "limit", "type": int, "default": 20, "help": "how many runs"},
        _JSON,
    )

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print a line a run, the newest first, then one for each thing that did not reach the outside."""
        return exit_status_of(lambda: self._show(opt_values["limit"], as_json=opt_values["as_json"]))

    def _show(self, limit: int, *, as_json: bool) -> int:
        from splinter.engine import proposed
        from splinter.model import effects
        from splinter.publish import text_report
        from splinter.system.memory import Memory

        known = recorded.read()
        found, runs = known.under_way(), known.history().runs(limit)
        if as_json:
            printing.say_json([record_json.to_json(run) for run in runs])
            return 0
        memory = Memory(known.folder, is_read_only=True)
        lines = text_report.table([_row(run, now=found[1].run if found else None) for run in runs]) or [_NONE]
        places = sorted(proposed.places(memory).items())
        if places:
            lines += ["", f"{counts.plural(len(places), 'pull request')} open, as far as is recorded here"]
            lines += [f"  {line}" for line in text_report.table(places[:_SHOWN_OPEN])]
            lines += [f"  {counts.more(len(places) - _SHOWN_OPEN)}"] if len(places) > _SHOWN_OPEN else []
        for line in (*lines, *map(effects.in_words, memory.effects(*effects.UNSETTLED))):
            say(inert(known.redactor.text(line)))
        return 0


def _row(run: RunRecord, *, now: str | None) -> tuple[str, ...]:
    """A run in a line; `now` is the one that works at this moment."""
    from splinter.doit_plugins.reporter import published, with_errors
    from splinter.text import markdown

    outcomes = ", ".join(f"{run.count(one)} {one}" for one in sorted({one.outcome for one in run.workstreams}))
    took = record_words.seconds(run)
    ended = "" if run.finished else " (it works now)" if run.run == now else " (did not finish)"
    return (
        run.run,
        markdown.utc(run.started).removesuffix(" UTC"),
        counts.duration(took) if took is not None else "",
        f"{with_errors(outcomes or published(run), run)}{ended}",
        record_words.cost(run.usage) if run.usage.calls else "",
    )


class Show(OwnCommand):
    """One past run, or the runs of one workstream."""

    name = "show"
    doc_purpose = "show a past run, or the last runs of a workstream"
    doc_usage = "[RUN | WORKSTREAM | RUN/WORKSTREAM]"
    doc_description = """doit show                                 the latest run
doit show 20261123-020000-3f9a            that one
doit show 20261123-020000-3f9a/api-docs   what a workstream came to in it
doit show api-docs                        the last runs of a workstream
doit show --plan night/plan.json          the run of that plan, or that nothing ran in it"""
    cmd_options = (
        {"name": "limit", "short": "n", "long": "limit", "type": int, "default": 20, "help": "how many runs"},
        {**plan_file.PLAN, "help": "the run of this plan, never an earlier one"},
        _JSON,
    )

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print what is recorded; an unknown run or workstream is an error."""
        return exit_status_of(
            lambda: self._show(
                pos_args[0] if pos_args else "", opt_values["limit"], opt_values["plan_file"],
                as_json=opt_values["as_json"],
            )
        )  # fmt: skip

    def _show(self, wanted: str, limit: int, file: str, *, as_json: bool) -> int:
        from splinter.publish import text_report

        if wanted and file:
            raise InputError("doit show takes a name or a plan, not both")
        known = recorded.read()
        store = known.history()
        if given := plan_file.given({"plan_file": file}):
            wanted = given.plan.run
            if not store.has_run(wanted):
                sentences = (f"Nothing ran in the run {wanted}.", *given.plan.notes)
                say("[]" if as_json else "\n\n".join(inert(known.redactor.text(one)) for one in sentences))
                return 0
        name, _, id = wanted.partition("/")
        run = name or store.latest_run() or ""
        if not run:
            say("[]" if as_json else _NONE)
            return 0
        if name and not store.has_run(name) and not id:
            return self._of_workstream(known, name, limit, as_json=as_json)
        shown = _for_readers(known, _masked(known, store.run(run)))
        if id:
            own = _one(shown, id)
            json, text = record_json.to_json(own), text_report.of_workstream(shown, own)
        else:
            json, text = record_json.to_json(shown), text_report.whole(shown)
        if as_json:
            printing.say_json(json)
        else:
            say(inert(known.redactor.text(text.rstrip())))
        return 0

    def _of_workstream(self, known: Recorded, id: str, limit: int, *, as_json: bool) -> int:
        from splinter.publish import text_report

        store = known.history()
        found = store.runs_of(id, limit)
        if not found:
            raise NoRecordError(f'no run or workstream "{id}" is recorded{_hint(store, id)}')
        if as_json:
            told = [{"run": run, **record_json.to_json(one)} for run, one in found]
            printing.say_json(redact.masked(told, known.redactor))
            return 0
        for line in text_report.table([_of_run(run, one) for run, one in found]):
            say(inert(known.redactor.text(line)))
        say(f"More of one: doit show {found[0][0]}/{id}")
        return 0


def _hint(store: Store, id: str) -> str:
    return did_you_mean_id(id, store.workstreams()) or '; "doit history" lists the runs'


def _of_run(run: str, record: WorkstreamRecord) -> tuple[str, ...]:
    at, why = f"at {record.step}" if record.step else "", f"({record.reason})" if record.reason else ""
    return (
        run,
        record.outcome,
        " ".join(filter(None, (at, why))),
        counts.duration(record.seconds),
        record_words.cost(record.usage) if record.usage.calls else "",
    )


def _masked(known: Recorded, run: RunRecord) -> RunRecord:
    """A run as it may be shown: secrets masked, and files that are gone not named."""
    there = record_files.with_files(run, lambda path: (known.repository.root / path).exists())
    if there != run:
        there = replace(there, notes=(*there.notes, _GONE))
    return record_json.from_json(RunRecord, redact.masked(record_json.to_json(there), known.redactor))


def _for_readers(known: Recorded, run: RunRecord) -> RunRecord:
    """In Actions, where a job's summary and log may be public, what the settings let into reports; here all of it."""
    from splinter.config import settings_file
    from splinter.publish import reduced_records

    if not settings_file.is_on_actions():
        return run
    settings, _ = settings_file.look(known.repository.start)
    return reduced_records.reduced(run, settings.report.include if settings else ())


def _one(run: RunRecord, id: str) -> WorkstreamRecord:
    found = next((one for one in run.workstreams if one.workstream == id), None)
    if found is None:
        meant = (
            did_you_mean_id(id, [one.workstream for one in run.workstreams]) or "; `doit show RUN` lists those that did"
        )
        raise NoRecordError(f'"{id}" took no part in run {run.run}{meant}')
    return found
