"""What is joined in memory is what `git merge-tree` makes of it, and all that meets is left to it."""

from __future__ import annotations

import random
from itertools import permutations
from pathlib import Path

import pytest

from splinter.git import commands as git
from splinter.git import loose_objects, merge, quarantine, tree_diff
from splinter.git.command_line import Repository
from splinter.git.tree_join import Joining
from tests.unit.git.test_merge_trials import BASE, BRANCHES, Files, made, opened, text
from tests.world import World

FOLDERS = ("", "lib/", "src/", "src/deep/", "new/")


def edited(files: Files, choice: random.Random) -> dict[str, str]:
    """The files after one to three things that people and tools do to them."""
    now = dict(files)
    for _ in range(choice.randint(1, 3)):
        path = choice.choice(sorted(now) or ["a.txt"])
        folder, target = path.rpartition("/")[0] + "/", choice.choice(FOLDERS)
        match choice.choice(("edit", "delete", "add", "move", "move folder", "delete folder", "folder for file")):
            case "edit":
                now[path] = f"{choice.choice('xy')}\n" + now.get(path, "")
            case "delete":
                now.pop(path, None)
            case "add":
                now[target + choice.choice("pqr")] = text(choice.choice("pqr"))
            case "move":
                now[target + choice.choice(("moved", "a.txt"))] = now.pop(path, "")
            case "move folder":
                inside = [one for one in now if one.startswith(folder)]
                now |= {target + one.removeprefix(folder): now.pop(one) for one in inside}
            case "delete folder":
                now = {one: held for one, held in now.items() if not one.startswith(folder)}
            case "folder for file":
                now = {one: held for one, held in now.items() if one != path} | {path + "/in": text("in")}
    return {one: held for one, held in now.items() if not any(other.startswith(one + "/") for other in now)}


def held_against_git(repository: Repository, start: str, heads: list[str]) -> list[bool]:
    """Join changes of trees one after another, each held against what git makes of it; which of them went in."""
    whole, at, told = Joining(repository, start), start, []
    at_the_end = Joining(repository, start)  # the same, written once
    for head in heads:
        expected, _ = merge.three_way(repository, start, at, head)
        told.append(whole.add(start, head))
        assert at_the_end.add(start, head) == told[-1]
        if told[-1]:
            assert whole.tree() == expected
        elif expected is not None:
            whole.becomes(expected)
            at_the_end.becomes(expected)
        at = expected or at
    assert at_the_end.tree() == at
    return told


def test_what_does_not_meet_is_joined_in_any_order(world: World) -> None:
    base, ids = made(world, BRANCHES, BASE)
    met = set()
    with quarantine.opened(opened(world)) as repository:
        start, *trees = (git.tree_of(repository, commit) for commit in (base, *ids.values()))
        names = dict(zip(trees, BRANCHES, strict=True))
        for pair in permutations(trees, 2):
            first, second = held_against_git(repository, start, list(pair))
            assert first
            met |= set() if second else {frozenset(names[tree] for tree in pair)}
        assert all(held_against_git(repository, start, [trees[0], trees[2], trees[10], trees[12]]))
    assert frozenset({"renames lib", "adds to lib"}) in met
    assert frozenset({"edits a", "edits b"}) not in met


def without(*gone: str, **added: str) -> dict[str, str]:
    """The files of the base without some, and with others, whose names begin with their folder and `__`."""
    more = {name.replace("__", "/"): text(held) for name, held in added.items()}
    return {path: held for path, held in BASE.items() if path not in gone} | more


