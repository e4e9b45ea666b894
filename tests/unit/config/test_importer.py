"""Phase plans, bundles, profiles and breakers of an earlier orchestrator: what becomes of each, and never a traceback."""

from __future__ import annotations

import copy
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splinter.config import filled_members, rules, schema, tool_profiles, value_rules, yaml_documents
from splinter.config.importer import batch, jsonc, phrases, profiles, shell, written
from splinter.config.importer.batch import Batch, File, Result
from tests import paths

DATA = paths.DATA / "legacy"
REAL = paths.SHARED / "real-workstreams"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"the real files are not there: {REAL.name}")
SHIPPED = tool_profiles.shipped()


def convert(*files: File, existing: dict[str, tuple[str, ...]] | None = None) -> Batch:
    return batch.convert(files, existing=existing or {}, own_tools=SHIPPED)


def file(name: str) -> File:
    return File(path=name, raw=(DATA / name).read_bytes())


def bundle(name: str = "bundle.json", **fields: Any) -> File:
    document = {"id": "ws-one", "tool": "aider", "tasks": ["Write the page"], **fields}
    return File(path=name, raw=json.dumps({key: value for key, value in document.items() if value is not ...}).encode())


def made(result: Result) -> Any:
    assert result.kind == "workstream", messages(result)
    return yaml_documents.read(result.text.encode(), path="made.yaml").data


def messages(result: Result) -> list[str]:
    return [problem.text().split("\n")[0] for problem in result.problems]


def one(**fields: Any) -> Any:
    return made(convert(bundle(**fields)).results[0])


def warned(**fields: Any) -> list[str]:
    return messages(convert(bundle(**fields)).results[0])


def check(found: Batch) -> None:
    """What `doit check` would say of each workstream, and that each dependency is there."""
    known = tool_profiles.merged(SHIPPED, {table.name: table.fields for table in found.tables})
    ids = {result.id for result in found.results if result.kind == "workstream"}
    for result in found.results:
        if result.kind == "refused":
            assert result.problems
            continue
        if result.kind == "workstream":
            document = yaml_documents.read(result.text.encode(), path="made.yaml")
            problems = (*document.problems, *schema.check(document), *rules.check(document, known))
            assert [problem.text() for problem in problems if problem.level == "error"] == []
            assert set(document.data.get("depends_on", ())) <= ids


# the made-up files: the whole output


@pytest.mark.parametrize("name", ["ws-cellar", "ws-labels"])
def test_the_made_up_files_become_what_a_person_would_have_written(name: str) -> None:
    found = convert(*map(file, ("plan.yml", "bundle.json", "tool_profiles.json", "circuit_breakers.yaml")))
    check(found)
    text = next(result.text for result in found.results if result.id == name)
    assert text == (DATA / "expected" / f"{name}.yaml").read_text("utf-8")


def test_all_that_has_no_counterpart_is_named_with_its_place() -> None:
    found = convert(*map(file, ("plan.yml", "bundle.json", "circuit_breakers.yaml")))
    assert [line for result in found.results for line in messages(result)] == (
        (DATA / "expected" / "warnings.txt").read_text("utf-8").splitlines()
    )


# the real files


