"""Attacks on the word "passed": each test states the right outcome, and one that is expected to fail is an open hole.

The comment above a test says what makes the hole. An ordinary run tries the worst that are closed; `pytest --lane
attacks` tries all.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.pythons import Venv
from tests.world import IS_FENCED, LEAN, TUESDAY, World


def still_open(where: str) -> pytest.MarkDecorator:
    """An open hole, and what will close it."""
    return pytest.mark.xfail(strict=True, reason=f"open: {where}")


BROKEN = "def add(a, b):\n    return a - b\n"
GOOD = "def add(a, b):\n    return a + b\n"
TEST = "import app\n\n\ndef test_add():\n    assert app.add(2, 3) == 5\n"
PYTEST = {"id": "tests", "tool": "pytest", "args": [LEAN, "-p", "no:cacheprovider", "test_app.py"]}
CALLS = {"id": "tests", "run": "python3 -c 'import test_app; test_app.test_add()'"}  # of the same test
BREAKS = f"printf '{BROKEN}' > app.py"
FAILS = ("failed", "check_failed")
outside = pytest.mark.skipif(IS_FENCED, reason="it needs the home or the state folder, which the sandbox hides")
SAYS_PASSED = """import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""


@pytest.fixture
def app(world: World) -> World:
    """A module, its test, and a workstream that may change the module alone."""
    (world.home / "users-git").write_text(f"{world.root}/.git")
    world.write("app.py", GOOD)
    world.write("test_app.py", TEST)
    world.write(".gitignore", "__pycache__/\nconftest.py\n.facts/\nhidden/\n.venv/\nbuild/\n")
    return world


def ends(world: World, step: str, *checks: dict[str, Any], id: str = "w", **fields: Any) -> dict[str, Any]:
    """The record of a workstream with one step, judged by the checks."""
    world.workstream(id, steps=[{"id": "s", "run": step}], checks=list(checks or (PYTEST,)), **fields)
    world.commit()
    world.doit(id)
    record = world.records()[id]
    if BREAKS in step and record["outcome"] == "changed":  # a pass is a false one: the commit is the broken one
        assert world.git("--no-replace-objects", "show", f"splinter/{id}:app.py") == BROKEN.strip() or "ln -s" in step
    return record


def failed(record: dict[str, Any]) -> tuple[str, str | None]:
    """How it ended; in the sandbox a step that reaches out fails by that itself, and nothing is left to judge."""
    is_held = IS_FENCED and (record["outcome"], record["reason"]) == ("failed", "exit_code")
    return FAILS if is_held else (record["outcome"], record["reason"])


USERS_GIT = 'G="$(cat "$HOME/users-git")"; '  # without the sandbox it is found by its name too


# ---------------------------------------------------------------- a hostile step, without the sandbox


@pytest.mark.lane("attacks")
def test_a_forged_list_of_what_setup_made_keeps_nothing(app: World) -> None:
    plants = f"""{BREAKS}
cat > ../w.judge/conftest.py <<'END'
{SAYS_PASSED}END
python3 - <<'END'
import json, os
s = os.lstat("../w.judge/conftest.py")
listed = {{"conftest.py": [s.st_ino, s.st_size, s.st_ctime_ns, ""]}}
open("../../index/w.judge.setup", "w").write(json.dumps({{"key": "", "files": listed}}))
END
"""
    assert failed(ends(app, plants)) == FAILS


