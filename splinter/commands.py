"""The commands that a repository's own doit configuration names, such as `check = splinter.commands:Check`.

Public: it keeps its names. Everything else that a command is made of is private.
"""

from importlib import import_module
from typing import Any

# each is imported when doit asks for it: all of them at once take longer than a warm `doit check`
_MODULES = {
    "Check": "splinter.doit_plugins.commands",
    "Doctor": "splinter.doit_plugins.doctoring",
    "Gc": "splinter.doit_plugins.freeing",
    "Graph": "splinter.doit_plugins.drawing",
    "History": "splinter.doit_plugins.commands",
    "Import": "splinter.doit_plugins.importing",
    "Plan": "splinter.doit_plugins.planning",
    "Show": "splinter.doit_plugins.commands",
    "Why": "splinter.doit_plugins.planning",
}


def __getattr__(name: str) -> Any:
    """The command of that name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
