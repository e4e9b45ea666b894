"""The file of a run's plan, read from wherever another job left it. It changes nothing, and believes nothing more."""

from __future__ import annotations

from pathlib import Path

from splinter.config import bounded_read, problem_listing, schema, yaml_documents
from splinter.errors import InputError
from splinter.model import night_plan
from splinter.model.night_plan import NightPlan


def read(file: Path) -> NightPlan:
    """The plan in a file; raises InputError for what is none, with line and column where they help."""
    raw = bounded_read.read(file.parent, file)
    if isinstance(raw, str):
        raise InputError(f"{file}: the plan {raw}")
    document = yaml_documents.read(raw, path=str(file))
    version = document.data.get("version") if isinstance(document.data, dict) else None
    if type(version) is int and version != night_plan.VERSION:
        raise InputError(f"{file} is a plan of version {version}; this splinter knows version {night_plan.VERSION}")
    problems = (*document.problems, *schema.check(document, "night-plan"))
    if problems:
        raise InputError(f"{file} is no plan of this splinter:\n{problem_listing.for_people(list(problems))}")
    try:
        return night_plan.parse(document.data)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
