"""The command `doit check`. It runs nothing, changes nothing and takes no lock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of, say, takes_colour
from splinter.errors import InputError
from splinter.text import counts


class Check(OwnCommand):
    """All problems of all files."""

    name = "check"
    doc_purpose = "show all problems of all workstreams and settings"
    doc_usage = ""
    doc_description = """It runs nothing. The exit status is 3 where one of them is an error.

doit check                   for people
doit check --format json     for machines
doit check --format github   as annotations of GitHub Actions"""
    cmd_options = (
        {
            "name": "format", "short": "", "long": "format", "type": str, "default": "text",
            "choices": (("text", "for people"), ("json", "for machines"), ("github", "annotations of GitHub Actions")),
            "help": "how problems are printed",
        },
    )  # fmt: skip

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print every problem; exit status 3 where one is an error."""
        return exit_status_of(lambda: self._check(opt_values["format"]))

    def _check(self, format: str) -> int:
        from splinter.config import check_cache
        from splinter.git import ref_files

        root = check_cache.root_above(Path.cwd())
        known = check_cache.recall(root) if root else None
        if root and known and known.refs in ("", ref_files.state(root)):
            print("[]" if format == "json" else _clean(known.workstreams))
            return 0
        from splinter.config import problem_listing, settings_file, workstream_files
        from splinter.git import user_repository

        variables = settings_file.environment().variables
        top = user_repository.toplevel(Path.cwd(), variables)
        try:
            before = check_cache.look(top)
        except OSError:
            before = None
        refs = ref_files.state(top)
        chosen, problems = settings_file.look(top)
        found = workstream_files.read(top, chosen) if chosen else workstream_files.Collection()
        if chosen and found.looks_at:
            from splinter.engine import base_files  # much to import for most, who have no such matrix

            found = workstream_files.read(top, chosen, base_files.as_last_seen(top, chosen, variables))
        problems = (*problems, *found.problems)
        if before and chosen and not problems and top == root and (refs or not found.looks_at):
            rests_on = refs if found.looks_at else ""
            check_cache.keep(top, before, len(found.workstreams), found.other_files(chosen), rests_on)
        if format == "json":
            say(problem_listing.as_json(problems))
        elif not problems:
            say(_clean(len(found.workstreams)))
        elif format == "github":
            say(problem_listing.as_annotations(problems))
        else:
            say(problem_listing.for_people(problems, in_colour=takes_colour()))
        return InputError.exit_status if any(problem.is_error for problem in problems) else 0


def _clean(workstreams: int) -> str:
    return f"{counts.plural(workstreams, 'workstream')}, no problem"
