"""Turns records into what people read: Markdown, HTML, JSON. It never reads files, clocks or networks."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from splinter.model import record_json, record_words
from splinter.model.records import (
    FAILURES,
    NO_PART,
    OUTCOMES,
    Action,
    Outcome,
    RunRecord,
)
from splinter.publish import report_contents, report_page
from splinter.publish.rendering import markdown_of
from splinter.publish.report_contents import NOTHING, Contents
from splinter.text import counts, markdown

SCHEMA_VERSION = 1
_MOVES = (Action.OPENED, Action.UPDATED, Action.CLOSED)
NOTHING_RAN = "nothing ran"


def verdict(run: RunRecord) -> str:
    """One line: `3 workstreams: 2 changed, 1 failed`."""
    return f"{simulated(run)}{counts.plural(len(run.workstreams), 'workstream')}: {tally(run)}"


def simulated(run: RunRecord) -> str:
    """What stands before all that is said of a simulated run."""
    return "simulated: " if record_words.is_simulated(run.run) else ""


def tally(run: RunRecord) -> str:
    """How many ended how: `2 changed, 1 failed`; it says so where nothing ran."""
    by_outcome = ", ".join(f"{number} {outcome}" for outcome, number in _counts(run))
    nothing = NOTHING_RAN if is_idle(run) else ""
    return ", ".join(filter(None, (nothing, by_outcome, _moved(run), record_words.errors_in_words(run))))


def _moved(run: RunRecord) -> str:
    """The pull requests of workstreams that took no part and were written all the same: `1 pull request updated`."""
    without_part = {one.workstream for one in run.workstreams if one.outcome in NO_PART}
    done = Counter(one.action for one in run.pull_requests if one.workstream in without_part and one.action in _MOVES)
    return ", ".join(f"{counts.plural(done[action], 'pull request')} {action}" for action in _MOVES if done[action])


def is_idle(run: RunRecord) -> bool:
    """Whether nothing ran."""
    return all(one.outcome in NO_PART for one in run.workstreams) and not run.rehearsals


def is_failure(run: RunRecord) -> bool:
    """Whether somebody should look: a workstream or a task did not end well, or the run itself did not end."""
    return run.finished is None or bool(run.open_errors) or any(one.outcome in FAILURES for one in run.workstreams)


def report_markdown(run: RunRecord, contents: Contents = NOTHING) -> str:
    """The report as Markdown: the verdict, what wants a look, then every workstream; without diffs and logs."""
    return markdown_of("report.md", literal=markdown.literal, ci=contents.ci, **_story(run, contents))


def index_html(run: RunRecord, contents: Contents = NOTHING) -> str:
    """The report as one page that loads nothing; links to logs count from `reports/<run-id>/`."""
    return report_page.page(run, _story(run, contents))


def report_json(run: RunRecord, contents: Contents = NOTHING) -> str:
    """The report for programs, as schemas/report.schema.json has it; characters beyond ASCII are escaped."""
    whole = {
        "schema_version": SCHEMA_VERSION,
        "verdict": verdict(run),
        **record_json.to_json(run),
        "repository": contents.repository,
        "proposed": [record_json.to_json(one) for one, _ in report_contents.still_open(run, contents)],
    }
    return json.dumps(whole, indent=2) + "\n"


def _story(run: RunRecord, contents: Contents) -> dict[str, Any]:
    """What both reports show: failures by weight, then what was worked on, then the names of what took no part."""
    pull_requests = {record.workstream: record for record in run.pull_requests}
    shown = [one for one in run.workstreams if one.outcome not in NO_PART or one.workstream in pull_requests]
    hidden = [one for one in run.workstreams if one.outcome in NO_PART and one.workstream not in pull_requests]
    return {
        "run": run,
        "contents": contents,
        "verdict": verdict(run),
        "is_idle": is_idle(run),
        "seconds": record_words.seconds(run),
        "counts": _counts(run),
        "failures": run.failures,
        "workstreams": shown,
        "not_due": [record for record in hidden if record.outcome == Outcome.SKIPPED],
        "disabled": [record for record in hidden if record.outcome == Outcome.DISABLED],
        "pull_requests": pull_requests,
        "shared": _shared(run),
        "waiting": record_words.waiting(run),
        "open_errors": run.open_errors,
        "settled_errors": [error for error in run.errors if error.settled],
        "unpublished": {
            error.task.removeprefix("pr:"): record_words.error_word(error, run)
            for error in run.open_errors
            if error.task.startswith("pr:")
        },
        "open_pull_requests": report_contents.still_open(run, contents),
    }


def _shared(run: RunRecord) -> list[str]:
    """What is said of several pull requests alike, such as why nothing was pushed: once is enough."""
    count = Counter(note for one in run.pull_requests for note in dict.fromkeys(one.notes))
    return [note for note, number in count.items() if number > 1]


def _counts(run: RunRecord) -> list[tuple[str, int]]:
    known = (*OUTCOMES, Outcome.ERROR)  # the last is what a later version wrote, and nobody understands here
    return [(outcome, run.count(outcome)) for outcome in known if run.count(outcome)]
