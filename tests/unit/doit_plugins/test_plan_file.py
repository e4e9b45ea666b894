"""Plans on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from splinter.doit_plugins import plan_file


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "--plan", "p", "a"], ["run", "--plan", "{}/p", "a"]),
        (["plan", "--write=p", "p"], ["plan", "--write={}/p", "p"]),
        (["gather", "--plan", "p", "one-1", "/two-2"], ["gather", "--plan", "{}/p", "{}/one-1", "/two-2"]),
        (["pack", "--plan", "p", "made"], ["pack", "--plan", "{}/p", "{}/made"]),
        (["p", "--shard", "1/2"], ["p", "--shard", "1/2"]),
    ],
)
def test_files_of_plans_are_named_from_where_they_were_named(
    words: list[str], expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert plan_file.absolute(words) == [word.format(tmp_path) for word in expected]
