"""Turns records into what people read: Markdown, HTML, mail, JSON, pages. It never reads files, clocks or networks."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from splinter.model.ports import Message
from splinter.model.records import (
    OUTCOMES,
    CaseRecord,
    CheckRecord,
    FileChange,
    PullRequestRecord,
    RehearsalRecord,
    RunRecord,
    StepRecord,
    WorkstreamRecord,
    to_json,
)
from splinter.text import markdown
from splinter.text.redact import plain

if TYPE_CHECKING:
    from jinja2 import Environment

SCHEMA_VERSION = 1
FAILURES = ("failed", "interrupted", "blocked")  # in the order in which a reader wants them
NOTHING_RAN = "nothing ran"
LONGEST_LIST = 100  # files or failing tests shown of one workstream

BEGIN = "<!-- splinter:begin -->"
END = "<!-- splinter:end -->"
LONGEST_BODY = 65_536  # characters that GitHub takes
LONGEST_TITLE = 256  # characters that GitHub takes
CUT = "*Cut here: GitHub takes no more than 65,536 characters. The report of the run has the rest.*"

# A begin whose next marker is an end: where somebody deleted one of the markers, what is left is theirs.
_OWN_PART = re.compile(f"{re.escape(BEGIN)}(?:(?!{re.escape(BEGIN)}).)*?{re.escape(END)}", re.DOTALL)
_OF_THE_RUN_ALONE = re.compile(r"^(?:Run|Cost):.*$", re.MULTILINE)
_DIFFERENCES = {
    "broken": "Newly failing", "vanished": "Vanished", "newly_skipped": "Newly skipped", "fixed": "Fixed",
    "failing_before": "Failing before too", "flaky": "Flaky",
}  # fmt: skip
_SHOWN_PATHS = 5
_FILE_WORDS = {"A": "added", "M": "modified", "D": "deleted", "T": "type changed"}


def verdict(run: RunRecord) -> str:
    """One line: `3 workstreams: 2 changed, 1 failed`."""
    total = len(run.workstreams)
    return f"{total} workstream{'s' * (total != 1)}: {tally(run)}"


def tally(run: RunRecord) -> str:
    """How many ended how: `2 changed, 1 failed`; it says so where nothing ran."""
    counts = ", ".join(f"{number} {outcome}" for outcome, number in _counts(run))
    if not is_idle(run):
        return counts
    return f"{NOTHING_RAN}, {counts}" if counts else NOTHING_RAN


def is_idle(run: RunRecord) -> bool:
    """Whether nothing ran."""
    return run.count("skipped") == len(run.workstreams) and not run.rehearsals


def is_failure(run: RunRecord) -> bool:
    """Whether somebody should look: a workstream did not end well, or the run itself did not end."""
    return run.finished is None or any(record.outcome in FAILURES for record in run.workstreams)


def report_markdown(run: RunRecord) -> str:
    """The report as Markdown: the verdict, failures first, then every workstream."""
    return _markdown("report.md", literal=markdown.literal, **_story(run))


def index_html(run: RunRecord) -> str:
    """The report as one page that loads nothing; links to logs count from `reports/<run-id>/`."""
    return _pages().get_template("index.html").render(_story(run))


def mail(run: RunRecord) -> Message:
    """The report as a message: the Markdown itself, and the page that markdown2 makes of it."""
    import markdown2

    # safe_mode is the second fence: the Markdown holds no raw HTML, as texts are escaped and literal blocks shielded
    source = _markdown("report.md", literal=markdown.shielded, **_story(run))
    body = markdown.unshield(markdown2.markdown(source, safe_mode="escape", extras=["tables"]))
    return Message(
        run=run.run,
        subject=f"[splinter] {tally(run)} · {markdown.one_line(run.run)}",
        text=report_markdown(run),
        html=_pages().get_template("mail.html").render(verdict=verdict(run), is_failure=is_failure(run), body=body),
        is_failure=is_failure(run),
    )


def report_json(run: RunRecord) -> str:
    """The report for programs; keys in the order of the records, characters beyond ASCII escaped."""
    return json.dumps({"schema_version": SCHEMA_VERSION, "verdict": verdict(run), **to_json(run)}, indent=2) + "\n"


def pull_request_title(record: WorkstreamRecord) -> str:
    """The workstream's title on one line, or its id, no longer than GitHub takes."""
    title = markdown.one_line(record.title) or markdown.one_line(record.workstream)
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"