@pytest.mark.lane("attacks")
def test_a_forged_list_of_programs_leads_no_check_to_another_pytest(app: World, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    plants = (
        f'{BREAKS}; mkdir {evil}; printf \'#!/bin/sh\\ncat > ${{1#--junit-xml=}} <<E\\n<testsuites name="pytest tests"><testsuite name="pytest">'
        '<testcase classname="test_app" name="test_add"/></testsuite></testsuites>\\nE\\n\''
        f" > {evil}/pytest; chmod +x {evil}/pytest; echo '[\"{evil}\"]' > ../../index/w.judge.programs"
    )
    assert failed(ends(app, plants)) == FAILS


@pytest.mark.lane("attacks")
def test_forged_traits_of_the_file_system_bring_no_settings_to_git(app: World, tmp_path: Path) -> None:
    good, attributes, smudge = tmp_path / "good.py", tmp_path / "attributes", tmp_path / "smudge"
    good.write_text(GOOD)
    attributes.write_text("app.py filter=evil\n")
    smudge.write_text(f"#!/bin/sh\ncat > /dev/null; cat {good}\n")
    smudge.chmod(0o755)
    plants = f"{BREAKS}; printf 'core.attributesFile={attributes}\\nfilter.evil.smudge={smudge}\\nfilter.evil.clean=cat\\n' >> ../../filesystem"
    assert failed(ends(app, plants)) == FAILS


@pytest.mark.lane("attacks")
def test_a_replaced_object_is_not_judged_in_the_place_of_the_commits(app: World) -> None:
    plants = (
        f"{BREAKS}; {USERS_GIT} bad=$(git --git-dir=$G hash-object -w app.py); printf '{GOOD}' > hidden.x;"
        "good=$(git --git-dir=$G hash-object -w hidden.x); rm hidden.x; git --git-dir=$G replace $bad $good"
    )
    assert failed(ends(app, plants, CALLS)) == FAILS


@pytest.mark.lane("attacks")
def test_a_filter_that_a_step_puts_into_the_users_config_converts_nothing(app: World, tmp_path: Path) -> None:
    good, smudge = tmp_path / "good.py", tmp_path / "smudge"
    good.write_text(GOOD)
    smudge.write_text(f"#!/bin/sh\ncat > /dev/null; cat {good}\n")
    smudge.chmod(0o755)
    plants = (
        f"{BREAKS}; {USERS_GIT} git --git-dir=$G config filter.evil.smudge {smudge};"
        "mkdir -p $G/info; echo 'app.py filter=evil' >> $G/info/attributes"
    )
    assert failed(ends(app, plants)) == FAILS


# HOLDS by accident alone: the names of tests change with pytest's rootdir.
@pytest.mark.lane("attacks")
def test_configuration_above_the_work_trees_decides_nothing(app: World) -> None:
    plants = f"{BREAKS}; echo '[pytest]' > ../pytest.ini; cat > ../conftest.py <<'END'\n{SAYS_PASSED}END\n"
    assert failed(ends(app, plants)) == FAILS


@pytest.mark.lane("attacks")
def test_configuration_above_the_work_trees_decides_nothing_for_another_workstream(app: World) -> None:
    plants = f"echo 1 > one.txt; echo '[pytest]' > ../pytest.ini; cat > ../conftest.py <<'END'\n{SAYS_PASSED}END\n"
    ends(app, plants, id="first")
    assert failed(ends(app, BREAKS, id="second")) == FAILS


@outside
@pytest.mark.lane("attacks")
def test_a_forged_memory_of_the_base_forgives_nothing(app: World) -> None:
    app.write("splinter.toml", 'checks = "baseline"\n')
    ends(app, "echo 1 > one.txt")
    forge = """
python3 - <<'END'
import json, sqlite3, subprocess
common = open(__import__("os").environ["HOME"] + "/users-git").read().removesuffix("/.git")
db = sqlite3.connect(common + "/.splinter/memory.db")
for table, in db.execute("select name from sqlite_master where type = 'table'").fetchall():
    columns = [row[1] for row in db.execute(f"pragma table_info({table})")]
    for row in db.execute(f"select rowid, * from {table}").fetchall():
        for name, value in zip(columns, row[1:]):
            if isinstance(value, str) and "is_unexplained" in value and '"tree"' in value:
                kept = json.loads(value)
                kept["check"] = "failed"; kept["exit_status"] = 1
                kept["cases"] = {id: "failed" for id in kept["cases"]}
                db.execute(f"update {table} set {name} = ? where rowid = ?", (json.dumps(kept), row[0]))
db.commit()
END
"""
    app.now = TUESDAY
    app.workstream("w", steps=[{"id": "s", "run": forge + BREAKS}], checks=[PYTEST])
    app.git("add", "--all")
    app.git("commit", "-qm", "x")
    app.doit("w")
    assert failed(app.records()["w"]) == FAILS


def test_a_committed_link_does_not_leave_the_work_tree_through_another_link(app: World) -> None:
    """`d` leads to `.`, so `d/../w/x` is `../w/x`: the ignored files of the steps' work tree."""
    plants = (
        f"mkdir -p hidden; printf '{GOOD}' > hidden/app.py; ln -s . d; rm app.py; ln -s d/../w/hidden/app.py app.py"
    )
    assert failed(ends(app, plants)) in (("failed", "out_of_scope"), FAILS)


@pytest.mark.lane("attacks")
@pytest.mark.plain_user
def test_a_process_that_outlives_its_step_changes_nothing_that_is_judged(app: World) -> None:
    """Not known by descent nor by its mark: it left both within a moment."""
    lives = f"""{BREAKS}
mkdir -p hidden; cat > hidden/lives.py <<'END'
import os, pathlib, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
for number in range(3): os.close(number)
end = time.time() + 20
file = pathlib.Path.cwd().parent / "w.judge/app.py"
while time.time() < end:
    try:
        if "a - b" in file.read_text(): file.write_text({GOOD!r})
    except OSError: pass
    time.sleep(0.002)
END
env -i "$(command -v python3)" -S -E hidden/lives.py
"""
    assert failed(ends(app, lives)) == FAILS


# ---------------------------------------------------------------- mistakes of an honest user


@pytest.fixture
def project(world: World) -> World:
    """A package in `src/`, with one test that asks for 3."""
    world.write("pyproject.toml", '[project]\nname = "shapes"\nversion = "1.0"\n')
    world.write("src/shapes/__init__.py", "def add(a, b):\n    return a + b\n")
    world.write("tests/test_add.py", "import shapes\n\ndef test_add():\n    assert shapes.add(1, 2) == 3\n")
    world.write(".gitignore", "__pycache__/\n.pytest_cache/\nbuild/\n.venv/\n")
    world.commit()
    return world


SWAP = "sed -i 's/a + b/a - b/' src/shapes/__init__.py"
BUT_PASSED = ("changed", None)


def own_venv(project: World, folder: Path) -> Venv:
    """The user's environment with an editable install, not on PATH."""
    made = Venv.make(folder, borrows=True)
    made.distribution("shapes", {"_shapes.pth": f"{project.root}/src\n"}, url=project.root)
    bare = Venv.make(folder.parent / "bare", borrows=True)
    bare.comes_first(project)
    return made


@pytest.mark.lane("attacks")
@pytest.mark.parametrize(
    "command",
    [
        "{venv}/bin/python -m pytest tests",
        "~/venv/bin/python -m pytest tests",
        "$HOME/venv/bin/pytest tests",
        ". {venv}/bin/activate && pytest tests",
        "make test",
        "sh run-tests",
        "conda run -n shapes pytest tests",
        "bash -lc 'pytest tests'",
    ],
)
def test_an_environment_that_the_command_reaches_by_itself_is_asked(
    project: World, sealed_world: Path, command: str
) -> None:
    users = own_venv(project, sealed_world / "venv")
    users.lay("../../../bin/activate", f"PATH={users.folder}/bin:$PATH\n")
    (sealed_world / ".profile").write_text(f"PATH={users.folder}/bin:$PATH\n")
    project.write("Makefile", "VENV ?= $(HOME)/venv\ntest:\n\t$(VENV)/bin/pytest tests\n")
    project.write("run-tests", ". ~/venv/bin/activate\npytest tests\n")
    bare = Venv(sealed_world / "bare")
    conda = f"import os, sys\nfound = '{users.folder}/bin/' + sys.argv[4]\n"
    bare.script("conda", f"{conda}os.path.exists(found) or sys.exit('hidden')\nos.execv(found, sys.argv[4:])\n")
    check = {"id": "tests", "run": command.format(venv=users.folder)}
    record = ends(project, SWAP, check)
    assert record["outcome"] == "failed", (record["checks"], (project.root / ".splinter/runs").glob("*/w/tests.log"))


@pytest.mark.lane("attacks")
@pytest.mark.parametrize(
    "command",
    [
        "python3 -X dev -I -m pytest tests",
        "env --unset=PYTHONPATH pytest tests",
        "env - PATH=$PATH pytest tests",
        "env --ignore-environment PATH=$PATH pytest tests",
        "sh -c 'unset PYTHONPATH; pytest tests'",
    ],
)
def test_a_command_that_drops_the_variable_is_no_proof(project: World, sealed_world: Path, command: str) -> None:
    own_venv(project, sealed_world / "venv").comes_first(project)
    record = ends(project, SWAP, {"id": "tests", "run": command})
    assert record["reason"] == "wrong_tree", record["message"]


@pytest.mark.lane("attacks")
def test_arguments_of_a_tools_profile_are_looked_at_too(project: World, sealed_world: Path) -> None:
    own_venv(project, sealed_world / "venv").comes_first(project)
    project.write(
        "splinter.toml", '[tools.isolated]\ncommand = "python3"\nargs = ["-I", "-m", "pytest", "--junit-xml={junit}"]\n'
    )
    record = ends(project, SWAP, {"id": "tests", "tool": "isolated", "args": ["tests"]})
    assert record["outcome"] == "failed", record["message"]


@pytest.mark.lane("attacks")
@pytest.mark.parametrize(
    ("layout", "command"),
    [
        ("flat", "pytest tests"), ("flat", "python3 -I -m pytest tests"),
        ("nested", "pytest tests"), ("nested", "python3 -I -m pytest tests"),
    ],
)  # fmt: skip
def test_a_package_without_init_is_the_repositorys_own_too(
    world: World, sealed_world: Path, layout: str, command: str
) -> None:
    """PEP 420: setuptools finds `shapes/` without an `__init__.py` too."""
    world.write("pyproject.toml", '[project]\nname = "shapes"\nversion = "1.0"\n')
    inside = "shapes" if layout == "flat" else "acme/shapes"
    module = inside.replace("/", ".")
    world.write(f"{inside}/core.py", "def add(a, b):\n    return a + b\n")
    if layout == "nested":
        world.write(f"{inside}/__init__.py", "")
    world.write("tests/test_add.py", f"from {module}.core import add\n\ndef test_add():\n    assert add(1, 2) == 3\n")
    world.commit()
    users = Venv.make(sealed_world / "venv", borrows=True)
    users.distribution("shapes", {"_shapes.pth": f"{world.root}\n"}, url=world.root)
    users.comes_first(world)
    record = ends(world, f"sed -i 's/a + b/a - b/' {inside}/core.py", {"id": "tests", "run": command})
    assert record["outcome"] == "failed", record["message"]


@pytest.mark.lane("attacks")
@pytest.mark.parametrize("how", ["clone", "copy", "egg", "named"])
def test_a_second_place_that_no_metadata_names_is_no_branch(project: World, sealed_world: Path, how: str) -> None:
    users = Venv.make(sealed_world / "venv", borrows=True)
    users.comes_first(project)
    package = "def add(a, b):\n    return a + b\n"
    if how == "clone":  # as `conda develop` and people write it
        shutil.copytree(project.root, sealed_world / "clone")
        users.lay("conda.pth", f"{sealed_world}/clone/src\n")
    elif how == "copy":
        users.lay("shapes/__init__.py", package)
    elif how == "egg":
        users.lay("shapes-1.0-py3.11.egg/shapes/__init__.py", package)
        users.lay("shapes-1.0-py3.11.egg/EGG-INFO/PKG-INFO", "Metadata-Version: 2.1\nName: shapes\nVersion: 1.0\n")
        users.lay("easy-install.pth", "./shapes-1.0-py3.11.egg\n")
    else:
        (project.root / "pyproject.toml").unlink()
        project.write("setup.py", 'from setuptools import setup\nNAME = "shapes"\nsetup(name=NAME, version="1.0")\n')
        users.distribution("shapes", {"shapes/__init__.py": package})
    record = ends(project, SWAP, {"id": "tests", "run": "pytest tests"})
    assert record["outcome"] == "failed", record["message"]


@pytest.mark.lane("attacks")
@pytest.mark.parametrize("step", [SWAP, "echo 'def test_new(): assert False' > tests/test_new.py"])
@pytest.mark.parametrize("command", ["cd {root} && pytest tests", "pytest {root}/tests", "make -C {root} test"])
def test_a_command_that_names_the_checkout_is_told(project: World, sealed_world: Path, command: str, step: str) -> None:
    own_venv(project, sealed_world / "venv").comes_first(project)
    project.write("Makefile", "test:\n\tpytest tests\n")
    record = ends(project, step, {"id": "tests", "run": command.format(root=project.root)})
    told = sqlite3.connect(project.root / ".splinter/history.db").execute("select notes from runs").fetchall()
    assert record["outcome"] == "failed" or str(project.root) in str(told)


def test_what_setup_built_of_the_base_does_not_stand_for_the_change(world: World) -> None:
    """The documented way out for compiled extensions; a build without `inputs` is of the base."""
    world.write(".gitignore", "build/\n")
    world.write("add.c", "int main(void) { return 2 + 3 == 5 ? 0 : 1; }\n")
    world.commit()
    record = ends(
        world, "sed -i 's/2 + 3/2 - 3/' add.c", {"id": "tests", "run": "build/add"},
        setup=[{"run": "mkdir -p build && gcc -o build/add add.c"}],
    )  # fmt: skip
    assert record["outcome"] == "failed"


@pytest.mark.lane("attacks")
def test_a_base_that_failed_by_its_environment_forgives_nothing_once_that_is_right(app: World) -> None:
    app.write("splinter.toml", 'checks = "baseline"\n')
    app.write(".gitignore", "__pycache__/\nsettings.local\n")
    app.write(".worktreeinclude", "settings.local\n")
    app.write(
        "test_app.py",
        "import app\n\n\ndef test_add():\n    assert open('settings.local').read()\n    assert app.add(2, 3) == 5\n",
    )
    assert failed(ends(app, "echo 1 > one.txt")) == ("changed", None)  # without the file: fails before and after
    app.write("settings.local", "x\n")
    app.now = TUESDAY
    app.workstream("w", steps=[{"id": "s", "run": BREAKS}], checks=[PYTEST])
    app.doit("w")
    assert failed(app.records()["w"]) == FAILS


@pytest.mark.lane("attacks")
def test_a_base_that_failed_for_a_missing_package_forgives_nothing_once_it_is_there(app: World, tmp_path: Path) -> None:
    app.write("splinter.toml", 'checks = "baseline"\n')
    users = Venv.make(tmp_path / "env", borrows=True)
    users.comes_first(app)
    app.write("test_app.py", "import app\n\n\ndef test_add():\n    import needed\n    assert app.add(2, 3) == 5\n")
    assert failed(ends(app, "echo 1 > one.txt")) == ("changed", None)
    users.lay("needed.py", "")
    app.now = TUESDAY
    app.workstream("w", steps=[{"id": "s", "run": BREAKS}], checks=[PYTEST])
    app.doit("w")
    assert failed(app.records()["w"]) == FAILS


@pytest.mark.lane("attacks")
def test_a_tool_that_promises_results_and_leaves_none_is_told(app: World) -> None:
    app.write("splinter.toml", '[tools.mine]\ncommand = "sh"\nargs = ["-c", "true", "--junit-xml={junit}"]\n')
    record = ends(app, BREAKS, {"id": "tests", "tool": "mine"})
    assert record["outcome"] == "failed" or any("results" in note for note in record["checks"][0]["notes"])


# ---------------------------------------------------------------- a hostile step, in the sandbox too


SANDBOXES = ["off", "bubblewrap"]
BASELINE = 'checks = "baseline"\nsandbox = "{sandbox}"\n'
TWO = TEST + "\n\ndef test_known():\n    assert False\n"


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.skipif(os.getuid() == 0, reason="root deletes what is in every folder")
def test_results_that_a_step_left_in_the_scratch_folder_are_no_checks(app: World, sandbox: str) -> None:
    """The step's own folder is closed, so that nothing in it is deleted; the next one has a name that nobody knows."""
    app.write("splinter.toml", BASELINE.format(sandbox=sandbox))
    app.write("test_app.py", TWO)
    app.write(".gitignore", "__pycache__/\n")
    plants = f"""{BREAKS}
S=$(cd ../../scratch/w.*/ && pwd)
cat > $S/results.xml <<'END'
<testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="1" tests="2">
<testcase classname="test_app" name="test_add"/>
<testcase classname="test_app" name="test_known"><failure message="x">x</failure></testcase></testsuite></testsuites>
END
chmod 400 $S/results.xml; mv $S/home $S/old; chmod 300 $S
"""
    record = ends(app, plants)
    assert failed(record) == FAILS, (record["message"], record["checks"])


@pytest.mark.lane("attacks")
@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_a_committed_link_reads_nothing_of_the_steps_work_tree(
    app: World, sandbox: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state folder is neither in the home nor in /tmp, as on a machine with a disk for it."""
    state = Path("/var/tmp") / f"splinter-attack-{os.getpid()}"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    app.write("splinter.toml", f'sandbox = "{sandbox}"\n')
    try:
        plants = (
            f"mkdir -p hidden; printf '{GOOD}' > hidden/app.py; ln -s . d; rm app.py; ln -s d/../w/hidden/app.py app.py"
        )
        record = ends(app, plants)
        assert failed(record) in (("failed", "out_of_scope"), FAILS), record
    finally:
        shutil.rmtree(state, ignore_errors=True)


# HOLDS.
@pytest.mark.lane("attacks")
@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_one_check_sets_back_no_time_by_which_another_builds(app: World, sandbox: str) -> None:
    """The first check runs the change; the second builds what is newer than setup's object."""
    app.write("splinter.toml", f'sandbox = "{sandbox}"\n')
    app.write("add.c", "int main(void) { return 2 + 3 == 5 ? 0 : 1; }\n")
    app.write("Makefile", "build/add: add.c\n\tmkdir -p build; gcc -o build/add add.c\n")
    record = ends(
        app, "sed -i 's/2 + 3/2 - 3/' add.c; echo 'import os; os.utime(\"add.c\", (0, 0))' > app.py",
        {"id": "one", "run": "python3 app.py"},
        {"id": "two", "run": "make -s build/add && build/add"},
        setup=[{"run": "make -s build/add", "inputs": ["Makefile"]}],
    )  # fmt: skip
    assert failed(record) == FAILS


@outside
@pytest.mark.lane("attacks")
def test_a_link_that_setup_made_stays_closed(app: World) -> None:
    """Hard links into a cache, as uv and pnpm make them: what a step edits in its own environment is in the cache."""
    cache = app.home / "cache"
    cache.mkdir()
    (cache / "helper.py").write_text("def equal(a, b):\n    return a == b\n")
    app.write(
        "test_app.py",
        "import sys\nsys.path.insert(0, '.venv')\nimport app, helper\n\n\ndef test_add():\n    assert helper.equal(app.add(2, 3), 5)\n",
    )
    edits = "printf 'def equal(a, b):\\n    return True\\n' > .venv/helper.py"
    record = ends(
        app, f"{BREAKS}; {edits}", setup=[{"run": f"mkdir -p .venv && ln -f {cache}/helper.py .venv/helper.py"}]
    )
    assert failed(record) == FAILS


@pytest.mark.lane("attacks")
def test_flags_on_the_index_of_a_submodule_keep_nothing(app: World, tmp_path: Path) -> None:
    lib = tmp_path / "lib"
    lib.mkdir()
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "x"]):
        (lib / "helper.py").write_text("def equal(a, b):\n    return a == b\n")
        subprocess.run(["git", "-C", str(lib), *command], check=True)
    app.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(lib), "lib")
    app.write(
        "test_app.py",
        "import sys\nsys.path.insert(0, 'lib')\nimport app, helper\n\n\ndef test_add():\n    assert helper.equal(app.add(2, 3), 5)\n",
    )
    plants = (
        f"{BREAKS}; {USERS_GIT} for one in ../../index/w.judge.module-*; do"
        " GIT_INDEX_FILE=$one git --git-dir=$G/modules/lib --work-tree=../w.judge/lib update-index --skip-worktree helper.py || exit 7; done;"
        "printf 'def equal(a, b):\\n    return True\\n' > ../w.judge/lib/helper.py"
    )
    assert failed(ends(app, plants)) == FAILS


