"""The name by which doit knows our reporter: the reporter itself is imported when a run begins.

In every call of `doit run`, in any project of the environment, doit loads all reporters to list them.
"""

from __future__ import annotations

from typing import Any


class Reporter:
    """Stands for the real one, which it makes."""

    desc = "workstreams with their outcomes"

    def __new__(cls, outstream: Any, options: dict[str, Any]) -> Any:
        """Make the real one; the arguments are doit's."""
        from splinter.doit_plugins import reporter

        return reporter.Reporter(outstream, options)
