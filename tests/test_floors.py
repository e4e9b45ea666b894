"""The floors of the house: which file may import which, read from the source; an offending arrow is printed."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

SPLINTER = Path(__file__).resolve().parent.parent / "splinter"

# a file imports files of lower floors, or files that stand before it on its own floor
FLOORS = (
    # 0: no word of the domain
    "errors notation globs events shapes redact",
    # 1: what is asked, what happened, when
    "workstream records when",
    # 2: pure functions of text and values
    "documents listing files places verdict schema toml tools parsed territory rules expiry settings collection ports plan"
    " identity graph markup report junit readers comparison subsets prompts breakers sandbox",
    # 3: the outside
    "storage databases family output process versions gitcall git checkouts merging conversion submodules remotes disk locking store ledger worktree scope leaks session forges.local forges.github"
    " notifiers.mail notifiers.slack notifiers.healthcheck"
    " legacy.phrases legacy.source legacy.jsonc legacy.written legacy.shell legacy.paths legacy.prompts legacy.entries"
    " legacy.agents legacy.profiles legacy.limits legacy.scoping legacy.draft legacy.ordering legacy.batch legacy.folder",
    # 4: the stories
    "fencing acting groundwork results claims engine accepted lost replay branch preparation checking baseline judging fixing acceptance why asking union rehearsal pushing publish together project repairs finding connections leftovers bygone freeing doctor scaffold",
    # 5: doit
    "rows final_tasks tasks doit_plugins.database doit_plugins.reporter doit_plugins.loader doit_plugins.dry_run"
    " doit_plugins.telling doit_plugins.runner doit_plugins.run doit_plugins.planning doit_plugins.drawing"
    " doit_plugins.commands doit_plugins.doctoring doit_plugins.freeing doit_plugins.init doit_plugins.importing",
)
ORDER = {name: (floor, place) for floor, names in enumerate(FLOORS) for place, name in enumerate(names.split())}
DOIT_FLOOR = 5
SLOW = {"github", "jinja2", "jsonschema", "markdown2", "yaml"}


def modules() -> dict[str, ast.Module]:
    """Every module by its name below `splinter`, packages' own files left out."""
    files = [path for path in SPLINTER.rglob("*.py") if path.name != "__init__.py"]
    return {
        ".".join(path.relative_to(SPLINTER).with_suffix("").parts): ast.parse(path.read_text("utf-8")) for path in files
    }


MODULES = modules()


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
            yield next((module for module in known if module in MODULES), name), line


def libraries(tree: ast.AST) -> set[str]:
    """Third-party packages that a piece of source imports."""
    names = {name.split(".")[0] for name, _ in imported(tree)}
    return names - sys.stdlib_module_names - {"splinter"}


def names_used(tree: ast.AST) -> set[str]:
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}


def _top(tree: ast.Module) -> ast.Module:
    """What is imported as soon as the module is."""
    return ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], type_ignores=[])


def test_every_module_has_its_place() -> None:
    assert sorted(set(MODULES) - set(ORDER)) == []


def test_no_arrow_points_up() -> None:
    offending = [
        f"splinter/{name.replace('.', '/')}.py:{line}: {name} (floor {ORDER[name][0]}) -> {other}"
        f" (floor {ORDER[other][0] if other in ORDER else 'none'})"
        for name, tree in MODULES.items()
        for other, line in own_imports(tree)
        if other not in ORDER or ORDER[other] >= ORDER[name]
    ]
    assert not offending, "\n" + "\n".join(offending)


def test_no_import_is_relative() -> None:
    relative = [
        f"{name}:{node.lineno}"
        for name, tree in MODULES.items()
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
    for name, tree in MODULES.items():
        for library in libraries(tree) - {"doit"}:
            users[library].append(name)
    assert {library: names for library, names in users.items() if len(names) > 1} == {}


def test_doit_is_known_on_its_floor_alone() -> None:
    assert [name for name, tree in MODULES.items() if "doit" in libraries(tree) and ORDER[name][0] < DOIT_FLOOR] == []


def test_slow_libraries_are_imported_where_they_are_used() -> None:
    at_once = {name: sorted(libraries(_top(tree)) & SLOW) for name, tree in MODULES.items()}
    assert {name: found for name, found in at_once.items() if found} == {}


@pytest.mark.parametrize(
    ("used", "where"),
    [
        ("subprocess.Popen", "process"),
        ("subprocess.run", "process"),
        ("os.environ", "settings"),
        ("os.getenv", "settings"),
    ],
)
def test_one_file_does_it(used: str, where: str) -> None:
    assert [name for name, tree in MODULES.items() if used in names_used(tree) and name != where] == []


def test_nobody_below_doit_prints_or_exits() -> None:
    loud = {"print", "sys.exit", "sys.stdout", "sys.stderr", "exit", "SystemExit"}
    found = {name: sorted(names_used(tree) & loud) for name, tree in MODULES.items() if ORDER[name][0] < DOIT_FLOOR}
    assert {name: used for name, used in found.items() if used} == {}