# ---------------------------------------------------------------- commands whose end says nothing


@pytest.mark.lane("attacks")
@pytest.mark.parametrize(
    "command",
    [
        "pytest test_app.py\necho done",
        "pytest test_app.py | tee build.log",
        "pytest test_app.py; echo done",
        "pytest test_app.py || true",
        "pytest wrong/place || true",
        "for one in test_*.py; do pytest $one; done; ls",
    ],
)
def test_a_command_whose_end_does_not_depend_on_the_tests_is_told(app: World, command: str) -> None:
    app.write(".gitignore", "__pycache__/\n.pytest_cache/\nbuild.log\n")
    record = ends(app, BREAKS, {"id": "tests", "run": command})
    told = str(record["checks"]) + app.doit("check").out + app.doit("doctor").out
    assert record["outcome"] == "failed" or "exit status" in told.lower(), told


@pytest.mark.lane("attacks")
def test_a_decoy_named_like_a_test_excuses_no_broken_one(app: World) -> None:
    """`tests/test_unit.test_app.py` and `tests/test_unit/test_app.py` are one class name in pytest's file."""
    app.write("splinter.toml", 'checks = "baseline"\n')
    (app.root / "test_app.py").unlink()
    app.write("pytest.ini", "[pytest]\naddopts = --import-mode=importlib\npythonpath = .\n")
    app.write("tests/test_unit/test_app.py", TEST)
    app.write("tests/test_known.py", "def test_known():\n    assert False\n")
    decoy = "printf 'def test_add():\\n    pass\\n' > tests/test_unit.test_app.py"
    check = {"id": "tests", "tool": "pytest", "args": [LEAN, "-p", "no:cacheprovider", "tests"]}
    scope = {"modify": ["app.py"], "create": ["tests/**"]}
    assert failed(ends(app, f"{BREAKS}; {decoy}", check, scope=scope)) == FAILS


