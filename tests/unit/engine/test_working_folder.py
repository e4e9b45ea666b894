"""Where a command starts: below its work tree, whatever links an earlier step made."""

from __future__ import annotations

from pathlib import Path

import pytest

from splinter.engine.steps import working_folder
from splinter.engine.tools import prompts
from splinter.errors import StepError
from splinter.git import worktree
from splinter.model.tool import Command, Tool
from splinter.model.workstream import Run, Scope, Step, Workstream


def step(folder: str) -> Step:
    return Step(id="go", action=Run(command="ls"), timeout_s=1, working_directory=folder)


def test_links_are_followed_as_far_as_the_work_tree_goes(tmp_path: Path) -> None:
    tree = worktree.locate(tmp_path, "w")
    (tree.path / "a/b").mkdir(parents=True)
    (tree.path / ".git").mkdir()
    (tmp_path / "other").mkdir()
    (tree.path / "file").write_text("")
    for link, target in {"in": "a/b", "up": "..", "out": tmp_path / "other", "git": ".git", "round": "round"}.items():
        (tree.path / link).symlink_to(target)
    assert working_folder.of(tree, step("")) == tree.path
    assert working_folder.of(tree, step("a/b")) == tree.path / "a/b"
    assert working_folder.of(tree, step("in")) == tree.path / "a/b"
    replay = Tool(name="replay", command="git", prompt_args=("apply", "{recorded}"))
    assert working_folder.of(tree, step("a/b"), replay) == tree.path
    for folder, why in {
        "up": "leads out of the work tree by a link", "out": "leads out of the work tree by a link",
        "git": "leads out of the work tree by a link", "gone": "is not there when go starts",
        "round": "is not there when go starts", "file": "is no folder when go starts",
    }.items():  # fmt: skip
        with pytest.raises(StepError, match=f'working_directory "{folder}" {why}'):
            working_folder.of(tree, step(folder))


def test_an_agent_is_told_which_folder_it_starts_in() -> None:
    one = Workstream(id="w", title="W", source="", steps=(), scope=Scope(modify=("a/**",), is_declared=True))
    told = prompts.of_step(one, "Do.", earlier=(), folder="a/b")
    assert "The current folder is `a/b` of the repository; the paths above count from the repository's root." in told


@pytest.mark.parametrize(
    ("program", "folder", "started"),
    [
        ("tools/agent.sh", "packages/a", "TREE/tools/agent.sh"),
        ("tools/agent.sh", "", "tools/agent.sh"),
        ("/opt/agent", "packages/a", "/opt/agent"),
        ("agent", "packages/a", "agent"),
    ],
)
def test_the_program_of_a_profile_counts_from_the_root(tmp_path: Path, program: str, folder: str, started: str) -> None:
    tree = worktree.locate(tmp_path, "w")
    command, profile = Command(argv=(program, "x"), label="agent"), Tool(name="agent", command=program)
    found = working_folder.from_the_root(command, profile, tree.path / folder, tree)
    assert found.argv == (started.replace("TREE", str(tree.path)), "x")
    own = Command(argv=("./here.sh",), label="here")
    assert working_folder.from_the_root(own, None, tree.path / "packages/a", tree) == own