REAL_OUTCOMES = {  # file: kind, id, steps, checks
    "phase-plans/EXAMPLE_PH-01_ws-001.yml": ("workstream", "ws-001", 2, 3),
    "phase-plans/PH-AUTO-001_ws-automation-foundation.yml": ("workstream", "ws-automation-foundation", 11, 7),
    "phase-plans/phase_plan_template_v3.yml": ("workstream", "ws-xxx", 4, 2),
    "bundles/02_parallel_execution.json": ("workstream", "ws-example-02-parallel-execution", 3, 3),
    "bundles/03_error_handling.json": ("workstream", "ws-example-03-error-handling", 5, 2),
    "bundles/test-aider.json": ("workstream", "ws-test-aider", 1, 1),
    "bundles/ws-001.json": ("refused", "", 0, 0),
    "bundles/ws-01-hardcoded-path-index.json": ("workstream", "ws-01-hardcoded-path-index", 1, 0),
    "bundles/ws-02-section-mapping-config.json": ("workstream", "ws-02-section-mapping-config", 1, 0),
    "bundles/ws-06-refactor-aim-section.json": ("workstream", "ws-06-refactor-aim-section", 5, 2),
    "bundles/ws-07-refactor-pm-ccpm.json": ("workstream", "ws-07-refactor-pm-ccpm", 4, 2),
    "bundles/ws-11-spec-docs.json": ("workstream", "ws-11-spec-docs", 4, 2),
    "bundles/ws-12-error-shared-utils.json": ("workstream", "ws-12-error-shared-utils", 4, 2),
    "bundles/ws-16-refactor-core-orchestration.json": ("workstream", "ws-16-refactor-core-orchestration", 9, 2),
    "bundles/ws-17-refactor-core-planning.json": ("workstream", "ws-17-refactor-core-planning", 4, 1),
    "bundles/ws-21-ci-gate-path-standards.json": ("workstream", "ws-21-ci-gate-path-standards", 9, 2),
    "bundles/ws-22-pipeline-plus-phase0-schema.json": ("workstream", "ws-22-pipeline-plus-phase0-schema", 5, 0),
    "bundles/ws-26-pipeline-plus-phase3-prompt-engine.json": (
        "workstream", "ws-26-pipeline-plus-phase3-prompt-engine", 9, 1,
    ),
    "bundles/ws-27-pipeline-plus-phase4-validation.json": ("workstream", "ws-27-pipeline-plus-phase4-validation", 8, 1),
    "bundles/ws-abs-001-tool-adapter.json": ("refused", "", 0, 0),
    "bundles/ws-abs-002-state-store.json": ("refused", "", 0, 0),
    "bundles/ws-abs-006-workstream-service.json": ("refused", "", 0, 0),
    "bundles/ws-abs-007-file-store.json": ("refused", "", 0, 0),
    "bundles/ws-abs-011-metrics-collector.json": ("refused", "", 0, 0),
    "bundles/ws-abs-012-dependency-resolver.json": ("refused", "", 0, 0),
    "bundles/ws-next-004-refactor-2-execution.json": ("workstream", "ws-next-004-refactor-2-execution", 2, 3),
    "bundles/ws-next-005-uet-framework-review.json": ("workstream", "ws-next-005-uet-framework-review", 6, 0),
    "bundles/ws-uet-phase-b-patch-system.json": ("workstream", "ws-uet-phase-b-patch-system", 4, 1),
    "bundles/ws-uet-phase-c-orchestration.json": ("workstream", "ws-uet-phase-c-orchestration", 2, 1),
    "tool_profiles.json": ("settings", "", 0, 0),
    "circuit_breakers.yaml": ("settings", "", 0, 0),
    "bundle.schema.json": ("refused", "", 0, 0),
    "phase-plan.schema.json": ("refused", "", 0, 0),
    "README.md": ("refused", "", 0, 0),
}  # fmt: skip
REAL_REASONS = {
    "bundles/ws-001.json": '2:9: id "ws-001" is taken by phase-plans/EXAMPLE_PH-01_ws-001.yml:6:18',
    "bundle.schema.json": "2:14: is a JSON Schema, which describes files and is none to import",
    "phase-plan.schema.json": "3:14: is a JSON Schema, which describes files and is none to import",
    "README.md": "1:1: is not one of .json, .jsonc, .yaml, .yml",
}
UNFILLED = "8:21: invalid JSON: expecting property name enclosed in double quotes"


def real(*names: str) -> Batch:
    return convert(*(File(path=name, raw=(REAL / name).read_bytes()) for name in names))


@needs_real
def test_every_real_file_has_an_outcome() -> None:
    present = {path.relative_to(REAL).as_posix() for path in REAL.rglob("*") if path.is_file()}
    found = real(*REAL_OUTCOMES, *sorted(present - set(REAL_OUTCOMES)))
    check(found)
    outcomes = {}
    for result in found.results[: len(REAL_OUTCOMES)]:
        data = made(result) if result.kind == "workstream" else {}
        outcomes[result.path] = (result.kind, result.id, len(data.get("steps", ())), len(data.get("checks", ())))
    assert outcomes == REAL_OUTCOMES


