"""Virtual environments whose files are laid down by hand, as the build backends write them."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.world import World

# without the plugins that are installed beside it: half of its start, and no check here needs one
PYTEST = """import os, sys
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
import pytest
sys.exit(pytest.console_main())
"""


@dataclass(frozen=True)
class Venv:
    """A virtual environment; what it lacks is imported from that of the tests where `borrows`."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, *, borrows: bool = False) -> Venv:
        venv.create(folder, with_pip=False, symlinks=True)
        made = cls(folder)
        if borrows:
            made.lay("zz-borrowed.pth", f"{sysconfig.get_path('purelib')}\n")
            made.script("pytest", PYTEST)
        return made

    @property
    def site(self) -> Path:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / version / "site-packages"

    @property
    def python(self) -> str:
        return str(self.folder / "bin/python3")

    def lay(self, path: str, text: str) -> Path:
        file = self.site / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def script(self, name: str, text: str, *, python: str | None = None) -> Path:
        file = self.folder / "bin" / name
        file.write_text(f"#!{python or self.folder / 'bin/python'}\n{text}")
        file.chmod(0o755)
        return file

    def distribution(
        self, name: str, files: Mapping[str, str], *, url: Path | None = None, editable: bool = True
    ) -> None:
        """A distribution's metadata and files, as pip leaves them."""
        folder = f"{name.replace('-', '_')}-1.0.dist-info"
        for path, text in files.items():
            self.lay(path, text)
        self.lay(f"{folder}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        if url:
            said = {"url": url.as_uri(), "dir_info": {"editable": True} if editable else {}}
            self.lay(f"{folder}/direct_url.json", json.dumps(said))
        listed = [*files, f"{folder}/METADATA", f"{folder}/RECORD"]
        self.lay(f"{folder}/RECORD", "".join(f"{path},,\n" for path in listed))

    def comes_first(self, world: World) -> None:
        """Its programs are those that commands get."""
        own = str(Path(sys.executable).parent)
        world.env["PATH"] = os.pathsep.join([str(self.folder / "bin"), own, os.environ["PATH"]])