def pull_request_body(
    record: WorkstreamRecord, *, run: str, reproduce: str, definition: str, members: Sequence[WorkstreamRecord] = ()
) -> str:
    """Our own part of a pull request's body, with its markers; `members` are the workstreams that it holds, if several.

    `definition` is a hash without blanks: it tells later whether a page that a human closed was about the same work.
    """
    title = hashlib.sha256(pull_request_title(record).encode()).hexdigest()[:16]
    body = _markdown(
        "pull_request.md", literal=markdown.literal, record=record, run_id=run, reproduce=reproduce, members=members,
        usage=sum((one.usage for one in members), record.usage),
    ).strip()  # fmt: skip
    return f"{BEGIN}\n{_hidden('definition', definition)}\n{_hidden('title', title)}\n\n{body}\n\n{END}"


def own_part(body: str) -> str:
    """Our own part of a body, with its markers; empty where it has none."""
    found = _OWN_PART.search(body)
    return found[0] if found else ""


def hidden(part: str, name: str) -> str | None:
    """What our own part remembers under a name (`definition`, `title`); None where it does not."""
    found = re.search(rf"^<!-- splinter:{name} (\S+) -->\r?$", part, re.MULTILINE)
    return found[1] if found else None


def withdrawn(body: str) -> str:
    """The body of a page that we close ourselves: a later change of the same definition may open a new one."""
    part = own_part(body)
    return (
        body.replace(part, re.sub(r"(<!-- splinter:)definition ", r"\1withdrawn ", part, count=1), 1) if part else body
    )


def _hidden(name: str, value: str) -> str:
    return f"<!-- splinter:{name} {re.sub(r'[^0-9A-Za-z:._]', '', value)} -->"


def merge_body(existing: str, own: str) -> str:
    """The body with our own part brought up to date, every character outside it kept.

    Where the whole is too long for GitHub, our own part is cut, its markers whole; where not even they fit, the body
    stays as it is.
    """
    found = _OWN_PART.search(existing)
    head, tail = (existing[: found.start()], existing[found.end() :]) if found else (existing, "")
    gap = "\n\n" if head.strip() and not found else ""
    part = _cut(own, room=LONGEST_BODY - len(head) - len(gap) - len(tail))
    return f"{head}{gap}{part}{tail}" if part else existing


def is_same_body(old_own: str, new_own: str) -> bool:
    """Whether two own parts say the same, run and cost aside."""
    return _lasting(old_own) == _lasting(new_own)


def _lasting(part: str) -> str:
    # GitHub's own editor turns line ends into CRLF
    return _OF_THE_RUN_ALONE.sub("", part.replace("\r\n", "\n")).strip()


def _cut(own: str, *, room: int) -> str:
    if len(own) <= room:
        return own
    note = f"\n\n{CUT}\n\n{END}"
    kept = own[: max(0, room - len(note))]
    whole_lines = kept[: kept.rfind("\n") + 1].rstrip()
    return whole_lines + note if whole_lines.startswith(BEGIN) else ""


def _story(run: RunRecord) -> dict[str, object]:
    """What both reports tell: failures by weight, then what was worked on, then the names of what was not due."""
    pages = {record.workstream: record for record in run.pull_requests}
    told = [record for record in run.workstreams if record.outcome != "skipped" or record.workstream in pages]
    return {
        "run": run,
        "verdict": verdict(run),
        "is_idle": is_idle(run),
        "seconds": _run_seconds(run),
        "counts": _counts(run),
        "failures": [record for outcome in FAILURES for record in run.workstreams if record.outcome == outcome],
        "workstreams": told,
        "not_due": [
            record for record in run.workstreams if record.outcome == "skipped" and record.workstream not in pages
        ],
        "pull_requests": pages,
    }


