"""What somebody new writes is answered with the form that is right, and that form passes when it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from splinter.config import schema, settings_file, workstream_files, yaml_documents

STEPS = "steps: [{id: s, run: ls}]\n"
# what was written, what is proposed in its place
FORMS = {
    "run: ruff check": "steps: [{id: ruff, run: ruff check}]",
    "steps: ruff check": "steps: [{id: ruff, run: ruff check}]",
    "steps: {s: {run: ls}}": "steps: [{id: s, run: ls}]",
    "steps: {s: ls, t: pwd}": "steps: [{id: s, run: ls}, {id: t, run: pwd}]",
    "steps: {id: s, run: ls}": "steps: [{id: s, run: ls}]",
    "checks: pytest": "checks: [{id: pytest, run: pytest}]",
    "checks: {tests: pytest}": "checks: [{id: tests, run: pytest}]",
    "setup: npm ci": "setup: [{run: npm ci}]",
    "setup: {run: npm ci}": "setup: [{run: npm ci}]",
    "preflight: python --version": "preflight: [{run: python --version}]",
    "depends_on: lint": "depends_on: [lint]",
    "depends_on: lint, other": "depends_on: [lint, other]",
    "when: [0 2 * * *]": 'when: "0 2 * * *"',
    'when: {cron: "0 2 * * *"}': 'when: "0 2 * * *"',
    "env: CI, X": "env: [CI, X]",
    'env: [CI: "true"]': "env: [CI=true]",
    "scope: docs/**": 'scope: {modify: ["docs/**"]}',
    "scope: [docs/**]": 'scope: {modify: ["docs/**"]}',
    "scope: {modify: docs/**}": 'modify: ["docs/**"]',
    "inputs: src": "inputs: [src]",
    "artifacts: docs/x.md": "artifacts: [docs/x.md]",
    "budget: 2": "budget: {usd: 2}",
    "budget: $2.50": "budget: {usd: 2.5}",
    "budget: {usd: $2}": "usd: 2",
    "fix: 3": "fix: {attempts: 3}",
    "pull_request: draft": "pull_request: {draft: true}",
    "pull_request: {labels: docs}": "labels: [docs]",
    "base: [main]": "base: main",
    "tool: [codex]": "tool: codex",
    "objective: {Fix: the thing}": 'objective: "Fix: the thing"',
}
IN_A_STEP = {"- ruff check": "{id: ruff, run: ruff check}", "- {id: s, run: {ls: -l}}": 'run: "ls: -l"'}
SAID = {
    "timeout: 20m": 'unknown key "timeout"; it belongs in a step',
    "on: daily": 'unknown key "on"; did you mean "when"?',
    "needs: [lint]": 'unknown key "needs"; did you mean "depends_on"?',
    "scope: {allow: [docs]}": 'unknown key "allow"; did you mean "modify"?',
    "steps: [{id: s, cmd: ls}]": 'unknown key "cmd"; did you mean "run"?',
    "steps: [{id: s, run: ls, env: [A]}]": 'unknown key "env"; it belongs at the top of the workstream',
    "steps: [{id: s, run: ls, if: always()}]": 'unknown key "if"; write only_if: a command, of which 0 runs the step and 1 skips it',
    "checks: [{id: s, run: ls, only_if: test -s a}]": 'unknown key "only_if"; a check always runs: only a step has only_if',
    "checks: [{id: s, run: ls, if: always()}]": 'unknown key "if"; a check always runs: only a step has only_if',
    "preflight: [{run: ls, only_if: test -s a}]": 'unknown key "only_if"; a preflight always runs: only a step has only_if',
    "only_if: test -s a": 'unknown key "only_if"; it belongs in a step',
    "if: always()": 'unknown key "if"; only_if belongs in a step',
    "-id: s": 'unknown key "-id"; put a blank after the "-"',
    "pull_request: true": "expected false or a mapping, found true; leave it out, since true is what happens without it",
}
MEANT = {
    "steps: [{id: s, run: ls, timeout: 20 min}]": "20m",
    "steps: [{id: s, run: ls, timeout: 1.5h}]": "90m",
    "env: [CI = true]": "CI",
    "env: [$CI]": "CI",
    "pull_request: {reviewers: ['@octocat']}": "octocat",
    "depends_on: [My Work]": "my-work",
}


def told(line: str, *, path: str = "w.yaml") -> list[str]:
    own = "" if line.startswith("steps:") else STEPS
    document = yaml_documents.read(f"id: w\ntitle: W\n{own}{line}\n".encode(), path=path)
    return [problem.message for problem in schema.check(document)]


@pytest.mark.parametrize(("line", "form"), FORMS.items())
def test_the_message_shows_the_form_which_passes(line: str, form: str) -> None:
    (said,) = told(line)
    shown = re.split(r"(?:; | step: )write ", said)[1].removesuffix(", and give the values where doit is called")
    assert shown == form
    key = line.partition(":")[0]
    is_whole = form.startswith((f"{key}:", "steps:"))
    corrected = form if is_whole else f"{key}: {{{form}}}"
    own = "" if form.startswith("steps:") else STEPS
    document = yaml_documents.read(f"id: w\ntitle: W\n{own}{corrected}\n".encode(), path="w.yaml")
    assert (document.problems, schema.check(document)) == ((), ())


@pytest.mark.parametrize(("entry", "form"), IN_A_STEP.items())
def test_so_does_that_of_a_step(entry: str, form: str) -> None:
    (said,) = told(f"steps:\n{entry}")
    assert said.endswith(f"; write {form}")


@pytest.mark.parametrize(("line", "said"), SAID.items())
def test_a_key_of_another_program_or_place_is_led_to_ours(line: str, said: str) -> None:
    assert said in told(line)


@pytest.mark.parametrize(("line", "meant"), MEANT.items())
def test_a_text_that_is_nearly_right_is_led_to_one_that_is(line: str, meant: str) -> None:
    (said,) = told(line)
    assert said.endswith(f'; did you mean "{meant}"?')


def test_the_form_is_in_the_language_of_the_file() -> None:
    text = '{"id": "w", "title": "W", "steps": "ruff check"}'
    (said,) = (problem.message for problem in schema.check(yaml_documents.read(text.encode(), path="w.json")))
    assert said.endswith('; write "steps": [{"id": "ruff", "run": "ruff check"}]')


@pytest.mark.parametrize(
    "line",
    [
        "steps: 5",
        "budget: []",
        "fix: true",
        "scope: ''",
        f"inputs: {'a ' * 500}",
        "env: 5",
        "when: 5",
        "title: ''",
        "checks: [' ']",
        "checks: {tests: ''}",
        "setup: ['']",
    ],
)
def test_where_nothing_is_clear_nothing_is_proposed(line: str) -> None:
    assert not any("write" in said for said in told(line))


def problems(tmp_path: Path, lines: str, settings: str = "") -> list[str]:
    (tmp_path / "workstreams").mkdir()
    (tmp_path / "workstreams/w.yaml").write_text(f"id: w\ntitle: W\n{lines}\n")
    (tmp_path / "workstreams/lint.yaml").write_text(f"id: lint\ntitle: L\n{STEPS}")
    (tmp_path / "splinter.toml").write_text(settings)
    chosen, found = settings_file.look(tmp_path)
    read = workstream_files.read(tmp_path, chosen or settings_file.defaults()).problems
    return [problem.message for problem in (*found, *read)]


def test_a_tool_with_its_arguments_becomes_two_keys(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, "steps: [{id: s, tool: ruff check --fix}]")
    assert said == 'unknown tool "ruff check --fix"; write tool: ruff and args: [check, "--fix"]'


def test_a_program_that_is_no_tool_is_called_by_run(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, "steps: [{id: s, tool: npm}]")
    assert said.endswith("; any other program is called by run: npm")


def test_a_prompt_without_a_tool_names_those_there_are(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, "steps: [{id: s, prompt: hi}]")
    assert said == (
        'a prompt needs a tool; add "tool: NAME" to the workstream, '
        "where NAME is one of aider, claude-code, codex, gemini, opencode, replay"
    )


def test_a_string_in_place_of_a_list_is_looked_at_too(tmp_path: Path) -> None:
    assert problems(tmp_path, f"depends_on: lnt\n{STEPS}") == [
        "expected a list, found text; write depends_on: [lnt]",
        'unknown dependency "lnt"; did you mean "lint"?',
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("when: * * * * *", 'text with "*" in front needs quotes: write "* * * * *"'),
        ("inputs: [**/*.md, x]", 'text with "*" in front needs quotes: write "**/*.md"'),
        ("objective: @you  # now", 'text with "@" in front needs quotes: write "@you"'),
        ("scope:\n\tmodify: [x]", "a tab cannot indent; use spaces"),
    ],
)
def test_text_that_yaml_takes_for_something_else(tmp_path: Path, line: str, said: str) -> None:
    assert problems(tmp_path, line) == [f"invalid YAML: {said}"]


def test_settings_get_theirs_as_toml(tmp_path: Path) -> None:
    assert problems(tmp_path, STEPS, 'setup = "npm ci"\n') == [
        'expected a list, found text; write setup = [{run = "npm ci"}]'
    ]
