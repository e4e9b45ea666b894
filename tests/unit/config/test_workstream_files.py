from __future__ import annotations

import errno
import os
import random
import shutil
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from splinter.config import problem_listing, settings_file, workstream_files
from splinter.config.tool_profiles import shipped
from splinter.config.workstream_files import Collection
from splinter.model.settings import Settings
from splinter.model.tool import Tool
from splinter.model.workstream import Budget, Fix, Prompt, PullRequest, Run, Scope, Step, ToolCall, Workstream
from tests import paths

BAD = paths.DATA / "bad"
EXPECTED = (BAD / "expected.txt").read_text("utf-8")
WHOLE = """\
# yaml-language-server: $schema=../schemas/workstream.schema.json
id: api-docs
title: Refresh the API docs
objective: Every public function has a current example.
when: 0 2 * * 1
base: main
depends_on: [tidy]
tool: replay
env: [ANTHROPIC_API_KEY]
scope:
  modify: ["docs/", "README.md"]
  forbid: ["src/**"]
inputs: ["src/**/*.py"]
preflight:
  - run: python --version
  - {tool: ruff, args: [--version], timeout: 5}
steps:
  - id: write
    prompt: Update docs/api.md for every public function in src/.
    timeout: 20m
    expect: change
  - id: again
    prompt_file: prompts/again.md
    stall: 90s
  - id: format
    tool: ruff
    args: [format, docs]
  - id: count
    run: wc -l docs/api.md
checks:
  - id: tests
    tool: pytest
    args: [tests/docs]
fix: {attempts: 3}
artifacts: [docs/api.md, docs/site/]
budget: {usd: 2.00, minutes: 60}
pull_request: {labels: [docs], reviewers: [octocat, org/team], base: main}
metadata: {phase: PH-01, since: 2020-01-01}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "workstreams").mkdir()
    return tmp_path


def add(root: Path, name: str, more: str = "", suffix: str = ".yaml") -> Path:
    file = root / "workstreams" / (name + suffix)
    file.write_text(f"id: {name}\ntitle: Title of {name}\nsteps: [{{id: go, run: ls}}]\n{more}", "utf-8")
    return file


def read(root: Path) -> Collection:
    return workstream_files.read(root, settings_file.defaults())


def messages(root: Path) -> list[str]:
    return [problem.text().splitlines()[0] for problem in read(root).problems]


def ids(found: Collection) -> list[str]:
    return [one.id for one in found.workstreams]


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    root = tmp_path_factory.mktemp("bad")
    shutil.copytree(BAD, root / "workstreams", ignore=shutil.ignore_patterns("expected.txt"))
    return workstream_files.read(root, settings_file.defaults())


def table() -> dict[str, str]:
    """The expected messages by file: `expected.txt` is the whole of what `check` says of all bad files together."""
    blocks: dict[str, str] = {}
    path = ""
    for line in EXPECTED.splitlines()[:-1]:
        path = path if line.startswith("    ") else line.split(":")[0].removeprefix("workstreams/")
        blocks[path] = f"{blocks[path]}\n{line}" if path in blocks else line
    return blocks


@pytest.mark.parametrize("name", sorted(path.name for path in BAD.iterdir() if path.name != "expected.txt"))
def test_each_bad_file_gets_its_messages(bad: Collection, name: str) -> None:
    by_path = {path: list(group) for path, group in groupby(bad.problems, key=lambda problem: problem.path)}
    found = "\n".join(problem.text() for problem in by_path.get(f"workstreams/{name}", []))
    # of a cycle, of two with one id and of overlaps, one file is told and names the others
    assert found == table().get(name, "")
    assert found or name in ("cycle-b.yaml", "cycle-c.yaml", "same-id-1.yaml", "overlap-a.yaml")


def test_all_problems_of_all_files_are_reported_together_sorted_and_counted(bad: Collection) -> None:
    assert problem_listing.for_people(bad.problems) + "\n" == EXPECTED
    assert list(bad.problems) == sorted(bad.problems)


def test_a_whole_workstream_is_read(root: Path) -> None:
    (root / "workstreams" / "docs.yaml").write_text(WHOLE)
    add(root, "tidy")
    (root / "prompts").mkdir()
    (root / "prompts" / "again.md").write_text("Do it again.\n")
    recorded = root / "workstreams" / "recorded" / "api-docs"
    recorded.mkdir(parents=True)
    (recorded / "write.patch").touch()
    (recorded / "again.patch").touch()
    found = read(root)
    found.check()
    assert found.problems == ()
    assert found.workstreams[1] == Workstream(
        id="api-docs",
        title="Refresh the API docs",
        source="workstreams/docs.yaml",
        objective="Every public function has a current example.",
        when="0 2 * * 1",
        base="main",
        depends_on=("tidy",),
        tool="replay",
        env=("ANTHROPIC_API_KEY",),
        scope=Scope(
            modify=("docs/**", "README.md"),
            create=("docs/**", "README.md"),
            forbid=("src/**",),
            is_declared=True,
            guarded=("prompts/again.md",),
        ),
        inputs=("src/**/*.py",),
        preflight=(
            Step(id="preflight-1", action=Run(command="python --version"), timeout_s=60.0),
            Step(id="preflight-2", action=ToolCall(tool="ruff", args=("--version",)), timeout_s=5.0),
        ),
        steps=(
            Step(
                id="write",
                action=Prompt(text="Update docs/api.md for every public function in src/.", tool="replay"),
                timeout_s=1200.0,
                stall_s=600.0,
                expect="change",
                cache=True,
            ),
            Step(
                id="again",
                action=Prompt(text="Do it again.\n", tool="replay", file="prompts/again.md"),
                timeout_s=1800.0,
                stall_s=90.0,
                cache=True,
            ),
            Step(id="format", action=ToolCall(tool="ruff", args=("format", "docs")), timeout_s=600.0),
            Step(id="count", action=Run(command="wc -l docs/api.md"), timeout_s=600.0),
        ),
        checks=(Step(id="tests", action=ToolCall(tool="pytest", args=("tests/docs",)), timeout_s=600.0),),
        fix=Fix(attempts=3),
        artifacts=("docs/api.md", "docs/site"),
        budget=Budget(usd=2.0, minutes=60),
        pull_request=PullRequest(labels=("docs",), reviewers=("octocat", "org/team"), base="main"),
        metadata={"phase": "PH-01", "since": "2020-01-01"},
    )


def test_the_smallest_workstream_has_defaults(root: Path) -> None:
    add(root, "small")
    assert read(root).workstreams == (
        Workstream(
            id="small",
            title="Title of small",
            source="workstreams/small.yaml",
            steps=(Step(id="go", action=Run(command="ls"), timeout_s=600.0),),
        ),
    )


def test_pull_request_false_means_none(root: Path) -> None:
    add(root, "quiet", "pull_request: false\n")
    assert read(root).workstreams[0].pull_request is None


def test_a_scope_without_modify_lets_everything_be_modified(root: Path) -> None:
    add(root, "careful", "scope: {forbid: [src/**]}\n")
    assert read(root).workstreams[0].scope == Scope(forbid=("src/**",), is_declared=True)


def test_a_profile_s_timeout_beats_the_default_and_the_step_s_own_beats_both(root: Path) -> None:
    add(root, "timed", "checks: [{id: a, tool: slow}, {id: b, tool: slow, timeout: 9}, {id: c, run: ls}]\n")
    profiles = {**shipped(), "slow": Tool(name="slow", command="slow", timeout_s=7200.0)}
    checks = workstream_files.read(root, Settings(tools=profiles)).workstreams[0].checks
    assert [check.timeout_s for check in checks] == [7200.0, 9.0, 600.0]


def test_json_files_and_yml_files_are_read_and_nothing_else(root: Path) -> None:
    (root / "workstreams" / "a.json").write_text(
        '{"$schema": "../x", "id": "a", "title": "A", "steps": [{"id": "go", "run": "ls"}]}'
    )
    add(root, "b", suffix=".yml")
    add(root, ".hidden")
    add(root, "notes", suffix=".md")
    (root / "workstreams" / "more.yaml").mkdir()
    (root / "workstreams" / "recorded").mkdir()
    add(root, "recorded/x")
    assert ids(read(root)) == ["a", "b"]
    assert read(root).problems == ()


def test_no_workstream_at_all_is_no_problem(tmp_path: Path) -> None:
    assert read(tmp_path) == Collection()
    (tmp_path / "workstreams").mkdir()
    assert read(tmp_path) == Collection()
    read(tmp_path).check()


def test_workstreams_stand_after_their_dependencies_and_else_by_id(root: Path) -> None:
    add(root, "a", "depends_on: [z, m]\n")
    add(root, "m", "depends_on: [z]\n")
    add(root, "b")
    add(root, "z")
    assert ids(read(root)) == ["b", "z", "m", "a"]


def test_a_broken_workstream_takes_only_its_dependents_along(root: Path) -> None:
    add(root, "broken", "nonsense: 1\n")
    add(root, "dependent", "depends_on: [broken]\n")
    add(root, "sound")
    found = read(root)
    assert ids(found) == ["sound"]
    assert [problem.path for problem in found.problems] == ["workstreams/broken.yaml"]


def test_each_cycle_is_reported_once(root: Path) -> None:
    for name, needs in {"a": "c", "b": "a", "c": "b", "x": "a", "y": "z", "z": "y"}.items():
        add(root, name, f"depends_on: [{needs}]\n")
    assert messages(root) == [
        "workstreams/a.yaml:4:14: dependency cycle: a -> c -> b -> a",
        "workstreams/y.yaml:4:14: dependency cycle: y -> z -> y",
    ]
    assert read(root).workstreams == ()


def test_of_a_long_cycle_the_first_are_named(root: Path) -> None:
    for number in range(100):
        add(root, f"w{number:02}", f"depends_on: [w{(number + 1) % 100:02}]\n")
    assert messages(root) == [
        "workstreams/w00.yaml:4:14: dependency cycle: w00 -> w01 -> w02 -> w03 -> w04 -> w05 -> w06 -> w07 -> w08 -> "
        "w09 -> … (90 more) -> w00"
    ]


def test_an_id_no_file_can_have_is_one_problem(root: Path) -> None:
    (root / "workstreams/x.yaml").write_text(
        f"id: {'x' * 5000}\ntitle: x\ntool: replay\nsteps: [{{id: go, prompt: x}}]\n"
    )
    assert [line[:40] for line in messages(root)] == ['workstreams/x.yaml:1:5: "xxxxxxxxxxxxxxx']


def test_long_chains_and_many_dependencies_are_ordered(root: Path) -> None:
    names = [f"w{number:03}" for number in range(300)]
    random.Random(0).shuffle(names)
    for before, name in zip(["", *names], names, strict=False):
        add(root, name, f"depends_on: [{before}]\n" if before else "")
    assert ids(read(root)) == names


def test_an_unreadable_file_is_a_problem(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(root, "locked")

    really_open = Path.open

    def refuse(path: Path, *args: Any, **kwargs: Any) -> Any:  # root, as whom tests may run, reads every file
        if path.name == "locked.yaml":
            raise PermissionError(errno.EACCES, "Permission denied")
        return really_open(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    assert messages(root) == ["workstreams/locked.yaml:1:1: cannot be read: Permission denied"]


def test_files_that_are_none_are_problems(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    os.mkfifo(root / "workstreams" / "a.yaml")
    (root / "workstreams" / "b.yaml").symlink_to("nowhere.yaml")
    outside = tmp_path_factory.mktemp("outside") / "c.yaml"
    outside.write_text("id: c\ntitle: C\nsteps: [{id: go, run: ls}]\n")
    (root / "workstreams" / "c.yaml").symlink_to(outside)
    (root / "workstreams" / "d.yaml").symlink_to("d.yaml")
    with (root / "workstreams" / "e.yaml").open("wb") as stream:
        stream.truncate(10**9)
    assert messages(root) == [
        "workstreams/a.yaml:1:1: is not a file",
        "workstreams/b.yaml:1:1: does not exist",
        "workstreams/c.yaml:1:1: is a symlink that leaves the repository",
        "workstreams/d.yaml:1:1: is a loop of symlinks",
        "workstreams/e.yaml:1:1: the file is larger than 1,000,000 bytes",
    ]


def test_prompt_files_are_text_inside_the_repository(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.md"
    outside.write_text("secret")
    (root / "out.md").symlink_to(outside)
    (root / "latin1.md").write_bytes(b"\xe4")
    (root / "empty.md").write_text(" \n")
    (root / "nul.md").write_bytes(b"a\0")
    (root / "folder.md").mkdir()
    (root / "good.md").write_text("\ufeffGood.")
    names = ["out", "latin1", "empty", "nul", "folder", "good"]
    steps = "".join(f"  - {{id: {name}, prompt_file: {name}.md}}\n" for name in names)
    (root / "workstreams" / "p.yaml").write_text(f"id: p\ntitle: P\ntool: agent\nsteps:\n{steps}")
    agent = Tool(name="agent", command="agent", prompt_args=("{prompt}",))
    found = workstream_files.read(root, Settings(tools={"agent": agent}))
    assert [problem.message for problem in found.problems] == [
        'prompt file "out.md" is a symlink that leaves the repository',
        'prompt file "latin1.md" is not UTF-8 text',
        'prompt file "empty.md" is empty',
        'prompt file "nul.md" holds the NUL character',
        'prompt file "folder.md" is not a file',
    ]


def test_meaning_forgets_comments_and_key_order_and_keeps_the_order_of_steps(root: Path) -> None:
    file = root / "a.yaml"

    def meaning(text: str) -> str:
        file.write_text(text)
        return workstream_files.meaning(file)

    first = meaning("id: a\ntitle: A  # comment\nsteps: [{id: x, run: ls}, {id: y, run: ls}]\n")
    assert first == meaning("# other\nsteps:\n  - {run: ls, id: x}\n  - {run: 'ls', id: y}\ntitle: A\nid: a\n")
    assert first != meaning("id: a\ntitle: A\nsteps: [{id: y, run: ls}, {id: x, run: ls}]\n")
    assert meaning("a: [") != meaning("a: [ ")
    assert meaning("a: '1'") != meaning("a: 1")
    shown = "title: B\nobjective: O\nmetadata: {phase: 2}\npull_request: {draft: false}\n"
    assert first == meaning(f"id: a\n{shown}steps: [{{id: x, run: ls}}, {{id: y, run: ls}}]\n")
    assert first == meaning(
        "id: a\ntitle: A\nenabled: false\nagain: true\ncatch_up: all\nsteps: [{id: x, run: ls}, {id: y, run: ls}]\n"
    )


def test_a_check_that_cannot_fail_is_a_warning_with_its_place(tmp_path: Path) -> None:
    text = "id: w\ntitle: W\nsteps: [{id: s, run: make}]\nchecks:\n  - id: c\n    run: pytest || true\n"
    (tmp_path / "workstreams").mkdir()
    (tmp_path / "workstreams/w.yaml").write_text(text)
    (problem,) = workstream_files.read(tmp_path, Settings()).problems
    assert (problem.line, problem.column, problem.level) == (6, 10, "warning")
    assert problem.message.startswith('"|| true" lets this check pass')


def test_warnings_alone_pass() -> None:
    from splinter.config.yaml_documents import Problem

    odd = Problem(path="a.yaml", line=1, column=1, message="odd", level="warning")
    Collection(problems=(odd,)).check()