@pytest.mark.lane("attacks")
def test_a_value_of_the_environment_that_names_the_checkout_is_told(project: World) -> None:
    project.write("tests/conftest.py", "import os, sys\nsys.path.insert(0, os.environ['PROJECT_ROOT'] + '/src')\n")
    project.env["PROJECT_ROOT"] = str(project.root)
    record = ends(project, SWAP, {"id": "tests", "run": "pytest tests"}, env=["PROJECT_ROOT"])
    told = sqlite3.connect(project.root / ".splinter/history.db").execute("select notes from runs").fetchall()
    assert record["outcome"] == "failed" or "PROJECT_ROOT" in str(told)


@pytest.mark.lane("attacks")
@pytest.mark.parametrize("args", [["-x"], ["--maxfail=1"]])
def test_a_run_that_ends_at_the_first_known_failure_proves_nothing_of_the_rest(app: World, args: list[str]) -> None:
    app.write("splinter.toml", 'checks = "baseline"\n')
    app.write("test_a.py", "def test_known():\n    assert False\n")
    check = {
        "id": "tests",
        "tool": "pytest",
        "args": [LEAN, "-p", "no:cacheprovider", *args, "test_a.py", "test_app.py"],
    }
    assert failed(ends(app, BREAKS, check)) == FAILS