def _counts(run: RunRecord) -> list[tuple[str, int]]:
    return [(outcome, run.count(outcome)) for outcome in OUTCOMES if run.count(outcome)]


def _run_seconds(run: RunRecord) -> float | None:
    try:
        return (datetime.fromisoformat(run.finished or "") - datetime.fromisoformat(run.started)).total_seconds()
    except (ValueError, TypeError):
        return None


def _evidence(record: WorkstreamRecord) -> Iterator[tuple[str, str]]:
    """What was kept of a failure: pairs of what it is and its path."""
    parts: tuple[StepRecord | CheckRecord, ...] = (*record.steps, *record.checks)
    for part in parts:
        if part.outcome in FAILURES and part.log:
            yield f"Log of {_name(part)}", part.log
        if part.outcome in FAILURES and isinstance(part, StepRecord) and part.patch:
            yield f"Patch of {_name(part)}", part.patch


def _name(part: StepRecord | CheckRecord) -> str:
    return part.step if isinstance(part, StepRecord) else part.check


def _failing(check: CheckRecord) -> tuple[CaseRecord, ...]:
    return tuple(case for case in check.cases if case.outcome in ("failed", "error"))


def _differences(check: CheckRecord) -> list[tuple[str, tuple[str, ...]]]:
    """What a check says other than before: words and the ids of cases, without what the check's own outcome tells."""
    if check.compared is None:
        return []
    named = ((word, getattr(check.compared, name)) for name, word in _DIFFERENCES.items())
    told = ((word, tuple(id for id in ids if id != check.check or word == "Flaky")) for word, ids in named)
    return [(word, ids) for word, ids in told if ids]


def _clashing(rehearsal: RehearsalRecord, id: str) -> str:
    """With whom a workstream's branch conflicts, and where; empty for nobody."""
    pairs = ((clash, clash.other if clash.one == id else clash.one) for clash in rehearsal.clashes)
    told = [f"{other} in {_few(clash.paths)}" for clash, other in pairs if id in (clash.one, clash.other)]
    return "; ".join(told)


def _few(paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - _SHOWN_PATHS} more" if len(paths) > _SHOWN_PATHS else ""
    return ", ".join(paths[:_SHOWN_PATHS]) + more


def _file_word(change: FileChange) -> str:
    return _FILE_WORDS.get(change.status, change.status)


def _page_words(record: PullRequestRecord) -> str:
    return markdown.Markdown(f"{record.action} #{record.number}") if record.number else record.action


def _href(path: str) -> str:
    return "../../" + quote(path.encode("utf-8", "replace"))


def _markdown(name: str, *, literal: Callable[[str], str], **story: object) -> str:
    environment = _environment(is_html=False)
    return environment.get_template(name).render(literal=literal, **story).strip() + "\n"


def _pages() -> Environment:
    return _environment(is_html=True)


@functools.cache
def _environment(*, is_html: bool) -> Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("splinter.publish", "templates"),
        autoescape=is_html,  # noqa: S701  Markdown is escaped by `finalize`, as by autoescape: all but what is marked
        finalize=_for_html if is_html else _for_markdown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        code=markdown.code, link=markdown.link, utc=markdown.utc, duration=markdown.duration,
        excerpt=markdown.excerpt, cost=markdown.cost, value_text=markdown.value_text, is_url=markdown.is_url,
        evidence=_evidence, failing=_failing, differences=_differences, clashing=_clashing, file_word=_file_word,
        page_words=_page_words, href=_href,
    )  # fmt: skip
    environment.globals["longest"] = LONGEST_LIST
    return environment


def _for_markdown(value: object) -> object:
    return value if isinstance(value, markdown.Markdown) else markdown.text(value)


def _for_html(value: object) -> object:
    return plain(value) if type(value) is str else value
