"""What a repository's `dodo.py` imports, so that doit finds the workstreams.

Public: it keeps its names.
"""

from splinter.doit_plugins.tasks import DOIT_CONFIG, task_splinter

__all__ = ["DOIT_CONFIG", "task_splinter"]
