"""The pictures of docs/images are what a terminal shows of the recorded runs, with the code as it is."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests import screens

AGAIN = "if it is as it should be: .venv/bin/python -m tests.screens"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


def test_each_situation_is_recorded() -> None:
    assert screens.NAMES == ("ctrl-c", "failure", "first-run", "fix-loop", "long-agent", "nothing-due")
    others = ("*.png", "benchmarks-*.svg")  # of pages, and of figures
    drawn = {one.name for one in screens.IMAGES.iterdir() if not any(map(one.match, others))}
    assert drawn == {file.name for file, _ in screens.files()}


@pytest.mark.parametrize("name", screens.NAMES)
def test_the_pictures_are_what_is_shown(name: str) -> None:
    assert (screens.IMAGES / f"{name}.txt").read_text("utf-8") == screens.plain(name), AGAIN
    for width in screens.WIDTHS:
        kept = (screens.IMAGES / f"{name}-{width}.svg").read_text("utf-8")
        lines = [line.plain for line in screens.drawn(name, width=width, is_coloured=True)]
        assert texts(kept) == [line for line in lines if line], AGAIN
        if kept.startswith(screens.RICH):
            assert kept == screens.picture(name, width), AGAIN


def texts(svg: str) -> list[str]:
    """The lines of a picture."""
    found: dict[str, str] = {}
    for y, text in re.findall(
        r'<text class="[^"]*" x="[^"]*" y="([^"]*)" textLength="[^"]*" clip[^>]*>([^<]*)</text>', svg
    ):
        found[y] = found.get(y, "") + unescape(text).replace("\xa0", " ").rstrip("\n")
    return [line.rstrip() for line in found.values() if line.strip()]


def test_colour_is_for_outcomes_alone() -> None:
    spans = [
        (line.plain[span.start : span.end].strip(), span.style)
        for line in screens.drawn("failure", width=80, is_coloured=True)
        for span in line.spans
        if span.style
    ]
    assert spans == [("changed", "green"), *[("failed", "red")] * 3]
