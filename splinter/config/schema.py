"""Documents to problems, by the JSON Schemas, in words of our own. It never stops at the first problem."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from splinter.config import packaged_files, right_forms
from splinter.config.yaml_documents import MAX_PROBLEMS, Document, Problem, bounded
from splinter.config.yaml_events import Keys
from splinter.text.patterns import did_you_mean, shown, suggestion

TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
BOOLEANS = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
MERGE = "<<"
LIMITS = {
    "minimum": "is too small; the least is {}",
    "maximum": "is too large; the most is {}",
    "exclusiveMinimum": "is too small; it must be more than {}",
    "minLength": "must not be empty",
    "maxLength": "is longer than {} characters",
    "minItems": "must hold at least {} item",
}


def check(document: Document, name: str = "workstream") -> tuple[Problem, ...]:
    """All that the schema of that name finds wrong in a readable document, sorted by place."""
    if not document.is_readable:
        return ()
    validator = _validator(name)
    errors = validator.iter_errors(document.data)
    found = (problem for error in errors for problem in _problems(document, error, validator.schema))
    return tuple(sorted(set(bounded(found))))


def load(name: str) -> dict[str, Any]:
    """The schema of that name."""
    file = packaged_files.schemas() / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema


@lru_cache(maxsize=4)
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    # 3.0 is an integer to JSON Schema, but not to Python's own calls
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    # jsonschema's own `pattern` lets "$" pass before a last newline, its `uniqueItems` can take n² steps
    ours = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator,
        {"pattern": _pattern, "uniqueItems": _unique_items, "maxLength": _max_length},
        type_checker=types,
    )
    return ours(whole(name))


@lru_cache(maxsize=4)
def whole(name: str = "workstream") -> Any:
    """The schema of that name with its references resolved: once here instead of at each value, a fifth of the time."""
    schema = load(name)
    return _inlined({key: value for key, value in schema.items() if key != "$id"}, schema["$defs"])


def _inlined(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    while isinstance(node.get("$ref"), str):
        node = {**definitions[node["$ref"].removeprefix("#/$defs/")], **{k: v for k, v in node.items() if k != "$ref"}}
    return {key: _inlined(value, definitions) for key, value in node.items() if key != "$defs"}


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError("does not fit")


def _max_length(_validator: Any, most: int, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    # how long a text is that is to be filled in, nobody knows before
    if isinstance(instance, str) and len(instance) > most and not ("x-values" in schema and "${{" in instance):
        yield ValidationError("is too long")


def misfit(schema: Mapping[str, Any], text: str) -> str | None:
    """Why a text that was filled in does not fit its place, None where it does."""
    if not text and schema.get("minLength"):
        return LIMITS["minLength"]
    if len(text) > schema.get("maxLength", len(text)):
        return LIMITS["maxLength"].format(schema["maxLength"])
    if "pattern" in schema and not _compiled(schema["pattern"]).search(text):
        return f"is not allowed here: {schema.get('errorMessage', 'it does not fit the schema')}"
    return None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)


def _unique_items(_validator: Any, wanted: bool, instance: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not wanted or not isinstance(instance, list):
        return
    seen: set[str] = set()
    for index, item in enumerate(instance):
        text = json.dumps(item, sort_keys=True, default=repr)  # TOML has dates
        if text in seen:
            yield ValidationError("is there twice", path=[index], instance=item)
        seen.add(text)


def _problems(document: Document, error: Any, whole: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems that one error of jsonschema stands for."""
    keys: Keys = tuple(error.absolute_path)
    words = _bad_name if "propertyNames" in error.schema_path else WORDS.get(error.validator)
    if words is None:
        yield document.problem(keys, _misfit(error))
        return
    for own_keys, message, at_key in words(keys, error, _In(path=document.path, whole=whole)):
        yield document.problem(own_keys, message, at_key=at_key)


