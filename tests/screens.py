"""What a terminal shows of recorded runs: a reporter that records what it is told, and one of ours that is told it again.

To record: `DOIT_CONFIG["reporter"] = tests.screens.Recording` in a `dodo.py`, and SCREEN as the file to write.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pyte
from doit.exceptions import UnmetDependency
from rich.console import Console
from rich.text import Text

from splinter.doit_plugins import live
from splinter.doit_plugins.reporter import Reporter
from splinter.doit_plugins.rows import WorkstreamFailed
from splinter.engine import prospects
from splinter.errors import Reason, StepError
from splinter.model import record_json
from splinter.model.records import Outcome, RunRecord
from splinter.model.under_way import UnderWay
from splinter.text.redact import Redactor
from tests.paths import ROOT

RECORDED, IMAGES = ROOT / "tests/data/screens", ROOT / "docs/images"
NAMES = tuple(sorted(one.stem for one in RECORDED.glob("*.json")))
WIDTHS = (80, 120)
_ROWS = 60
_TASK = ("workstream", "step", "wait_only", "finalizer")
_COLOURS = {"brown": "yellow", "default": ""}
# rich's own, without the address that it loads a font from
RICH = f"<!-- drawn by rich {version('rich')} -->"  # another may draw otherwise
SVG = (
    RICH
    + """
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{font-family: "Fira Code", "DejaVu Sans Mono", monospace; font-size: {char_height}px; line-height: {line_height}px; white-space: pre}}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
)


class Recording(Reporter):
    """The reporter, that writes down all that it is told."""

    def __init__(self, outstream: Any, options: dict[str, Any]) -> None:
        super().__init__(outstream, options)
        self.told: list[list[Any]] = []

    def tell(self, task: str, said: str) -> None:
        self.told.append(["tell", task, said])
        super().tell(task, said)

    def execute_task(self, task: Any) -> None:
        self.told.append(["begin", task.name, _meta(task), bool(task.actions)])
        super().execute_task(task)
        self.told.append(["now", self._now()])

    def skip_uptodate(self, task: Any) -> None:
        self.told.append(["fresh", task.name, _meta(task)])
        super().skip_uptodate(task)

    def add_success(self, task: Any) -> None:
        self.told.append(
            [
                "success",
                task.name,
                _meta(task),
                {k: v for k, v in (task.values or {}).items() if k in ("outcome", "where", "action", "notes")},
            ]
        )
        super().add_success(task)

    def add_failure(self, task: Any, fail: Any) -> None:
        self.told.append(["now", self._now()])
        reason = getattr(fail, "reason", None)
        self.told.append(["failure", task.name, _meta(task), reason and str(reason), fail.message, list(task.task_dep)])
        super().add_failure(task, fail)

    def complete_run(self) -> None:
        run = self.session.run.id
        record = self.session.history.run(run) if run and self.session.history.has_news(run) else None
        if record is None:
            self.told.append(["nothing", prospects.nothing_due(self.session, self.found_done())])
        self.told.append(["end"])
        whole = {"told": self.told, "run": record and record_json.to_json(record)}
        Path(os.environ["SCREEN"]).write_text(json.dumps(whole, indent=1) + "\n")
        super().complete_run()

    def _now(self) -> Any:
        now = self.session.activity.now()
        tail = live._tail(self.session)
        return {"doing": record_json.to_json(now), "last": [tail(one) for one in now.doing]}


def _meta(task: Any) -> dict[str, Any]:
    return {key: value for key, value in (task.meta or {}).items() if key in _TASK}


class _Terminal(io.StringIO):
    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


def replayed(name: str, *, width: int, is_coloured: bool) -> str:
    """What a reporter of ours prints when it is told a recorded run again, with what is shown below it at its end."""
    whole = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    stream = _Terminal(is_terminal=is_coloured)
    reporter, moments = Reporter(stream, {"failure_verbosity": 0}), []
    reporter.session = _session(whole["run"], moments)
    reporter.shows_fresh = False
    for word, *words in whole["told"]:
        if word == "now":
            moments.append(words[0])
        elif word == "nothing":
            reporter._say(words[0])
        else:
            _tell(reporter, word, words)
    if whole["told"][-1][0] == "now":
        moment = moments[-1]
        at = datetime.fromisoformat(moment["doing"]["doing"][0]["since"]).timestamp() + moment["seconds"]
        reporter.session.outside.clock.now = lambda: datetime.fromtimestamp(at).astimezone()
        if is_coloured:
            console = Console(
                file=stream, force_terminal=True, width=width, color_system="standard", legacy_windows=False
            )
            console.print(
                live.table(
                    reporter.session.activity.now(),
                    lambda doing: moment["last"][0],
                    datetime.fromtimestamp(at).astimezone(),
                )
            )
        else:
            with patch.object(live, "_tail", lambda session: lambda doing: moment["last"][0]):
                reporter.say_running()
    return stream.getvalue()


