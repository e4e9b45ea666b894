"""What runs, shown while it runs: a table below doit's lines on a terminal, elsewhere a line now and then.

It changes none of doit's lines, and shows only what is masked. rich is imported for a terminal alone.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from splinter.doit_plugins.terminal import takes_colour
from splinter.engine.session import Session
from splinter.model.under_way import Doing, UnderWay
from splinter.system import log_tail, under_way_file
from splinter.text.counts import and_more, duration, plural

EVERY_S = 30.0
_REFRESHES = 2  # a second
_SHOWN = 10
_SHOWN_PENDING = 5
_WIDEST_NAME = 28


@contextmanager
def shown(session: Session, reporter: Any, workstreams: Iterable[str]) -> Iterator[None]:
    """While a call lasts: what it does is written down for others and, by a reporter of ours, shown."""
    activity, folder, redactor = session.activity, session.history.folder, session.outside.redactor
    activity.plan({id: session.plans[id].workstream.depends_on for id in workstreams})
    activity.tell = getattr(reporter, "tell", activity.tell)
    with under_way_file.Writer(folder, redactor, activity.now) as writer:
        activity.keep = writer.keep
        try:
            with _display(session, reporter):
                yield
        finally:
            activity.close()


@contextmanager
def _display(session: Session, reporter: Any) -> Iterator[None]:
    if not hasattr(reporter, "say_running"):
        yield
    elif reporter.outstream is sys.stdout and takes_colour():
        with Below(reporter.outstream, lambda: table(session.activity.now(), _tail(session), _time(session))) as below:
            reporter.display = below.write
            try:
                yield
            finally:
                reporter.display = reporter.outstream.write
    else:
        with every(EVERY_S, reporter.say_running):
            yield


def still_running(session: Session, *, with_last_line: bool) -> Iterator[str]:
    """A line for each task that has run for a while."""
    at, tail = _time(session), _tail(session)
    for doing in session.activity.now().doing:
        seconds = seconds_since(doing.since, at)
        if seconds >= EVERY_S:
            last = tail(doing) if with_last_line else ""
            yield "  ".join(filter(None, (doing.name, *doing.how, duration(seconds), last)))


def seconds_since(since: str, at: datetime) -> int:
    """How long ago a time was, as exactly as it is known; 0 where it is none."""
    try:
        return max(0, round((at - datetime.fromisoformat(since)).total_seconds()))
    except (ValueError, TypeError):
        return 0


@contextmanager
def every(seconds: float, call: Callable[[], None]) -> Iterator[None]:
    """Call it again and again, in a thread of its own, until the end."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(seconds):
            call()

    thread = threading.Thread(target=beat, name="still running", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(1)


def table(now: UnderWay, tail: Callable[[Doing], str], at: datetime) -> Any:
    """What runs, as rich renders it: one line a task, then what waits, then the sum."""
    from rich.cells import cell_len
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    if not now.doing:
        return Text("")
    lines = []
    for doing in now.doing[:_SHOWN]:
        usage = now.usage(doing.workstream)
        cost = f"${usage.usd:.2f}" if usage.priced else ""
        said = "  ".join(filter(None, (*doing.how, tail(doing))))
        lines.append((_short(doing.name), duration(seconds_since(doing.since, at)), cost, said))
    rows = Table(box=None, show_header=False, padding=(0, 2, 0, 0), expand=True)
    for column in list(zip(*lines, strict=True))[:-1]:
        rows.add_column(no_wrap=True, min_width=max(map(cell_len, column)))
    rows.add_column(no_wrap=True, ratio=1, style="dim")
    for line in lines:
        rows.add_row(*map(Text, line))
    rest = [f"{plural(len(now.doing) - _SHOWN, 'task')} more"] if len(now.doing) > _SHOWN else []
    rest += (
        [and_more([f"{one.workstream} {one.why}" for one in now.pending], _SHOWN_PENDING, between="; ")]
        if now.pending
        else []
    )
    rest += filter(None, [_spent(now)])
    return Group(rows, *(Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in rest))


class Below(AbstractContextManager["Below"]):
    """A part of the terminal below all that is printed, drawn again and again, gone at the end."""

    def __init__(self, stream: Any, view: Callable[[], Any], console: Any = None) -> None:
        """`view` makes what is shown, `stream` is the terminal."""
        from rich.console import Console
        from rich.live import Live

        self._stream, self._rest = stream, ""
        self._lock = threading.RLock()
        self._console = console or Console(file=stream, force_terminal=True)
        self._console.show_cursor = lambda show=True: False  # type: ignore[method-assign]  # one that is killed keeps it
        self._live = Live(
            console=self._console, get_renderable=view, refresh_per_second=_REFRESHES, transient=True,
            redirect_stdout=False, redirect_stderr=False,  # it would wrap lines
        )  # fmt: skip

    def __enter__(self) -> Below:
        """Draw it, and take what anybody prints to this terminal."""
        self._before = sys.stdout, sys.stderr
        sys.stdout = self if sys.stdout is self._stream else sys.stdout
        sys.stderr = self if sys.stderr.isatty() else sys.stderr
        self._live.start(refresh=True)
        return self

    def __exit__(self, *error: object) -> None:
        """Take it away, and print what still lacked the end of its line."""
        self._live.stop()
        sys.stdout, sys.stderr = self._before
        self._stream.write(self._rest)
        self._stream.flush()

    def write(self, text: str) -> None:
        """Print above it, to the letter."""
        from rich.segment import Segment, Segments

        with self._lock:
            whole, end, self._rest = (self._rest + text).rpartition("\n")
            if end:
                self._console.print(Segments([Segment(whole + end)]), soft_wrap=True, end="")

    def __getattr__(self, name: str) -> Any:
        """What else is asked of a stream."""
        return getattr(self._stream, name)


def _short(name: str) -> str:
    """A name that fits: the workstream is cut first, since what follows says what runs."""
    id, colon, rest = name.partition(":")
    room = max(_WIDEST_NAME - len(colon + rest), _WIDEST_NAME // 3)
    return _cut(_cut(id, room) + colon + rest, _WIDEST_NAME) if len(name) > _WIDEST_NAME else name


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _spent(now: UnderWay) -> str:
    usd = sum(one.usage.usd for one in now.spent if one.usage.priced)
    return f"${usd:.2f} so far" if usd else ""


def _tail(session: Session) -> Callable[[Doing], str]:
    root, mask = session.outside.repository.root, session.outside.redactor.text
    return lambda doing: mask(log_tail.last_line(root / doing.log)) if doing.command and doing.log else ""


def _time(session: Session) -> datetime:
    return session.outside.clock.now()
