"""What runs, as a terminal shows it: at two widths, above it doit's lines to the letter, and nothing left at the end."""

from __future__ import annotations

import io
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from splinter.doit_plugins import live
from splinter.doit_plugins.reporter import Reporter
from splinter.engine.activity import Activity
from splinter.model.records import Usage
from splinter.model.under_way import Doing, Pending, Spent, UnderWay
from splinter.text.redact import Redactor

AT = datetime(2026, 11, 23, 2, 5, tzinfo=UTC)
SAID = "collected 214 items, running those of the package that was changed last"
NOW = UnderWay(
    pid=1, run="r",
    doing=(
        Doing(task="lint:tests", workstream="lint", since="2026-11-23T02:04:18+00:00"),
        Doing(
            task="speed:accept", workstream="speed", since="2026-11-23T01:00:00+00:00", command="fix-1",
            attempt="fix 1 of 2", waits_for="a slot of claude-code",
        ),
        Doing(task="all-of-the-documentation:prepare", since="2026-11-23T02:02:55+00:00", command="tests.base"),
    ),
    pending=(Pending(workstream="docs", waits_for=("lint", "speed")), Pending(workstream="more")),
    spent=(Spent(workstream="speed", usage=Usage(calls=1, priced=1, usd=0.4321)),),
)  # fmt: skip
SCREENS = {
    80: """\
lint:tests                    42 s               collected 214 items, running…
speed:accept (fix-1)          1 h 05 min  $0.43  fix 1 of 2  waits for a slot…
all-of-the-…:prepare (tests)  2 min 05 s         before the change  collected…
docs waits for lint, speed; more waits for a free job
$0.43 so far
""",
    120: """\
lint:tests                    42 s               collected 214 items, running those of the package that was changed l…
speed:accept (fix-1)          1 h 05 min  $0.43  fix 1 of 2  waits for a slot of claude-code  collected 214 items, ru…
all-of-the-…:prepare (tests)  2 min 05 s         before the change  collected 214 items, running those of the package…
docs waits for lint, speed; more waits for a free job
$0.43 so far
""",
}
DOIT = (
    ".  lint:tests\n   lint:tests  \x1b[32mchanged\x1b[0m  "
    + "a line longer than the terminal " * 9
    + "[x] :smile: \t\u4e2d\n"
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on(stream: io.StringIO, width: int = 80) -> Console:
    return Console(file=stream, width=width, height=24, force_terminal=True, color_system=None, _environ={})


@pytest.mark.parametrize("width", SCREENS)
def test_what_runs_is_one_line_each_whatever_the_width(width: int) -> None:
    stream = io.StringIO()
    on(stream, width).print(live.table(NOW, lambda doing: SAID, AT))
    assert [line.rstrip() for line in stream.getvalue().splitlines()] == SCREENS[width].splitlines()


def test_a_time_that_is_known_to_the_second_is_no_fraction_of_one() -> None:
    assert live.seconds_since("2026-11-26T02:04:58+00:00", AT.replace(day=26) + timedelta(seconds=1.3)) == 3


def test_a_screen_holds_no_more_than_some_and_markup_of_others_is_text() -> None:
    many = tuple(Doing(task=f"w{number}:s", since="") for number in range(14))
    stream = io.StringIO()
    on(stream).print(live.table(replace(NOW, doing=many), lambda doing: "[red]x[/red] [/oops]", AT))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 13
    assert "[red]x[/red] [/oops]" in lines[0]
    assert lines[10].startswith("4 tasks more")


def test_doits_lines_stand_above_it_to_the_letter_and_nothing_of_it_stays() -> None:
    stream, views = Terminal(), iter(range(1000))
    with live.Below(stream, lambda: f"view {next(views)}", on(stream)) as below:
        below.write(DOIT[:7])
        below.write(DOIT[7:])
        below.write("no end")
    text = stream.getvalue()
    assert text.count(DOIT) == 1
    assert text.endswith("\x1b[1A\x1b[2Kno end"), "the last view is taken away first"
    assert "\x1b[?25l" not in text, "a call that is killed cannot show the cursor again"


def test_whoever_prints_to_that_terminal_prints_above_it_also_after_an_interrupt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)

    def interrupted() -> None:
        with live.Below(stream, lambda: "view", on(stream)):
            print("by a task of the user's")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "\x1b[2Kby a task of the user's\nview" in stream.getvalue()
    assert sys.stdout is stream


def session(activity: Activity, root: Path, *, hides: bool = False) -> Any:
    clock = SimpleNamespace(now=lambda: AT)
    outside = SimpleNamespace(
        redactor=Redactor(("made-up-secret",)), repository=SimpleNamespace(root=root), clock=clock,
        hides_transcripts=hides,
    )  # fmt: skip
    return SimpleNamespace(activity=activity, outside=outside)


def begun(at: datetime) -> Activity:
    return Activity(SimpleNamespace(now=lambda: at), lambda: "r")


def test_off_a_terminal_a_line_says_what_still_runs_and_in_a_public_log_nothing_that_it_said(tmp_path: Path) -> None:
    (tmp_path / "s.log").write_text("first\nmade-up-secret \x1b[2Jsaid\n\n")
    activity = begun(AT - timedelta(minutes=3))
    for hides, last in ((False, "  *** said"), (True, "")):
        stream = io.StringIO()
        reporter = Reporter(stream, {})
        reporter.session = session(activity, tmp_path, hides=hides)
        with activity.task("w:s", "w"), activity.command("w", "s", "s.log"):
            reporter.say_running()
        assert stream.getvalue() == f"   still running: w:s  3 min 00 s{last}\n"


def test_what_has_only_begun_is_not_said_to_still_run(tmp_path: Path) -> None:
    activity = begun(AT)
    with activity.task("w:s", "w"):
        assert list(live.still_running(session(activity, tmp_path), with_last_line=True)) == []


def test_it_is_said_again_and_again_until_the_end() -> None:
    said = threading.Semaphore(0)
    with live.every(0.001, said.release):
        assert said.acquire(timeout=5)
        assert said.acquire(timeout=5)
    assert not [one for one in threading.enumerate() if one.name == "still running"]
