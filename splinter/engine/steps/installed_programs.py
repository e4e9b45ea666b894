"""Where the setup of a work tree installs programs: they come before the user's own. It installs none."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from splinter.git.command_line import WorkTree
from splinter.model.workstream import Setup

FOLDERS = (".venv/bin", ".venv/Scripts", "node_modules/.bin")


def below(setup: Iterable[Setup]) -> tuple[str, ...]:
    """Where the commands of a setup may have installed programs: below the folders that they start in, the top last."""
    places = {one.working_directory for one in setup} | {""}
    deepest_first = sorted(places, key=lambda place: (-place.count("/") - bool(place), place))
    return tuple(f"{place}/{folder}".removeprefix("/") for place in deepest_first for folder in FOLDERS)


def folders(tree: WorkTree, setup: Iterable[Setup]) -> tuple[str, ...]:
    """The folders of programs that the setup of a work tree made there, to stand first on PATH."""
    try:
        made = json.loads(file(tree).read_text("utf-8"))
        return tuple(str(tree.path / folder) for folder in below(setup) if folder in made)
    except (OSError, ValueError, TypeError):
        return ()


def file(tree: WorkTree) -> Path:
    """The file that names these folders."""
    return tree.index.with_name(f"{tree.index.name}.programs")
