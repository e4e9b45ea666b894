"""Writes docs/reference.md from the schemas, splinter's own tables and docs/reference.toml; it says nothing itself.

    python docs/reference.py

It never looks at how a key is used: what a key means stands in its schema, and editors show the same.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from splinter.config import schema, tool_profiles
from splinter.model import tool

HERE = Path(__file__).resolve().parent
PAGE = HERE / "reference.md"
# what another key needs beside it, which the schema cannot say
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("workstream", "fix"): {"tool": "replay"},
    ("workstream", "options"): {"tool": "claude-code"},
    ("workstream", "max_open"): {"matrix": {"language": ["de", "fr"]}},
    ("settings", "tools"): {"command": "my-agent"},
}
NAMED = {
    "matrix": "package",
    "tools": "my-agent",
    "options": "model",
    "variables": "MY_AGENT_TELEMETRY",
}  # how examples call an entry of a mapping with free names
ITEM = "[]"
NAME = "NAME"
TYPES = {
    "object": "mapping", "array": "list", "string": "text", "integer": "whole number", "number": "number",
    "boolean": "true or false",
}  # fmt: skip
LIMITS = {
    "exclusiveMinimum": "more than {}", "minimum": "at least {}", "maximum": "at most {}",
    "maxLength": "up to {} characters", "minItems": "at least {} item",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a file; `path` holds `[]` for a list's items and `NAME` for names that users choose."""

    file: str
    path: tuple[str, ...]
    node: Mapping[str, Any]
    parent: Mapping[str, Any]

    @property
    def title(self) -> str:
        """As it is written: `steps[].timeout`."""
        return ".".join(self.path).replace(f".{ITEM}", ITEM)

    @property
    def anchor(self) -> str:
        """What links on the page lead to."""
        words = "-".join(word for word in self.path if word != ITEM)
        return f"{self.file}-{words.strip('$').lower().replace('_', '-')}"

    @property
    def is_required(self) -> bool:
        """Whether the mapping it stands in must have it."""
        return self.path[-1] in self.parent.get("required", ())

    @property
    def sentences(self) -> list[str]:
        """The description, its default left out."""
        return [text for text in self._parts() if not text.startswith("Default: ")]

    @property
    def default(self) -> str:
        """Ready for the page; empty where there is none."""
        if "default" in self.node:
            return f"`{flow(self.node['default'])}`"
        defaults = (text for text in self._parts() if text.startswith("Default: "))
        return escaped(next(defaults, "").removeprefix("Default: ").removesuffix("."))

    @property
    def allowed(self) -> list[str]:
        """The values it may have, where only those."""
        return list(self.node.get("enum", ()))

    @property
    def examples(self) -> list[Any]:
        """One made of its children's where it has some, and the schema's own."""
        own = list(self.node.get("examples", ()))
        has_parts = "properties" in self.node and not isinstance(self.node.get("type"), list)
        return own if own and not has_parts else [_composed(self.node), *own]

    def _parts(self) -> list[str]:
        parts = (self.node["description"], self.node.get("items", {}).get("description", ""))
        return sentences(" ".join(part for part in parts if part))


def keys(file: str) -> tuple[Key, ...]:
    """Every key of the schema of that name, nested ones behind the one they stand in."""
    whole = schema.load(file)
    return tuple(_keys(file, (), _resolved(whole, whole["$defs"])))


def document(key: Key, example: Any) -> dict[str, Any]:
    """The smallest part of a file that shows the key with that value; merged into a sound file it is sound."""
    top = next(one for one in keys(key.file) if one.path == key.path[:1])
    beside = BESIDE.get((key.file, top.path[0]), {})
    value = _placed(top.node, top.path[0], key.path[1:], example, {} if key.file == "workstream" else beside)
    return {**(beside if key.file == "workstream" else {}), top.path[0]: value}


def written(file: str, data: Mapping[str, Any]) -> str:
    """The part of a file as text: YAML for workstreams, TOML for settings."""
    if file == "settings":
        return "\n".join(_toml(data, ()))
    return yaml.dump(data, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=110).rstrip()


def sentences(text: str) -> list[str]:
    """One each."""
    return re.split(r"(?<=\.) ", text)


def flow(value: Any) -> str:
    """A value on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def escaped(text: str) -> str:
    """A schema's words as Markdown that shows them as they are."""
    return re.sub(r"([\\*<>\[\]`|])", r"\\\1", text)


