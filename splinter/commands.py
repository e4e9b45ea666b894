"""The commands that a repository's own doit configuration names, such as `check = splinter.commands:Check`.

Public: it keeps its names. Everything else that a command is made of is private.
"""

from importlib import import_module
from typing import Any

# each is imported when doit asks for it: all of them at once take longer than a warm `doit check`
_MODULES = {
    "Alarm": "splinter.doit_plugins.commands.alarm",
    "Check": "splinter.doit_plugins.commands.check",
    "Diff": "splinter.doit_plugins.commands.log_diff",
    "Doctor": "splinter.doit_plugins.commands.doctor",
    "Gather": "splinter.doit_plugins.commands.gather",
    "Gc": "splinter.doit_plugins.commands.gc",
    "Graph": "splinter.doit_plugins.commands.graph",
    "History": "splinter.doit_plugins.commands.history",
    "Import": "splinter.doit_plugins.commands.import_",
    "List": "splinter.doit_plugins.commands.list_",
    "Log": "splinter.doit_plugins.commands.log_diff",
    "Pack": "splinter.doit_plugins.commands.pack",
    "Plan": "splinter.doit_plugins.commands.plan_why",
    "Record": "splinter.doit_plugins.commands.record",
    "Show": "splinter.doit_plugins.commands.history",
    "Status": "splinter.doit_plugins.commands.status",
    "Unpack": "splinter.doit_plugins.commands.pack",
    "Why": "splinter.doit_plugins.commands.plan_why",
}


def __getattr__(name: str) -> Any:
    """The command of that name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
