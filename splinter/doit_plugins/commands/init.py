"""The command `doit init`: sets a repository up. It never overwrites a file and runs no task."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from splinter.config import settings_file
from splinter.doit_plugins import printing
from splinter.doit_plugins.options import OwnCommand
from splinter.errors import SplinterError
from splinter.git import user_repository
from splinter.maintenance import (
    ignored_files,
    init,
    own_requirement,
    package_discovery,
    schema_copies,
    systemd_units,
)
from splinter.maintenance.init import Written
from splinter.model.agents import registry as agents
from splinter.text.counts import and_more
from splinter.text.patterns import harmless

NEXT = (
    "Next: commit these files; `doit list` shows the workstreams, `doit` runs them. The nightly workflow runs once it"
    " is on GitHub's default branch, and installs {package} there."
)
_INSTALLED = re.compile(r"(.+?)/pyvenv\.cfg$|((?:.+?/)?node_modules)/")
_SHOWN = 3
UNPINNED = f"nothing until you say what: SPLINTER in {init.NIGHTLY}"


class Init(OwnCommand):
    """Known to every doit project, so that a repository can be set up at all."""

    name = "init"
    doc_purpose = "set this repository up for splinter: dodo.py, settings, a first workstream, the nightly"
    doc_usage = ""
    doc_description = """Writes what is not there yet at the top of the repository, and overwrites nothing.

doit init             dodo.py, settings, a first workstream, the nightly of GitHub Actions
doit init --systemd   a service and a timer of your own systemd for this repository, and nothing else"""
    cmd_options = (
        {
            "name": "systemd", "short": "", "long": "systemd", "type": bool, "default": False,
            "help": "write a service and a timer of your own systemd, in place of all else",
        },
    )  # fmt: skip

    def execute(self, opt_values: Mapping[str, object], pos_args: Sequence[str]) -> int:
        """Write the files and say what happened to each; 0, or the error's own exit status."""
        printing.guard()
        try:
            variables = settings_file.environment().variables
            root = user_repository.toplevel(Path.cwd(), variables)
            if opt_values["systemd"]:
                return _units(root, variables)
            # before anything was added, what could be is what there is
            tracked = user_repository.listed_files(root, variables)
            listed = tracked or sorted(user_repository.visible_files(root, variables))
            package = own_requirement.found(variables)
            ignored = user_repository.ignored_files(root, variables, ignored_files.package_folders(listed))
            written = init.write(root, listed, agent=_agent(variables), ignored=ignored, package=package)
            schema_copies.put(root)
            advice = package_discovery.advice(root, listed)
            lacking = _lacking(root, written, variables)
            visible = user_repository.visible_files(root, variables)
        except SplinterError as error:
            sys.stderr.write(f"ERROR: {error}\n")
            return error.exit_status
        lines = [_line(one, _unseen(root, one, visible)) for one in written]
        sys.stdout.write(
            "\n".join(
                [
                    *lines,
                    *filter(None, [advice, lacking, _installed(visible.difference(tracked))]),
                    NEXT.format(package=package or UNPINNED),
                    "",
                ]
            )
        )
        return 0


def _units(root: Path, variables: Mapping[str, str]) -> int:
    """Write the units, and say what switches them on."""
    config = variables.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    folder = Path(config) / "systemd/user"
    written = systemd_units.write(folder, root, sys.executable)
    lines = [f"{one.action:8} {folder / one.path}" for one in written]
    timer = next(one.path for one in written if one.path.endswith(".timer"))
    then = f"Next: systemctl --user daemon-reload; systemctl --user enable --now {timer}"
    sys.stdout.write("\n".join([*lines, then, ""]))
    return 0


def _agent(variables: Mapping[str, str]) -> str:
    """The first agent whose program is on PATH; empty where none is."""
    path = variables.get("PATH")
    found = (one.profile for one in agents.AGENTS if shutil.which(one.profile.command, path=path))
    return next((profile.name for profile in found), "")


def _lacking(root: Path, written: Sequence[Written], variables: Mapping[str, str]) -> str:
    """The tools of a first workstream that is new which are not on PATH: its first run would fail for them."""
    if not any((one.path, one.action) == (init.FIRST, "written") for one in written):
        return ""
    lines = (root / init.FIRST).read_text("utf-8").splitlines()
    tools = [name for name in ("ruff", "pytest") if any(line.strip() == f"tool: {name}" for line in lines)]
    missing = [name for name in tools if not shutil.which(name, path=variables.get("PATH"))]
    return f"{init.FIRST} needs {' and '.join(missing)}, not on PATH yet: install it first" if missing else ""


def _installed(new: Iterable[str]) -> str:
    """Folders of what was installed that a commit would take along, with thousands of files for tools to change."""
    found = {match[1] or match[2] for path in new if (match := _INSTALLED.match(path))}
    outer = sorted(one for one in found if not any(one.startswith(f"{other}/") for other in found))
    if not outer:
        return ""
    named = harmless(and_more(outer, _SHOWN))
    return f"git does not ignore {named}: add that to .gitignore before you commit, else each work tree has a copy"


def _unseen(root: Path, one: Written, visible: frozenset[str]) -> str:
    """A file that no commit takes along is in no work tree and no clone, and a workflow among them never runs."""
    if one.path in visible or not (root / one.path).is_file():
        return ""
    return f"git ignores it, so that no commit has it: git add --force {one.path}"


def _line(one: Written, unseen: str) -> str:
    return "\n    ".join([f"{one.action:8} {one.path}", *one.note.splitlines(), *filter(None, [unseen])])