@needs_real
def test_a_real_file_that_is_refused_is_refused_with_line_and_reason() -> None:
    reasons = {result.path: messages(result) for result in real(*REAL_OUTCOMES).results if result.kind == "refused"}
    assert reasons == {name: [f"{name}:{REAL_REASONS.get(name, UNFILLED)}"] for name in reasons}


@needs_real
@pytest.mark.parametrize("name", [name for name, outcome in REAL_OUTCOMES.items() if outcome[0] == "workstream"])
def test_a_real_file_imported_alone_is_sound_and_loses_nothing(name: str) -> None:
    found = real(name)
    check(found)
    result = found.results[0]
    document = (
        jsonc.read((REAL / name).read_bytes(), path=name)[0]
        if name.endswith(".json")
        else yaml_documents.read((REAL / name).read_bytes(), path=name)
    )
    kept = plain("\n".join([result.text, *map(str, leaves(made(result))), *messages(result)]))
    lost = [leaf for leaf in leaves(document.data) if isinstance(leaf, str) and plain(leaf) not in kept]
    assert [leaf for leaf in lost if "${" not in leaf] == []


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from leaves(child)
    else:
        yield value


def plain(text: str) -> str:
    """Without blanks, and with a template's indentation gone."""
    return re.sub(r"\s+", " ", text)


@needs_real
def test_ph_auto_001_comes_out_whole() -> None:
    found = real("phase-plans/PH-AUTO-001_ws-automation-foundation.yml", "circuit_breakers.yaml")
    data = made(found.results[0])
    assert data["title"] == "Automation Foundation - Critical Quick Wins"
    assert [step["id"] for step in data["steps"]] == [
        "install-dependencies", "create-ci-workflow", "create-scheduled-workflow", "create-precommit-config",
        "create-cli-adapter", "create-config-validator", "create-monitoring-setup", "create-test-suite",
        "create-automation-docs", "install-precommit-hooks", "update-requirements",
    ]  # fmt: skip
    assert {step["id"] for step in data["steps"] if "run" in step} == {
        "install-dependencies", "install-precommit-hooks", "update-requirements",
    }  # fmt: skip
    assert data["steps"][0]["timeout"] == "3m"
    assert "class CLIAdapter:" in data["steps"][4]["prompt"]
    assert [entry["id"] for entry in data["checks"]] == [
        "ci-workflow-valid", "precommit-runs", "cli-adapter-imports", "tests-pass", "config-validation",
        "monitoring-imports", "all-artifacts-exist",
    ]  # fmt: skip
    assert data["checks"][3]["run"] == "pytest tests/test_cli_adapter.py -v"
    assert len(data["scope"]["create"]) == 9
    assert data["scope"]["modify"] == ["requirements.txt", "README.md", *data["scope"]["create"]]
    assert data["scope"]["forbid"][:4] == [".git/**", "safe_merge/**", ".state/**", "logs/**"]
    assert "run_master_splinter.py" in data["scope"]["forbid"]
    assert "README.md" not in data["scope"]["forbid"]
    assert len(data["artifacts"]) == 9
    assert (data["fix"], data["budget"], data["when"]) == ({"attempts": 3}, {"minutes": 60}, "once")
    assert data["tool"] == "github-copilot"
    assert data["metadata"]["phase_identity"]["phase_id"] == "PH-AUTO-001"
    assert "  # STEP 2: Create CI/CD Pipeline (Pattern: EXEC-001 Batch Creator)\n" in found.results[0].text


