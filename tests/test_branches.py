"""The workstream's branch in situations of real repositories: what the world is afterwards, here and on the remote."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.world import TUESDAY, World

FIRST, SECOND = "printf '1\\n2\\n3\\n' > x.txt", "printf '1\\n2\\nthree\\n' > x.txt"


@pytest.fixture
def made(world: World) -> World:
    """A repository whose workstream has made its branch."""
    world.write("base.txt", "base\n")
    world.workstream("w", steps=[world.step("s", FIRST)])
    world.commit()
    assert world.doit("w").status == 0
    return world


def again(world: World, command: str = SECOND) -> int:
    """The workstream edited, so that its change is another one."""
    world.workstream("w", steps=[world.step("s", command)])
    world.commit("edited")
    return world.doit("w").status


def person(world: World, *changes: tuple[str, str], message: str = "mine", on: str = "splinter/w") -> str:
    """A commit of a person's on the branch, made in a checkout that is gone afterwards."""
    world.git("worktree", "add", "--quiet", "../person", on)
    folder = world.root.parent / "person"
    for path, text in changes:
        (folder / path).write_text(text)
    author = {
        "GIT_AUTHOR_NAME": "A Person",
        "GIT_AUTHOR_EMAIL": "person@example.org",
        "GIT_AUTHOR_DATE": "2026-01-02T03:04:05+02:00",
    }
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    subprocess.run(
        ["git", "commit", "--quiet", "--allow-empty", "-m", message],
        cwd=folder,
        check=True,
        env={**os.environ, **author},
    )
    world.git("worktree", "remove", "--force", "../person")
    return world.git("rev-parse", on)


def subjects(world: World, branch: str = "splinter/w") -> list[str]:
    return world.git("log", "--reverse", "--format=%s", f"main..{branch}").splitlines()


def file(world: World, path: str, branch: str = "splinter/w") -> str:
    return world.git("show", f"{branch}:{path}")


OURS = "Title of w (s)"


def test_a_person_s_commit_behind_ours_stays_while_nothing_else_changes(made: World) -> None:
    tip = person(made, ("notes.txt", "n\n"))
    made.now = TUESDAY
    assert made.doit("w").status == 0
    assert made.git("rev-parse", "splinter/w") == tip


def test_a_person_s_commits_follow_a_new_change_with_author_date_and_message(made: World) -> None:
    person(made, ("notes.txt", "n\n"), message="First of mine\n\nWith a body.\n")
    person(made, ("x.txt", "one\n2\n3\n"), message="Second of mine")
    old = made.git("rev-parse", "splinter/w")
    assert again(made) == 0
    assert subjects(made) == [OURS, "First of mine", "Second of mine"]
    assert (file(made, "x.txt"), file(made, "notes.txt")) == ("one\n2\nthree", "n")
    shown = made.git("show", "-s", "--format=%an <%ae> %ad|%cn|%B", "--date=raw", "splinter/w~1")
    assert shown.startswith("A Person <person@example.org> 1767315845 +0200|Test User|First of mine\n\nWith a body.")
    kept = made.git("for-each-ref", "--format=%(objectname)", "refs/splinter/backups/w").split()
    assert old in kept


def test_a_person_s_commit_that_does_not_fit_leaves_the_branch_as_it_is(made: World) -> None:
    tip = person(made, ("x.txt", "1\n2\nIII\n"))
    assert again(made) == 1
    assert made.git("rev-parse", "splinter/w") == tip
    record = made.records()["w"]
    assert record["reason"] == "conflict"
    assert record["message"] == (
        f"splinter/w holds a commit that is not ours ({tip[:12]}) and that does not fit behind the new change: x.txt; "
        'the branch is left as it is: merge it, or "git branch -m splinter/w NEW-NAME" frees its name'
    )


def test_a_person_s_change_that_the_new_one_makes_too_is_left_out_and_an_empty_commit_is_not(made: World) -> None:
    person(made, ("x.txt", "1\n2\nthree\n"), message="the same")
    person(made, message="a remark")
    assert again(made) == 0
    assert subjects(made) == [OURS, "a remark"]


def test_a_person_s_commit_before_ours_by_a_rewritten_branch_is_kept_behind(made: World) -> None:
    ours = made.git("rev-parse", "splinter/w")
    made.git("branch", "-f", "splinter/w", "main")
    person(made, ("notes.txt", "n\n"), message="before")
    made.git("worktree", "add", "--quiet", "../person", "splinter/w")
    made.git("-C", "../person", "cherry-pick", ours)
    made.git("worktree", "remove", "--force", "../person")
    assert again(made) == 0
    assert subjects(made) == [OURS, "before"]
    assert file(made, "notes.txt") == "n"
    assert file(made, "x.txt") == "1\n2\nthree"


