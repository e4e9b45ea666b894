"""What `doit init` writes is whole, is valid, overwrites nothing and stays inside the repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from splinter.config import settings_file, workstream_files
from splinter.errors import InputError
from splinter.git import user_repository
from splinter.maintenance import ignored_files, init
from splinter.maintenance.init import Written
from splinter.model import settings
from tests.world import CFG

ALL = (".github/workflows/scheduled-orchestrator.yml", "dodo.py", "doit.cfg", "splinter.toml", "workstreams/first.yaml")
COMMANDS = re.findall(r"^(\w+) = (splinter\.commands:\w+)$", CFG, re.MULTILINE)
OURS_IN_PYPROJECT = "\n".join(
    [
        "[tool.doit]",
        'loader = "splinter"',
        "",
        "[tool.doit.plugins.command]",
        *(f'{a} = "{b}"' for a, b in COMMANDS),
        "",
    ]
)


def note_of(written: tuple[Written, ...], path: str) -> str:
    return next(one.note for one in written if one.path == path)


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def first(root: Path) -> workstream_files.Workstream:
    found = workstream_files.read(root, settings_file.read(root))
    assert found.problems == ()
    return found.workstreams[0]


def git(root: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(root), *args], check=True)


def test_an_empty_repository_gets_every_file(tmp_path: Path) -> None:
    written = init.write(tmp_path, ())
    assert written == tuple(Written(path=path, action="written") for path in ALL)
    assert sorted(tree(tmp_path)) == sorted(ALL)


def test_dodo_is_a_comment_and_the_import(tmp_path: Path) -> None:
    init.write(tmp_path, ())
    *comments, line = (tmp_path / "dodo.py").read_text().splitlines()
    assert all(one.startswith("# ") for one in comments)
    assert comments[-1].startswith("# your own tasks may stand below")
    assert line == "from splinter.dodo import DOIT_CONFIG, task_splinter"


def test_a_second_init_keeps_everything_and_asks_for_nothing(tmp_path: Path) -> None:
    init.write(tmp_path, ())
    before = tree(tmp_path)
    assert init.write(tmp_path, ()) == tuple(Written(path=path, action="kept") for path in ALL)
    assert tree(tmp_path) == before


def test_no_temporary_file_is_left_behind(tmp_path: Path) -> None:
    init.write(tmp_path, ())
    assert not [name for name in tree(tmp_path) if Path(name).name.startswith(".")]


@pytest.mark.parametrize("path", ALL)
def test_a_file_of_the_users_is_kept_as_it_is(tmp_path: Path, path: str) -> None:
    own = tmp_path / path
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("# mine\n")
    written = init.write(tmp_path, ())
    assert [one.path for one in written if one.action == "kept"] == [path]
    assert own.read_text() == "# mine\n"


def test_a_dangling_link_counts_as_a_file_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "splinter.toml").symlink_to("nowhere.toml")
    assert Written(path="splinter.toml", action="kept") in init.write(tmp_path, ())
    assert not (tmp_path / "nowhere.toml").exists()


@pytest.mark.parametrize("folder", ["workstreams", ".github", ".github/workflows"])
def test_a_folder_that_is_a_link_out_of_the_repository_is_refused_before_anything_is_written(
    tmp_path: Path, folder: str
) -> None:
    root, outside = tmp_path / "repository", tmp_path / "outside"
    outside.mkdir()
    (root / folder).parent.mkdir(parents=True)
    (root / folder).symlink_to(outside)
    with pytest.raises(InputError, match=r"^\S+: a link leads its folder out of the repository; nothing was written$"):
        init.write(root, ())
    assert tree(tmp_path) == {}


def test_a_folder_that_is_a_link_within_the_repository_is_followed(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "workstreams").symlink_to("plans")
    init.write(tmp_path, ())
    assert (tmp_path / "plans/first.yaml").is_file()


def test_a_file_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "workstreams").write_text("")
    message = "workstreams/first.yaml: workstreams is a file, not a folder; nothing was written"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        init.write(tmp_path, ())
    assert sorted(tree(tmp_path)) == ["workstreams"]


def test_a_python_repository_with_tests_gets_ruff_and_its_tests_as_the_check(tmp_path: Path) -> None:
    init.write(tmp_path, ("package/__init__.py", "tests/test_package.py"))
    own = first(tmp_path)
    assert own.id == "lint-fixes"
    args = ("check", "--fix", "--exit-zero", "--select", "F,W")  # what ruff takes for safe by default grows
    assert (own.steps[0].action.tool, own.steps[0].action.args) == ("ruff", args)
    assert (own.checks[0].action.tool, own.checks[0].action.args) == ("pytest", ("-o", "pythonpath=."))
    assert 'TOOLS: "ruff pytest"' in (tmp_path / init.NIGHTLY).read_text()


def test_a_src_layout_is_tested_from_src(tmp_path: Path) -> None:
    init.write(tmp_path, ("src/package/__init__.py", "tests/package_test.py"))
    assert first(tmp_path).checks[0].action.args == ("-o", "pythonpath=src .")


def test_a_pythonpath_of_the_users_own_is_left_to_pytest(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = lib\n")
    init.write(tmp_path, ("lib/package.py", "tests/test_package.py"))
    assert first(tmp_path).checks[0].action.args == ()


def test_a_python_repository_without_tests_gets_no_check(tmp_path: Path) -> None:
    init.write(tmp_path, ("script.py",))
    assert first(tmp_path).checks == ()


def test_the_first_workstream_of_a_repository_without_python_really_ends_files_with_a_newline(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    texts = {
        "a b.md": "# ends\nnowhere",
        "über.txt": "x",
        "whole.md": "whole\n",
        "empty.md": "",
        "data.bin": "as it is",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "link.md").symlink_to("data.bin")
    git(tmp_path, "add", ".")
    init.write(tmp_path, tuple(texts))
    own = first(tmp_path)
    subprocess.run(own.steps[0].action.command, shell=True, cwd=tmp_path, check=True)
    assert {name: (tmp_path / name).read_text() for name in texts} == {
        "a b.md": "# ends\nnowhere\n", "über.txt": "x\n", "whole.md": "whole\n", "empty.md": "", "data.bin": "as it is",
    }  # fmt: skip


def test_workstreams_that_are_there_already_are_enough(tmp_path: Path) -> None:
    (tmp_path / "workstreams").mkdir()
    (tmp_path / "workstreams/own.yml").write_text("id: own\n")
    written = init.write(tmp_path, ())
    assert Written(path="workstreams/", action="kept") in written
    assert not (tmp_path / "workstreams/first.yaml").exists()


def test_the_settings_show_nothing_but_defaults(tmp_path: Path) -> None:
    init.write(tmp_path, ())
    file = tmp_path / "splinter.toml"
    assert settings_file.read(tmp_path) == replace(settings_file.defaults(), source="splinter.toml")
    file.write_text(re.sub(r"(?m)^# (?=\[?[a-z])", "", file.read_text().partition("\n")[2]))
    shown = settings_file.read(tmp_path)
    assert shown.identity == settings.Identity(name="splinter", email="splinter@localhost")
    assert shown.tools["my-formatter"].args == ("--quiet",)
    for name in ("timezone", "branch_prefix", "rebase"):
        assert getattr(shown, name) == getattr(settings.Settings(), name)


def test_settings_in_pyproject_make_a_settings_file_needless(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.splinter]\njobs = 2\n")
    assert Written(path="[tool.splinter] in pyproject.toml", action="kept") in init.write(tmp_path, ())
    assert settings_file.read(tmp_path).jobs == 2


def test_a_dodo_without_our_import_is_shown_the_line(tmp_path: Path) -> None:
    (tmp_path / "dodo.py").write_text("def task_own():\n    return {'actions': ['true']}\n")
    assert note_of(init.write(tmp_path, ()), "dodo.py") == (
        "add this line to it:\nfrom splinter.dodo import DOIT_CONFIG, task_splinter  # noqa: F401"
    )


def test_a_doit_cfg_is_shown_only_the_lines_that_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "doit.cfg").write_text("[GLOBAL]\nverbosity = 2\n[COMMAND]\ncheck = splinter.commands:Check\n")
    lacking = [f"{name} = {place}" for name, place in COMMANDS if name != "check"]
    assert note_of(init.write(tmp_path, ()), "doit.cfg") == (
        "\n".join(["set these lines in it:", "[GLOBAL]", "loader = splinter", "[COMMAND]", *lacking])
    )


def test_a_doit_cfg_beside_our_lines_in_pyproject_lacks_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(OURS_IN_PYPROJECT)
    (tmp_path / "doit.cfg").write_text("[GLOBAL]\nverbosity = 2\n")
    assert note_of(init.write(tmp_path, ()), "doit.cfg") == ""


def test_our_lines_in_pyproject_make_a_doit_cfg_needless(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(OURS_IN_PYPROJECT)
    assert Written(path="[tool.doit] in pyproject.toml", action="kept") in init.write(tmp_path, ())
    assert not (tmp_path / "doit.cfg").exists()


def test_another_loader_in_pyproject_is_not_overruled_behind_the_users_back(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(OURS_IN_PYPROJECT.replace('loader = "splinter"', 'loader = "own"'))
    note = note_of(init.write(tmp_path, ()), "[tool.doit] in pyproject.toml")
    assert note == 'set these lines in it:\n[tool.doit]\nloader = "splinter"'
    assert not (tmp_path / "doit.cfg").exists()


def test_other_doit_settings_in_pyproject_get_a_doit_cfg_beside_them(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.doit]\nverbosity = 2\n")
    assert Written(path="doit.cfg", action="written") in init.write(tmp_path, ())


def test_a_pyproject_that_is_not_toml_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    with pytest.raises(InputError, match=r"^pyproject\.toml: not TOML: "):
        init.write(tmp_path, ())
    assert sorted(tree(tmp_path)) == ["pyproject.toml"]


def test_a_doit_cfg_that_doit_cannot_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "doit.cfg").write_text("loader = splinter\n")
    with pytest.raises(InputError, match=r"^doit\.cfg: File contains no section headers\.$"):
        init.write(tmp_path, ())


@pytest.mark.parametrize(
    ("listed", "scope", "has_tests"),
    [
        (("a.py", "tests/test_a.py"), "**/*.py", True),
        (("a.py",), "**/*.py", False),
        (("README.md",), "README.md", False),
    ],
)
def test_a_first_prompt_is_for_the_agent_that_is_here_and_runs_only_when_named(
    tmp_path: Path, listed: tuple[str, ...], scope: str, has_tests: bool
) -> None:
    written = init.write(tmp_path, listed, agent="codex")
    assert Written(path="workstreams/first-prompt.yaml", action="written") in written
    found = workstream_files.read(tmp_path, settings_file.read(tmp_path))
    assert found.problems == ()
    [prompt] = [one for one in found.workstreams if one.id == "first-prompt"]
    assert (prompt.enabled, prompt.tool, prompt.scope.modify, prompt.when) == (False, "codex", (scope,), "on-change")
    assert (bool(prompt.checks), prompt.fix.attempts) == (has_tests, 2 * has_tests)
    assert prompt.commit.message.startswith("docs: ")


def test_linters_leave_dodo_alone(tmp_path: Path) -> None:
    init.write(tmp_path, ())
    before = (tmp_path / "dodo.py").read_text()
    for command in (["check", "--select=ALL", "--fix", "--unsafe-fixes"], ["format"]):
        words = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "dodo.py"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode in (0, 1), done.stderr
    assert (tmp_path / "dodo.py").read_text() == before


def test_a_made_version_and_translations_are_brought_and_what_else_is_ignored_is_asked(tmp_path: Path) -> None:
    ignored = [
        "src/a/_version.py", "src/a/local.py", "src/a/__pycache__/x.cpython-311.pyc", "src/a/speed.so",
        *(f"src/a/locale/{name}/a.mo" for name in ("de", "fr", "it", "nl")), "src/a/odd*name.py",
    ]  # fmt: skip
    (one,) = [one for one in init.write(tmp_path, (), ignored=ignored) if one.path == ".worktreeinclude"]
    assert one.action == "written"
    lines = (tmp_path / ".worktreeinclude").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["src/a/_version.py", "src/a/**/*.mo"]
    assert [line for line in lines if line.startswith("# src/")] == ["# src/a/local.py"]


def test_what_is_ignored_is_looked_for_in_packages_and_not_in_folders_that_are_ignored_whole(tmp_path: Path) -> None:
    listed = ["src/a/__init__.py", "src/a/sub/__init__.py", "b/__init__.py", "docs/conf.py"]
    assert ignored_files.package_folders(listed) == ("b", "src/a")
    git(tmp_path, "init", "-q")
    for path in (*listed, "src/a/_version.py", "src/a/cache/x.txt", "docs/_version.py", ".gitignore"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("_version.py\ncache/\n" if path == ".gitignore" else "")
    git(tmp_path, "add", ".")
    assert user_repository.ignored_files(tmp_path, os.environ, ("b", "src/a")) == ("src/a/_version.py",)