# refusals


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.json", '{"id": "a", "tasks": ["b"', "x.json:1:26: invalid JSON: expecting ',' delimiter"),
        ("x.json", '{"id": "a" /* open', "x.json:1:12: invalid JSON: this comment is not closed"),
        ("x.json", '{"id": NaN}', "x.json:1:8: invalid JSON: NaN is not a JSON number"),
        ("x.json", '{"id": "a",\n "id": "b"}', 'x.json:2:2: duplicate key "id"; first on line 1'),
        ("x.json", '[{"id": "a"}]', "x.json:1:1: expected one workstream as a mapping, found a list"),
        ("x.json", "", "x.json:1:1: invalid JSON: expecting value"),
        ("x.yml", "", "x.yml:1:1: expected one workstream as a mapping, found nothing"),
        ("x.yml", "a: [1", "x.yml:1:4: invalid YAML: this list is not closed"),
        (
            "x.yml",
            "template_version: 2\nphase_identity: {}\n",
            "x.yml:1:19: template_version is 2; only 3 can be imported",
        ),
        ("x.yml", "template_version: 3\n", "x.yml:1:1: names nothing to do: no steps, no tasks and no objective"),
        ("x.json", '{"id": "a"}', "x.json:1:1: names nothing to do: no steps, no tasks and no objective"),
        ("x.json", '{"colour": "red"}', f"x.json:1:1: {batch.KNOWN}"),
        ("x.json", '{"id": "\xff"}', "x.json:1:9: byte 0xff is not UTF-8; save the file as UTF-8"),
        ("x.txt", "id: a", "x.txt:1:1: is not one of .json, .jsonc, .yaml, .yml"),
        ("x.json", "[" * 2000 + "]" * 2000, "x.json:1:101: nested deeper than 100 levels"),
        ("x.json", " " * 1_000_001, "x.json:1:1: the file is larger than 1,000,000 bytes"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place_and_the_others_are_converted(
    name: str, text: str, message: str
) -> None:
    found = convert(File(path=name, raw=text.encode("latin-1")), bundle())
    assert [result.kind for result in found.results] == ["refused", "workstream"]
    assert messages(found.results[0]) == [message]


@pytest.mark.parametrize(
    "text",
    ['{"id": "a" ' + "/* " * 300_000, '{"id": "a", "tasks": ["' + "\\\" " * 100_000 + '"]}',
     json.dumps({"id": "a", "tasks": ["\n" * 400_000 + "x"]}), json.dumps({"id": "a", "tasks": ["'" * 300_001]}),
     json.dumps({"id": "a", "tasks": ["x"], "files_scope": ["{" + "," * 400_000]}),
     json.dumps({"id": "a", "tasks": ["Test-Path " + "x" * 400_000]}), "[" + ", " * 300_000],
)  # fmt: skip
def test_a_megabyte_of_anything_takes_seconds(text: str) -> None:
    begun = time.monotonic()
    check(convert(File(path="x.json", raw=text.encode())))
    assert time.monotonic() - begun < 60


# JSON with comments


def test_comments_and_trailing_commas_are_read_and_texts_stay() -> None:
    text = '// head\n{"id": "a//b", /* one\ntwo */ "c": [1, 2, /* x */ ],\n "d": "/* no */ ,]",}\n'
    document, comments = jsonc.read(text.encode(), path="x.json")
    assert document.data == {"id": "a//b", "c": [1, 2], "d": "/* no */ ,]"}
    assert comments == ((1, " head"), (2, " one\ntwo "), (3, " x "))
    assert document.place(("d",)).line == 4


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab\n:# é'\"", max_size=5), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@given(JSON)
def test_any_json_is_read_as_json(value: Any) -> None:
    document, _ = jsonc.read(json.dumps(value, indent=1).encode(), path="x.json")
    assert document.data == value


# writing


@given(st.dictionaries(st.text("ab:#- é\n\"'[]{}", min_size=1, max_size=8), JSON, min_size=1, max_size=4))
def test_what_is_written_says_what_the_data_says(data: dict[str, Any]) -> None:
    text = written.text(data, comments={}, head=("yaml-language-server: x",))
    assert yaml_documents.read(text.encode(), path="x.yaml").data == data


def test_texts_are_written_as_people_write_them() -> None:
    data = {
        "a": "on", "b": "1_0", "c": "x: y", "d": "one\ntwo\n", "e": "one\n\ntwo", "f": "word " * 30 + "end",
        "g": ["*.py", "a, b", "-x"], "h": {"i": 1}, "j": [], "k": "2026-01-01", "l": " lead\nx", "m": 'say "hi"',
    }  # fmt: skip
    assert written.text(data, comments={("b",): ("why",)}, head=("head",)) == (
        '# head\na: "on"\n# why\nb: "1_0"\nc: "x: y"\nd: |\n  one\n  two\ne: |-\n  one\n\n  two\nf: >-\n'
        f"  {'word ' * 18}word\n  {'word ' * 11}end\n"
        'g: ["*.py", "a, b", "-x"]\nh: {i: 1}\nj: []\nk: "2026-01-01"\nl: |2-\n   lead\n  x\nm: say "hi"\n'
    )


# commands and sentences


@pytest.mark.parametrize(
    "text",
    ["pytest -q tests", "python -c \"print('all is well')\"", "test -f README.md", "ls pm/", "rg -n 'a|b' | wc -l",
     "pytest -q -k error -q", "./run.sh now", "scripts/run.sh", "CI=1 npm test", "make", "make lint", "git status",
     "for f in *.py; do cat $f; done", "Test-Path a/b", "! grep -q x y", "cd a && make all", "mypy core --strict"],
)  # fmt: skip
def test_a_command_is_known(text: str) -> None:
    assert phrases.is_command(text)


@pytest.mark.parametrize(
    "text",
    ["Verify that all is well", "All directories exist", "router.config.yaml validates against YAML syntax",
     "Test workflow locally or in CI", "pytest passes with the new tests", "make sure the page is there", "",
     "test the page by hand", "python files are formatted", "find all usages", "git history is clean", "Manual review"],
)  # fmt: skip
def test_a_sentence_is_known(text: str) -> None:
    assert not phrases.is_command(text)


@pytest.mark.parametrize(
    ("command", "prints_true", "run"),
    [
        ("Test-Path a/b.txt", True, "test -e a/b.txt"),
        ("Test-Path a/b.txt", False, ["pwsh", "-NoProfile", "-Command", "Test-Path a/b.txt"]),
        (r"if (-not (Test-Path 'a\b_*')) { exit 1 }", False, "ls -d a/b_*"),
        ("python -c \"print('Get-Item')\"", False, "python -c \"print('Get-Item')\""),
        ("$x = 1", False, ["pwsh", "-NoProfile", "-Command", "$x = 1"]),
    ],
)
def test_powershell_is_put_so_that_its_exit_status_judges(command: str, prints_true: bool, run: object) -> None:
    assert shell.convert(command, prints_true=prints_true).run == run


def test_a_pattern_is_quoted_but_for_its_wildcards() -> None:
    assert shell.must_exist("my reports/a'b_*.md") == "ls -d 'my reports/a'\\''b_'*.md"


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("Move src/pipeline/planner.py to core/planning/planner.py", "move-planner"),
        ("Create core/planning/ directory", "create-planning-directory"),
        ("pytest -q tests/test_validators.py", "pytest-test-validators"),
        ("Step_One", "step-one"), ("prepare", "step-prepare"), ("fix-1", "step-fix-1"), ("日本", "step"),
    ],
)  # fmt: skip
def test_steps_get_telling_ids(text: str, id: str) -> None:
    assert phrases.step_id(text, ()) == id


