"""No figure in the documentation that claims to be measured, but in docs/benchmarks.md, which a command writes.

A limit, a default or a time-out is no measurement; a sentence that looks like one, and is none, is named here.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import paths

ROOT = paths.ROOT
WRITTEN = ("docs/benchmarks.md", "docs/reference.md")  # by commands
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md", ROOT / "SECURITY.md",
             *sorted((ROOT / "docs").glob("*.md"))]  # fmt: skip
UNIT = r"(?:ms|milliseconds?|s|seconds?|minutes?|MB|MiB|GB|GiB)\b"
MEASURED = (
    re.compile(rf"\d\.\d+ (?:to \d\.\d+ )?{UNIT}"),  # nobody sets a limit of 0.24 s
    re.compile(r"\d (?:ms|milliseconds?)\b"),
    re.compile(rf"\b(?:took|takes?|costs?|needs?|adds?|medians?|peak|faster|slower|cores)\b[^.;|]*?\d ?{UNIT}", re.I),
    re.compile(rf"\d ?{UNIT}[^.;|]*?\b(?:more than without|slower|faster|on \w+ (?:busy )?cores|median)\b", re.I),
    re.compile(r"\d(?:\.\d+)? times (?:as|faster|slower|quicker|the (?:time|memory))\b", re.I),
    re.compile(r"\b(?:half|third|quarter|tenth|hundredth) of a second\b", re.I),
)
NO_MEASUREMENT = {
    "GitHub takes no push above 2 GB": "a limit of GitHub's",
    "time limits add up to 7 hours and 10 minutes": "a sum of limits",
}


def figures(text: str) -> list[str]:
    """Each that claims to be measured, with its sentence; code blocks show files and calls, and claim nothing."""
    prose = re.sub(r"(?ms)^ *```.*?^ *```$", "", text)
    sentences = [one for line in prose.splitlines() for one in re.split(r"(?<=[.;:]) (?=[A-Z`*])", line)]
    told = [one for one in sentences if not any(known in one for known in NO_MEASUREMENT)]
    return [f"{match[0]}: {one.strip()[:160]}" for one in told for match in [first(one)] if match]


def first(sentence: str) -> re.Match[str] | None:
    return next((found for pattern in MEASURED if (found := pattern.search(sentence))), None)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_no_figure_is_claimed_to_be_measured_outside_of_the_benchmarks(document: Path) -> None:
    if document.relative_to(ROOT).as_posix() not in WRITTEN:
        assert figures(document.read_text("utf-8")) == []


@pytest.mark.parametrize("claim", [
    "A run of 20 steps `true` took 0.24 s more with the sandbox than without.",
    "About 5 ms a command: the quickest `true` of 80.",
    "It is made when a base is first used (1 GB: 12 s on two busy cores).",
    "`doit list` is 3 times faster than before.",
    "It takes a tenth of a second.",
])  # fmt: skip
def test_what_claims_to_be_measured_is_found(claim: str) -> None:
    assert len(figures(claim)) == 1


@pytest.mark.parametrize("limit", [
    "Result files are read to 32 MB and 100 levels.",
    "Looking at a result is never given less than 10 s.",
    "It waits for a limit up to `forge_wait` of the settings (5 minutes, all pull requests together).",
])  # fmt: skip
def test_a_limit_is_none(limit: str) -> None:
    assert figures(limit) == []


def test_the_benchmarks_name_the_command_that_wrote_them() -> None:
    written = (ROOT / "docs/benchmarks.md").read_text("utf-8")
    assert "python -m benchmarks --write" in written
    for name in re.findall(r"(?m)^<!-- table (\S+) -->$", written):
        assert f"`python -m benchmarks {name}`: measured on 20" in written


def test_every_table_of_the_benchmarks_can_be_asked_for() -> None:
    asked = [sys.executable, "-m", "benchmarks", "--help"]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in ("nothing", "end-to-end", "growth", "agents", "worktrees", "steps"):
        assert name in said
