"""Where the files lie that ship with this package: the schemas and the tool profiles. It reads none of them."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def schemas() -> Path:
    """The folder of the JSON schemas: in this package in a wheel, at the top of the repository in a checkout."""
    package = Path(str(resources.files("splinter.config")))
    inside = package / "schemas"
    return inside if inside.is_dir() else package.parent.parent / "schemas"


def tool_profiles() -> Path:
    """The file of the shipped tool profiles."""
    return Path(str(resources.files("splinter.config"))) / "tools.toml"