def _session(record: Any, moments: list[Any]) -> Any:
    run = record_json.from_json(RunRecord, record) if record else None
    by_id = {one.workstream: (run.run, one) for one in run.workstreams} if run else {}
    return SimpleNamespace(
        outside=SimpleNamespace(
            redactor=Redactor(()),
            hides_transcripts=False,
            clock=SimpleNamespace(),
            repository=SimpleNamespace(root=Path("/nowhere")),
            state=Path("/nowhere"),
        ),
        run=SimpleNamespace(id=run and run.run, repairs=()),
        processes=SimpleNamespace(is_stopping=bool(run and run.count(Outcome.INTERRUPTED))),
        history=SimpleNamespace(has_news=bool, run=lambda id: run, last_workstream=by_id.get),
        activity=SimpleNamespace(now=lambda: record_json.from_json(UnderWay, moments[-1]["doing"])),
    )


def _tell(reporter: Any, word: str, words: list[Any]) -> None:
    if word == "tell":
        return reporter.tell(*words)
    if word == "end":
        return reporter.complete_run() if reporter.session.run.id else None
    name, meta, *rest = words
    task = SimpleNamespace(name=name, meta=meta, actions=[1], values={}, task_dep=[], title=lambda: name)
    if word == "begin":
        task.actions = [1] if rest[0] else []
        return reporter.execute_task(task)
    if word == "fresh":
        return reporter.skip_uptodate(task)
    if word == "success":
        task.values = rest[0]
        return reporter.add_success(task)
    reason, message, task.task_dep = rest
    if reason is None:
        return reporter.add_failure(task, UnmetDependency(message))
    error = StepError(Reason(reason), message.removeprefix(f"{reason}: "))
    return reporter.add_failure(task, WorkstreamFailed(error))


def drawn(name: str, *, width: int, is_coloured: bool) -> list[Text]:
    """The lines that a terminal of that width then shows, behind the call itself."""
    screen = pyte.Screen(width, _ROWS)
    stream = pyte.Stream(screen)
    call = "doit^C" if name == "ctrl-c" else "doit"
    stream.feed(f"$ {call}\r\n" + replayed(name, width=width, is_coloured=is_coloured).replace("\n", "\r\n"))
    lines = [_line(screen.buffer[row], width) for row in range(_ROWS)]
    while not lines[-1].plain.strip():
        lines.pop()
    return lines


def _line(row: Any, width: int) -> Text:
    text = Text()
    cells = ((row[column].data, " ".join(_styles(row[column]))) for column in range(width))
    for style, some in groupby(cells, lambda cell: cell[1]):
        text.append("".join(data for data, _ in some), style)
    text.rstrip()
    return text


def _styles(cell: Any) -> Iterator[str]:
    if colour := _COLOURS.get(cell.fg, cell.fg):
        yield colour
    if cell.bold:
        yield "bold"


def picture(name: str, width: int) -> str:
    """The screen in colour, as SVG."""
    console = Console(
        file=io.StringIO(), width=width, record=True, force_terminal=True, color_system="standard", legacy_windows=False
    )
    for line in drawn(name, width=width, is_coloured=True):
        console.print(line, no_wrap=True, crop=True, highlight=False)
    return console.export_svg(title="doit", code_format=SVG, unique_id=f"{name}-{width}")


def plain(name: str) -> str:
    """The screen without colour, at each width."""
    parts = []
    for width in WIDTHS:
        lines = [line.plain for line in drawn(name, width=width, is_coloured=False)]
        parts.append("\n".join([f"-- {width} columns {'-' * (width - 15)}", *lines]))
    return "\n\n".join(parts) + "\n"


def files() -> Iterator[tuple[Path, str]]:
    """Each picture, and what it holds."""
    for name in NAMES:
        yield IMAGES / f"{name}.txt", plain(name)
        for width in WIDTHS:
            yield IMAGES / f"{name}-{width}.svg", picture(name, width)


if __name__ == "__main__":
    os.environ.pop("NO_COLOR", None)
    os.environ["TERM"] = "xterm"
    IMAGES.mkdir(exist_ok=True)
    for file, content in files():
        file.write_text(content, "utf-8")
        sys.stdout.write(f"{file.relative_to(ROOT)}\n")
