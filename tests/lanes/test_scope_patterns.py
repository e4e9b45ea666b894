"""Random patterns mean what git's pathspecs mean of random names, and by the letter sometimes more."""

from __future__ import annotations

import os
import random

import pytest

from splinter.engine.steps import scope_check
from splinter.git import command_line, user_repository
from splinter.git import commands as git
from tests.world import World

SIGNS = "aab[]*?!^-é.A"


def word(choice: random.Random) -> str:
    found = "".join(choice.choice(SIGNS) for _ in range(choice.randint(1, 4)))
    return found if found not in (".", "..") and "**" not in found else "a"  # of `b**` git before 2.41 is not sure


@pytest.mark.lane("fuzz")
@pytest.mark.parametrize("seed", range(5))
def test_random_patterns_mean_what_git_says(world: World, seed: int) -> None:
    world.commit()
    repository, choice = user_repository.open_repository(world.root, world.environ()), random.Random(seed)
    names = {"/".join(word(choice) for _ in range(choice.randint(1, 3))) for _ in range(400)} | {"[id]/a", "[id]/x/y"}
    names = {name for name in names if not any(name.startswith(f"{other}/") for other in names)}
    blob = command_line.call(repository, "hash-object", "-w", "--stdin").stdout.decode().strip()
    index = {"GIT_INDEX_FILE": str(world.home / "index")}
    rows = "".join(f"100644 {blob}\t{name}\0" for name in sorted(names)).encode()
    command_line.call(repository, "update-index", "-z", "--index-info", stdin=rows, env=index)
    tree = command_line.call(repository, "write-tree", env=index).stdout.decode().strip()
    empty = git.empty_tree(repository)
    patterns = ["/".join(choice.choice(("**", "*", word(choice), word(choice))) for _ in range(choice.randint(1, 3)))
                for _ in range(200)]  # fmt: skip
    for pattern in (*patterns, *choice.sample(sorted(names), 100), "[id]/a", "[id]", "[id]/**"):
        asked = command_line.call(
            repository, "diff-tree", "-r", "-z", "--name-only", empty, tree, "--", f":(glob){pattern}"
        ).stdout
        by_git = {os.fsdecode(path) for path in asked.split(b"\0") if path}
        found = scope_check._matching(repository, empty, tree, [pattern])
        by_letter = {path for path in found - by_git if any(part in path.split("/") for part in pattern.split("/"))}
        assert found - by_letter == by_git, pattern