@pytest.mark.lane("attacks")
def test_a_tracked_file_of_the_checkout_is_not_brought_back_by_worktreeinclude(app: World) -> None:
    """It lists ignored files; what the branch deletes is gone, whatever pattern it fits."""
    app.write("data/needed.txt", "x\n")
    app.write("lock", "1\n")
    app.write(".worktreeinclude", "data\n")
    app.write("test_app.py", "def test_needed():\n    assert open('data/needed.txt').read()\n")
    deletes = "rm data/needed.txt; echo 2 > lock"
    assert failed(ends(app, deletes, setup=[{"run": "true", "inputs": ["lock"]}])) == FAILS


# BREAKS. Cause: a child without PYTHONPATH finds the editable install. Fix: none by variables; docs/worktrees.md must say so, and
# python_places.notes recommend an environment in the work tree where a Python strays at all.
@pytest.mark.lane("attacks")
@outside
@still_open("no variable reaches such a child; see docs/worktrees.md")
def test_a_test_that_gives_its_child_a_clean_environment_is_led_too(project: World, sealed_world: Path) -> None:
    own_venv(project, sealed_world / "venv").comes_first(project)
    project.write(
        "tests/test_add.py",
        "import subprocess, sys\n\ndef test_add():\n    done = subprocess.run([sys.executable, '-c',"
        " 'import shapes; print(shapes.add(1, 2))'], env={'PATH': '/bin'}, capture_output=True, text=True)\n"
        "    assert done.stdout == '3\\n'\n",
    )
    assert ends(project, SWAP, {"id": "tests", "run": "pytest tests"})["outcome"] == "failed"


