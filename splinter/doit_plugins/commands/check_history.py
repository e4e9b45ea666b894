"""The commands `doit check`, `doit history` and `doit show`. They change nothing and take no lock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from splinter.doit_plugins import printing
from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of, say, takes_colour
from splinter.errors import InputError
from splinter.model import layout, record_files, record_json, record_words
from splinter.model.records import RunRecord
from splinter.text import counts, markdown, redact

_GONE = "Some of its logs and patches are no longer there: `doit gc` and `doit clean` remove them."
_JSON = {"name": "as_json", "short": "", "long": "json", "type": bool, "default": False, "help": "print JSON"}


class Check(OwnCommand):
    """All problems of all files."""

    name = "check"
    doc_purpose = "show all problems of all workstreams and settings"
    doc_usage = ""
    doc_description = """It runs nothing. The exit status is 3 where one of them is an error.

doit check                   for people
doit check --format json     for machines
doit check --format github   as annotations of GitHub Actions"""
    cmd_options = (
        {
            "name": "format", "short": "", "long": "format", "type": str, "default": "text",
            "choices": (("text", "for people"), ("json", "for machines"), ("github", "annotations of GitHub Actions")),
            "help": "how problems are printed",
        },
    )  # fmt: skip

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print every problem; exit status 3 where one is an error."""
        return exit_status_of(lambda: self._check(opt_values["format"]))

    def _check(self, format: str) -> int:
        from splinter.config import check_cache

        root = check_cache.root_above(Path.cwd())
        known = check_cache.recall(root) if root else None
        if known:
            print("[]" if format == "json" else _clean(known.workstreams))
            return 0
        from splinter.config import problem_listing, settings_file, workstream_files
        from splinter.git import user_repository

        variables = settings_file.environment().variables
        top = user_repository.toplevel(Path.cwd(), variables)
        try:
            before = check_cache.look(top)
        except OSError:
            before = None
        chosen, problems = settings_file.look(top)
        found = workstream_files.read(top, chosen) if chosen else workstream_files.Collection()
        problems = (*problems, *found.problems)
        if before and chosen and not problems and top == root:
            check_cache.keep(top, before, len(found.workstreams), found.other_files(chosen))
        if format == "json":
            say(problem_listing.as_json(problems))
        elif not problems:
            say(_clean(len(found.workstreams)))
        elif format == "github":
            say(problem_listing.as_annotations(problems))
        else:
            say(problem_listing.for_people(problems, in_colour=takes_colour()))
        return InputError.exit_status if any(problem.is_error for problem in problems) else 0


def _clean(workstreams: int) -> str:
    return f"{counts.plural(workstreams, 'workstream')}, no problem"


class History(OwnCommand):
    """Past runs."""

    name = "history"
    doc_purpose = "show past runs, their outcomes and durations"
    doc_usage = ""
    doc_description = """The last one first.

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
        from splinter.config import settings_file
        from splinter.doit_plugins.reporter import published, with_errors
        from splinter.git import user_repository
        from splinter.model import effects
        from splinter.system import history, memory
        from splinter.text.redact import Redactor

        environment = settings_file.environment()
        repository = user_repository.open_repository(
            user_repository.toplevel(Path.cwd(), environment.variables), environment.variables
        )
        runs = history.History(repository.root / layout.STATE, is_read_only=True).runs(limit)
        if as_json:
            printing.say_json([record_json.to_json(run) for run in runs])
            return 0
        for run in runs:
            by_outcome = {one.outcome: run.count(one.outcome) for one in run.workstreams}
            outcomes = ", ".join(f"{number} {outcome}" for outcome, number in sorted(by_outcome.items()))
            took = record_words.seconds(run)
            lasted = f"{counts.duration(took) if took is not None else '':>11}"
            cost = f"  {record_words.cost(run.usage)}" if run.usage.calls else ""
            ended = "" if run.finished else "  (did not finish)"
            said = with_errors(outcomes or published(run), run)
            print(f"{run.run}  {markdown.utc(run.started)}  {lasted}  {said}{cost}{ended}")
        if not runs:
            print("No run is recorded yet.")
        for one in memory.Memory(repository.root / layout.STATE, is_read_only=True).effects(*effects.UNSETTLED):
            say(Redactor(environment.secrets()).text(effects.in_words(one)))
        return 0


class Show(OwnCommand):
    """One past run."""

    name = "show"
    doc_purpose = "show one past run, the latest where none is named"
    doc_usage = "[RUN]"
    doc_description = """doit show                        the latest run
doit show 20261123-020000-3f9a   that one"""
    cmd_options = (_JSON,)

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print its report; an unknown run is an error."""
        return exit_status_of(lambda: self._show(pos_args, as_json=opt_values["as_json"]))

    def _show(self, wanted: list[str], *, as_json: bool) -> int:
        from splinter.config import settings_file
        from splinter.git import user_repository
        from splinter.publish import report
        from splinter.system import history
        from splinter.text.redact import Redactor

        environment = settings_file.environment()
        repository = user_repository.open_repository(
            user_repository.toplevel(Path.cwd(), environment.variables), environment.variables
        )
        store = history.History(repository.root / layout.STATE, is_read_only=True)
        run = wanted[0] if wanted else store.latest_run()
        if run is None:
            say("No run is recorded yet.")
            return 0
        recorded = store.run(run)
        there = record_files.with_files(recorded, lambda path: (repository.root / path).exists())
        if there != recorded:
            there = replace(there, notes=(*there.notes, _GONE))
        masked = redact.masked(record_json.to_json(there), Redactor(environment.secrets()))
        read = record_json.from_json(RunRecord, masked)
        if as_json:
            printing.say_json(masked)
        else:
            say(markdown.for_terminal(report.report_markdown(read)))
        return 0
