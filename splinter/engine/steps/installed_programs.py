"""Where the setup of a work tree installs programs: they come before the user's own. It installs none."""

from __future__ import annotations

import json
from pathlib import Path

from splinter.git.command_line import WorkTree

FOLDERS = (".venv/bin", ".venv/Scripts", "node_modules/.bin")


def folders(tree: WorkTree) -> tuple[str, ...]:
    """The folders of programs that the setup of a work tree made there, to stand first on PATH."""
    try:
        made = json.loads(file(tree).read_text("utf-8"))
        return tuple(str(tree.path / folder) for folder in FOLDERS if folder in made)
    except (OSError, ValueError, TypeError):
        return ()


def file(tree: WorkTree) -> Path:
    """The file that names these folders."""
    return tree.index.with_name(f"{tree.index.name}.programs")