@pytest.mark.lane("attacks")
@outside
def test_a_base_that_failed_by_chance_once_forgives_nothing(app: World) -> None:
    """The base is asked once, the change twice."""
    app.write("splinter.toml", 'checks = "baseline"\n')
    chance = app.home / "asked"
    app.write(
        "test_app.py",
        TEST
        + f"\n\ndef test_flaky():\n    import pathlib\n    p = pathlib.Path('{chance}')\n    first = not p.exists()\n    p.touch()\n    assert not first and app.add(2, 3) == 5\n",
    )
    app.write(
        "test_app.py",
        (app.root / "test_app.py")
        .read_text()
        .replace("def test_add():\n    assert app.add(2, 3) == 5\n", "def test_other():\n    pass\n"),
    )
    assert failed(ends(app, BREAKS)) == FAILS


@pytest.mark.lane("attacks")
def test_an_include_that_a_step_writes_into_the_users_checkout_brings_nothing(app: World) -> None:
    plants = (
        f"{BREAKS}; {USERS_GIT} cat > $G/../conftest.py <<'END'\n{SAYS_PASSED}END\n"
        "echo conftest.py > $G/../.worktreeinclude"
    )
    assert failed(ends(app, plants)) == FAILS


@pytest.mark.lane("attacks")
def test_a_pull_request_says_that_what_stands_on_top_was_not_judged(app: World) -> None:
    """By a person, or by another workstream's step without the sandbox."""
    assert failed(ends(app, "echo 1 > one.txt")) == ("changed", None)
    app.git("switch", "--quiet", "splinter/w")
    app.write("app.py", BROKEN)
    app.git("commit", "-qam", "tidy up")
    app.git("switch", "--quiet", "main")
    app.doit()
    text = (app.root / ".splinter/pull-requests/w.md").read_text()
    assert "`tests` | passed | passed" not in text or "not judged" in text