# single rules


def test_tasks_become_prompts_and_commands_become_runs() -> None:
    assert one(tasks=["Write the page", "pytest -q", "Write the page"])["steps"] == [
        {"id": "write-page", "prompt": "Write the page"},
        {"id": "pytest", "run": "pytest -q"},
        {"id": "write-page-2", "prompt": "Write the page"},
    ]


def test_paths_are_from_the_root_with_slashes_and_stars_cross_folders_as_they_did() -> None:
    scope = one(files_scope=["a\\b.py", "./c//d", "docs/*", "src/**/*.py", "*.md", "e/"], files_create=[])["scope"]
    assert scope == {"modify": ["a/b.py", "c/d", "docs/**", "src/**/*.py", "*.md", "e/"], "create": []}


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../up.py", 'holds "..", which could leave the repository'),
        ("C:/up.py", "is absolute; paths start at the repository's root"),
        ("--all", 'starts with "-", which tools would read as an option'),
        ("Modules with timing code", "is a sentence, not a path"),
    ],
)
def test_a_path_that_is_none_of_ours_is_dropped_by_name(path: str, why: str) -> None:
    data = one(files_scope=[path, "a.py"])
    assert data["scope"]["modify"] == ["a.py"]
    assert data["metadata"]["files_scope"] == [path]
    assert f'bundle.json:1:80: warning: path "{path}" {why}; kept under metadata' in warned(files_scope=[path, "a.py"])


