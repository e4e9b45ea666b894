"""schemas/report.schema.json is what report.json holds: no less, no more."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from splinter.config import schema
from splinter.model.records import ErrorRecord, RunRecord
from splinter.publish import report
from splinter.publish.report_contents import NOTHING, Contents
from tests import reports
from tests.unit.publish.test_report import DOCS, TIDY, run_of

SCHEMA = schema.load("report")


def unknown(node: Any, value: Any) -> list[str]:
    """Keys of a document that the schema does not name, where it names any."""
    node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    node = node["anyOf"][0] if "anyOf" in node else node
    if isinstance(value, list):
        return [name for one in value for name in unknown(node["items"], one)]
    if not isinstance(value, dict) or ("properties" not in node and "$ref" not in node):
        return []
    node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    found = [name for name in value if name not in node["properties"]]
    return [
        *found,
        *(name for key in value if key not in found for name in unknown(node["properties"][key], value[key])),
    ]


@pytest.mark.parametrize(
    ("run", "contents"),
    [
        reports.small(),
        reports.large(10),
        (run_of(TIDY, replace(DOCS, reason=None), finished=None), NOTHING),
        (run_of(errors=(ErrorRecord(task="email", message="refused", settled="2026-01-02T02:00:00Z"),)), NOTHING),
    ],
    ids=["a night", "many", "killed", "errors"],
)
def test_a_report_is_what_the_schema_says(run: RunRecord, contents: Contents) -> None:
    document = json.loads(report.report_json(run, contents))
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(document)
    assert unknown(SCHEMA, document) == []
    assert set(document) == set(SCHEMA["required"])
