"""A workstream may name its branch, but none that is another's to move."""

from __future__ import annotations

from pathlib import Path

import pytest

from splinter.config import workstream_files
from splinter.model.settings import Settings


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("deps/web", ""),
        ("b", ""),
        ("splinter/x", ""),
        ("a b", "holds a blank"),
        ("-x", 'starts with "-"'),
        ("splinter/b", "is the branch of b; name another"),
        ("splinter/B", "is the branch of b; name another, for a disk may not tell them apart"),
        ("deps/api", "is the branch of d; name another"),
        ("next", "is what c starts from or aims at; name another, that nobody else writes to"),
        ("release", "is what e starts from or aims at; name another, that nobody else writes to"),
        ("deps", 'and "deps/api", the branch of d, rule each other out; name another'),
        ("deps/api/x", 'and "deps/api", the branch of d, rule each other out; name another'),
        ("splinter/together", "is the branch of all workstreams together; name another"),
    ],
)
def test_a_branch_is_refused_that_is_no_ref_or_another_s(tmp_path: Path, name: str, why: str) -> None:
    folder = tmp_path / "workstreams"
    folder.mkdir()
    rows = {
        "x": f"branch: {name}",
        "b": "",
        "c": "base: next",
        "d": "branch: deps/api",
        "e": "pull_request: {base: release}",
    }
    for id, more in rows.items():
        text = f"id: {id}\ntitle: T\nsteps:\n- id: go\n  run: ls\n{more}\n"
        (folder / f"{id}.yaml").write_text(text)
    problems = workstream_files.read(tmp_path, Settings()).problems
    told = [one for one in problems if one.is_error]
    if not why:
        assert told == []
        return
    (problem,) = (one for one in told if one.path == "workstreams/x.yaml")
    assert f'workstreams/x.yaml:6:9: branch "{name}" {why}' in problem.text().replace("\n", " ", 1)
    assert "^" in problem.text()