def commands() -> Iterator[Any]:
    """The classes of the commands that splinter adds to doit, by name."""
    tables = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))
    ours = {**tables["tool"]["doit"]["plugins"]["command"], **tables["project"]["entry-points"]["doit.COMMAND"]}
    for _, place in sorted((name, place) for name, place in ours.items() if name != "run"):
        module, name = place.split(":")
        yield getattr(import_module(module), name)


def tables() -> dict[str, dict[str, str]]:
    """The lines of docs/reference.toml, by table."""
    return tomllib.loads((HERE / "reference.toml").read_text("utf-8"))


def page() -> str:
    """The whole of docs/reference.md."""
    words = tables()
    parts = [
        "# Reference",
        "Generated by `python docs/reference.py` from [the schemas](../schemas), splinter's own tables and"
        " [reference.toml](reference.toml): edit those, not this page.",
        "[Workstreams](#workstreams) · [settings](#settings) · [calls](#calls) · [commands](#commands) ·"
        " [tasks](#tasks) · [exit statuses](#exit-statuses) · [outcomes](#outcomes) · [reasons](#reasons) ·"
        " [report.json](#the-data-of-a-report) · [tool profiles](#tool-profiles) ·"
        " [environment variables](#environment-variables)",
        *_file("workstream", "Workstreams", EDITORS),
        *_file("settings", "Settings", IN_PYPROJECT),
        *_looked_up("Calls", "call", words["calls"], "`ID` is a workstream's id; tasks and options may be combined."),
        *_commands(),
        *_looked_up("Tasks", "task", words["tasks"], "`doit TASK` runs one; those from `pr` on start no workstream."),
        *_looked_up("Exit statuses", "status", words["exit_statuses"], "Of `doit`, and of every command."),
        *_looked_up("Outcomes", "outcome", words["outcomes"], "How a workstream ends, in reports and in the history."),
        *_looked_up("Reasons", "reason", words["reasons"], "Why one failed; the report names its step too."),
        *_report(),
        *_profiles(words["placeholders"]),
        *_looked_up("Environment variables", "variable", words["variables"], SET_UP),
    ]
    return "\n\n".join(parts) + "\n"


EDITORS = """\
With this first line, editors that use yaml-language-server complete keys, explain them and mark mistakes.
The path leads to a copy of the installed version's [workstream.schema.json](../schemas/workstream.schema.json).
`doit init`, `doit import` and each run put it there; git ignores it, so that a fresh clone has it after its first run.
For editors that use taplo, `#:schema .splinter/settings.schema.json` does the same in `splinter.toml`.

```yaml
# yaml-language-server: $schema=../.splinter/workstream.schema.json
```

Only `id`, `title` and one step are needed:

```yaml
id: api-docs
title: Refresh the API docs
steps:
  - id: count
    run: wc -l docs/api.md
```"""
IN_PYPROJECT = "In `pyproject.toml` each table's name has `tool.splinter` in front: `[tool.splinter.identity]`."
SET_UP = "An empty one counts as not set.\n[Setting up the automation](automation-setup.md) says how to get them."


class _Writer(yaml.SafeDumper):
    """Mappings in lines, lists of scalars on one line, list items indented: as the other pages write YAML."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def list_of(self, items: list[Any]) -> yaml.Node:
        is_flat = not any(isinstance(item, dict | list) for item in items)
        return self.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=is_flat)

    def mapping(self, items: dict[str, Any]) -> yaml.Node:
        return self.represent_mapping("tag:yaml.org,2002:map", items.items(), flow_style=False)


_Writer.add_representer(list, _Writer.list_of)
_Writer.add_representer(dict, _Writer.mapping)


def _resolved(node: Any, definitions: Mapping[str, Any]) -> Any:
    """The node without references; a description in front of a reference stands before that of its target."""
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    while isinstance(node.get("$ref"), str):
        target = definitions[node["$ref"].removeprefix("#/$defs/")]
        whole = " ".join(one["description"] for one in (node, target) if "description" in one)
        own = {key: value for key, value in node.items() if key != "$ref"}
        node = {**target, **own, **({"description": whole} if whole else {})}
    return {key: _resolved(value, definitions) for key, value in node.items() if key != "$defs"}


def _keys(file: str, path: tuple[str, ...], node: Mapping[str, Any]) -> Iterator[Key]:
    for name, child in _children(node):
        if name != ITEM:
            yield Key(file=file, path=(*path, name), node=child, parent=node)
        yield from _keys(file, (*path, name), child)


def _children(node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from node.get("properties", {}).items()
    if "properties" in node.get("items", {}):
        yield ITEM, node["items"]
    if isinstance(node.get("additionalProperties"), dict) and "items" not in node:  # else it is told of with the list
        yield NAME, node["additionalProperties"]


def _composed(node: Mapping[str, Any]) -> Any:
    """An example of something that is made of parts: all snippets of a list's items, else every child's first."""
    if "items" in node:
        return _snippets(node["items"])
    if "defaultSnippets" in node:
        return _snippets(node)[0]
    made = {name: (child.get("examples") or [None])[0] for name, child in _children(node) if name != NAME}
    return made or {NAMED["tools"]: _composed(node["additionalProperties"])}


def _snippets(node: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What editors offer to write for it, in the notation of yaml-language-server."""
    return [snippet["body"] for snippet in node["defaultSnippets"]]


