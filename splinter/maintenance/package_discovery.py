"""Whether setuptools would take our folders for packages of the user's, and the lines that keep it from it.

Where nobody lists a project's packages, setuptools takes every folder at the top that could be one: `workstreams/` and
`reports/` beside a package make two of it and the build fails; beside a single module they are installed in its place.
It reads and never writes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import Path

from splinter.model import layout

_LISTS = ("packages", "py-modules", "py_modules", "package-dir", "package_dir", "ext-modules", "ext_modules")
# what setuptools never takes (its discovery.py, 80.9): a folder of tests is no package of the user's
_NO_PACKAGES = frozenset({
    "ci", "bin", "debian", "doc", "docs", "documentation", "manpages", "news", "newsfragments", "changelog",
    "test", "tests", "unit_test", "unit_tests", "example", "examples", "scripts", "tools", "util", "utils",
    "python", "build", "dist", "venv", "env", "requirements", "tasks", "fabfile", "site_scons", "benchmark",
    "benchmarks", "exercise", "exercises", "htmlcov",
})  # fmt: skip
_NO_MODULES = frozenset({
    "setup", "conftest", "test", "tests", "example", "examples", "build", "toxfile", "noxfile", "pavement",
    "dodo", "tasks", "fabfile", "SConstruct", "conanfile", "manage", "benchmark", "benchmarks", "exercise",
    "exercises",
})  # fmt: skip
_WHY = (
    f"setuptools looks for packages by itself here and would take {layout.WORKSTREAMS}/ and {layout.REPORTS}/ for "
    "some, so that pip install goes wrong.\nSay in pyproject.toml which is yours:"
)


def advice(root: Path, listed: Sequence[str]) -> str:
    """What to write into pyproject.toml, empty where setuptools takes nothing of ours; `listed`: what git tracks."""
    if not _discovers(root):
        return ""
    packages = {path.partition("/")[0] for path in listed if path.count("/") == 1 and path.endswith("/__init__.py")}
    modules = {path.removesuffix(".py") for path in listed if "/" not in path and path.endswith(".py")}
    found = _named(packages - _NO_PACKAGES) or _named(modules - _NO_MODULES)
    if len(found) != 1:  # none, or more than setuptools takes without us
        return ""
    lines = ("[tool.setuptools]", f'py-modules = ["{found[0]}"]')
    if found[0] in packages:
        lines = ("[tool.setuptools.packages.find]", f'include = ["{found[0]}", "{found[0]}.*"]')
    ours = f"{layout.WORKSTREAMS}/ and {layout.REPORTS}/"
    why = (
        f"setuptools looks for packages by itself here and would take {ours} for some, so that pip install goes wrong."
    )
    return "\n".join([why, "Say in pyproject.toml which is yours:", *(f"    {line}" for line in lines)])


def _discovers(root: Path) -> bool:
    try:
        project = tomllib.loads(_text(root / "pyproject.toml"))
    except tomllib.TOMLDecodeError:
        return False
    build, own = _table(project, "build-system"), _table(_table(project, "tool"), "setuptools")
    is_built = "build-system" in project or "project" in project
    if not is_built or not str(build.get("build-backend", "setuptools")).startswith("setuptools"):
        return False
    is_listed = (own.keys() | _options(root).keys()).intersection(_LISTS)
    return not (is_listed or (root / "src").is_dir() or any(word in _text(root / "setup.py") for word in _LISTS))


def _named(names: set[str]) -> list[str]:
    return sorted(name for name in names if name.isidentifier() and not name.startswith("_"))


def _table(above: Mapping[str, object], name: str) -> Mapping[str, object]:
    table = above.get(name)
    return table if isinstance(table, dict) else {}


def _options(root: Path) -> Mapping[str, str]:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(_text(root / "setup.cfg"))
    except ConfigError:
        return {}
    return dict(parser["options"]) if parser.has_section("options") else {}


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
