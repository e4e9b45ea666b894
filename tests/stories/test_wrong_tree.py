"""Checks look at the branch: a package that is installed from the user's checkout is imported from the work tree."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import deep
from tests.pythons import Venv
from tests.world import IS_FENCED, LEAN, World

PYTEST = [{"id": "tests", "tool": "pytest", "args": [LEAN, "tests"]}]
HIDDEN = "the sandbox hides that place; " if IS_FENCED else ""
SWAP = "sed -i 's/a + b/a - b/' {root}shapes/__init__.py"


@pytest.fixture
def project(world: World) -> World:
    """A package in `src/`, with one test that asks for 3."""
    return shapes(world, "src/")


@pytest.fixture
def users(project: World, tmp_path: Path) -> Venv:
    """The user's environment, active, with pytest and an editable install of the project."""
    made = Venv.make(tmp_path / "env", borrows=True)
    made.distribution("shapes", {"_shapes.pth": f"{project.root}/src\n"}, url=project.root)
    made.comes_first(project)
    return made


def shapes(world: World, root: str) -> World:
    world.write("pyproject.toml", '[project]\nname = "shapes"\nversion = "1.0"\n')
    world.write(f"{root}shapes/__init__.py", "def add(a, b):\n    return a + b\n")
    world.write("tests/test_add.py", "import shapes\n\ndef test_add():\n    assert shapes.add(1, 2) == 3\n")
    world.commit()
    return world


