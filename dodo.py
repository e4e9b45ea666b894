"""The repository's own workstreams, run by doit."""

from splinter.dodo import DOIT_CONFIG, task_splinter  # noqa: F401
