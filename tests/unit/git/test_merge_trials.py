"""Many pairs merged on trial at once come to what git says of each by itself, and none is left out that conflicts."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from splinter.errors import GitError
from splinter.git import command_line, merge, merge_trials, user_repository
from splinter.git.command_line import Repository
from tests.world import World

Files = Mapping[str, str]


def text(name: str) -> str:
    """A file that git knows again where it was renamed and one line edited."""
    return "".join(f"line {number} of {name}\n" for number in range(20))


BASE = {name: text(name) for name in ("a.txt", "b.txt", "lib/one.txt", "lib/two.txt", "odd\nname.txt")}


def without(*paths: str) -> dict[str, str]:
    return {path: held for path, held in BASE.items() if path not in paths}


BRANCHES: dict[str, Files] = {
    "edits a": {**BASE, "a.txt": "mine\n" + text("a.txt")},
    "edits a otherwise": {**BASE, "a.txt": "yours\n" + text("a.txt")},
    "edits b": {**BASE, "b.txt": "x\n"},
    "deletes a": without("a.txt"),
    "renames a": {**without("a.txt"), "new.txt": text("a.txt")},
    "renames a otherwise": {**without("a.txt"), "other.txt": text("a.txt")},
    "adds new": {**BASE, "new.txt": "new\n"},
    "adds a folder new": {**BASE, "new.txt/in.txt": "new\n"},
    "renames lib": {**without("lib/one.txt", "lib/two.txt"), "src/one.txt": BASE["lib/one.txt"],
                    "src/two.txt": BASE["lib/two.txt"]},
    "adds to lib": {**BASE, "lib/three.txt": "three\n"},
    "edits the odd one": {**BASE, "odd\nname.txt": "1\n"},
    "edits the odd one otherwise": {**BASE, "odd\nname.txt": "2\n"},
    "edits nothing": BASE,
}  # fmt: skip
ORIGINAL_CALL = command_line.call


def made(world: World, branches: Mapping[str, Files], base: Files) -> tuple[str, dict[str, str]]:
    """A base and a commit on it for each branch, all by one process: their ids."""
    lines: list[str] = []

    def commit(name: str, files: Files, parent: str) -> None:
        lines.append(
            f"commit refs/heads/{name}\ncommitter T <t@example.org> 1700000000 +0000\ndata {len(name)}\n{name}\n"
        )
        lines.extend([f"from {parent}\n"] if parent else [])
        lines.append("deleteall\n")
        for path, held in files.items():
            named = '"' + path.replace("\n", "\\n") + '"'
            lines.append(f"M 100644 inline {named}\ndata {len(held)}\n{held}\n")

    commit("start", base, "")
    for number, files in enumerate(branches.values()):
        commit(f"number-{number}", files, "refs/heads/start")
    subprocess.run(["git", "fast-import", "--quiet"], input="".join(lines), cwd=world.root, text=True, check=True)
    ids = dict(
        line.split(" ") for line in world.git("for-each-ref", "--format=%(refname:short) %(objectname)").split("\n")
    )
    return ids["start"], {name: ids[f"number-{number}"] for number, name in enumerate(branches)}


def opened(world: World) -> Repository:
    return user_repository.open_repository(world.root, world.environ())


def alone(repository: Repository, ours: str, theirs: str) -> tuple[str | None, tuple[str, ...], bool]:
    try:
        return *merge.merge_trees(repository, ours, theirs), True
    except GitError:
        return None, (), False


def test_many_pairs_are_one_process_and_come_to_what_each_comes_to_alone(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, ids = made(world, BRANCHES, BASE)
    repository = opened(world)
    pairs = list(combinations(ids.values(), 2))
    asked = []

    def counted(*words: Any, **named: Any) -> Any:
        asked.append(words[1])
        return ORIGINAL_CALL(*words, **named)

    with command_line.borrowed(repository) as apart:
        expected = [alone(apart, *pair) for pair in pairs]
        monkeypatch.setattr(command_line, "call", counted)
        found = merge_trials.several(apart, pairs)
        assert asked == ["merge-tree"]
        assert [(one.tree, one.paths, one.problem is None) for one in found] == expected
        touched = merge_trials.touched(apart, base, list(ids.values()))
    assert asked == ["merge-tree", "rev-list", "diff-tree"]
    missed = [pair for pair, (tree, *_) in zip(pairs, expected, strict=True)
              if tree is None and not touched[pair[0]].meets(touched[pair[1]])]  # fmt: skip
    assert missed == []
    conflicts = {names for names, (tree, *_) in zip(combinations(ids, 2), expected, strict=True) if tree is None}
    assert {("renames lib", "adds to lib"), ("adds new", "adds a folder new"),
            ("edits the odd one", "edits the odd one otherwise")} <= conflicts  # fmt: skip
    assert not touched[ids["edits a"]].meets(touched[ids["edits b"]])


def test_what_cannot_be_merged_at_all_spoils_no_other_pair(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, ids = made(world, {name: BRANCHES[name] for name in ("edits a", "edits a otherwise", "edits b")}, BASE)
    one, other, apart = ids.values()
    stranger = world.git("commit-tree", "-m", "no history in common", f"{one}^{{tree}}")
    pairs = [(one, apart), (one, stranger), (one, other), (stranger, one), (other, apart)]
    repository = opened(world)
    found = merge_trials.several(repository, pairs)
    assert [one.problem is not None for one in found] == [False, True, False, True, False]
    assert [one.tree is not None for one in found] == [True, False, False, False, True]

    def old(repository: Repository, verb: str, *words: str, **named: Any) -> Any:
        """A git before 2.39."""
        words = tuple("--no-such-option" if word == "--stdin" else word for word in words)
        return ORIGINAL_CALL(repository, verb, *words, **named)

    monkeypatch.setattr(command_line, "call", old)
    again = merge_trials.several(repository, pairs)
    assert [(one.tree, one.paths) for one in again] == [(one.tree, one.paths) for one in found]


def test_a_branch_that_is_no_single_line_from_the_base_is_not_judged_by_its_paths(world: World) -> None:
    base, ids = made(world, {name: BRANCHES[name] for name in ("edits a", "edits b")}, BASE)
    one, other = ids.values()
    merged = world.git("commit-tree", "-m", "both", "-p", one, "-p", other, f"{one}^{{tree}}")
    undone = world.git("commit-tree", "-m", "as it was", "-p", one, f"{base}^{{tree}}")
    found = merge_trials.touched(opened(world), base, [merged, undone, base])
    assert merged not in found
    assert found[undone].paths == {"a.txt"}  # who parted from it in between sees that
    assert found[base].paths == frozenset()


@pytest.mark.lane("git")
@pytest.mark.parametrize("seed", range(40))
def test_no_pair_that_conflicts_is_left_out_whatever_branches_do(world: World, seed: int) -> None:
    chance = random.Random(seed)
    folders = ("", "lib/", "lib/deep/", "src/")
    base = {f"{folder}{name}.txt": text(f"{folder}{name}") for folder in folders for name in "abc"}
    branches = {str(number): _changed(chance, base) for number in range(14)}
    start, ids = made(world, branches, base)
    repository = opened(world)
    pairs = list(combinations(ids.values(), 2))
    touched = merge_trials.touched(repository, start, list(ids.values()))
    with command_line.borrowed(repository) as apart:
        found = merge_trials.several(apart, pairs)
        missed = [pair for pair, trial in zip(pairs, found, strict=True)
                  if trial.tree is None and not touched[pair[0]].meets(touched[pair[1]])]  # fmt: skip
        some = chance.sample(range(len(pairs)), 8)
        assert [(found[one].tree, found[one].paths, found[one].problem is None) for one in some] == [
            alone(apart, *pairs[one]) for one in some
        ]
    assert missed == []
    assert len({trial.tree is None for trial in found}) == 2


def _changed(chance: random.Random, base: Files) -> dict[str, str]:
    """A few things done to files: edited, deleted, added, moved alone or with their folder, made into a folder."""
    files = dict(base)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(sorted(files))
        folder = path.rpartition("/")[0]
        match chance.choice(("edit", "edit", "delete", "add", "move", "move folder", "folder")):
            case "edit":
                files[path] = f"{chance.random()}\n" + files[path]
            case "delete":
                del files[path]
            case "add":
                files[f"{folder}/{chance.choice('defg')}.txt".lstrip("/")] = f"{chance.random()}\n"
            case "move":
                files[chance.choice(("x.txt", "lib/x.txt", "src/a.txt", "new/x.txt"))] = files.pop(path)
            case "move folder" if folder:
                into = chance.choice(("moved", "src", "lib"))
                for one in [one for one in files if one.startswith(f"{folder}/")]:
                    files[into + one.removeprefix(folder)] = files.pop(one)
            case _:
                held = files.pop(path)
                files = {one: files[one] for one in files if not one.startswith(f"{path}/")}
                files[f"{path}/in.txt"] = held
    names = set(files)
    return {path: held for path, held in files.items() if not any(one.startswith(f"{path}/") for one in names)}
