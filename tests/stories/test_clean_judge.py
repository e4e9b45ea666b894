"""Checks judge the commit: nothing that a step or another check left decides what they see."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.world import IS_FENCED, LEAN, TUESDAY, World

BROKEN = "def add(a, b):\n    return a - b\n"
GOOD = "def add(a, b):\n    return a + b\n"
TEST = "import app\n\n\ndef test_add():\n    assert app.add(2, 3) == 5\n"
PYTEST = {"id": "tests", "tool": "pytest", "args": [LEAN, "-p", "no:cacheprovider", "test_app.py"]}
# of the same test, where nothing is planted for pytest: its start is most of what a check costs here
CALLS = {"id": "tests", "run": "python3 -c 'import test_app; test_app.test_add()'"}


@pytest.fixture
def app(world: World) -> World:
    """A module, its test, and a workstream that may change the module alone."""
    world.write("app.py", GOOD)
    world.write("test_app.py", TEST)
    world.write(".gitignore", "__pycache__/\nconftest.py\n.facts/\nhidden/\n")
    return world


def ends(world: World, step: str, *checks: dict[str, Any], id: str = "w", **fields: Any) -> dict[str, Any]:
    """The record of a workstream with one step, judged by the checks."""
    world.workstream(id, steps=[{"id": "s", "run": step}], checks=list(checks or (CALLS,)), **fields)
    world.commit()
    world.doit(id)
    return world.records()[id]


# a step that reaches out of its place: the sandbox stops it there, and without one the judge sees through it
HELD = ("failed", "exit_code" if IS_FENCED else "check_failed")


def failed(record: dict[str, Any]) -> tuple[str, str | None]:
    return record["outcome"], record["reason"]


BREAKS = f"printf '{BROKEN}' > app.py"
# what says of itself that its source need not be looked at (PEP 552)
UNCHECKED = f"""python3 - <<'END'
import importlib.util, marshal, pathlib, py_compile
good = pathlib.Path("good.py"); good.write_text({GOOD!r})
target = importlib.util.cache_from_source("app.py")
py_compile.compile("good.py", cfile=target, dfile="app.py", invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
good.unlink()
END
{BREAKS}
"""
SAYS_PASSED = """cat > conftest.py <<'END'
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
END
"""


def test_a_planted_compiled_module_is_not_believed(app: World) -> None:
    assert failed(ends(app, UNCHECKED)) == ("failed", "check_failed")


@pytest.mark.lane("attacks")
def test_an_ignored_conftest_sets_no_outcome(app: World) -> None:
    assert failed(ends(app, SAYS_PASSED + BREAKS, PYTEST)) == ("failed", "check_failed")


@pytest.mark.lane("attacks")
def test_what_was_planted_in_a_failed_night_helps_nobody_the_next(app: World) -> None:
    ends(app, SAYS_PASSED + BREAKS, PYTEST)
    app.now = TUESDAY
    assert failed(ends(app, BREAKS, PYTEST)) == ("failed", "check_failed")


@pytest.mark.lane("attacks")
def test_a_planted_helper_of_the_base_hides_no_deleted_test_of_another(app: World) -> None:
    """What is remembered of a base is what a clean place says of it, whoever asked first."""
    crashes = "mkdir -p hidden; echo 'raise SystemExit(3)' > conftest.py; echo x >> notes.txt"
    ends(app, crashes, PYTEST, id="first")
    record = ends(app, "echo 'def test_other(): pass' > test_app.py", PYTEST, id="second")
    assert failed(record) == ("failed", "check_failed")
    assert record["checks"][0]["compared"]["vanished"] == ["test_app::test_add"]


@pytest.mark.lane("attacks")
def test_a_planted_helper_does_not_make_a_broken_test_one_that_failed_before(app: World) -> None:
    app.write("splinter.toml", 'checks = "baseline"\n')
    ends(app, "echo 'raise SystemExit(3)' > conftest.py; echo x >> notes.txt", PYTEST, id="first")
    assert failed(ends(app, BREAKS, PYTEST, id="second")) == ("failed", "check_failed")


def test_a_file_that_one_check_hides_is_there_for_the_next(app: World) -> None:
    app.write("secret.txt", "FORBIDDEN\n")
    app.commit()
    hides = {"id": "hides", "run": "git rm -q --cached app.py; git config core.fsmonitor 'false'; rm app.py; true"}
    looks = {
        "id": "looks",
        "run": "git config core.fsmonitor && exit 9; git grep -q FORBIDDEN app.py && exit 1; test -e app.py",
    }
    assert failed(ends(app, "echo 'x = \"FORBIDDEN\"' >> app.py", hides, looks)) == ("failed", "check_failed")
    notes = app.records()["w"]["checks"][0]["notes"]
    assert any("it changed 1 file (app.py first); thrown away" in note for note in notes)
    assert "what it did to the .git there is thrown away: config" in notes


def test_what_one_check_leaves_in_the_ignored_is_gone_for_the_next(app: World) -> None:
    leaves = {"id": "leaves", "run": "mkdir .facts; echo x > .facts/x"}
    needs = {"id": "needs", "run": "test ! -e .facts"}
    assert failed(ends(app, "echo 1 > one.txt", leaves, needs)) == ("changed", None)


def test_steps_share_what_git_ignores_and_the_judge_does_not_see_it(app: World) -> None:
    app.workstream(
        "w", steps=[{"id": "a", "run": "mkdir .facts; echo 7 > .facts/x"}, {"id": "b", "run": "cp .facts/x seven.txt"}],
        checks=[{"id": "c", "run": "test ! -e .facts && test -e seven.txt"}],
    )  # fmt: skip
    app.commit()
    assert app.doit("w").status == 0, app.records()["w"]


def test_flags_on_our_index_hide_no_emptied_test(app: World) -> None:
    """The step reaches our index, as a command outside the sandbox can, and says that two files never change."""
    index = "$PWD/../../index/w"
    flags = (
        f"GIT_INDEX_FILE={index} git update-index --assume-unchanged test_app.py;"
        f"GIT_INDEX_FILE={index}.judge git update-index --skip-worktree test_app.py app.py;"
        f"echo 'def test_add(): pass' > ../w.judge/test_app.py; echo 'def test_add(): pass' > test_app.py; {BREAKS}"
    )
    assert failed(ends(app, flags, scope={"modify": ["app.py"]})) == HELD


def test_an_index_of_the_judge_that_says_what_is_not_true_is_not_believed(app: World) -> None:
    """All files of the judge's place and its index are another commit's, with times that fit."""
    forge = (
        f"{BREAKS}; git add app.py; blob=$(git rev-parse :app.py); cp -p .git/index old; cd ../w.judge;"
        f"printf '{GOOD}' > app.py; touch -d '2020-01-01' app.py;"
        f"GIT_DIR={app.root}/.git GIT_WORK_TREE=. GIT_INDEX_FILE=../../index/w.judge git update-index --cacheinfo 100644,$blob,app.py;"
        "cd ../w; rm old; git reset -q"
    )
    assert failed(ends(app, forge, scope={"modify": ["app.py"]})) == HELD


@pytest.mark.plain_user
def test_a_hook_in_a_closed_folder_does_not_survive(app: World) -> None:
    plants = "mkdir -p .git/hooks; echo 'touch pwned' > .git/hooks/post-index-change; chmod +x .git/hooks/*; chmod 500 .git/hooks; exit 1"
    ends(app, plants)
    app.workstream(
        "w", steps=[{"id": "s", "run": "ls .git/hooks > hooks.txt 2>&1 || true; git status; test ! -e pwned"}]
    )
    app.commit()
    assert app.doit("w").status == 0, app.records()["w"]["message"]
    assert "post-index-change" not in app.git("show", "splinter/w:hooks.txt")


@pytest.mark.plain_user
def test_a_closed_git_folder_stops_a_workstream_for_one_run_only(app: World) -> None:
    ends(app, "chmod 000 .git; exit 1")
    app.workstream("w", steps=[{"id": "s", "run": "git status && echo x > x.txt"}], checks=[CALLS])
    app.commit()
    assert app.doit("w").status == 0, app.records()["w"]["message"]


@pytest.mark.plain_user
def test_a_check_that_closes_folders_leaves_nothing_behind(app: World) -> None:
    closes = {"id": "closes", "run": "mkdir -p hidden/a; echo x > hidden/a/x; chmod 000 hidden .git"}
    looks = {"id": "looks", "run": "test ! -e hidden && git status"}
    assert failed(ends(app, "echo 1 > one.txt", closes, looks)) == ("changed", None)


def test_a_check_that_replaces_its_place_by_a_link_judges_nobody_else(app: World) -> None:
    elsewhere = app.home / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("mine\n")
    moves = {"id": "moves", "run": f"cd ..; mv w.judge gone; ln -s {elsewhere} w.judge"}
    assert failed(ends(app, BREAKS, moves, CALLS)) == ("failed", "check_failed")
    assert os.listdir(elsewhere) == ["mine.txt"]


@pytest.mark.plain_user
def test_an_unbroken_change_passes_and_the_second_night_makes_nothing_new(app: World) -> None:
    assert failed(ends(app, "echo 1 > one.txt")) == ("changed", None)
    place = app.worktree("w.judge") / "app.py"
    before = place.stat().st_ino
    assert app.doit("-a", "w").status == 0
    assert place.stat().st_ino == before, "a file that is right is not written again"


def test_a_check_that_changes_nothing_has_nothing_thrown_away(app: World) -> None:
    touches = {"id": "touches", "run": "touch app.py x.txt; cat x.txt"}
    assert ends(app, "echo 1 > x.txt; echo '# more' >> app.py", touches)["checks"][0]["notes"] == []
