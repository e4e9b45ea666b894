"""What the README says is so: its workstream is valid, its commands and tasks exist, its links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests import paths
from tests.world import World

ROOT = paths.ROOT
README = (ROOT / "README.md").read_text("utf-8")


def spoken(text: str) -> set[str]:
    """Every call of doit, in back quotes or as a line of a block, without its name and the prompt."""
    quoted = re.findall(r"`(?:\.venv/bin/)?doit( [^`\n]*)?`", text)
    typed = re.findall(r"(?m)^(?:\$ )?doit( .*)?$", text)
    return {call.strip() for call in (*quoted, *typed)}


def commands(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    from doit.doit_cmd import DoitMain

    monkeypatch.chdir(ROOT)
    return set(DoitMain().get_cmds())


def tasks() -> set[str]:
    from splinter.model.workstream import TASKS_OF_OURS

    files = (ROOT / "workstreams").glob("*.yaml")
    return {*TASKS_OF_OURS, "workstreams", *(yaml.safe_load(file.read_text("utf-8"))["id"] for file in files)}


def test_every_command_and_task_it_names_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = spoken(README)
    assert {"init", "check", "plan", "history", "run --dry-run", "list"} <= calls
    known_commands, known_tasks = commands(monkeypatch), tasks()
    words = {word.split(":")[0] for call in calls for word in call.split() if not word.startswith("-")} - {"8"}
    assert words - known_commands - known_tasks == set()


def test_its_workstream_is_this_repositorys_and_valid(tmp_path: Path) -> None:
    from splinter.config import settings_file, workstream_files

    block = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert block
    lines = (ROOT / "workstreams/fix-median.yaml").read_text("utf-8").splitlines(keepends=True)
    ours = "".join(line for line in lines if not line.startswith("#"))
    assert block[1] == re.sub("tool: replay .*", "tool: claude-code", ours)
    (tmp_path / "workstreams").mkdir()
    (tmp_path / "workstreams/fix-median.yaml").write_text(block[1], "utf-8")
    assert workstream_files.read(tmp_path, settings_file.defaults()).problems == ()


def test_deleting_the_database_makes_nothing_due_and_what_it_names_does(world: World) -> None:
    world.workstream("tidy", steps=[world.step("write", "echo tidy > tidy.txt")])
    world.commit()
    world.doit("run", "workstreams")
    assert world.new_calls() == ["write"]
    for file in world.root.glob(".doit.db*"):
        file.unlink()
    world.doit("run", "workstreams")
    assert world.new_calls() == []
    (row,) = (line for line in README.splitlines() if line.startswith("| `.doit.db` |"))
    assert "Deleting it makes nothing due" in row
    for call in re.findall(r"`doit ([^`]+)`", row):
        world.doit(*call.split())
        world.doit("run", "workstreams")
        assert world.new_calls() == ["write"], call


def test_this_repositorys_own_workstreams_are_valid() -> None:
    from splinter.config import settings_file, workstream_files

    found = workstream_files.read(ROOT, settings_file.read(ROOT))
    assert found.problems == ()
    assert [one.id for one in found.workstreams] == ["fix-median", "tidy", "tidy-docs"]


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]), ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_set_up_commands_are_those_that_ci_runs() -> None:
    ci = (ROOT / ".ci/run").read_text("utf-8")
    for command in ("python3 -m venv .venv", ".venv/bin/pip install", ".venv/bin/pytest"):
        assert command in README
        assert command in ci
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert set(re.findall(r"\.\[(\w+)\]", README + ci)) == set(extras) - {"apprise", "browser"}, "for users, for a lane"


def test_every_environment_variable_is_documented() -> None:
    from splinter.config.settings_file import VARIABLES

    page = (ROOT / "docs/automation-setup.md").read_text("utf-8")
    assert [name for name in VARIABLES if f"`{name}`" not in page] == []
