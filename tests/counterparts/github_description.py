"""GitHub's own description of its interface: whether a request is as GitHub takes it. Without npm's package all are."""

from __future__ import annotations

import functools
import json
import re
from typing import Any
from urllib.parse import parse_qsl

from openapi_schema_validator import OAS30Validator, OAS31Validator

from tests.counterparts import MODULES

DESCRIPTION = MODULES / "@octokit/openapi/generated/api.github.com.json"
_OF_OURS = re.compile(r"/repos/\{owner\}/\{repo\}(/(pulls|issues|labels|milestones|git|branches|assignees)\b.*)?")


@functools.cache
def _description() -> dict[str, Any]:
    return dict(json.loads(DESCRIPTION.read_text("utf-8")))


@functools.cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """The paths that are used, those with fewer placeholders first: `/labels/{name}` is not `/{id}/labels`."""
    found = {path: item for path, item in _description()["paths"].items() if _OF_OURS.fullmatch(path)}
    return [
        (re.compile(re.sub(r"\\\{ref\\\}", "(.+)", re.sub(r"\\\{(?!ref)[^/]*?\\\}", "([^/]+)", re.escape(path)))), item)
        for path, item in sorted(found.items(), key=lambda one: one[0].count("{"))
    ]


def problem(method: str, path: str, body: bytes) -> str:
    """What GitHub does not know of a request, empty where it is right; `path` begins with `/repos/`."""
    if not DESCRIPTION.exists() or path.endswith("/graphql"):
        return ""
    place, _, query = path.partition("?")
    item = next((item for pattern, item in _paths() if pattern.fullmatch(place) and method.lower() in item), None)
    if item is None:
        return f"{method} {place} is nothing that GitHub describes"
    operation = item[method.lower()]
    wrong = [*_of_query(operation, query), *_of_body(operation, body)]
    return f"{method} {place}: {'; '.join(wrong)}" if wrong else ""


def _of_query(operation: dict[str, Any], query: str) -> list[str]:
    known = {one["name"]: one for one in map(_resolved, operation.get("parameters", ())) if one["in"] == "query"}
    wrong = []
    for name, value in parse_qsl(query):
        allowed = _resolved(known[name]["schema"]).get("enum") if name in known else None
        if name not in known or (allowed and value not in allowed):
            wrong.append(f"no query {name}={value}")
    return wrong


def _of_body(operation: dict[str, Any], body: bytes) -> list[str]:
    content = _resolved(operation.get("requestBody", {})).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    if schema is None or not body:
        return ["a body that nothing asks for"] if body and body != b"null" and not content else []
    data = json.loads(body)
    if isinstance(data, list):  # PyGithub sends a bare list of labels, which the description allows in prose alone
        data = {"labels": data}
    whole = _whole(_resolved(schema))
    fields = whole.get("properties", {})
    data = {
        name: value for name, value in data.items() if value is not None or not fields.get(name, {}).get("nullable")
    }
    kind = OAS31Validator if _description()["openapi"].startswith("3.1") else OAS30Validator
    wrong = [f"{error.json_path}: {error.message}" for error in kind(whole).iter_errors(data)]
    forms = [whole, *whole.get("oneOf", ()), *whole.get("anyOf", ())]
    known = {name for form in forms for name in form.get("properties", ())}
    return wrong + [f"no field {name}" for name in data if known and name not in known]


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found = _description()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def _whole(part: Any) -> Any:
    """A schema with what it refers to in its place."""
    if isinstance(part, dict):
        return {name: _whole(value) for name, value in _resolved(part).items()}
    return [_whole(one) for one in part] if isinstance(part, list) else part
