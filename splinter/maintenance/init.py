"""What `doit init` writes: `dodo.py`, doit's configuration, settings, a first workstream, the nightly workflow.

It never overwrites a file, never edits one of the user's, and never follows a link out of the repository.
"""

from __future__ import annotations

import ast
import os
import secrets
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path

from splinter.errors import InputError, SplinterError
from splinter.maintenance import ignored_files
from splinter.model import layout

FIRST = "workstreams/first.yaml"
FIRST_PROMPT = "workstreams/first-prompt.yaml"
NIGHTLY = ".github/workflows/scheduled-orchestrator.yml"
_TEST_NAMES = ("test_*.py", "*_test.py")
_PYTEST_CONFIGS = ("pyproject.toml", "pytest.ini", ".pytest.ini", "pytest.toml", "tox.ini", "setup.cfg")
_IMPORT = "from splinter.dodo import DOIT_CONFIG, task_splinter"

Sections = Mapping[str, Mapping[str, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One file and what happened to it: `written` or `kept`; `note` says what the user has yet to do to a kept one."""

    path: str
    action: str
    note: str = ""


def write(
    root: Path, listed: Sequence[str], agent: str = "", ignored: Sequence[str] = (), package: str = ""
) -> tuple[Written, ...]:  # fmt: skip
    """Write what is not there yet; raises InputError where a path leaves the repository or a file cannot be read.

    `root` is the top of the checkout, `listed` the paths that git tracks in it, with `/`, `agent` the one that a first
    prompt is for, empty for none; `ignored` those that git ignores in packages; `package` what the nightly installs.
    """
    kept = (*_kept_dodo(root), *_kept_config(root), *_kept_settings(root), *_kept_workstreams(root))
    skipped = {one.path for one in kept} | {name for one in kept for name in _STANDS_FOR.get(one.path, ())}
    wanted = {path: text for path, text in _contents(root, listed, agent, package).items() if path not in skipped}
    if brought := ignored_files.worktreeinclude(ignored):
        wanted[layout.INCLUDE] = brought
    for path in wanted:
        _check_inside(root, path)
    placed = tuple(place(root, path, text) for path, text in wanted.items())
    return tuple(sorted((*kept, *placed), key=lambda one: one.path))


def nightly(*, package: str, tools: str) -> str:
    """The nightly workflow; `package` is what pip installs for splinter, `tools` words for pip besides."""
    return _template("scheduled-orchestrator.yml").replace("@PACKAGE@", package).replace("@TOOLS@", tools)


# what a kept file makes unnecessary to write
_STANDS_FOR = {"[tool.doit] in pyproject.toml": ("doit.cfg",), "[tool.splinter] in pyproject.toml": ("splinter.toml",),
               "workstreams/": (FIRST, FIRST_PROMPT)}  # fmt: skip


def _contents(root: Path, listed: Sequence[str], agent: str, package: str) -> dict[str, str]:
    is_python = any(path.endswith(".py") for path in listed)
    prompt = {FIRST_PROMPT: _first_prompt(root, listed, agent, is_python=is_python)} if agent else {}
    return prompt | {
        "dodo.py": _template("dodo.txt"),
        "doit.cfg": _template("doit.cfg"),
        "splinter.toml": _template("splinter.toml"),
        FIRST: _first_for_python(root, listed) if is_python else _template("first-text.yaml"),
        NIGHTLY: nightly(package=package, tools="ruff pytest" if is_python else ""),
    }


def _first_prompt(root: Path, listed: Sequence[str], agent: str, *, is_python: bool) -> str:
    task = "Give each public function that lacks one a docstring of a sentence." if is_python else (
        "Where README.md names a file, a command or a setting that is not there, correct it."
    )  # fmt: skip
    subject = "describe public functions" if is_python else "correct what README.md names"
    words = {"AGENT": agent, "SUBJECT": subject, "FILES": '"**/*.py"' if is_python else "README.md", "TASK": task,
             "CHECKS": _checks(root, listed) if is_python else ""}  # fmt: skip
    text = _template("agent.yaml")
    for name, value in words.items():
        text = text.replace(f"@{name}@", value)
    return text if words["CHECKS"] else "".join(line for line in text.splitlines(keepends=True) if "fix:" not in line)


def _first_for_python(root: Path, listed: Sequence[str]) -> str:
    return _template("first-python.yaml") + _checks(root, listed)


def _checks(root: Path, listed: Sequence[str]) -> str:
    """The tests as a check, where there are any."""
    if not any(fnmatchcase(path.rpartition("/")[2], name) for path in listed for name in _TEST_NAMES):
        return ""
    return _template("first-python-checks.yaml") + _pytest_args(root, listed)


def _pytest_args(root: Path, listed: Sequence[str]) -> str:
    """Without a path of its own pytest may import an installed copy of the package: the checkout, not the work tree."""
    if any("pythonpath" in _text(root / name) for name in _PYTEST_CONFIGS):
        return ""
    folders = "src ." if any(path.startswith("src/") and path.endswith(".py") for path in listed) else "."
    return f'    args: ["-o", "pythonpath={folders}"]   # the work tree is tested, not an installed copy\n'


def _kept_dodo(root: Path) -> Iterable[Written]:
    if not os.path.lexists(root / "dodo.py"):
        return
    note = "" if _imports_ours(_text(root / "dodo.py")) else f"add this line to it:\n{_IMPORT}  # noqa: F401"
    yield Written(path="dodo.py", action="kept", note=note)


def _imports_ours(source: str) -> bool:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    ours = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "splinter.dodo")
    return any({"DOIT_CONFIG", "task_splinter"} <= {name.name for name in node.names} for node in ours)


def _kept_config(root: Path) -> Iterable[Written]:
    """Look at both as doit does, `doit.cfg` over `[tool.doit]`: what one says need not stand in the other."""
    ours, in_toml = _ini("doit.cfg", _template("doit.cfg")), _doit_sections(root)
    if os.path.lexists(root / "doit.cfg"):
        own = _ini("doit.cfg", _text(root / "doit.cfg"))
        missing = _missing(ours, {name: {**in_toml.get(name, {}), **own.get(name, {})} for name in ours})
        yield Written(path="doit.cfg", action="kept", note=_as_ini(missing))
    elif not (missing := _missing(ours, in_toml)) or _contradicts(missing, in_toml):
        yield Written(path="[tool.doit] in pyproject.toml", action="kept", note=_as_toml(missing))


def _kept_settings(root: Path) -> Iterable[Written]:
    if "splinter" in _tool_tables(root) and not os.path.lexists(root / "splinter.toml"):
        yield Written(path="[tool.splinter] in pyproject.toml", action="kept")


def _kept_workstreams(root: Path) -> Iterable[Written]:
    folder = root / "workstreams"
    if os.path.lexists(root / FIRST) or not folder.is_dir():
        return
    if any(path.suffix in layout.WORKSTREAM_SUFFIXES for path in folder.iterdir()):
        yield Written(path="workstreams/", action="kept")


def _tool_tables(root: Path) -> Mapping[str, Mapping[str, object]]:
    try:
        tables = tomllib.loads(_text(root / "pyproject.toml")).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"pyproject.toml: not TOML: {error}") from error
    return tables if isinstance(tables, dict) else {}


def _doit_sections(root: Path) -> dict[str, dict[str, str | None]]:
    """`[tool.doit]` in the sections of a `doit.cfg`."""
    table = _tool_tables(root).get("doit", {})
    plugins = table.get("plugins", {})
    commands = plugins.get("command", {}) if isinstance(plugins, dict) else {}
    loader = table.get("loader")
    return {
        "GLOBAL": {"loader": str(loader)} if loader else {},
        "COMMAND": {str(name): str(place) for name, place in commands.items()},
    }


def _missing(ours: Sections, found: Sections) -> dict[str, dict[str, str | None]]:
    lacking = {
        name: {key: value for key, value in keys.items() if found.get(name, {}).get(key) != value}
        for name, keys in ours.items()
    }
    return {name: keys for name, keys in lacking.items() if keys}


def _contradicts(missing: Sections, found: Sections) -> bool:
    return any(key in found.get(name, {}) for name, keys in missing.items() for key in keys)


def _as_ini(missing: Sections) -> str:
    lines = [line for name, keys in missing.items() for line in (f"[{name}]", *_assignments(keys, quote=""))]
    return "\n".join(["set these lines in it:", *lines]) if lines else ""


def _as_toml(missing: Sections) -> str:
    tables = {"GLOBAL": "[tool.doit]", "COMMAND": "[tool.doit.plugins.command]"}
    lines = [line for name, keys in missing.items() for line in (tables[name], *_assignments(keys, quote='"'))]
    return "\n".join(["set these lines in it:", *lines]) if lines else ""


def _assignments(keys: Mapping[str, str | None], *, quote: str) -> list[str]:
    return [f"{key} = {quote}{value}{quote}" for key, value in keys.items()]


def _ini(name: str, text: str) -> Sections:
    """Read as doit reads it: keys as they are written, `=` alone between key and value."""
    parser = ConfigParser(allow_no_value=True, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
        return {section: dict(parser.items(section)) for section in parser.sections()}
    except ConfigError as error:
        raise InputError(f"{name}: {str(error).splitlines()[0]}") from error


def _check_inside(root: Path, path: str) -> None:
    folder = (root / path).parent
    if not folder.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{path}: a link leads its folder out of the repository; nothing was written")
    nearest = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    if not nearest.is_dir():
        raise InputError(f"{path}: {nearest.name} is a file, not a folder; nothing was written")


def place(root: Path, path: str, text: str) -> Written:
    """Write one file below a folder unless something is there."""
    target = root / path
    if os.path.lexists(target):
        return Written(path=path, action="kept")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return Written(path=path, action="written" if _create(target, text) else "kept")
    except OSError as error:
        raise SplinterError(f"{path} could not be written: {error.strerror}") from error


def _create(target: Path, text: str) -> bool:
    """Make a file that nobody ever sees half of; False where it came into being meanwhile."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_text(text, "utf-8", newline="\n")
        return _is_linked(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _is_linked(temporary: Path, target: Path) -> bool:
    try:
        os.link(temporary, target)  # unlike a rename it never replaces a file
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        temporary.rename(target)
    return True


def _template(name: str) -> str:
    return resources.files("splinter.maintenance").joinpath("templates", name).read_text("utf-8")


def _text(file: Path) -> str:
    """What a file of the user's says, empty where there is none."""
    try:
        return file.read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise InputError(f"{file.name}: {error.strerror}") from error