SEQUENCES: dict[str, tuple[list[Files], list[bool]]] = {
    "three add to one new folder": (
        [without(new__a="a"), without(new__b="b"), without(new__c="c")], [True, True, True],
    ),
    "a folder given up by two together, then added to": (
        [without("lib/one.txt", src__one="lib/one.txt"), without("lib/two.txt", src__two="lib/two.txt"),
         without(lib__three="three")],
        [True, False, False],
    ),
    "a name that git sorts before a folder, which is one with a `/`": (
        [{**BASE, "lib-old": "old\n"}, {**BASE, "lib/three": "three\n"}, {**BASE, "libs": "\n"}], [True, True, True],
    ),
    "a file that both make a folder": (
        [without("a.txt") | {"a.txt/in": "1\n"}, without("a.txt") | {"a.txt/out": "2\n"}], [True, False],
    ),
    "folders in each other, deeper than we go": (
        [{**BASE, "d/" * 300 + "a": "a\n"}, {**BASE, "d/" * 300 + "b": "b\n"}, {**BASE, "d/c": "c\n"}],
        [True, False, True],
    ),
    "the same change twice": ([without("a.txt"), without("a.txt"), without("b.txt")], [True, False, True]),
    "all files go, one after another": ([without("a.txt"), without(*BASE), without(x="x")], [True, False, True]),
}  # fmt: skip


@pytest.mark.parametrize("which", SEQUENCES)
def test_changes_one_after_another(world: World, which: str) -> None:
    branches, joined = SEQUENCES[which]
    base, ids = made(world, {str(number): files for number, files in enumerate(branches)}, BASE)
    with quarantine.opened(opened(world)) as repository:
        start, *trees = (git.tree_of(repository, commit) for commit in (base, *ids.values()))
        assert held_against_git(repository, start, trees) == joined


@pytest.mark.parametrize("seed", [1, pytest.param(0, marks=pytest.mark.lane("fuzz"))])
def test_random_changes_are_joined_as_git_merges_them(world: World, seed: int) -> None:
    choice = random.Random(seed or None)
    rounds = 12 if seed else 400
    files = {"lib-a": text("-")} | {
        f"{folder}{name}": text(folder + name) for folder in FOLDERS[:4] for name in ("a.txt", "b.txt", "c.txt")
    }
    branches = {str(number): edited(files, choice) for number in range(4 * rounds)}
    base, ids = made(world, branches, files)
    told: list[bool] = []
    with quarantine.opened(opened(world)) as repository:
        start, *trees = (git.tree_of(repository, commit) for commit in (base, *ids.values()))
        for number in range(rounds):
            told += held_against_git(repository, start, trees[4 * number : 4 * number + 4])
    assert 0.5 < sum(told) / len(told) < 1


def test_a_file_and_a_folder_of_one_name_are_left_to_git(world: World) -> None:
    """Such a tree is damaged, and git is of several minds about it."""
    world.write("a/x", "x")
    world.commit()
    with quarantine.opened(opened(world)) as repository:
        folder, blob = (world.git("rev-parse", f"HEAD:{path}") for path in ("a", "a/x"))
        assert repository.objects

        def tree(*entries: tuple[bytes, str]) -> str:
            data = b"".join(head + b"\0" + bytes.fromhex(id) for head, id in entries)
            return loose_objects.write(repository.objects or world.root, "tree", data)

        both = tree((b"100644 a", blob), (b"40000 a", folder), (b"100644 z", blob))
        one = tree((b"40000 a", folder), (b"100644 z", blob))
        other = tree((b"40000 a", folder), (b"100755 z", blob))
        assert tree_diff.raw(repository, both, one) is None
        whole = Joining(repository, one)
        assert not whole.add(both, other)
        assert whole.tree() == one


def test_trees_are_kept_within_bounds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_diff, "_MOST_KEPT", 40)
    base, ids = made(world, BRANCHES, BASE)
    with quarantine.opened(opened(world)) as repository:
        for commit in (base, *ids.values()):
            tree_diff.raw(repository, base, commit)
        assert tree_diff._kept == sum(len(tree) + 1 for tree in tree_diff._known.values()) <= 40
        assert tree_diff._known


def test_without_a_folder_of_its_own_nothing_is_written(world: World, tmp_path: Path) -> None:
    base, ids = made(world, {"edits a": BRANCHES["edits a"]}, BASE)
    repository = opened(world)
    start, head = (git.tree_of(repository, commit) for commit in (base, *ids.values()))
    whole = Joining(repository, start)
    assert not whole.add(start, head)
    assert whole.tree() == start
