"""What a failed step printed is shown, and steers neither a terminal nor a runner of GitHub Actions."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from splinter.doit_plugins.reporter import Reporter
from splinter.doit_plugins.rows import WorkstreamFailed
from splinter.errors import Reason, StepError
from splinter.text.redact import Redactor

HOSTILE = (
    "\x1b[2J clears, \x1b]0;title\x07 names, \x1b]52;c;ZXZpbA==\x07 copies, \u202e turns\n"
    "  ::error file=a::x\n##[error]y and ##[group]z\n\ue000failed\ue001 \ue00031\ue001"
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO) -> str:
    reporter = Reporter(stream, {"failure_verbosity": 0})
    session: Any = SimpleNamespace(outside=SimpleNamespace(redactor=Redactor(())))
    reporter.session = session
    task: Any = SimpleNamespace(name="w:s", meta={})
    reporter.add_failure(task, WorkstreamFailed(StepError(Reason.EXIT_CODE, f"it said\n{HOSTILE}")))
    return stream.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_nothing_that_a_step_printed_steers_a_terminal(
    stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    text = shown(stream())
    ours = "\x1b[31mfailed\x1b[0m"
    assert (ours in text) is (stream is Terminal), "our own colour is there"
    assert not set(text.replace(ours, "")) & {"\x1b", "\x07", "\u202e"}


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_whoever_wants_no_colour_gets_none(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    assert "\x1b" not in shown(Terminal())


def test_nothing_is_a_command_of_a_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "  ::error" in shown(io.StringIO()), "elsewhere it is shown as it is"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    lines = shown(io.StringIO()).splitlines()
    assert not [line for line in lines if line.strip().startswith("::") or "##[" in line]
    assert any("## [error]y and ## [group]z" in line for line in lines)
