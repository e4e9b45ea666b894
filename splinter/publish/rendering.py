"""The templates of reports and pull requests, filled: Markdown and HTML with every value escaped.

It reads no file but the templates.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from splinter.model import record_words
from splinter.model.records import (
    BAD,
    CaseRecord,
    CheckRecord,
    FileChange,
    PullRequestRecord,
)
from splinter.model.verdict import Itself
from splinter.publish import report_contents, report_words
from splinter.system import tool_versions
from splinter.text import counts, markdown, prose, unified_diff
from splinter.text.redact import plain

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST_LIST = 100  # files or failing tests shown of one workstream
_DIFFERENCES = {
    "broken": "Newly failing", "vanished": "Vanished", "newly_skipped": "Newly skipped", "fixed": "Fixed",
    "failing_before": "Still failing", "flaky": "Flaky", "unstable": "Named differently in each run",
}  # fmt: skip
_NUMBERED = re.compile(r"\S+/([0-9]+)")
_FILE_WORDS = {"A": "added", "M": "modified", "D": "deleted", "T": "type changed"}


def _failing(check: CheckRecord) -> tuple[CaseRecord, ...]:
    return tuple(case for case in check.cases if case.outcome in BAD)


def _differences(check: CheckRecord) -> list[tuple[str, tuple[str, ...]]]:
    """What a check says other than before: words and the ids of cases."""
    if check.compared is None:
        return []
    named = [(word, getattr(check.compared, name)) for name, word in _DIFFERENCES.items()]
    if check.compared.itself == Itself.FLAKY:
        named.append(("Flaky beyond its tests", (check.check,)))
    return [(word, ids) for word, ids in named if ids]


def _lines_in_sum(lines: Iterable[tuple[int, int]]) -> str:
    """Lines added and removed, each with its sign."""
    added, removed = (sum(numbers) for numbers in zip(*lines, strict=True))
    return f"+{added:,} \N{MINUS SIGN}{removed:,}"


def _file_word(change: FileChange) -> str:
    return _FILE_WORDS.get(change.status, change.status)


def _pull_request_words(record: PullRequestRecord) -> str:
    return markdown.Markdown(f"{record.action} #{record.number}") if record.number else record.action


def _pull_request_link(where: str) -> str:
    """A pull request by its number, where its address is one that ends in that; else its address, or path."""
    number = _NUMBERED.fullmatch(where)
    is_plain = number and markdown.is_url(where) and not set(where) & set("()[]\\")
    return markdown.Markdown(f"[#{number[1]}]({where})") if number and is_plain else markdown.link(where)


def _href(path: str) -> str:
    return "../../" + quote(path.encode("utf-8", "replace"))


def markdown_of(name: str, *, literal: Callable[[str], str], **story: object) -> str:
    """A Markdown template filled; `literal` makes a block of a text that is shown as it is."""
    environment = _environment(is_html=False)
    return environment.get_template(name).render(literal=literal, **story).strip() + "\n"


def pages() -> Environment:
    """The templates of HTML pages."""
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
        code=markdown.code, link=markdown.link, utc=markdown.utc, duration=counts.duration,
        excerpt=markdown.excerpt, cost=record_words.cost, amounts=record_words.amounts,
        prose=prose.kept, quoted=prose.quoted, in_html=markdown.in_html,
        check_words=record_words.check_in_words, before_words=record_words.before_the_change,
        lines_in_sum=_lines_in_sum,
        commands=record_words.commands, last_lines=markdown.last_lines, error_word=record_words.error_word,
        pull_request_link=_pull_request_link,
        value_text=markdown.value_text, is_url=markdown.is_url,
        evidence=record_words.evidence, failing_tests=record_words.failing_tests,
        diff_command=record_words.diff_command, failing=_failing, differences=_differences,
        file_word=_file_word, pull_request_words=_pull_request_words, href=_href, more=counts.more,
        plural=counts.plural, dollars=record_words.dollars,
        diff_files=unified_diff.files, age=report_contents.age,
        clock=report_words.clock, together=report_words.together, left_out_words=report_words.why_left_out,
        other_clashes=report_words.other_clashes,
    )  # fmt: skip
    environment.globals.update(longest=LONGEST_LIST, version=tool_versions.own(), overview=report_words.overview)
    return environment


def _for_markdown(value: object) -> object:
    return value if isinstance(value, markdown.Markdown) else markdown.text(value)


def _for_html(value: object) -> object:
    return plain(value) if type(value) is str else value
