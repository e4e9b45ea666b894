"""Every call in the README and in docs/questions.md is run, one after another, in one repository."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from splinter.model.agents import registry
from tests.agents import RECORDINGS, STUB
from tests.paths import ROOT
from tests.world import LEAN, World

README = (ROOT / "README.md").read_text("utf-8")
QUESTIONS = (ROOT / "docs/questions.md").read_text("utf-8")
PROGRAMS = ("doit", "git", "uv", "poetry", "pipx", "pip", "python3", "rm", ".venv/bin/pip", ".venv/bin/pytest")
FIXED = "    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2\n"

# in the order in which they are run: the exit status, and what is printed
CALLS: dict[str, tuple[int, str]] = {
    "doit init": (0, "kept     splinter.toml"),
    "doit doctor": (0, "worktrees go to "),
    "doit check": (0, "no problem"),
    "doit run --dry-run": (0, "fix-median:repair  would run: claude-code"),
    "doit": (0, "fix-median:accept  changed"),
    "git branch --list 'splinter/*'": (0, "splinter/fix-median"),
    "git diff main...splinter/fix-median": (0, "+" + FIXED),
    "git log -p main..splinter/fix-median": (0, "Step: repair"),
    "doit run workstreams": (0, "nothing due"),
    "doit run pr report": (0, "nothing due"),
    "doit list": (0, "fix-median  up to date"),
    "doit plan": (0, "last cost: $0.0137"),
    "doit status": (0, "Nothing runs. The last run, "),
    "doit log fix-median": (0, ""),
    "doit log fix-median:repair": (0, "> Write src/a.py\n"),
    "doit diff fix-median": (0, "+" + FIXED),
    "doit record fix-median": (0, "workstreams/recorded/fix-median/repair.patch  1 file"),
    "doit run --simulate fix-median": (0, "fix-median:accept  simulated  changed"),
    "doit log --simulated fix-median": (0, ""),
    "doit diff --simulated fix-median": (0, "+" + FIXED),
    "doit show": (0, "fix-median: Repair the median"),
    "doit history": (0, "$0.0137"),
    "doit why fix-median": (0, "is up to date"),
    "doit why tidy": (0, "is up to date"),
    "doit tabcompletion --shell bash > ~/.doit-completion": (0, ""),
    "doit tabcompletion --shell zsh > _doit": (0, ""),
    "doit gc": (0, "nothing is past its limits"),
    "doit clean fix-median": (0, "remove_worktree_and_logs"),
    "git for-each-ref --format='delete %(refname)' refs/splinter refs/heads/splinter | git update-ref --stdin": (0, ""),
    "rm -rf .splinter .doit.db* reports": (0, ""),
}
AGAIN: dict[str, tuple[int, str]] = {  # those that run a workstream once more
    "doit run --simulate": (0, "fix-median:accept  simulated  changed"),
    "doit forget fix-median": (0, "forgetting fix-median:repair"),
    "doit fix-median": (0, "fix-median:accept  changed"),
    "doit -a fix-median": (0, "fix-median:accept  changed"),
    "doit forget": (0, "forgetting fix-median"),
    "doit tidy": (0, "tidy:accept  changed"),
    "doit -a": (0, "tidy:accept  changed"),
}
SET_UP = {  # tests/lanes/test_documented_set_up.py runs those that install; pytest is what runs this
    "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/doit", ".venv/bin/pytest -n 3",
    ".venv/bin/pip install ../splinter", "uv add --dev ../splinter",
}  # fmt: skip
NAMED = {"uv run doit", "uv run", "uv add --dev", "uv tool", "uv tool install", "pip install", "pip install -e",
         "pipx", "pipx install", "pipx inject doit", "doit"}  # fmt: skip


def typed(page: str) -> set[str]:
    """The calls in a page: its blocks that have no language, line by line, and what stands in back quotes."""
    blocks = [text for language, text in re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", page) if not language]
    lines = [line.removeprefix("$ ").partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    quoted = re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```$", "", page))
    return {call for call in (*lines, *quoted) if call.split(" ")[0] in PROGRAMS}


def with_the_example(world: World) -> None:
    """A repository with the README's example and `tidy`, and a `claude` that repairs what the prompt asks for."""
    for folder in ("stats", "messy"):
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(ROOT / "examples" / folder, world.root / "examples" / folder, ignore=ignored)
    block = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert block
    world.write("workstreams/fix-median.yaml", block[1])
    world.write("splinter.toml", f'[tools.pytest]\nargs = ["{LEAN}", "--junit-xml={{junit}}"]\n')
    world.write("workstreams/tidy.yaml", (ROOT / "workstreams/tidy.yaml").read_text("utf-8"))
    recorded = json.loads((RECORDINGS / "claude-code/edit.json").read_text("utf-8"))
    stdout = recorded["stdout"].replace("[1m]", "")  # of the model's name: Markdown would escape it
    wrong = "    return ordered[len(ordered) // 2]\n"
    path = "examples/stats/stats.py"
    files = {path: (world.root / path).read_text("utf-8").replace(wrong, FIXED)}
    recording = world.home / "recorded.json"
    recording.write_text(json.dumps({**recorded, "stdout": stdout, "files": files}))
    program = world.home / "bin/claude"
    program.parent.mkdir()
    words = {"agent": "claude-code", "recording": str(recording), "calls": str(world.calls_file), "flood": 0}
    program.write_text(STUB.format(python=sys.executable, **words))
    program.chmod(0o755)
    world.env |= {"ANTHROPIC_API_KEY": "made-up-key"}
    world.env["PATH"] = f"{program.parent}:{world.environ()['PATH']}"
    world.commit()


