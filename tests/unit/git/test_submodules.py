"""Submodules in work trees: there for who reads them, closed for who writes into them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import deep
from tests.world import World

READS = "test $(cat sub/lib.py) = one && test $(cat sub/deep/deep.py) = deep"


def repository(world: World, name: str, text: str, submodule: str | None = None) -> Path:
    folder = world.home / name
    folder.mkdir()
    world.git("-C", str(folder), "init", "--quiet")
    (folder / f"{name}.py").write_text(f"{text}\n")
    if submodule:
        world.git(
            "-C", str(folder), "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", submodule, "deep"
        )
    world.git("-C", str(folder), "add", "--all")
    world.git("-C", str(folder), "commit", "--quiet", "-m", text)
    return folder


@pytest.fixture
def outer(world: World) -> World:
    """A project with a submodule, in which another lies."""
    deep = repository(world, "deep", "deep")
    lib = repository(world, "lib", "one", str(deep))
    allow = ("-c", "protocol.file.allow=always")
    world.git(*allow, "submodule", "add", "--quiet", str(lib), "sub")
    world.git(*allow, "submodule", "update", "--quiet", "--init", "--recursive")
    return world


def ends(world: World, *commands: str, **fields: Any) -> dict[str, Any]:
    world.workstream(
        "w",
        base="main",
        steps=[{"id": f"s{number}", "run": command} for number, command in enumerate(commands)],
        **fields,
    )
    world.commit()
    world.doit()
    return world.records()["w"]


def test_what_a_commit_pins_lies_in_the_work_tree_for_steps_and_checks_and_is_no_change(outer: World) -> None:
    (outer.root / "sub/lib.py").write_text("edited in the checkout, and not committed\n")
    record = ends(outer, f"{READS} && echo a > a.txt", f"{READS} && echo b > b.txt", checks=[{"id": "c", "run": READS}])
    assert record["outcome"] == "changed", record
    assert outer.git("diff", "--name-only", "main", "splinter/w").split() == ["a.txt", "b.txt"]
    assert (outer.root / "sub/lib.py").read_text().startswith("edited")


INSIDE = [
    ("echo x >> sub/lib.py", "sub"), ("echo x > sub/new.txt", "sub"), ("rm sub/lib.py", "sub"), ("rm -r sub/deep/*", "sub/deep"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "path"), deep.rows(INSIDE, "git", ordinary=(INSIDE[3],)))
def test_what_a_step_changes_in_a_submodule_is_out_of_scope_and_gone_afterwards(
    outer: World, command: str, path: str
) -> None:
    record = ends(outer, f"{command}; echo a > a.txt")
    told = f"{path} is a submodule, and what is changed in it cannot become a commit here"
    assert (record["reason"], record["message"]) == ("out_of_scope", told)
    assert (outer.worktree("w") / "sub/lib.py").read_text() == "one\n"
    assert not (outer.worktree("w") / "sub/new.txt").exists()


def test_a_repository_that_a_step_makes_in_a_submodule_is_out_of_scope(outer: World) -> None:
    record = ends(outer, "cd sub && git init -q && git add . && git commit -qm x; echo a > ../a.txt")
    assert (record["reason"], record["message"]) == ("out_of_scope", "sub is a repository of its own")
    assert not (outer.worktree("w") / "sub/.git").exists()


def test_what_a_check_changes_in_a_submodule_is_thrown_away_and_reported(outer: World) -> None:
    checks = [{"id": "c", "run": "echo two > sub/lib.py"}, {"id": "d", "run": READS}]
    record = ends(outer, "echo a > a.txt", checks=checks)
    assert record["outcome"] == "changed", record
    assert record["checks"][0]["notes"] == ["it changed files of a submodule; thrown away"]


@pytest.mark.lane("git")
def test_a_submodule_that_the_clone_does_not_hold_is_empty_reported_and_closed_too(outer: World) -> None:
    outer.git("submodule", "deinit", "--quiet", "--force", "--all")
    (outer.root / ".git/modules/sub").rename(outer.root / ".git/modules/away")
    record = ends(outer, "test ! -e sub/lib.py && echo a > a.txt")
    assert record["outcome"] == "changed", record
    report = (outer.root / "reports/latest/report.md").read_text()
    assert "w: sub: empty in its work tree, since the pinned commit is not in this clone" in report
    outer.workstream("x", base="main", steps=[{"id": "s", "run": "echo x > sub/new.txt"}])
    outer.doit("x")
    assert outer.records()["x"]["reason"] == "out_of_scope"


@pytest.mark.lane("git")
def test_a_submodule_may_be_removed_and_its_pointer_does_not_move(outer: World) -> None:
    record = ends(outer, "rm -r sub .gitmodules", scope={"modify": ["**", ".gitmodules"]})
    assert record["outcome"] == "changed", record
    assert outer.git("diff", "--name-only", "main", "splinter/w").split() == [".gitmodules", "sub"]


@pytest.mark.lane("git")
def test_a_gitmodules_of_a_megabyte_is_not_read(outer: World) -> None:
    record = ends(outer, "cat sub/lib.py && echo x > x.txt")
    assert record["outcome"] == "changed"
    with (outer.root / ".gitmodules").open("a") as modules:
        modules.write("#" * 1_000_000 + "\n")
    record = ends(outer, "cat sub/lib.py && echo y > y.txt")
    assert record["reason"] == "exit_code"
