"""The file of a run's plan, read from wherever another job left it. It changes nothing, and believes nothing more."""

from __future__ import annotations

import json
import re
from pathlib import Path

from splinter.config import bounded_read, problem_listing, schema, yaml_documents
from splinter.config.yaml_documents import Document
from splinter.errors import InputError
from splinter.model import night_plan
from splinter.model.night_plan import NightPlan

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read(file: Path) -> NightPlan:
    """The plan in a file; raises InputError for what is none, with line and column where they help."""
    raw = bounded_read.read(file.parent, file, most=night_plan.LARGEST)
    if isinstance(raw, str):
        raise InputError(f"{file}: the plan {raw}")
    document = _as_written(raw, str(file)) or yaml_documents.read(raw, path=str(file))
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


def _as_written(raw: bytes, path: str) -> Document | None:
    """A plan as we write them, which may be longer than what people write; None where it is to be read with places."""
    if len(raw) > night_plan.LARGEST or _SURROGATE.search(raw):
        return None
    try:
        data = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    document = Document(path=path, text="", data=data)
    is_large = len(raw) > yaml_documents.MAX_BYTES
    return document if is_large or not schema.check(document, "night-plan") else None


def _refuse(name: str) -> float:
    raise ValueError(name)
