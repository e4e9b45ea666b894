"""`doit graph`: the dependencies of workstreams as Mermaid, DOT or SVG. It reads files, and no database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of


class Graph(OwnCommand):
    """The graph of dependencies, on standard output."""

    name = "graph"
    doc_purpose = "print the dependency graph as Mermaid, DOT or SVG"
    doc_usage = ""
    doc_description = """doit graph                             as Mermaid, for Markdown pages
doit graph --format svg > graph.svg    as a picture"""
    cmd_options = (
        {
            "name": "format", "short": "", "long": "format", "type": str, "default": "mermaid",
            "choices": (("mermaid", "for Markdown pages"), ("dot", "for Graphviz"), ("svg", "a picture")),
            "help": "what is printed",
        },
    )  # fmt: skip

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print it; raises InputError where a file is broken."""
        return exit_status_of(lambda: self._draw(opt_values["format"]))

    def _draw(self, format: str) -> int:
        from splinter.config import dependency_graph, settings_file, workstream_files
        from splinter.engine import base_files
        from splinter.git import user_repository

        variables = settings_file.environment().variables
        top = user_repository.toplevel(Path.cwd(), variables)
        settings = settings_file.read(top)
        found = workstream_files.read(top, settings, base_files.as_last_seen(top, settings, variables))
        found.check()
        print(dependency_graph.draw(found.workstreams, format), end="")
        return 0
