"""Values in the fields that say where a result goes, what is said of it, and where its commands run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from splinter.config import settings_file, workstream_files
from splinter.errors import InputError
from splinter.model import plan
from splinter.model.plan import Plan
from splinter.model.ports import Snapshot
from splinter.model.settings import Settings
from tests.base_files import Files

TEXT = """
id: deps
title: T
matrix: {package: [packages/a, packages/b]}
branch: deps/${{ matrix.package.slug }}-BRANCH
working_directory: ${{ matrix.package }}
env: ["NAME=${{ matrix.package.name }}"]
commit: {message: "chore: ${{ matrix.package.name }} from ${{ base }}"}
steps:
- {id: go, run: ls}
- {id: own, run: ls, working_directory: ".", commit: {sign_off: true}}
pull_request: {title: "chore: ${{ matrix.package.name }}", body: "Of ${{ matrix.package }}."}
"""


def plans(root: Path, branch: str) -> tuple[Plan, ...]:
    (root / "workstreams").mkdir()
    (root / "workstreams/deps.yaml").write_text(TEXT.replace("BRANCH", branch))
    found = workstream_files.read(root, Settings())
    found.check()
    seen = Snapshot(refs={"refs/heads/main": "1" * 40}, symbolic={}, remotes={}, head_branch="main", head="1" * 40)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return plan.make(found.workstreams, Settings(), seen, now=now, run_bound={}, watched={}, recorded={})


def test_each_member_has_its_own(tmp_path: Path) -> None:
    first, second = plans(tmp_path, "${{ occurrence }}")
    assert [one.branch for one in (first, second)] == ["deps/packages-a-2026-11-23", "deps/packages-b-2026-11-23"]
    workstream = first.workstream
    assert (workstream.variables, workstream.working_directory) == ({"NAME": "a"}, "packages/a")
    assert [step.working_directory for step in workstream.steps] == ["packages/a", ""]
    assert {workstream.commit_of(step).message for step in workstream.steps} == {"chore: a from main"}
    assert workstream.pull_request
    assert (workstream.pull_request.title, workstream.pull_request.body) == ("chore: a", "Of packages/a.")


def test_what_the_base_holds_is_inert_in_a_pull_request_and_a_list_of_ones_own_is_not(tmp_path: Path) -> None:
    text = TEXT.replace("-BRANCH", "").replace("Of $", "Closes #7 of $")
    (tmp_path / "workstreams").mkdir()
    for matrix, body in (
        ('{folders: "packages/*"}', ["packages/@\u200bacme #\u200b5", "packages/my_own"]),
        ('["@acme"]', ["@acme"]),
    ):
        (tmp_path / "workstreams/deps.yaml").write_text(text.replace("[packages/a, packages/b]", matrix))
        files = Files("packages/@acme #5/a", "packages/my_own/a")
        found = workstream_files.read(tmp_path, Settings(), files)
        assert found.problems == ()
        bodies = [one.pull_request.body for one in found.workstreams if one.pull_request]
        assert bodies == [f"Closes #7 of {one}." for one in body]


def test_members_that_would_share_a_branch_are_refused(tmp_path: Path) -> None:
    text = TEXT.replace("${{ matrix.package.slug }}-BRANCH", "${{ occurrence }}")
    (tmp_path / "workstreams").mkdir()
    (tmp_path / "workstreams/deps.yaml").write_text(text)
    found = workstream_files.read(tmp_path, Settings())
    seen = Snapshot(refs={"refs/heads/main": "1" * 40}, symbolic={}, remotes={}, head_branch="main", head="1" * 40)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    with pytest.raises(InputError, match='branch "deps/2026-11-23" is the branch of deps-packages-a; name another'):
        plan.make(found.workstreams, Settings(), seen, now=now, run_bound={}, watched={}, recorded={})


def test_a_value_that_would_steer_a_forge_by_a_commit_is_a_problem_at_its_mark(tmp_path: Path) -> None:
    (tmp_path / "workstreams").mkdir()
    text = TEXT.replace("[packages/a, packages/b]", "['a', 'fixes #12']").replace("-BRANCH", "").replace(".slug", "")
    (tmp_path / "workstreams/deps.yaml").write_text(
        text.replace("deps/${{ matrix.package }}", "deps/${{ matrix.package.slug }}")
    )
    told = [one.text() for one in workstream_files.read(tmp_path, Settings()).problems]
    assert any('a value makes the message say "fixes #12", which steers a forge or its CI' in one for one in told), told


AGENT = {"tool": "claude-code", "steps": [{"id": "ask", "prompt": "x"}]}


@pytest.mark.parametrize(
    ("value", "fields", "why"),
    [
        ("Bash", {**AGENT, "options": {"mcp_tools": ["mcp__own", "VALUE"]}}, 'claude-code takes no mcp_tools "Bash"'),
        ("Bash(git *)", {**AGENT, "options": {"allowed_tools": "VALUE"}}, 'claude-code takes no allowed_tools "Bash(git'),
        ("-x", {"steps": [{**AGENT["steps"][0], "tool": "opencode", "options": {"effort": "VALUE"}}]}, "takes no effort"),
        ("https://a:bbbb@host", {"env": ["INDEX=VALUE"]}, '"INDEX" looks like a secret'),
        ("ghp_" + "a1" * 18, {"env": {"INDEX": "VALUE"}}, '"INDEX" looks like a secret'),
        ("<!-- splinter:end -->", {"pull_request": {"body": "VALUE ${{ occurrence }}"}}, "a body holds no comment that"),
    ],
)  # fmt: skip
def test_what_is_refused_as_typed_is_refused_as_a_value(tmp_path: Path, value: str, fields: Any, why: str) -> None:
    text = json.dumps(
        {"id": "w", "title": "T", "matrix": {"v": [value]}, "steps": [{"id": "s", "run": "ls"}], **fields}
    )
    (tmp_path / "workstreams").mkdir()
    (tmp_path / "workstreams/w.json").write_text(text.replace("VALUE", "${{ matrix.v }}"))
    found = workstream_files.read(tmp_path, settings_file.defaults())
    (problem,) = found.problems
    assert why in problem.message
    assert "by matrix.v" in problem.message
    assert problem.source_line[problem.column - 1 :].startswith("${{ matrix.v }}")