def said(world: World, call: str) -> tuple[int, str]:
    if call.split(" ")[0] == "doit":
        words = shlex.split(call.partition(" > ")[0])[1:]
        done = world.doit(*words)
        return done.status, done.out + done.err
    run = subprocess.run(["sh", "-c", call], cwd=world.root, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


def test_each_call_is_among_those_that_are_run() -> None:
    assert typed(README) | typed(QUESTIONS) == {*CALLS, *AGAIN, *SET_UP, *NAMED}


def run(world: World, calls: dict[str, tuple[int, str]]) -> list[str]:
    """Run them all; returns those in which the agent was asked."""
    asked = []
    for call, (status, words) in calls.items():
        ended, printed = said(world, call)
        assert (ended, words in printed) == (status, True), f"{call}: {ended}\n{printed}"
        asked += [call for _ in world.new_calls()]
        if call == "doit":
            is_as_the_readme_shows(world)
    return asked


def is_as_the_readme_shows(world: World) -> None:
    _, heading, body = (world.root / ".splinter/pull-requests/fix-median.md").read_text("utf-8").split("---\n", 2)
    made = yaml.safe_load(heading)
    assert f"a draft from `{made['head']}` to `{made['base']}`" in README
    assert made["draft"]
    quoted = re.search(r"(?m)^One resulting pull request.*\n\n((?:>.*\n)+)", README)
    assert quoted
    shown = [line.removeprefix(">").removeprefix(" ") for line in quoted[1].splitlines()]
    lines = [f"**{made['title']}**", *(line for line in body.splitlines() if not line.startswith("<!-- "))]
    seen = [line for line, before in zip(lines, ["x", *lines], strict=False) if line or before]  # no blank line twice
    assert shown == seen[: len(shown)]
    judged = "The checks judged commit"  # an id that no README can hold
    assert [line[: len(judged)] for line in seen[len(shown) :][:2]] == ["", judged]
    assert "Cost: $0.0137, 2,400 tokens read, 68 written.\n" in body


def test_each_call_does_what_the_pages_say(world: World) -> None:
    with_the_example(world)
    assert run(world, CALLS) == ["doit"]
    assert world.git("for-each-ref", "refs/splinter", "refs/heads/splinter") == ""
    assert world.git("diff", "--stat") == ""


@pytest.mark.lane("stories")
def test_what_runs_once_more_asks_the_agent_only_where_the_pages_say_so(world: World) -> None:
    with_the_example(world)
    assert world.doit("run", "workstreams").status == world.doit("record", "fix-median").status == 0
    world.new_calls()
    assert run(world, AGAIN) == ["doit -a fix-median", "doit -a"]


def test_uncommitted_workstreams_run_and_unpushed_commits_do_not(world: World, tmp_path: Path) -> None:
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    world.write("unpushed.txt", "mine\n")
    world.commit()
    world.workstream("w", steps=[world.step("s", "ls > listed.txt")])
    assert world.doit("w").status == 0
    assert "unpushed.txt" not in world.git("show", "splinter/w:listed.txt")
    (told,) = (note for note in world.notes() if "ahead" in note)
    assert f"`{told}`" in QUESTIONS


@pytest.mark.lane("stories")
def test_a_check_that_failed_before_fails_until_the_settings_say_baseline(world: World) -> None:
    settings = re.search(r"```toml\n(checks = .*?)```", QUESTIONS, re.DOTALL)
    assert settings
    world.write("test_a.py", "def test_old():\n    assert False\n")
    check = {"id": "tests", "tool": "pytest"}
    world.workstream("w", steps=[world.step("s", "echo x > x.txt")], checks=[check])
    world.commit()
    assert world.doit().status == 1
    assert "Still failing" in (world.root / "reports/latest/report.md").read_text("utf-8")
    world.write("splinter.toml", settings[1])
    world.commit()
    assert world.doit("w").status == 0


def test_the_table_of_agents_names_each_with_its_program_and_key() -> None:
    rows = [row.split("|")[1:-1] for row in QUESTIONS.splitlines() if row.startswith("| `")]
    table = {cells[0].strip(" `"): cells[1:] for cells in rows}
    for agent in registry.AGENTS:
        program, key, _ = table[agent.profile.name]
        assert program.strip(" `") == agent.profile.command
        named = re.findall(r"`(\w+)`", key)
        assert set(named) <= set(agent.keys)
        assert ("login" in key) == bool(agent.login)


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", QUESTIONS, re.DOTALL))
def test_its_pieces_of_yaml_are_valid(world: World, block: str) -> None:
    world.workstream("w", steps=[world.step("s", "true")], **yaml.safe_load(block))
    assert world.doit("check").out == "1 workstream, no problem\n"