def _placed(node: Mapping[str, Any], name: str, rest: tuple[str, ...], example: Any, beside: Mapping[str, Any]) -> Any:
    """The value with the example where `rest` leads, and around it what must be there."""
    if not rest:
        return example
    children = dict(_children(node))
    if rest[0] == ITEM:
        bodies = _snippets(node["items"])
        fitting = [body for body in bodies if rest[1] in body] or bodies
        nearest = min(reversed(fitting), key=lambda body: len(body))
        inner = dict(_children(node["items"]))[rest[1]]
        return [{**nearest, rest[1]: _placed(inner, rest[1], rest[2:], example, {})}]
    if rest[0] == NAME:
        inside = _placed(children[NAME], NAME, rest[1:], example, {})
        return {NAMED[name]: {**beside, **inside} if beside else inside}
    beside_it = node.get("then", {}).get("dependentRequired", {}).get(rest[0], ())
    needed = {key: children[key]["examples"][0] for key in (*node.get("required", ()), *beside_it)}
    return {**needed, rest[0]: _placed(children[rest[0]], rest[0], rest[1:], example, {})}


def _toml(data: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    lists = {
        name: value for name, value in data.items() if isinstance(value, list) and value and isinstance(value[0], dict)
    }
    plain = {name: value for name, value in data.items() if not isinstance(value, dict) and name not in lists}
    if path and plain:
        yield f"[{'.'.join(path)}]"
    # JSON's notation of texts, numbers and lists is TOML's too
    yield from (f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in plain.items())
    for name in (one for one in data if one not in plain and one not in lists):
        yield from _toml(data[name], (*path, name))
    for name, items in lists.items():
        for item in items:
            yield f"[[{'.'.join((*path, name))}]]"
            yield from _toml(item, ())


def _file(file: str, title: str, more: str) -> Iterator[str]:
    found = keys(file)
    yield f"## {title}"
    yield "\n".join(map(escaped, sentences(schema.load(file)["description"])))
    yield more
    rows = [(f"[`{key.title}`](#{_shown(found, key).anchor})", kind(key), usually(key)) for key in found]
    yield table(("key", "type", "default"), rows)
    for key in found:
        if _shown(found, key) is key:
            yield from _section(key, [other for other in found if _shown(found, other) is key])


def _report() -> Iterator[str]:
    """What report.json holds: a table for the whole, and one for each of its parts."""
    whole = schema.load("report")
    yield "## The data of a report"
    yield "\n".join(map(escaped, sentences(whole["description"])))
    yield "Its form is [report.schema.json](../schemas/report.schema.json)."
    yield table(("key", "type", "what it is"), _properties(whole))
    for name, node in whole["$defs"].items():
        yield f"**{name}**: {escaped(node['description'])}"
        yield table(("key", "type", "what it is"), _properties(node))


def _properties(node: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [(f"`{name}`", _type(one), escaped(one["description"])) for name, one in node["properties"].items()]


def _type(node: Mapping[str, Any]) -> str:
    """What a value is, in words; one of a few words is only a text here, as the schema has them."""
    if "$ref" in node:
        return f"`{node['$ref'].removeprefix('#/$defs/')}`"
    if "anyOf" in node:
        return f"{_type(node['anyOf'][0])}, or null"
    if isinstance(node.get("type"), list):
        return f"{TYPES[node['type'][0]]}, or null"
    if node.get("type") == "array":
        return f"list of {_type(node['items'])}"
    return TYPES[node["type"]] if "type" in node else "`1`" if "const" in node else "text"


def _shown(found: Iterable[Key], key: Key) -> Key:
    """Of keys that differ only in their place, the one with most beside it: `checks[].run` stands as `steps[].run`."""
    same = (other for other in found if other.path[-1] == key.path[-1] and other.node == key.node)
    return max(same, key=lambda other: len(other.parent.get("properties", ())) if ITEM in other.path else 0)


def _section(key: Key, same: list[Key]) -> Iterator[str]:
    yield f'<a id="{key.anchor}"></a>\n### {", ".join(f"`{one.title}`" for one in same)}'
    yield "\n".join(_lines(key))
    first, *others = key.examples
    language = "toml" if key.file == "settings" else "yaml"
    shown = written(key.file, document(key, first))
    yield f"```{language}\n{shown}\n```"
    if others:
        yield f"Or: {', '.join(f'`{flow(other)}`' for other in others)}."


def _lines(key: Key) -> Iterator[str]:
    fact = usually(key)
    yield f"{_sentence(kind(key))} Default: {fact}." if fact not in ("", "required") else _sentence(kind(key), fact)
    yield from map(escaped, key.sentences)
    if key.allowed:
        yield f"Allowed: {_code(key.allowed)}."
    form = key.node.get("errorMessage") or key.node.get("items", {}).get("errorMessage")
    if form:
        yield escaped(_sentence(form))


def _sentence(*parts: str) -> str:
    text = ", ".join(part for part in parts if part)
    return f"{text[:1].upper()}{text[1:]}."


def kind(key: Key) -> str:
    """What type of value it takes, with its limits."""
    node = key.node
    names = node.get("type", "string" if "enum" in node else "object")
    words = [TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    words = [_list_of(node) if word == "list" else word for word in words]
    if node.get("then", {}).get("const") is False:
        words.append("false")
    # beside a pattern numbers are one notation of two, and errorMessage tells of both
    limits = [limit.format(node[name]) for name, limit in LIMITS.items() if name in node and "pattern" not in node]
    unique = ["each once"] if node.get("uniqueItems") else []
    return ", ".join([" or ".join(words), *limits, *unique])


def usually(key: Key) -> str:
    """What holds where the key is absent."""
    return "required" if key.is_required else key.default


def _list_of(node: Mapping[str, Any]) -> str:
    items = node.get("items") or node.get("then", {}).get("items", {})
    return "list of mappings" if items.get("type") == "object" else "list of texts"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def _looked_up(title: str, head: str, lines: Mapping[str, str], sentence: str) -> Iterator[str]:
    yield f"## {title}"
    yield sentence
    yield table((head, "meaning"), [(f"`{name}`", line) for name, line in lines.items()])


def _commands() -> Iterator[str]:
    yield "## Commands"
    yield "What splinter adds to doit's own commands; `doit help COMMAND` says more."
    rows = []
    for one in commands():
        usage = f"doit {one.name} {one.doc_usage}".strip()
        rows.append((f"`{usage}`", escaped(one.doc_purpose), "; ".join(map(_option, one.cmd_options))))
    yield table(("command", "does", "options"), rows)


def _option(option: Mapping[str, Any]) -> str:
    choices = ", ".join(f"`{name}` ({meaning})" for name, meaning in option.get("choices", ()))
    return f"`--{option['long']}`: {option['help']}" + (f", {choices}" if choices else "")


def _profiles(placeholders: Mapping[str, str]) -> Iterator[str]:
    yield "## Tool profiles"
    shipped = "Shipped, from [tools.toml](../splinter/config/tools.toml) and [agents](../splinter/model/agents)."
    yield f"{shipped}\n[`tools`](#settings-tools) adds others and overrides them."
    rows = [
        (f"`{tool.name}`", f"`{' '.join((tool.command, *tool.args))}`", _prompted(tool), _code(tool.leaves))
        for tool in tool_profiles.shipped().values()
    ]
    yield table(("tool", "command", "with a prompt", "leaves behind"), rows)
    yield "Placeholders, filled in a profile's arguments:"
    yield table(("placeholder", "becomes"), [(f"`{{{name}}}`", line) for name, line in placeholders.items()])


def _prompted(tool: tool.Tool) -> str:
    return "takes none" if tool.prompt_args is None else f"`{' '.join(tool.prompt_args)}`"


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