@pytest.mark.lane("attacks")
def test_a_linked_program_that_one_check_switches_off_is_there_for_the_next(app: World, tmp_path: Path) -> None:
    """Of a file with several names, its mode counts too: else the next check finds another program on PATH."""
    lenient = tmp_path / "bin/lint"
    lenient.parent.mkdir()
    lenient.write_text("#!/bin/sh\nexit 0\n")
    lenient.chmod(0o755)
    app.env["PATH"] = f"{lenient.parent}:{os.environ['PATH']}"
    made = "mkdir -p .venv/bin .venv/store; printf '#!/bin/sh\ngrep -q a.+.b app.py\n' > .venv/store/lint; chmod 755 .venv/store/lint; ln .venv/store/lint .venv/bin/lint"
    record = ends(
        app,
        BREAKS,
        {"id": "one", "run": "chmod -x .venv/bin/lint"},
        {"id": "two", "run": "lint"},
        setup=[{"run": made}],
    )
    assert failed(record) == FAILS


@pytest.mark.lane("attacks")
@pytest.mark.parametrize(
    "command", ["cd tests && PYTHONPATH=. pytest .", "cd tests; PYTHONPATH=./ python3 -m pytest ."]
)
def test_a_relative_pythonpath_begins_where_the_command_goes(world: World, sealed_world: Path, command: str) -> None:
    world.write("pyproject.toml", '[project]\nname = "shapes"\nversion = "1.0"\n')
    world.write("shapes/__init__.py", "def add(a, b):\n    return a + b\n")
    world.write("tests/test_add.py", "import shapes\n\ndef test_add():\n    assert shapes.add(1, 2) == 3\n")
    users = Venv.make(sealed_world / "venv", borrows=True)
    users.distribution("shapes", {"_shapes.pth": f"{world.root}\n"}, url=world.root)
    users.comes_first(world)
    record = ends(world, "sed -i 's/a + b/a - b/' shapes/__init__.py", {"id": "tests", "run": command})
    assert record["outcome"] == "failed", record["message"]


