"""The packages of splinter: which may import which, and what only one module does; an offender is printed."""

from __future__ import annotations

import ast
import functools
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from splinter.model import layout
from tests import paths

ROOT = paths.ROOT
PYPROJECT = ROOT / "pyproject.toml"
SPLINTER = ROOT / "splinter"

SLOW = {"github", "jinja2", "jsonschema", "markdown2", "yaml"}


@functools.cache
def modules() -> dict[str, ast.Module]:
    """Every module by its name below `splinter`, packages' own files left out."""
    files = [path for path in SPLINTER.rglob("*.py") if path.name != "__init__.py"]
    return {
        ".".join(path.relative_to(SPLINTER).with_suffix("").parts): ast.parse(path.read_text("utf-8")) for path in files
    }


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Dotted names that a piece of source imports, wherever in it, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def own_imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The same, of modules of ours."""
    for name, line in imported(tree):
        parts = name.split(".")
        if parts[0] == "splinter":
            known = (".".join(parts[1:end]) for end in range(len(parts), 1, -1))
            yield next((module for module in known if module in modules()), name), line


def libraries(tree: ast.AST) -> set[str]:
    """Third-party packages that a piece of source imports."""
    names = {name.split(".")[0] for name, _ in imported(tree)}
    return names - sys.stdlib_module_names - {"splinter"}


def knows_doit(name: str) -> bool:
    """Whether a module may know doit, print and exit."""
    return name.split(".")[0] in ("doit_plugins", "dodo", "commands")


def lint_imports(config: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the package that lies in `cwd`."""
    call = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    return subprocess.run(
        [*call, "--config", str(config), "--no-cache"],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(cwd), "COLUMNS": "300", "NO_COLOR": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@functools.cache
def names_used(tree: ast.AST) -> set[str]:
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}


def _top(tree: ast.Module) -> ast.Module:
    """What is imported as soon as the module is."""
    return ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], type_ignores=[])


def test_a_package_imports_only_what_stands_below_it() -> None:
    done = lint_imports(PYPROJECT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("package", "imported"),
    [
        ("text", "model.records"),
        ("git", "config.settings_file"),
        ("engine", "publish.report"),
        ("model", "text.redact"),
    ],
)
def test_a_wrong_import_is_named(package: str, imported: str, tmp_path: Path) -> None:
    shutil.copytree(SPLINTER, tmp_path / "splinter", ignore=shutil.ignore_patterns("__pycache__"))
    planted = tmp_path / "splinter" / package / "planted.py"
    planted.write_text(f"import splinter.{imported}\n")
    done = lint_imports(PYPROJECT, cwd=tmp_path)
    if package == "model":  # which may import text
        assert done.returncode == 0, done.stdout
    else:
        assert done.returncode == 1
        assert f"splinter.{package}.planted -> splinter.{imported} (l.1)" in done.stdout


def test_the_listing_shows_nine_packages_and_few_modules() -> None:
    entries = [path for path in SPLINTER.iterdir() if path.name != "__pycache__"]
    assert sorted(path.name for path in entries if path.is_dir()) == [
        "config", "doit_plugins", "engine", "git", "maintenance", "model", "publish", "system", "text"
    ]  # fmt: skip
    assert sorted(path.name for path in entries if path.is_file()) == [
        "__init__.py", "__main__.py", "commands.py", "dodo.py", "errors.py", "py.typed"
    ]  # fmt: skip


def test_no_import_is_relative() -> None:
    relative = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_package_files_hold_no_logic() -> None:
    for file in SPLINTER.rglob("__init__.py"):
        body = ast.parse(file.read_text("utf-8")).body
        assert all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body), file


def test_each_library_is_touched_by_one_file() -> None:
    users = defaultdict(list)
    for name, tree in modules().items():
        for library in libraries(tree) - {"doit"}:
            users[library].append(name)
    shared = {library: {name.rpartition(".")[2] for name in names} for library, names in users.items() if names[1:]}
    of_github = {
        "github", "github_client", "github_errors", "github_field_writes", "github_pulls", "github_touches",
        "github_trial",
    }  # fmt: skip
    assert shared == {"github": of_github}


def test_doit_is_known_in_its_package_alone() -> None:
    assert [name for name, tree in modules().items() if "doit" in libraries(tree) and not knows_doit(name)] == []


def test_slow_libraries_are_imported_where_they_are_used() -> None:
    at_once = {name: sorted(libraries(_top(tree)) & SLOW) for name, tree in modules().items()}
    assert {name: found for name, found in at_once.items() if found} == {}


@pytest.mark.parametrize(
    ("used", "where"),
    [
        ("subprocess.Popen", "system.process"),
        ("subprocess.run", "system.process"),
        ("os.posix_spawn", "system.process"),
        ("os.environ", "config.process_environment"),
        ("os.getenv", "config.process_environment"),
    ],
)
def test_one_file_does_it(used: str, where: str) -> None:
    assert [name for name, tree in modules().items() if used in names_used(tree) and name != where] == []


def test_nobody_below_doit_prints_or_exits() -> None:
    loud = {"print", "sys.exit", "sys.stdout", "sys.stderr", "exit", "SystemExit"}
    probe = "engine.tools.import_probe"  # a program of its own, which other Pythons run
    ours = {name: tree for name, tree in modules().items() if not knows_doit(name) and name not in (probe, "__main__")}
    found = {name: sorted(names_used(tree) & loud) for name, tree in ours.items()}
    assert {name: used for name, used in found.items() if used} == {}


def test_the_map_has_the_table_of_state_and_names_only_what_is_there() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rows = [line for line in (layout.__doc__ or "").splitlines() if line.startswith("|")]
    assert len(rows) > 15
    assert "\n".join(rows) in page
    prose = page.replace("\n".join(rows), "")
    named = set(re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.(?:py|toml|json|cfg|md))?)`", prose))
    assert len(named) > 25
    below = ("", *(f"splinter/{name}" for name in ("", "config", "engine", "engine/checks", "publish", "doit_plugins")))
    assert [name for name in named if not any((ROOT / folder / name).exists() for folder in below)] == []