Words = Iterator[tuple[Keys, str, bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _In:
    """The file that an error is in, and the whole schema that it is held against."""

    path: str
    whole: Mapping[str, Any]


def _unknown(keys: Keys, error: Any, place: _In) -> Words:
    known = error.schema.get("properties", {})
    for key in error.instance:
        if key == MERGE:
            yield (*keys, key), f'YAML\'s merge key "{MERGE}" is not supported; write the keys out', True
        elif key not in known:
            elsewhere = right_forms.elsewhere(key, error.instance[key], error.schema, place.whole, path=place.path)
            hint = elsewhere or did_you_mean(key, known) or right_forms.alias(key, known)
            yield (*keys, key), f"unknown key {shown(key)}{hint}", True


def _missing(keys: Keys, error: Any, _place: _In) -> Words:
    for key in error.validator_value:
        if key not in error.instance and key not in _misspelt(error):
            yield keys, f"missing key {shown(key)}", False


def _needed(keys: Keys, error: Any, _place: _In) -> Words:
    for key, others in error.validator_value.items():
        if key in error.instance:
            for other in others:
                if other not in error.instance:
                    yield (*keys, key), f"{shown(key)} needs {shown(other)} beside it", True


def _one_of(keys: Keys, error: Any, _place: _In) -> Words:
    """In our schemas `oneOf` says one thing only: exactly one of some keys."""
    if not isinstance(error.instance, dict):
        return
    options = [option["required"][0] for option in error.validator_value]
    found = [key for key in options if key in error.instance and not _names_the_agent(key, error.instance)]
    wanted = f"exactly one of {_listed(options)}"
    if found:
        yield (*keys, found[1]), f"found {' and '.join(found)}; expected {wanted}", True
    elif not set(options) & _misspelt(error):
        yield keys, f"expected {wanted}", False


def _names_the_agent(key: str, entry: dict[str, Any]) -> bool:
    """Whether `tool` only says who is asked: beside a prompt, and without arguments of its own."""
    return key == "tool" and "args" not in entry and bool({"prompt", "prompt_file"} & entry.keys())


def _misspelt(error: Any) -> set[str]:
    """The keys that unknown ones beside them were probably meant to be: once is enough."""
    known = error.schema.get("properties", {})
    if MERGE in error.instance:
        return set(known)
    unknown = (key for key in error.instance if key not in known)
    return {suggestion(key, known) or right_forms.meant_by(key, known) or "" for key in islice(unknown, MAX_PROBLEMS)}


def _mistyped(keys: Keys, error: Any, place: _In) -> Words:
    wanted = error.validator_value
    types = [wanted] if isinstance(wanted, str) else list(wanted)
    needed = error.schema.get("required") if not keys else None
    with_keys = f" with {', '.join(needed)}" if needed else ""
    hint = _meant(types, keys, error.instance) or right_forms.of(error.schema, keys, error.instance, path=place.path)
    found = f"found {_kind(error.instance)}{hint}"
    yield keys, f"expected {_listed([TYPES[name] for name in types])}{with_keys}, {found}", False


def _meant(types: list[str], keys: Keys, value: Any) -> str:
    """What was probably meant: `yes` for true, as YAML once had it, and 4 in a list of texts."""
    if types == ["boolean"] and isinstance(value, str) and value.lower() in BOOLEANS:
        return f"; did you mean {BOOLEANS[value.lower()]}?"
    is_item = bool(keys) and isinstance(keys[-1], int)
    return f'; did you mean "{shown(value)}"?' if types == ["string"] and is_item and type(value) in (int, bool) else ""


def _none_of(keys: Keys, error: Any, _place: _In) -> Words:
    allowed = [value for value in error.validator_value if isinstance(value, str)]
    meant = did_you_mean(error.instance, allowed) if isinstance(error.instance, str) else ""
    yield keys, f"{shown(error.instance)} is not one of {', '.join(allowed)}{meant}", False


def _not_constant(keys: Keys, error: Any, place: _In) -> Words:
    hint = right_forms.of(error.schema, keys, error.instance, path=place.path)
    if not hint and error.instance is True:
        hint = "; leave it out, since true is what happens without it"
    yield keys, f"expected {shown(error.validator_value)} or a mapping, found {shown(error.instance)}{hint}", False


def _twice(keys: Keys, error: Any, _place: _In) -> Words:
    yield keys, f"{shown(error.instance)} is in the list twice", False


def _bad_name(keys: Keys, error: Any, _place: _In) -> Words:
    """A bad key, which jsonschema reports at the mapping with the key as the instance."""
    yield (*keys, error.instance), _misfit(error), True


WORDS: dict[str, Callable[[Keys, Any, _In], Words]] = {
    "additionalProperties": _unknown,
    "required": _missing,
    "dependentRequired": _needed,
    "oneOf": _one_of,
    "type": _mistyped,
    "enum": _none_of,
    "const": _not_constant,
    "uniqueItems": _twice,
}


def _misfit(error: Any) -> str:
    """The schema's own sentence, which editors show too, after the value."""
    if error.validator in LIMITS:
        sentence = LIMITS[error.validator].format(error.validator_value)
        return f"{shown(error.instance)} {sentence}" if error.instance not in ("", []) else sentence
    sentence = error.schema.get("errorMessage", "it does not fit the schema")
    options = [value for part in error.schema.get("anyOf", ()) for value in part.get("enum", ())]
    meant = suggestion(error.instance, options) if isinstance(error.instance, str) else None
    if meant is not None:
        return f'{shown(error.instance)} is not allowed here; did you mean "{meant}"?'
    hint = right_forms.text(error.schema, error.instance) if isinstance(error.instance, str) else ""
    return f"{shown(error.instance)} is not allowed here: {sentence}{hint}"


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _kind(value: Any) -> str:
    if value is None:
        return TYPES["null"]
    if isinstance(value, bool):
        return shown(value)
    kinds = ((str, "string"), (int, "integer"), (float, "number"), (list, "array"), (dict, "object"))
    return next((TYPES[name] for kind, name in kinds if isinstance(value, kind)), "a date or time")