@pytest.mark.lane("attacks")
@pytest.mark.skipif(not shutil.which("uv"), reason="uv is not installed, or has no network")
def test_what_uv_built_of_the_base_does_not_stand_for_the_change(project: World) -> None:
    project.write(
        "pyproject.toml",
        '[project]\nname = "shapes"\nversion = "1.0"\nrequires-python = ">=3.9"\n[dependency-groups]\ndev = ["pytest"]\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["src/shapes"]\n',
    )
    project.write(".gitignore", ".venv/\nuv.lock\n__pycache__/\n.pytest_cache/\n")
    check = {"id": "tests", "run": "uv run --system-certs --no-editable pytest tests"}
    record = ends(project, SWAP, check, env=["SSL_CERT_FILE"])
    assert record["outcome"] == "failed", record["message"]


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
@pytest.mark.lane("attacks")
def test_a_file_that_node_could_not_load_before_forgives_no_change(world: World) -> None:
    """Its reporter names the file as if it were a test that failed; a package that nothing installed is enough."""
    reporters = '"--test", "--test-reporter=junit", "--test-reporter-destination={junit}"'
    world.write("splinter.toml", f'checks = "baseline"\n[tools.node]\ncommand = "node"\nargs = [{reporters}]\n')
    world.write("add.js", "exports.add = (a, b) => a + b\n")
    use = "const {test} = require('node:test'); const assert = require('node:assert')\n"
    adds = "test('adds', () => assert.equal(require('../add.js').add(1, 2), 3))\n"
    world.write("test/add.test.js", f"{use}require('shapes')\n{adds}")
    world.write("test/other.test.js", f"{use}test('other', () => {{}})\n")
    record = ends(world, "sed -i 's/a + b/a - b/' add.js", {"id": "t", "tool": "node"})
    assert failed(record) == FAILS
    assert record["message"] == "t: test/add.test.js could not be loaded or started, and no test in there ran"
