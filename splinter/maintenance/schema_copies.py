"""Copies of the schemas beside the state, for editors: the first line of a workstream names one by a path.

They are of the version that is installed, and are never read by us.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from splinter.config import packaged_files
from splinter.model import layout
from splinter.system import files


def put(root: Path) -> None:
    """Bring them up to date below `root`; where that cannot be done, an editor knows less, and no more is lost."""
    folder = root / layout.STATE
    with suppress(OSError):
        for name in (layout.WORKSTREAM_SCHEMA, layout.SETTINGS_SCHEMA):
            text = (packaged_files.schemas() / name).read_text("utf-8")
            if not (folder / name).is_file() or (folder / name).read_text("utf-8", "replace") != text:
                files.make_ignored_folder(folder)
                files.write_whole(folder / name, text)
