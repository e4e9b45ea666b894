"""A matrix to its members, and each text with their values: inert, or a clear problem."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from splinter.config import settings_file, workstream_files
from splinter.config.workstream_files import Collection
from splinter.model import filling
from splinter.model.workstream import Prompt, Run, ToolCall, Workstream
from tests.base_files import Files

SETTINGS = settings_file.defaults()
RUN = {"id": "s", "run": "true"}
TREE = (
    "packages/api/package.json", "packages/api/src/a.py", "packages/web/package.json", "packages/notes/README.md",
    "packages/.hidden/package.json", "workstreams/package.json", "apps/api/package.json", "docs/a.md", "docs/b/c.md",
    "AGENTS.md", "services.json", "app/[slug]/page.js",
)  # fmt: skip


def read(root: Path, files: Files | None = None, **fields: Any) -> Collection:
    (root / "workstreams").mkdir(exist_ok=True)
    data = {"id": "deps", "title": "t", "steps": [RUN], **fields}
    (root / "workstreams/deps.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    return workstream_files.read(root, SETTINGS, files or Files(*TREE))


def ids(found: Collection) -> list[str]:
    assert found.problems == ()
    return [one.id for one in found.workstreams]


def said(found: Collection) -> list[str]:
    assert found.workstreams == ()
    return [one.message for one in found.problems]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"folders": "packages/*", "with": "package.json"}, ["deps-api", "deps-web"]),
        ({"folders": "packages/*"}, ["deps-api", "deps-notes", "deps-web"]),
        ({"folders": "packages/*/"}, ["deps-api", "deps-notes", "deps-web"]),
        ({"folders": "*/*", "with": "package.json"}, ["deps-apps-api", "deps-packages-api", "deps-packages-web"]),
        ({"folders": "*", "with": "package.json"}, None),  # workstreams/ is guarded
        ({"folders": "packages/.*", "with": "package.json"}, ["deps-hidden"]),
        ({"folders": "packages/api"}, ["deps-api"]),
        ({"files": "docs/**/*.md"}, ["deps-a", "deps-b-c"]),
        ({"files": "**/*.md"}, ["deps-docs-a", "deps-docs-b-c", "deps-packages-notes-readme"]),  # AGENTS.md is guarded
        ({"json": "services.json"}, ["deps-api"]),
        (["Übung", "日本", "@scope/pkg"], ["deps-cf2abf0c", "deps-scope-pkg", "deps-ubung"]),
        (["x" * 60], [f"deps-{'x' * 49}-42f2d973"]),
    ],
)  # fmt: skip
def test_members_are_what_a_list_holds_or_what_the_base_has(tmp_path: Path, given: Any, expected: Any) -> None:
    found = read(tmp_path, matrix={"package": given})
    if expected is None:
        assert said(found) == ['no folder with package.json on the base fits "*"']
    else:
        assert ids(found) == expected


def test_a_matrix_of_several_lists_is_their_product_in_its_order(tmp_path: Path) -> None:
    found = read(tmp_path, matrix={"os": ["b", "a"], "to": ["x", "y"]}, title="${{ matrix.os }}-${{ matrix.to.name }}")
    by_number = sorted(found.workstreams, key=lambda one: one.number)
    assert [one.title for one in by_number] == ["b-x", "b-y", "a-x", "a-y"]
    assert by_number[1].matrix == {
        "os": "b", "os.name": "b", "os.slug": "b", "to": "y", "to.name": "y", "to.slug": "y",
    }  # fmt: skip
    assert {one.group for one in by_number} == {"deps"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"matrix": {"a": ["a-b", "a_b"]}}, 'a "a_b" and a "a-b" make the same id, "deps-a-b"'),
        ({"id": "reset", "matrix": {"a": ["dep"]}},
         'a "dep" makes the id "reset-dep", which is reserved for doit'),
        ({"matrix": {"a": ["x"] * 0}}, "must hold at least 1 item"),
        ({"matrix": {}}, "{} is not allowed here: a matrix has at least one list"),
        ({"matrix": {"a": [f"a{n}" for n in range(101)], "b": [f"b{n}" for n in range(10)]}},
         "these lists make 1,010 members; a matrix has 1,000 at most"),
        ({"matrix": {"a-b": ["x"], "a_b": ["x"]}},
         '"a_b" and "a-b" are both MATRIX_A_B in the environment; rename one'),
        ({"matrix": {"a": ["x"], "a_name": ["x"]}},
         '"a_name" and "a" are both MATRIX_A_NAME in the environment; rename one'),
        ({"matrix": {"a": ["x", "y"], "exclude": ["y"]}},
         '"exclude" would be one more list, not what it is in GitHub Actions; write the lists without it'),
        ({"matrix": {"a": {"folders": "nowhere/*"}}}, 'no folder on the base fits "nowhere/*"'),
        ({"matrix": {"a": {"files": "../*"}}}, 'path "../*" holds "..", which could leave the repository'),
        ({"matrix": {"a": {"json": "docs/a.md"}}}, None),
        ({"matrix": {"a": {"json": "gone.json"}}}, 'there is no file "gone.json" on the base'),
        ({"matrix": {"a": {"files": "docs/*"}}, "base": "x/${{ matrix.a }}"},
         "the files of the base say which members there are: name one base for all"),
        ({"matrix": {"a": ["x"]}, "max_open": 1, "pull_request": False},
         "max_open counts pull requests, and this workstream has none"),
        ({"max_open": 1}, '"max_open" needs "matrix" beside it'),
        ({"matrix": {"a": {"files": "docs/*", "folders": "docs/*"}}},
         "found folders and files; expected exactly one of folders, files or json"),
    ],
    ids=str,
)  # fmt: skip
def test_a_matrix_that_cannot_be_is_one_clear_problem(tmp_path: Path, fields: Any, message: str | None) -> None:
    files = Files(*TREE, text="no JSON" if message is None else '["api"]')
    assert said(read(tmp_path, files, **fields)) == [
        message or '"docs/a.md" on the base holds no JSON: Expecting value: line 1 column 1 (char 0)'
    ]


def test_a_base_that_was_never_seen_keeps_a_matrix_and_what_builds_on_it_away(tmp_path: Path) -> None:
    (tmp_path / "workstreams").mkdir()
    after = {"id": "after", "title": "t", "depends_on": ["deps", "deps-api"], "steps": [RUN]}
    (tmp_path / "workstreams/after.json").write_text(json.dumps(after))
    data = {"id": "deps", "title": "t", "matrix": {"p": {"folders": "packages/*"}}, "steps": [RUN]}
    (tmp_path / "workstreams/deps.json").write_text(json.dumps(data))
    found = workstream_files.read(tmp_path, SETTINGS)
    assert found.workstreams == ()
    assert not found.is_whole
    assert [(one.message, one.is_error) for one in found.problems] == [
        ("its members are not known, since its base was never seen here; a run asks for it", False)
    ]


# what every early field makes of it: filled in as it is, or a problem
VALUES = {
    "quotes": 'it\'s "so"',
    "command": "$(touch pwned)",
    "backticks": "`touch pwned`",
    "percent": "%s %(x)s {prompt}",
    "expression": "${{ base }} $${{ base }}",
    "lines": "one\ntwo\r\nthree",
    "upwards": "../out",
    "absolute": "/etc/passwd",
    "option": "--output=x",
    "long": "x" * 10_000,
    "letters": "Übung 日本",
    "scoped": "@scope/pkg",
}
# which of them each field refuses
REFUSED = {
    "title": {"lines", "long"},
    "objective": set(),
    "metadata": set(),
    "prompt": set(),
    "args": {"option"},
    "run": {"option"},
    "scope.modify": {"lines", "upwards", "absolute", "option", "long"},
    "inputs": {"lines", "upwards", "absolute", "option", "long"},
    "artifacts": {"lines", "upwards", "absolute", "option", "long"},
    "setup.inputs": {"lines", "upwards", "absolute", "option", "long"},
    "labels": {"long"},
    "milestone": {"long"},
    "base": {*VALUES} - {"scoped"},
    "pull_request.base": {*VALUES} - {"scoped"},
    "depends_on": {*VALUES},
    "branch": {*VALUES} - {"scoped"},
    "working_directory": {"lines", "upwards", "absolute", "option", "long"},
    "variables": set(),
    "commit.message": {"lines", "long"},
    "pull_request.title": {"lines", "long"},
    "pull_request.body": set(),
}


def document(field: str, text: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "args": {"checks": [{"id": "c", "tool": "pytest", "args": [text]}]},
        "run": {"checks": [{"id": "c", "run": ["echo", text]}]},
        "prompt": {"tool": "codex", "steps": [{"id": "s", "prompt": text}]},
        "scope.modify": {"scope": {"modify": [text]}},
        "setup.inputs": {"setup": [{"run": "true", "inputs": [text]}]},
        "pull_request.base": {"pull_request": {"base": text}},
        "labels": {"pull_request": {"labels": [text]}},
        "milestone": {"pull_request": {"milestone": text}},
        "variables": {"env": {"OWN": text}},
        "commit.message": {"commit": {"message": text}},
        "pull_request.title": {"pull_request": {"title": text}},
        "pull_request.body": {"pull_request": {"body": text}},
        "metadata": {"metadata": {"k": [{"deep": text}]}},
        **{name: {name: [text]} for name in ("inputs", "artifacts", "depends_on")},
    }
    return dict(fields.get(field, {field: text}))


def value_of(one: Workstream, field: str) -> object:
    check = one.checks[0].action if one.checks else None
    step = one.steps[0].action
    pull_request = one.pull_request
    assert pull_request
    return {
        "args": lambda: check.args[0] if isinstance(check, ToolCall) else None,
        "run": lambda: check.command[1] if isinstance(check, Run) else None,
        "prompt": lambda: step.text if isinstance(step, Prompt) else None,
        "scope.modify": lambda: one.scope.modify[0],
        "setup.inputs": lambda: one.setup[0].inputs[0],
        "pull_request.base": lambda: pull_request.base,
        "labels": lambda: pull_request.labels[0],
        "milestone": lambda: pull_request.milestone,
        "variables": lambda: one.variables["OWN"],
        "commit.message": lambda: one.commit.message,
        "pull_request.title": lambda: pull_request.title,
        "pull_request.body": lambda: pull_request.body,
        "metadata": lambda: one.metadata["k"][0]["deep"],  # type: ignore[index]
        **{name: lambda name=name: getattr(one, name)[0] for name in ("inputs", "artifacts")},
    }.get(field, lambda: getattr(one, field))()


# a branch of a workstream's own is nobody's base
@pytest.mark.parametrize("fields", [[name for name in REFUSED if name != "branch"], ["branch"]], ids=["all", "branch"])
@pytest.mark.parametrize("kind", VALUES)
def test_a_value_is_filled_in_as_it_is_or_is_a_clear_problem(tmp_path: Path, kind: str, fields: list[str]) -> None:
    value = VALUES[kind]
    (tmp_path / "workstreams").mkdir()
    for number, field in enumerate(fields):
        data = {"id": f"deps{number}", "title": "t", "matrix": {"v": [value]}, "steps": [RUN]}
        data |= document(field, "${{ matrix.v }}")
        (tmp_path / f"workstreams/{field}.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    found = workstream_files.read(tmp_path, SETTINGS)
    errors = {Path(one.path).stem: one for one in found.problems if one.is_error}
    assert len(errors) == len([one for one in found.problems if one.is_error])
    assert {*errors} == {field for field in fields if kind in REFUSED[field]}
    for one in errors.values():
        assert one.source_line[one.column - 1 :].startswith("${{ matrix.v }}")
        assert "in deps" in one.message
        assert "by matrix.v " in one.message
    for workstream in found.workstreams:
        assert value_of(workstream, Path(workstream.source).stem) == value
        assert workstream.unfilled == frozenset()


def test_a_value_with_an_expression_is_not_expanded_with_the_plan(tmp_path: Path) -> None:
    found = read(tmp_path, matrix={"v": [VALUES["expression"]]}, title="${{ matrix.v }} of ${{ base }}")
    (one,) = found.workstreams
    assert one.unfilled == {"title"}
    filled = filling.fill(one, {"base": "main"})
    assert filled.title == f"{VALUES['expression']} of main"
    assert filled.unfilled == frozenset()


def test_a_folders_name_is_no_pattern_and_opens_no_guard(tmp_path: Path) -> None:
    scope = {"modify": ["${{ matrix.f }}/**"]}
    found = read(tmp_path, matrix={"f": {"folders": "app/*"}}, scope=scope, artifacts=["${{ matrix.f }}"])
    (one,) = found.workstreams
    assert one.scope.modify == ("app/[[]slug]/**",)
    assert one.artifacts == ("app/[slug]",)
    guarded = read(tmp_path, Files("list.json", text='[".github"]'), matrix={"f": {"json": "list.json"}}, scope=scope)
    assert said(guarded) == [
        '".github/**" opens ".github/**", which is guarded; name that in the file itself: '
        'in deps-github, by matrix.f ".github"'
    ]
    assert ids(read(tmp_path, matrix={"f": [".github"]}, scope=scope)) == ["deps-github"]


def test_members_that_may_write_the_same_are_told_once(tmp_path: Path) -> None:
    found = read(tmp_path, matrix={"p": ["a", "b", "c"]}, scope={"modify": ["src/**"]})
    assert [(one.message, one.is_error) for one in found.problems] == [
        (
            '"src/**" of deps-b overlaps "src/**" of deps-a; fill in what tells members apart, or keep their scopes apart',
            False,
        )
    ]
    assert ids(read(tmp_path, matrix={"p": ["a", "b"]}, scope={"modify": ["${{ matrix.p }}/**"]})) == [
        "deps-a",
        "deps-b",
    ]


def test_members_wait_for_their_like_or_for_a_whole_group(tmp_path: Path) -> None:
    (tmp_path / "workstreams").mkdir()
    for id, waits_for in (("lint", ["deps-${{ matrix.p.slug }}"]), ("all", ["deps"])):
        data = {"id": id, "title": "t", "matrix": {"p": ["a", "b"]}, "depends_on": waits_for, "steps": [RUN]}
        (tmp_path / f"workstreams/{id}.json").write_text(json.dumps(data))
    found = read(tmp_path, matrix={"p": ["a", "b"]})
    assert {one.id: one.depends_on for one in found.workstreams if one.depends_on} == {
        "all-a": ("deps-a", "deps-b"), "all-b": ("deps-a", "deps-b"), "lint-a": ("deps-a",), "lint-b": ("deps-b",),
    }  # fmt: skip
    found = read(tmp_path, matrix={"p": ["a", "b"]}, depends_on=["lint"])
    assert any(one.message.startswith("dependency cycle: deps-a -> lint-") for one in found.problems)
    found = read(tmp_path, matrix={"p": ["a", "b"]}, depends_on=["deps"])
    assert '"deps" depends on itself' in [one.message for one in found.problems]


def test_an_id_that_two_files_make_is_told_at_the_later_one(tmp_path: Path) -> None:
    (tmp_path / "workstreams").mkdir()
    taken = {"id": "deps-a", "title": "t", "steps": [RUN]}
    (tmp_path / "workstreams/a.json").write_text(json.dumps(taken))
    found = read(tmp_path, matrix={"p": ["a", "b"]})
    assert [one.message for one in found.problems] == ['id "deps-a" is taken by workstreams/a.json:1:8']
    assert [one.id for one in found.workstreams] == ["deps-a"]
    (tmp_path / "workstreams/a.json").write_text(json.dumps({**taken, "id": "deps"}))
    assert [one.message for one in read(tmp_path, matrix={"p": ["a"]}).problems] == [
        'id "deps" is taken by workstreams/a.json:1:8'
    ]


def test_each_member_has_a_recording_of_its_own(tmp_path: Path) -> None:
    step = {"id": "s", "tool": "replay", "prompt": "Do ${{ matrix.p }}."}
    found = read(tmp_path, matrix={"p": ["a", "b", "c"]}, steps=[step])
    assert [one.message for one in found.problems] == [
        "replay has no recorded patch; expected workstreams/recorded/deps-a/s.patch, and 2 more"
    ]


def test_a_prompt_file_is_filled_and_what_is_wrong_in_it_is_told_there(tmp_path: Path) -> None:
    steps = [{"id": "s", "tool": "codex", "prompt_file": "ask.md"}]
    (tmp_path / "ask.md").write_text("Update ${{ matrix.p }}\nfor $${{ github.ref }}.\n")
    (one,) = read(tmp_path, matrix={"p": ["a"]}, steps=steps).workstreams
    assert isinstance(one.steps[0].action, Prompt)
    assert one.steps[0].action.text == "Update a\nfor ${{ github.ref }}.\n"
    (tmp_path / "ask.md").write_text("Update ${{ matrix.p }}\nfor ${{ matrix.q }}.\n")
    (problem,) = read(tmp_path, matrix={"p": ["a"]}, steps=steps).problems
    assert problem.text().splitlines()[0].startswith('ask.md:2:5: unknown value "matrix.q"')
    assert problem.text().splitlines()[1:] == ["    for ${{ matrix.q }}.", "        ^^^^^^^^^^^^^^^"]