def test_a_base_that_moved_takes_ours_and_the_person_s_commits_along(made: World) -> None:
    person(made, ("notes.txt", "n\n"))
    made.write("base.txt", "newer\n")
    made.commit("base moves")
    made.now = TUESDAY
    assert made.doit("w").status == 0
    assert subjects(made) == [OURS, "mine"]
    assert file(made, "base.txt") == "newer"


def test_a_person_s_merge_of_the_base_keeps_what_it_says(made: World) -> None:
    made.write("base.txt", "newer\n")
    made.commit("base moves")
    made.git("worktree", "add", "--quiet", "../person", "splinter/w")
    made.git("-C", "../person", "merge", "--quiet", "--no-edit", "main")
    made.git("worktree", "remove", "--force", "../person")
    assert again(made) == 0
    assert file(made, "base.txt") == "newer"
    assert file(made, "x.txt") == "1\n2\nthree"


@pytest.mark.parametrize(
    ("theirs", "survives"),
    [
        ([("a b/ü.txt", "x\n")], True), ([('"q".txt', "x\n")], True), ([("new\nline.txt", "x\n")], True),
        ([("-rf", "x\n")], True),
    ],
    ids=["blanks and letters", "quotes", "a line end", "a dash"],
)  # fmt: skip
def test_names_of_all_kinds_are_replayed(made: World, theirs: list[tuple[str, str]], survives: bool) -> None:
    made.git("worktree", "add", "--quiet", "../person", "splinter/w")
    folder = made.root.parent / "person"
    for path, text in theirs:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    made.git("-C", "../person", "add", "--all")
    made.git("-C", "../person", "commit", "--quiet", "-m", "mine")
    made.git("worktree", "remove", "--force", "../person")
    assert again(made) == 0
    listed = made.git("ls-tree", "-r", "-z", "--name-only", "splinter/w").split("\0")
    assert ({path for path, _ in theirs} <= set(listed)) is survives


@pytest.mark.parametrize(
    ("command", "shown"),
    [("chmod +x base.txt", "100755"), ("ln -s base.txt link", "120000"), ("git mv base.txt moved.txt", "moved.txt"), ("printf '\\000\\377' > bin.dat", "bin.dat")],
    ids=["a mode", "a symlink", "a rename", "a binary"],
)  # fmt: skip
def test_changes_of_all_kinds_are_replayed(made: World, command: str, shown: str) -> None:
    made.git("worktree", "add", "--quiet", "../person", "splinter/w")
    folder = made.root.parent / "person"
    subprocess.run(["sh", "-c", f"{command}; git add --all; git commit -qm mine"], cwd=folder, check=True)
    made.git("worktree", "remove", "--force", "../person")
    assert again(made) == 0
    assert shown in made.git("ls-tree", "-r", "splinter/w")
    assert file(made, "x.txt") == "1\n2\nthree"


def test_a_branch_that_was_set_back_is_brought_forward(made: World) -> None:
    made.git("branch", "-f", "splinter/w", "main")
    assert again(made) == 0
    assert subjects(made) == [OURS]


def test_a_deleted_branch_comes_back(made: World) -> None:
    tip = made.git("rev-parse", "splinter/w")
    made.git("branch", "-D", "splinter/w")
    assert made.doit("w").status == 0
    assert made.git("rev-parse", "splinter/w") == tip


def test_a_tag_of_the_branch_s_name_confuses_nobody(made: World) -> None:
    made.git("tag", "splinter/w", "main")
    assert again(made) == 0
    assert made.git("show", "refs/heads/splinter/w:x.txt") == "1\n2\nthree"
    assert made.git("rev-parse", "refs/tags/splinter/w^{commit}") == made.git("rev-parse", "main~1")


@pytest.mark.parametrize(
    "merge",
    [
        "merge --quiet --no-ff --no-edit splinter/w",
        "merge --quiet --squash splinter/w",
        "rebase --quiet main splinter/w~0",
    ],
    ids=["merged", "squashed", "rebased"],
)
def test_a_dependent_starts_from_the_base_once_the_change_is_in_it(made: World, merge: str) -> None:
    made.workstream("v", depends_on=["w"], steps=[made.step("t", "cat x.txt > y.txt")])
    made.commit()
    assert made.doit().status == 0
    assert made.git("merge-base", "splinter/v", "splinter/w") == made.git("rev-parse", "splinter/w")
    made.write("base.txt", "newer\n")
    made.commit("the base goes on")
    if merge.startswith("rebase"):
        made.git(*merge.split())
        made.git("branch", "-f", "main", "HEAD")
        made.git("checkout", "--quiet", "main")
    else:
        made.git(*merge.split())
        made.commit("brought in")
    made.now = TUESDAY
    assert made.doit().status == 0
    assert made.git("merge-base", "splinter/v", "main") == made.git("rev-parse", "main")
    assert subjects(made, "splinter/v") == ["Title of v (t)"]