def test_what_one_step_creates_the_next_may_change() -> None:
    assert one(files_scope=["a/"], files_create=["a/x.py", "b.py"], tasks=["one", "two"])["scope"] == {
        "modify": ["a/", "b.py"],
        "create": ["a/x.py", "b.py"],
    }


def test_ids_are_made_ours_in_all_files_alike() -> None:
    found = convert(
        bundle("a.json", id="WS_Upper_Case"), bundle("b.json", id="b", depends_on=["WS_Upper_Case", "ws-upper-case"]),
        bundle("c.json", id="ws upper case"), bundle("d.json", id="report", phase_id="PH-9"),
        bundle("e.json", id="e", depends_on=["PH-9", "nobody", "report"]), bundle("f.json", id=...),
    )  # fmt: skip
    check(found)
    assert [result.id for result in found.results] == ["ws-upper-case", "b", "ws-upper-case-2", "ws-report", "e", "f"]
    assert made(found.results[1])["depends_on"] == ["ws-upper-case"]
    assert made(found.results[4])["depends_on"] == ["ws-report"]
    assert made(found.results[4])["metadata"] == {"depends_on": ["nobody"]}
    assert (
        'dependencies on what is not imported are dropped, kept under metadata: "nobody"'
        in messages(found.results[4])[-1]
    )
    assert (
        messages(found.results[0])[0]
        == 'a.json:1:8: warning: id "WS_Upper_Case" is "ws-upper-case" now; kept under metadata'
    )
    assert made(found.results[0])["metadata"]["id"] == "WS_Upper_Case"


def test_the_same_id_twice_is_refused_the_second_time() -> None:
    found = convert(bundle("a.json"), bundle("b.json"))
    assert messages(found.results[1]) == ['b.json:1:8: id "ws-one" is taken by a.json:1:8']


def test_a_circle_of_dependencies_is_opened_where_it_would_close() -> None:
    found = convert(*(bundle(f"{a}.json", id=a, depends_on=[b]) for a, b in ("ab", "bc", "ca", "dd")))
    check(found)
    assert [made(result).get("depends_on") for result in found.results] == [["b"], ["c"], None, None]
    message = 'depending on "a" would close a circle; dropped, kept under metadata'
    assert message in messages(found.results[2])[0]


def test_a_dependent_of_a_file_that_is_refused_late_goes_without_it() -> None:
    found = convert(bundle("a.json", tasks=...), bundle("b.json", id="b", depends_on=["ws-one"]))
    check(found)
    assert "depends_on" not in made(found.results[1])


def test_a_dependency_may_be_there_already() -> None:
    found = convert(bundle(depends_on=["old"]), existing={"old": ()})
    assert made(found.results[0])["depends_on"] == ["old"]


@pytest.mark.parametrize(
    ("tool", "name"),
    [("MyAgent", "my-agent"), ("manual", "agent"), ("pytest", "agent"), (None, "agent"), (["goose"], "goose"),
     ({"name": "Copilot CLI"}, "github-copilot"), ("replay", "agent")],
)  # fmt: skip
def test_an_agent_that_is_not_shipped_gets_a_table_that_says_so(tool: Any, name: str) -> None:
    found = convert(bundle(tool=tool))
    check(found)
    assert made(found.results[0])["tool"] == name
    (table,) = found.tables
    assert table.name == name
    assert table.fields["prompt_args"] == ["{prompt}"]
    assert any(f"[tools.{name}]" in line for line in messages(found.results[0]))


@pytest.mark.parametrize(
    ("tool", "name"),
    [("claude", "claude-code"), ("Claude Code", "claude-code"), ("codex-cli", "codex"), ("aider-edit", "aider"),
     (["aider"], "aider"), ({"name": "gemini"}, "gemini"), ("open-code", "opencode")],
)  # fmt: skip
def test_an_agent_that_is_shipped_needs_no_table(tool: Any, name: str) -> None:
    found = convert(bundle(tool=tool))
    check(found)
    assert made(found.results[0])["tool"] == name
    assert found.tables == ()


