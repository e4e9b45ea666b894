"""What real packages showed: humanize, more-itertools, tabulate, inflection and attrs as users have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pythons import Venv
from tests.world import LEAN, World

PYTEST = [{"id": "tests", "tool": "pytest", "args": [LEAN, "tests"]}]


@pytest.fixture
def project(world: World, tmp_path: Path) -> World:
    """A package in `src/` that no environment holds, with one test that asks for 3."""
    Venv.make(tmp_path / "env", borrows=True).comes_first(world)
    world.write("pyproject.toml", '[project]\nname = "shapes"\nversion = "1.0"\n[tool.pytest]\npythonpath = ["src"]\n')
    world.write("src/shapes/__init__.py", "def add(a, b):\n    return a + b\n")
    world.write("tests/test_add.py", "import shapes\n\ndef test_add():\n    assert shapes.add(1, 2) == 3\n")
    world.commit()
    return world


def test_a_check_is_not_said_to_have_changed_what_the_step_changed(world: World) -> None:
    world.write("app.py", "x = 1\n")
    world.workstream("w", steps=[{"id": "s", "run": "echo '# more' >> app.py"}], checks=[{"id": "c", "run": "true"}])
    world.commit()
    world.doit("w")
    record = world.records()["w"]
    assert record["outcome"] == "changed", record["message"]
    assert record["checks"][0]["notes"] == []


def test_a_setup_is_not_said_to_have_changed_what_the_users_branch_changed(world: World) -> None:
    world.write("app.py", "x = 1\n")
    world.write("splinter.toml", 'base = "main"\n')
    world.workstream("w", steps=[{"id": "s", "run": "echo x > new.txt"}], checks=[], setup=[{"run": "true"}])
    world.commit()
    world.git("switch", "-qc", "mine")
    world.write("app.py", "x = 2\n")
    world.commit()
    world.doit("w")
    record = world.records()["w"]
    assert record["outcome"] == "changed", record["message"]
    assert [note for note in world.notes() if "its setup took" not in note] == []  # on a busy machine it says that too


@pytest.mark.lane("stories")
def test_a_module_that_only_the_checkout_has_is_named_where_nothing_is_installed_too(project: World) -> None:
    project.write(".gitignore", "_version.py\n")
    project.write("src/shapes/__init__.py", "from ._version import version\n\ndef add(a, b):\n    return a + b\n")
    project.write("src/shapes/_version.py", "version = '1.0'\n")
    project.workstream("w", steps=[{"id": "s", "run": "echo x > new.txt"}], checks=PYTEST)
    project.commit()
    project.doit("w")
    assert project.records()["w"]["reason"] == "check_failed"
    assert project.notes() == [
        "src/shapes/_version.py is in your checkout only: commit it, or bring what git ignores by .worktreeinclude."
    ]


@pytest.mark.lane("stories")
def test_tests_that_failed_before_are_said_to_have(project: World) -> None:
    project.write("tests/test_add.py", "import shapes\n\ndef test_add():\n    assert shapes.add(1, 2) == 4\n")
    project.workstream("w", steps=[{"id": "s", "run": "echo x > new.txt"}], checks=PYTEST)
    project.commit()
    project.doit("w")
    record = project.records()["w"]
    assert record["reason"] == "check_failed"
    assert "none of them newly" in record["message"]  # the change broke nothing, and "1 of 1 tests failed" hides it


@pytest.mark.lane("stories")
def test_a_file_that_the_branch_deletes_is_not_brought_back_by_worktreeinclude(project: World) -> None:
    project.write(".gitignore", "_version.py\n")
    project.write(".worktreeinclude", "src/shapes\n")
    project.write("src/shapes/_version.py", "version = '1.0'\n")
    project.write("src/shapes/old.py", "three = 3\n")
    project.write("tests/test_old.py", "from shapes.old import three\n\ndef test_old():\n    assert three == 3\n")
    project.workstream("first", steps=[{"id": "s", "run": "echo x > new.txt"}], checks=PYTEST)
    project.workstream("w", steps=[{"id": "s", "run": "git rm -q src/shapes/old.py"}], checks=PYTEST)
    project.commit()
    project.doit("first")  # what the base says is remembered: the place of the next one is made at its change
    project.doit("w")
    record = project.records()["w"]
    assert (record["outcome"], record["reason"]) == ("failed", "check_failed"), record["checks"]


@pytest.mark.lane("stories")
def test_a_pattern_of_worktreeinclude_that_brings_nothing_is_named(project: World) -> None:
    project.write(".gitignore", "*.mo\n")
    project.write(".worktreeinclude", "*.mo\n")
    project.write("src/shapes/locale/de.mo", "x\n")
    project.workstream("w", steps=[{"id": "s", "run": "echo x > new.txt"}], checks=PYTEST)
    project.commit()
    project.doit("w")
    assert project.records()["w"]["outcome"] == "changed"
    is_there = (project.worktree("w.judge") / "src/shapes/locale/de.mo").exists()
    assert is_there or any("*.mo" in note for note in project.notes())
