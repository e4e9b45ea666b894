"""`doit init` as a user meets it: from any folder of a repository, and outside of one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from splinter.config.schema import load
from splinter.doit_plugins.commands import init as command
from splinter.doit_plugins.commands.init import Init
from splinter.maintenance import schema_copies
from splinter.maintenance.init import Written


def init(*args: str) -> int:
    return Init().parse_execute(list(args))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").write_text("")
    subprocess.run(["git", "-C", str(tmp_path), "add", "."], check=True)
    monkeypatch.chdir(tmp_path / "package")
    monkeypatch.setattr(command, "_agent", lambda variables: "")  # whatever is on this machine
    monkeypatch.setattr(command, "_lacking", lambda root, written, variables: "")
    return tmp_path


def test_files_go_to_the_top_of_the_repository(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init() == 0
    assert capsys.readouterr().out == (
        "written  .github/workflows/scheduled-orchestrator.yml\n"
        "written  dodo.py\n"
        "written  doit.cfg\n"
        "written  splinter.toml\n"
        "written  workstreams/first.yaml\n"
        f"{command.NEXT.format(package=command.UNPINNED)}\n"
    )
    assert "tool: ruff" in (repository / "workstreams/first.yaml").read_text()
    assert list((repository / "package").iterdir()) == [repository / "package/__init__.py"]


def test_what_is_kept_says_what_it_lacks(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "dodo.py").write_text("# my own\n")
    assert init() == 0
    assert (
        "kept     dodo.py\n"
        "    add this line to it:\n"
        "    from splinter.dodo import DOIT_CONFIG, task_splinter  # noqa: F401\n"
    ) in capsys.readouterr().out


def test_outside_of_a_repository_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert init() == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f'ERROR: {tmp_path}: no git repository here; "git init" makes one\n'
    assert list(tmp_path.iterdir()) == []


def test_an_argument_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init("here") == 3
    assert capsys.readouterr().err == 'ERROR: doit init takes no arguments, but was given "here"\n'
    assert not (repository / "dodo.py").exists()


def test_the_schemas_that_its_files_name_are_there_and_kept_up_to_date(repository: Path) -> None:
    assert init() == 0
    first = repository / "workstreams/first.yaml"
    named = first.read_text().splitlines()[0].partition("$schema=")[2]
    schema = first.parent / named
    assert json.loads(schema.read_text()) == load("workstream")
    settings = repository / (repository / "splinter.toml").read_text().splitlines()[0].removeprefix("#:schema ")
    assert json.loads(settings.read_text()) == load("settings")
    schema.write_text("of another version")
    schema_copies.put(repository)
    assert json.loads(schema.read_text()) == load("workstream")
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert ".splinter" not in status.stdout


def test_a_tool_that_the_first_workstream_lacks_is_named_before_it_fails_for_it(tmp_path: Path) -> None:
    (tmp_path / command.init.FIRST).parent.mkdir()
    (tmp_path / command.init.FIRST).write_text("steps:\n  - id: fix\n    tool: ruff\n")
    written = [Written(path=command.init.FIRST, action="written")]
    assert command._lacking(tmp_path, written, {"PATH": str(tmp_path)}) == (
        "workstreams/first.yaml needs ruff, not on PATH yet: install it first"
    )
    (tmp_path / "ruff").write_text("")
    (tmp_path / "ruff").chmod(0o755)
    assert command._lacking(tmp_path, written, {"PATH": str(tmp_path)}) == ""