def test_a_text_that_speaks_of_a_workflows_values_stays_that_text() -> None:
    text = "Replace ${{ github.ref }} and $${{ x }} in ci.yml"
    found = convert(bundle(tasks=[text], commands=[f"grep '{text}' ci.yml"], zz={"a": [text]}))
    check(found)
    assert "Replace $${{ github.ref }} and $$$${{ x }} in ci.yml" in found.results[0].text
    document = yaml_documents.read(found.results[0].text.encode(), path="made.yaml")
    assert value_rules.check(document) == ()
    (one,), faults = filled_members.filled(document, {}, None, {})
    assert faults == []
    assert text in one.data["steps"][0]["prompt"]


def test_a_workstream_of_commands_needs_no_agent() -> None:
    found = convert(bundle(tool=..., tasks=["make"], circuit_breaker={"max_attempts": 2}))
    assert found.tables == ()
    assert not {"tool", "fix"} & set(made(found.results[0]))
    assert "fixes need an agent and none is named: they are left out" in messages(found.results[0])[0]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"circuit_breaker": {"max_attempts": 4}}, {"fix": {"attempts": 4}}),
        ({"circuit_breaker": {"max_attempts": "4"}}, {"fix": {"attempts": 4}}),
        ({"circuit_breaker": {"max_attempts": 400}}, {"fix": {"attempts": 100}}),
        ({"circuit_breaker": {"max_attempts": 0}}, {}),
        ({"circuit_breakers": [{"type": "max_attempts", "limit": 2}, {"type": "timeout", "duration_minutes": 5}]},
         {"fix": {"attempts": 2}, "budget": {"minutes": 5}}),
        ({"max_cost_usd": 1.5, "max_runtime_minutes": 30}, {"budget": {"usd": 1.5, "minutes": 30}}),
        ({"retry": {"max_attempts": 2}}, {"fix": {"attempts": 2}}),
        ({"circuit_breaker": "none"}, {}),
    ],
)  # fmt: skip
def test_breakers_become_fix_and_budget(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    data = one(**fields)
    assert {key: data[key] for key in ("fix", "budget") if key in data} == expected


@pytest.mark.parametrize(
    ("fields", "timeout"),
    [({"timeout_seconds": 90}, "90s"), ({"timeout_minutes": 2}, "2m"), ({"timeout": "5m"}, "5m"),
     ({"timeout_ms": 3600000}, "1h"), ({"timeout_seconds": 0}, None), ({"timeout": "soon"}, None)],
)  # fmt: skip
def test_a_steps_deadline_is_kept(fields: dict[str, Any], timeout: str | None) -> None:
    (step,) = one(steps=[{"command": "make", **fields}], tasks=[])["steps"]
    assert step.get("timeout") == timeout


def test_sections_of_the_wrong_type_are_kept_and_break_nothing() -> None:
    fields = {
        "title": ["a", "b"], "depends_on": {"x": 1}, "files_scope": 7, "acceptance_tests": {"unit": ["make"]},
        "metadata": "text", "circuit_breaker": [1], "expected_artifacts": {"docs": [{"path": "a.md"}, None]},
    }  # fmt: skip
    data = one(**fields)
    assert data["checks"] == [{"id": "make", "run": "make"}]
    assert data["artifacts"] == ["a.md"]
    assert data["metadata"] == {
        "title": ["a", "b"], "depends_on": {"x": 1}, "files_scope": 7, "circuit_breaker": [1],
        "expected_artifacts": {"docs": [None]}, "metadata": "text",
    }  # fmt: skip


def test_the_files_own_metadata_and_its_other_keys_do_not_overwrite_each_other() -> None:
    data = one(priority="high", metadata={"priority": "low", "owner": "me"})
    assert data["metadata"] == {"priority": "high", "owner": "me", "metadata": {"priority": "low"}}


def test_entries_may_stand_in_a_mapping_under_their_ids() -> None:
    data = one(tasks=..., steps={"first": {"command": "make"}, "second": {"description": "Write it"}})
    assert [step["id"] for step in data["steps"]] == ["first", "second"]


def test_a_long_title_is_cut_and_kept() -> None:
    title = "word " * 60
    data = one(title=title)
    assert len(data["title"]) <= 200
    assert data["metadata"]["title"] == title


# settings


def test_profiles_become_tables() -> None:
    found = convert(file("tool_profiles.json"), bundle(tool="codex"))
    assert profiles.text(found.tables, prefix="tools") == (DATA / "expected" / "tools.toml").read_text("utf-8")
    assert messages(found.results[0]) == [
        'tool_profiles.json:2:3: warning: profile "pytest": kept as a comment: success_pattern',
        'tool_profiles.json:3:3: warning: profile "ruff": kept as a comment: args',
        'tool_profiles.json:4:3: warning: profile "codex": kept as a comment: command, args',
        'tool_profiles.json:7:3: warning: profile "nothing" has no command; left out',
    ]


def test_a_profile_that_the_repository_has_already_is_not_offered() -> None:
    own = tool_profiles.merged(SHIPPED, {"codex": {"command": "mine", "prompt_args": ["{prompt}"]}})
    found = batch.convert([file("tool_profiles.json"), bundle(tool="codex")], existing={}, own_tools=own)
    assert "codex" not in {table.name for table in found.tables}
    assert messages(found.results[1]) == []


# anything


def places(value: Any, keys: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if keys:
        yield keys
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(child, (*keys, key))


NEAR = [
    jsonc.read((DATA / "bundle.json").read_bytes(), path="x.json")[0].data,
    yaml_documents.read((DATA / "plan.yml").read_bytes(), path="x.yml").data,
    json.loads((DATA / "tool_profiles.json").read_text("utf-8")),
    yaml_documents.read((DATA / "circuit_breakers.yaml").read_bytes(), path="x.yml").data,
]
ODD = JSON | st.sampled_from(
    ["python x.py", "../x", "C:\\x", "-x", "{a,b}/*", "[", "prepare", "replay", "pytest", "${phase_id}", "5m", [[]],
     [{"id": "q", "command": "ls"}], {"tool_id": "pytest", "args": ["-q"]}, [{"path": "x*y"}], {"k" * 1100: "v"}]
)  # fmt: skip


@settings(max_examples=max(10, settings().max_examples // 10), deadline=None)
@given(st.data())
def test_a_document_near_a_real_one_gives_a_sound_result_or_a_refusal(data: st.DataObject) -> None:
    files = []
    for number in range(data.draw(st.integers(1, 2))):
        document = copy.deepcopy(data.draw(st.sampled_from(NEAR)))
        for _ in range(data.draw(st.integers(1, 4))):
            found = list(places(document))
            if not found:
                break
            *above, key = data.draw(st.sampled_from(found))
            parent = document
            for step in above:
                parent = parent[step]
            if data.draw(st.booleans()):
                parent[key] = copy.deepcopy(data.draw(ODD))
            else:
                del parent[key]
        files.append(File(path=f"{number}.json", raw=json.dumps(document).encode()))
    check(convert(*files))


@settings(max_examples=max(10, settings().max_examples // 10), deadline=None)
@given(st.sampled_from(["plan.yml", "bundle.json"]), st.integers(0, 3000), st.integers(0, 40), st.binary(max_size=6))
def test_a_text_near_a_real_one_gives_a_sound_result_or_a_refusal(name: str, at: int, length: int, new: bytes) -> None:
    raw = (DATA / name).read_bytes()
    check(convert(File(path=name, raw=raw[:at] + new + raw[at + length :])))


@settings(max_examples=max(10, settings().max_examples // 20), deadline=None)
@given(st.data(), JSON)
def test_a_key_that_nobody_knows_is_kept_and_named(data: st.DataObject, value: Any) -> None:
    document = copy.deepcopy(NEAR[data.draw(st.integers(0, 1))])
    inside = [keys for keys in ((), *places(document)) if isinstance(at(document, keys), dict)]
    keys = data.draw(st.sampled_from(inside))
    at(document, keys)["zz_unknown"] = value
    result = convert(File(path="x.json", raw=json.dumps(document).encode())).results[0]
    assert any(key == "zz_unknown" and at(made(result)["metadata"], (*above, key)) == value
               for *above, key in places(made(result)["metadata"]))  # fmt: skip
    # what is kept whole is named as a whole, be it a section or a check that is a sentence
    names = ("zz_unknown", *(key for key in keys if isinstance(key, str)), "Taste a bottle")
    assert keys[:1] == ("metadata",) or any(name in line for line in messages(result) for name in names)


def at(value: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        value = value[key]
    return value