def done(world: World, run: str, checks: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    world.workstream("w", steps=[{"id": "s", "run": run}], checks=checks, **fields)
    world.commit()
    world.doit("w")
    return world.records()["w"]


def log(world: World, record: dict[str, Any], name: str) -> str:
    return next((world.root / ".splinter/runs").glob(f"*/w/{name}.log")).read_text()


@pytest.mark.plain_user
@pytest.mark.usefixtures("users")
def test_a_branch_that_breaks_the_package_fails_its_tests(project: World) -> None:
    record = done(project, SWAP.format(root="src/"), PYTEST)
    assert (record["outcome"], record["reason"]) == ("failed", "check_failed"), record["message"]
    assert record["message"] == "tests: 1 of 1 tests failed"
    assert project.worktree("w").as_posix() in log(project, record, "tests")


@pytest.mark.usefixtures("users")
@pytest.mark.lane("stories")
def test_a_branch_that_breaks_nothing_passes_them(project: World) -> None:
    record = done(project, "echo '# more' >> src/shapes/__init__.py", PYTEST)
    assert record["outcome"] == "changed", record["message"]


@pytest.mark.usefixtures("users")
@pytest.mark.lane("stories")
def test_what_is_broken_in_the_checkout_alone_breaks_no_check(project: World) -> None:
    project.workstream("w", steps=[{"id": "s", "run": "echo x > new.txt"}], checks=PYTEST)
    project.commit()
    project.write("src/shapes/__init__.py", "def add(a, b):\n    return 0\n")
    project.doit("w")
    assert project.outcomes() == {"w": "changed"}


@pytest.mark.lane("stories")
@pytest.mark.usefixtures("users")
def test_steps_and_preflight_import_from_the_work_tree_too(project: World) -> None:
    tell = "python3 -c 'import shapes; print(shapes.__file__)'"
    record = done(project, f"{tell} && echo x > new.txt", [], preflight=[{"id": "p", "run": tell}])
    assert record["outcome"] == "changed", record["message"]
    place = f"{project.worktree('w')}/src/shapes/__init__.py\n"
    assert log(project, record, "s") == place
    assert log(project, record, "p") == place


@pytest.mark.lane("stories")
def test_a_pytest_of_another_environment_than_python3s_is_asked_too(project: World, tmp_path: Path) -> None:
    active = Venv.make(tmp_path / "active")
    active.comes_first(project)
    tools = Venv.make(tmp_path / "tools", borrows=True)
    tools.distribution("shapes", {"_shapes.pth": f"{project.root}/src\n"}, url=project.root)
    (active.folder / "bin/pytest").symlink_to(tools.folder / "bin/pytest")
    record = done(project, SWAP.format(root="src/"), PYTEST)
    assert record["reason"] == "check_failed", record["message"]


@pytest.mark.lane("stories")
def test_the_variable_that_the_workstream_passes_on_comes_behind(project: World, users: Venv, tmp_path: Path) -> None:
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers/help_of_mine.py").touch()
    project.env["PYTHONPATH"] = f"{project.root}/src:{tmp_path / 'helpers'}"
    tell = "python3 -c 'import shapes, help_of_mine; print(shapes.__file__)'; printenv PYTHONPATH"
    record = done(project, f"{tell} && echo x > new.txt", PYTEST, env=["PYTHONPATH"])
    assert record["outcome"] == "changed", record["message"]
    tree = project.worktree("w")
    passed = f"{tree}/src:{project.root}/src:{tmp_path / 'helpers'}"
    assert log(project, record, "s") == f"{tree}/src/shapes/__init__.py\n{passed}\n"


DEAF = ("python3 -I -m pytest tests", "PYTHONPATH= pytest tests", "PYTHONPATH=. pytest tests")


@pytest.mark.parametrize("command", deep.rows(DEAF, "stories", ordinary=DEAF[:2]))
def test_a_command_that_does_not_follow_the_variable_is_no_proof(project: World, users: Venv, command: str) -> None:
    record = done(project, SWAP.format(root="src/"), [{"id": "tests", "run": command}])
    assert record["reason"] == "wrong_tree", record["message"]
    assert (
        record["message"]
        .partition(" imports ")[2]
        .startswith(
            f"shapes from {project.root}/src/shapes, not from the work tree: "
            "the command does not follow the PYTHONPATH that it is given; "
        )
    )


@pytest.mark.usefixtures("users")
def test_a_profile_that_isolates_its_python_is_no_proof(project: World) -> None:
    project.write("splinter.toml", '[tools.alone]\ncommand = "python3"\nargs = ["-I", "-m", "pytest"]\n')
    record = done(project, SWAP.format(root="src/"), [{"id": "tests", "tool": "alone", "args": ["tests"]}])
    assert record["reason"] == "wrong_tree", record["message"]


@pytest.mark.lane("stories")
@pytest.mark.usefixtures("users")
def test_a_command_that_names_the_folder_itself_is_well(project: World) -> None:
    record = done(project, SWAP.format(root="src/"), [{"id": "tests", "run": "PYTHONPATH=src pytest tests"}])
    assert record["reason"] == "check_failed", record["message"]


def test_a_compiled_part_that_git_does_not_track_is_named(project: World, users: Venv) -> None:
    project.write(".gitignore", "*.so\n")
    project.write("src/shapes/_fast.cpython-311-x86_64-linux-gnu.so", "")
    record = done(project, SWAP.format(root="src/"), PYTEST)
    assert (record["outcome"], record["reason"]) == ("failed", "wrong_tree")
    assert record["message"] == (
        f"{users.folder}/bin/python imports shapes from {project.root}/src/shapes, not from the work tree: "
        "_fast.cpython-311-x86_64-linux-gnu.so is compiled there and not in the work tree; "
        f"{HIDDEN}let `setup:` make an environment in the work tree, such as "
        "`python -m venv .venv && .venv/bin/pip install -e .`"
    )


@pytest.mark.lane("stories")
def test_a_compiled_part_that_worktreeinclude_brings_is_enough(project: World, users: Venv) -> None:
    project.write(".gitignore", "*.so\n")
    project.write(".worktreeinclude", "src/shapes/*.so\n")
    project.write("src/shapes/_fast.cpython-311-x86_64-linux-gnu.so", "")
    record = done(project, SWAP.format(root="src/"), PYTEST)
    assert record["reason"] == "check_failed", record["message"]


@pytest.mark.lane("stories")
@pytest.mark.usefixtures("users")
def test_an_environment_in_the_work_tree_is_a_way_out(project: World) -> None:
    project.write(".gitignore", "*.so\n.venv/\n")
    project.write("src/shapes/_fast.cpython-311-x86_64-linux-gnu.so", "")
    lib = "$(echo .venv/lib/python3.*/site-packages)"
    make = (
        f"python3 -m venv --without-pip .venv && echo $PWD/src > {lib}/own.pth && "
        f"echo {Path(pytest.__file__).parent.parent} > {lib}/zz.pth"
    )
    check = [{"id": "tests", "run": "python -m pytest tests"}]
    record = done(project, SWAP.format(root="src/"), check, setup=[{"run": make}])
    assert record["reason"] == "check_failed", record["message"]
    assert (
        done(project, "echo '# more' >> src/shapes/__init__.py", check, setup=[{"run": make}])["outcome"] == "changed"
    )


@pytest.mark.lane("stories")
def test_a_module_that_the_branch_deletes_is_not_found_in_the_checkout_instead(world: World, tmp_path: Path) -> None:
    shapes(world, "")
    world.write("shapes/old.py", "three = 3\n")
    world.write("tests/test_add.py", "from shapes.old import three\n\ndef test_add():\n    assert three == 3\n")
    world.commit()
    users = Venv.make(tmp_path / "env", borrows=True)
    users.distribution("shapes", setuptools_finder({"shapes": world.root / "shapes"}), url=world.root)
    users.comes_first(world)
    record = done(world, "git rm -q shapes/old.py", PYTEST)
    if IS_FENCED:  # no module of the checkout can be found
        assert record["reason"] == "check_failed", record["message"]
        return
    assert record["reason"] == "wrong_tree", record["message"]
    assert record["message"].startswith(
        f"{users.folder}/bin/python imports shapes.old from {world.root}/shapes/old.py, not from the work tree: "
        "the branch has it no more; "
    )


@pytest.mark.lane("stories")
def test_a_flat_package_that_a_finder_maps_is_led_to_the_work_tree(world: World, tmp_path: Path) -> None:
    shapes(world, "")
    users = Venv.make(tmp_path / "env", borrows=True)
    users.distribution("shapes", setuptools_finder({"shapes": world.root / "shapes"}), url=world.root)
    users.comes_first(world)
    record = done(world, SWAP.format(root=""), PYTEST)
    assert record["reason"] == "check_failed", record["message"]


@pytest.mark.lane("attacks")
def test_a_copy_in_the_environment_is_no_substitute_for_the_branch(world: World, tmp_path: Path) -> None:
    shapes(world, "src/")
    users = Venv.make(tmp_path / "env", borrows=True)
    users.distribution("shapes", {"shapes/__init__.py": "def add(a, b):\n    return a + b\n"})
    users.comes_first(world)
    record = done(world, SWAP.format(root="src/"), PYTEST)
    assert record["reason"] == "check_failed", record["message"]


@pytest.mark.lane("stories")
def test_a_wrong_tree_on_the_base_is_not_remembered_as_what_it_said(project: World, users: Venv) -> None:
    project.write(".gitignore", "*.so\n")
    file = project.write("src/shapes/_fast.so", "")
    assert done(project, SWAP.format(root="src/"), PYTEST)["reason"] == "wrong_tree"
    file.unlink()
    project.doit("w")
    assert project.records()["w"]["message"] == "tests: 1 of 1 tests failed"
    assert users.folder.is_dir()


def test_a_python_that_does_not_answer_is_doubted_where_it_knows_the_repository(project: World, users: Venv) -> None:
    users.lay("zz-loud.pth", "import os; os._exit(3)\n")
    record = done(project, SWAP.format(root="src/"), [{"id": "tests", "run": "python3 -m pytest tests"}])
    assert record["reason"] == "wrong_tree", record["message"]
    assert record["message"].startswith(
        f"{users.folder}/bin/python3 could not be asked where it finds the repository's packages (it printed nothing), "
        f"and its environment names {project.root}; "
    )


def test_a_python_that_does_not_answer_is_no_matter_elsewhere(project: World, tmp_path: Path) -> None:
    other = Venv.make(tmp_path / "env")
    other.lay("loud.pth", "import os; os._exit(3)\n")
    other.comes_first(project)
    record = done(project, "echo x > new.txt", [{"id": "there", "run": "test -f new.txt && true || python3 -V"}])
    assert record["outcome"] == "changed", record["message"]


def test_the_tree_can_neither_forge_the_answer_nor_run_code_by_the_question(project: World, users: Venv) -> None:
    project.write(".gitignore", "*.so\nRAN\n")
    project.write("src/shapes/_fast.so", "")
    hostile = "\n".join(
        f'printf \'open("RAN", "w")\\nimport os; os._exit(0)\\n\' > {name}.py'
        for name in ("json", "os", "re", "zlib", "sitecustomize", "__future__", "importlib", "encodings")
    )
    record = done(project, f"{hostile}\n{SWAP.format(root='src/')}", PYTEST)
    assert record["reason"] == "wrong_tree", record["message"]
    assert not (project.worktree("w") / "RAN").exists()
    assert users.folder.is_dir()


def test_a_repository_without_python_starts_no_python(world: World, tmp_path: Path) -> None:
    users = Venv.make(tmp_path / "env")
    users.lay("seen.pth", f"import pathlib; pathlib.Path({str(tmp_path / 'seen')!r}).touch()\n")
    users.comes_first(world)
    record = done(world, "echo x > new.txt", [{"id": "there", "run": ["grep", "x", "new.txt"]}])
    assert record["outcome"] == "changed", record["message"]
    assert not (tmp_path / "seen").exists()


@pytest.mark.lane("stories")
@pytest.mark.plain_user
@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
@pytest.mark.usefixtures("users")
def test_in_the_sandbox_the_work_tree_is_found_where_the_checkout_is_hidden(project: World) -> None:
    project.write("splinter.toml", 'sandbox = "bubblewrap"\n')
    record = done(project, "echo '# more' >> src/shapes/__init__.py", PYTEST)
    assert record["outcome"] == "changed", record["message"]
    project.workstream("w", steps=[{"id": "s", "run": SWAP.format(root="src/")}], checks=PYTEST)
    project.commit()
    project.doit("w")
    assert project.records()["w"]["reason"] == "check_failed"


@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
@pytest.mark.usefixtures("users")
@pytest.mark.lane("stories")
def test_what_the_sandbox_hides_is_no_failure_of_before_that_forgives(project: World) -> None:
    project.write("splinter.toml", 'sandbox = "bubblewrap"\nchecks = "baseline"\n')
    project.write(".gitignore", "*.so\n")
    file = project.write("src/shapes/_fast.so", "")
    record = done(project, SWAP.format(root="src/"), PYTEST)
    assert (record["outcome"], record["reason"]) == ("failed", "wrong_tree")
    assert "_fast.so is compiled there and not in the work tree; the sandbox hides that place; let" in record["message"]
    file.unlink()
    project.doit("w")
    assert project.records()["w"]["message"] == "tests: 1 of 1 tests failed"


@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
@pytest.mark.parametrize("command", [["pytest", "tests"], "python3 -m pytest tests"])
def test_the_sandbox_hides_no_environment_from_the_proof(
    world: World, tmp_path: Path, command: str | list[str]
) -> None:
    shapes(world, "src/")
    users = Venv.make(tmp_path / "env", borrows=True)
    users.distribution("shapes", {"shapes/__init__.py": "def add(a, b):\n    return a + b\n", "shapes/_fast.so": ""})
    users.comes_first(world)
    world.write("splinter.toml", 'sandbox = "bubblewrap"\n')
    record = done(world, SWAP.format(root="src/"), [{"id": "tests", "run": command}])
    assert record["reason"] == "wrong_tree", record["message"]
    assert f"imports shapes from {users.site}/shapes, not from the work tree: _fast.so is" in record["message"]


def setuptools_finder(mapping: dict[str, Path]) -> dict[str, str]:
    """What setuptools writes for a flat layout (editable_wheel.py, version 84)."""
    finder = (Path(__file__).parents[1] / "data/editable/setuptools_finder.py.txt").read_text()
    finder = finder.replace("'MAPPING'", repr({name: str(path) for name, path in mapping.items()}))
    loader = "import __editable___shapes_1_0_finder; __editable___shapes_1_0_finder.install()"
    return {"__editable___shapes_1_0_finder.py": finder, "__editable__.shapes-1.0.pth": loader}


def test_a_setup_that_repoints_the_users_own_python_is_named_with_the_way_back(project: World, users: Venv) -> None:
    repoints = f"rm {users.site}/_shapes.pth && echo $PWD/src > {users.site}/_shapes.pth"
    record = done(project, "echo x > new.txt", PYTEST, setup=[{"run": repoints}])
    if IS_FENCED:  # it cannot
        assert (record["reason"], record["step"]) == ("preflight", "prepare")
        assert (users.site / "_shapes.pth").read_text() == f"{project.root}/src\n"
        return
    assert (record["reason"], record["step"]) == ("wrong_tree", "prepare")
    assert record["message"].startswith(
        f"setup made {users.python} import shapes from {project.worktree('w')}/src/shapes; "
        f"`{users.python} -m pip install -e {project.root}` puts it back; "
    )


def test_what_cannot_be_led_is_said_before_a_step_is_paid(project: World, users: Venv) -> None:
    project.write(".gitignore", "*.so\n")
    project.write("src/shapes/_fast.so", "")
    done(project, "echo x > new.txt", [])
    assert project.notes() == [
        f"{users.folder}/bin/python3 imports shapes from {project.root}/src/shapes, not from the work tree: "
        "_fast.so is compiled there and not in the work tree."
    ]


@pytest.mark.usefixtures("users")
def test_a_module_that_only_the_checkout_has_is_named(project: World) -> None:
    project.write(".gitignore", "_version.py\n")
    project.write("src/shapes/_version.py", "version = '1.0'\n")
    done(project, "echo x > new.txt", [])
    assert project.notes() == [
        "src/shapes/_version.py is in your checkout only: commit it, or bring what git ignores by .worktreeinclude."
    ]


@pytest.mark.usefixtures("users")
def test_data_that_git_ignores_in_the_checkouts_package_is_named(project: World) -> None:
    project.write(".gitignore", "*.mo\n__pycache__/\nbuild/\n")
    project.write("src/shapes/locale/de/shapes.mo", "")
    project.write("src/shapes/__pycache__/shapes.cpython-311.pyc", "")
    project.write("build/shapes/data.mo", "")
    project.write("src/shapes/new.txt", "not ignored")
    project.workstream("w", steps=[{"id": "s", "run": "echo x > new.txt"}])
    project.git("add", "workstreams")
    project.git("commit", "-qm", "x")
    project.doit("w")
    assert project.notes() == [
        "src/shapes/locale/de/shapes.mo is in your checkout and git ignores it: `setup` or .worktreeinclude brings it."
    ]


def test_what_else_leads_back_to_the_checkout_is_noted(world: World) -> None:
    world.write("go.mod", f"module a\nreplace b => {world.root}/b\n")
    world.write(".gitignore", "node_modules/\n")
    world.write(".worktreeinclude", "node_modules\n")
    (world.root / "node_modules").mkdir()
    (world.root / "node_modules/shapes").symlink_to(world.root / "built/shapes")
    world.write("built/shapes/package.json", "{}")
    world.write(".git/info/exclude", "built/\n")
    record = done(world, "echo x > new.txt", [])
    assert record["outcome"] == "changed", record["message"]
    assert world.notes() == [
        f"go.mod names {world.root}, not the work tree.",
        f"node_modules/shapes leads to {world.root}/built/shapes, not to the work tree.",
    ]


@pytest.mark.parametrize("by", deep.rows(("worktreeinclude", "setup"), "stories", ordinary=("worktreeinclude",)))
def test_a_package_that_is_brought_as_a_link_to_the_checkout_is_the_branchs(world: World, by: str) -> None:
    """As `npm link` makes them, by way of a folder of the machine's."""
    world.write(".gitignore", "node_modules/\n")
    world.write("packages/shapes/index.js", "good\n")
    (world.home / "global").symlink_to(world.root / "packages/shapes")
    fields = {}
    if by == "setup":
        links = f"mkdir -p node_modules/@own && ln -sfn {world.home}/global node_modules/@own/shapes"
        fields = {"setup": [{"run": links}]}
    else:
        world.write(".worktreeinclude", "node_modules\n")
        (world.root / "node_modules/@own").mkdir(parents=True)
        (world.root / "node_modules/@own/shapes").symlink_to(world.home / "global")
    check = {"id": "c", "run": "grep good node_modules/@own/shapes/index.js"}
    record = done(world, "echo x > new.txt", [check], **fields)
    assert record["outcome"] == "changed", record["message"]
    record = done(world, "echo bad > packages/shapes/index.js", [check], **fields)
    assert (record["outcome"], record["reason"]) == ("failed", "check_failed"), record["message"]
    assert (world.worktree("w") / "node_modules/@own/shapes").readlink() == Path("../../packages/shapes")
    assert world.notes() == []


TESTER = """#!/bin/sh
why=""
test -e node_modules/built || why="cannot find built"
test -e {root}/built/one || why="ENOENT: {root}/built/one"
grep -q good app.txt || why="$why bad"
echo "<testsuite><testcase name='a'>${{why:+<failure message='$why'/>}}</testcase></testsuite>" > "$1"
test -z "$why"
"""


@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
@pytest.mark.parametrize("way", deep.rows(("a link that setup makes", "a path"), "stories", ordinary=("a path",)))
def test_what_the_sandbox_hides_of_the_checkout_forgives_no_named_test(world: World, way: str) -> None:
    """It is missing on the base and on the change alike, so the test fails there too."""
    setting = '[tools.tester]\ncommand = "sh"\nargs = ["tester", "{junit}"]\n'
    world.write("splinter.toml", f'sandbox = "bubblewrap"\nchecks = "baseline"\n{setting}')
    world.write(".gitignore", "node_modules/\nbuilt/\n")
    world.write("built/one", "")
    tester = TESTER.format(root=world.root).splitlines(keepends=True)
    world.write("tester", "".join(tester[:3] + tester[4:] if "link" in way else tester[:2] + tester[3:]))
    world.write("app.txt", "good\n")
    setup = [{"run": f"mkdir -p node_modules && ln -sfn {world.root}/built node_modules/built"}]
    fields = {"setup": setup} if "link" in way else {}
    record = done(world, "echo bad > app.txt", [{"id": "c", "tool": "tester"}], **fields)
    assert (record["outcome"], record["reason"]) == ("failed", "check_failed")
    lead = f"node_modules/built leads to {world.root}/built, not to the work tree, and the sandbox hides that"
    lead = lead if "link" in way else f"the sandbox hides {world.root}/built/one, which it names"
    assert record["message"] == (
        f"c: 1 of 1 tests failed, none of them newly, {lead}, so that its failure may say nothing of the change: "
        "`setup` or .worktreeinclude brings what it needs into the work tree"
    )


def test_a_check_that_names_the_checkout_judges_nothing(project: World) -> None:
    check = {"id": "tests", "run": f"cd {project.root} && pytest tests"}
    record = done(project, "echo x > new.txt", [check])
    assert (record["outcome"], record["reason"]) == ("failed", "wrong_tree")
    assert record["message"] == (
        f"the check tests: its command names {project.root}, the files of your checkout and not the branch's; "
        "take the path out, a check starts at the top of the work tree"
    )


@pytest.mark.lane("stories")
def test_what_git_ignores_in_the_checkout_may_be_named_and_is_noted(project: World) -> None:
    project.write(".gitignore", "local.json\n.venv/\n__pycache__/\n")
    project.write("local.json", "{}")
    project.write(".venv/pyvenv.cfg", "")
    project.env["CONFIG_FILE"] = f"{project.root}/local.json"
    check = {"id": "tests", "run": f'test -f "$CONFIG_FILE" -a -d {project.root}/.venv/bin/..'}
    (project.root / ".venv/bin").mkdir()
    record = done(project, "echo x > new.txt", [check], env=["CONFIG_FILE"])
    # the sandbox shows no environment of the checkout but one on PATH
    assert record["reason"] == ("check_failed" if IS_FENCED else None), record["message"]
    assert project.notes() == [
        f"tests: CONFIG_FILE names {project.root}/local.json, which is in your checkout and not the branch's."
    ]
