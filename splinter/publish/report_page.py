"""The report as one page: it loads nothing, and runs only its own script, whose hash its policy names."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from splinter.model import record_words
from splinter.model.records import FAILURES, Outcome, RunRecord, WorkstreamRecord
from splinter.publish import report_drawings
from splinter.publish.rendering import pages

_PARTS = Path(__file__).parent / "templates/page"
_BETWEEN = re.compile(r">\n+(?=<)")
_ORDER = (*FAILURES, Outcome.ERROR, Outcome.CHANGED, Outcome.UNCHANGED, Outcome.SKIPPED, Outcome.DISABLED)


def page(run: RunRecord, story: Mapping[str, Any]) -> str:
    """The page of a run; `story` is what it shares with the report as text."""
    shown = sorted(story["workstreams"], key=_place)
    every = (*shown, *story["not_due"], *story["disabled"])
    style, script = (_part(name) for name in ("style.css", "script.js"))
    more: dict[str, Any] = {
        "style": style,
        "script": script,
        "policy": _policy(style, script),
        "simulated": record_words.is_simulated(run.run),
        "workstreams": shown,
        "shown_counts": [(outcome, _count(shown, outcome)) for outcome in _ORDER if _count(shown, outcome)],
        "anchors": {one.workstream: f"w{at}" for at, one in enumerate(every, 1)},
        "timeline": report_drawings.timeline(run),
        "graph": Markup(report_drawings.graph(run)),  # noqa: S704  its texts are escaped
    }
    whole = {**story, **more}
    html = pages().get_template("index.html").render(**whole, sections=list(_sections(run, whole)))
    return _BETWEEN.sub(">", html)  # values are escaped, so this stands between our own tags


def _place(record: WorkstreamRecord) -> int:
    return _ORDER.index(record.outcome) if record.outcome in _ORDER else len(_ORDER)


def _count(records: Sequence[WorkstreamRecord], outcome: str) -> int:
    return sum(one.outcome == outcome for one in records)


@functools.cache
def _part(name: str) -> Markup:
    return Markup((_PARTS / name).read_text("utf-8"))  # noqa: S704  files of ours


def _policy(style: str, script: str) -> str:
    """The Content-Security-Policy: nothing but this style and this script."""
    own = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    style_src, script_src = (f"'sha256-{one}'" for one in own)
    sources = f"style-src {style_src}; script-src {script_src}"
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def _sections(run: RunRecord, story: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """The parts that the page has: anchor, title, and how many there are."""
    parts = (
        ("attention", "Needs a look", len(story["failures"]) + len(story["open_errors"])),
        ("overview", "Overview", len(story["workstreams"])),
        ("waiting", "Waiting for you", len(story["open_pull_requests"])),
        ("workstreams", "Workstreams", len(story["workstreams"])),
        ("timeline", "Who ran when", 0),
        ("graph", "What depends on what", 0),
        ("together-1", "All together", 0),
        ("skipped", "Skipped", len(story["not_due"])),
        ("disabled", "Disabled", len(story["disabled"])),
    )
    drawn = {"timeline": story["timeline"], "graph": story["graph"], "together-1": run.rehearsals}
    yield from (part for part in parts if part[2] or drawn.get(part[0]))
