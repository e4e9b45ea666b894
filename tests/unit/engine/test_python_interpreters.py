"""Which Pythons a command runs with: by the PATH, and by the first lines of scripts."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from splinter.engine.tools import python_interpreters
from tests.pythons import Venv


@pytest.fixture
def users(tmp_path: Path) -> Venv:
    return Venv.make(tmp_path / "env")


@pytest.fixture
def tools(tmp_path: Path) -> Venv:
    return Venv.make(tmp_path / "tools")


def asked(users: Venv, *programs: str, folder: Path = Path("/")) -> list[str]:
    path = os.pathsep.join([str(users.folder / "bin"), "/usr/bin", "/bin"])
    return list(python_interpreters.interpreters(path, programs, folder=folder))


def script(users: Venv, text: str) -> None:
    (users.folder / "bin/tool").write_text(text)
    (users.folder / "bin/tool").chmod(0o755)


def test_the_pythons_of_one_environment_are_one(users: Venv) -> None:
    users.script("tool", "")
    assert asked(users, "tool", "python3", str(users.folder / "bin/python")) == [users.python]


def test_environments_of_one_python_are_several(users: Venv, tools: Venv) -> None:
    users.script("tool", "", python=tools.python)
    assert asked(users, "tool") == [users.python, tools.python]


@pytest.mark.parametrize(
    "text",
    [
        "#!{python}\n",
        "#!{python} -I\n",
        "#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n",
        "#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''\n",
    ],
)  # fmt: skip
def test_a_script_names_its_python_in_its_first_lines(users: Venv, tools: Venv, text: str) -> None:
    script(users, text.format(python=tools.python))
    assert asked(users, "tool") == [users.python, tools.python]


def test_a_script_that_moves_with_its_environment_has_the_python_beside_it(users: Venv, tools: Venv) -> None:
    shell = "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python3' \"$0\" \"$@\"\n' '''\n"
    (tools.folder / "bin/tool").write_text(shell)
    (tools.folder / "bin/tool").chmod(0o755)
    (users.folder / "bin/tool").symlink_to(tools.folder / "bin/tool")
    assert asked(users, "tool") == [users.python, tools.python]


@pytest.mark.parametrize(
    "text",
    ["#!/usr/bin/env node\n", "#!/bin/sh\necho\n", "\x7fELF\n", "#!python3\n", "#!\n", "", "#!/nowhere/python3\n",
     "#!/bin/sh\n'''exec' \"\n"],
)  # fmt: skip
def test_what_names_no_python_is_no_python(users: Venv, text: str) -> None:
    script(users, text)
    assert asked(users, "tool") == [users.python]


def test_env_finds_the_python_of_the_path(users: Venv) -> None:
    script(users, "#!/usr/bin/env -S python3 -u\n")
    assert asked(users, "tool") == [users.python]


def test_a_program_with_a_slash_is_looked_for_in_the_work_tree(users: Venv, tmp_path: Path) -> None:
    own = Venv.make(tmp_path / "tree/.venv")
    assert asked(users, ".venv/bin/python3", folder=tmp_path / "tree") == [users.python, own.python]


@pytest.mark.parametrize(
    "command",
    ["tool -q", ("tool", "-q"), "tool tests/a.py", "tool 'two words'"],
)  # fmt: skip
def test_a_command_of_one_python_program_runs_with_that_alone(
    users: Venv, tools: Venv, command: str | Sequence[str]
) -> None:
    users.script("tool", "", python=tools.python)
    found = python_interpreters.of_command(command, str(users.folder / "bin"), folder=Path("/"))
    assert found == (tools.python,)


@pytest.mark.parametrize("command", ["make && tool", "tool; python -m x", "make check", ("make", "check")])
def test_other_commands_may_run_with_each(users: Venv, command: str | Sequence[str]) -> None:
    users.script("tool", "")
    found = python_interpreters.of_command(command, str(users.folder / "bin"), folder=Path("/"))
    assert found == (users.python,)


@pytest.mark.parametrize(
    ("command", "imports"),
    [
        ("ruff check .", False),
        ("test -f a && grep -q b a", False),
        (("ruff", "check"), False),
        ("ruff check . && pytest", True),
        ("test $(pytest)", True),
        ("echo `pytest`", True),
        ("make", True),
        (("pytest",), True),
        ("cd src; python -m pytest", True),
        ("", True),
        ((), True),
    ],
)
def test_some_commands_are_known_to_import_nothing(command: str | Sequence[str], imports: bool) -> None:
    assert python_interpreters.imports_nothing(command) is not imports


def test_an_environment_that_names_a_checkout_is_known_by_its_files(users: Venv, tmp_path: Path) -> None:
    assert python_interpreters.names_one_of(users.python, [tmp_path / "project"]) is None
    before = python_interpreters.stamp(users.python)
    users.distribution("shapes", {}, url=tmp_path / "my project")
    assert python_interpreters.names_one_of(users.python, [tmp_path / "my project"]) == tmp_path / "my project"
    assert python_interpreters.stamp(users.python) != before


def test_the_python_of_the_tests_is_found() -> None:
    path = str(Path(sys.executable).parent)
    assert python_interpreters.interpreters(path, ["pytest", "ruff"], folder=Path("/"))[0].startswith(path)


@pytest.mark.parametrize(
    ("command", "followed"),
    [
        ("pytest tests", "/given"),
        (("python3", "-m", "pytest"), "/given"),
        ("python3 -m pytest -E x", "/given"),
        ("python3 -I -m pytest", ""),
        (("python3", "-Es", "-m", "pytest"), ""),
        ("cd src && /usr/bin/python3.11 -sE x.py", ""),
        ("PYTHONPATH=src pytest", "/tree/src"),
        ("PYTHONPATH=src:$PYTHONPATH pytest", "/tree/src:/given"),
        ('export PYTHONPATH="$PWD/src${PYTHONPATH:+:$PYTHONPATH}"; pytest', "/tree/src:/given"),
        ("PYTHONPATH=$(pwd)/src pytest", "/tree/src"),
        ("PYTHONPATH=$(find . -name src) pytest", ""),
        (("env", "PYTHONPATH=lib", "pytest"), "/tree/lib"),
        ("python3 -X dev -I -m pytest", ""),
        ("python3 -Wdefault -X dev -m pytest -I", "/given"),
        ("python3 --check-hash-based-pycs always -BI -m pytest", ""),
        ("python3 -mIPython", "/given"),
        ("sh -c 'python3 -I -m pytest'", ""),
        ("env - PATH=$PATH pytest", ""),
        (("env", "-", "pytest"), ""),
        ("env --ignore-environment PATH=$PATH pytest", ""),
        ("env -i PYTHONPATH=src pytest", "/tree/src"),
        ("PYTHONPATH=src env -i pytest", ""),
        ("env --unset=PYTHONPATH pytest", ""),
        ("env -uPYTHONPATH pytest", ""),
        ("env -u PYTHONSTARTUP pytest", "/given"),
        ("env X=1 pytest -i", "/given"),
        ("env -u A B='c d' -i pytest", ""),
        ("cd tests && PYTHONPATH=. pytest .", "/tree/tests"),
        ("cd tests; cd ../lib; PYTHONPATH=./:/abs pytest", "/tree/lib:/abs"),
        ("cd lib\nexport PYTHONPATH=$PWD\npytest", "/tree/lib"),
        ("cd lib && PYTHONPATH=$(pwd)/x pytest", "/tree/lib/x"),
        ("cd $HERE && PYTHONPATH=.:/abs pytest", "/abs"),
        ("cd $HERE && PYTHONPATH=$PWD pytest", ""),
        ("cd && PYTHONPATH=. pytest", ""),
        ("(cd lib && make); PYTHONPATH=. pytest", ""),
        ("env --chdir=lib PYTHONPATH=. pytest", "/tree/lib"),
        ("PYTHONPATH=.:/abs sh -c 'cd lib; pytest'", "/abs"),
        ("env -u PYTHONPATH pytest", ""),
        ("env -i pytest", ""),
        ("unset PYTHONPATH; pytest", ""),
    ],
)
def test_the_pythonpath_that_a_command_follows(command: str | Sequence[str], followed: str) -> None:
    assert python_interpreters.python_path(command, "/given", "/usr/bin:/bin", folder=Path("/tree")) == followed


def test_a_script_that_is_isolated_follows_none(users: Venv) -> None:
    script(users, f"#!{users.python} -I\n")
    path = str(users.folder / "bin")
    assert python_interpreters.python_path(("tool",), "/given", path, folder=Path("/tree")) == ""
