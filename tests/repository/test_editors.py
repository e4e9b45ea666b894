"""What an editor shows of a workstream: npm's yaml-language-server is asked as an editor asks it, over its protocol."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from splinter.config import schema, yaml_documents
from tests import paths
from tests.counterparts import INSTALL, MODULES

ROOT = paths.ROOT
BAD = ROOT / "tests/data/bad"
SCHEMA = schema.load("workstream")
FIRST = "# yaml-language-server: $schema=../schemas/workstream.schema.json\n"
SETTINGS = {
    "yaml": {"schemaStore": {"enable": False}, "validate": True, "hover": True, "completion": True},
    "redhat": {"telemetry": {"enabled": False}},
}
PROPERTY, SNIPPET = 10, 9  # kinds of completion, the second as this server sends what the schema offers whole
EVERY_KEY = f"""\
{FIRST}$schema: ../schemas/workstream.schema.json
id: api-docs
title: Refresh the API docs
objective: Every public function has a current example.
when: 0 2 * * 1-5
catch_up: last
again: true
enabled: false
base: main
branch: deps/api
depends_on: [tidy]
tool: replay
options: {{model: sonnet}}
instructions: [workstreams/prompts/house-style.md]
env: [ANTHROPIC_API_KEY, CI=true]
working_directory: packages/api
scope:
  modify: ["docs/**", "README.md"]
  create: ["docs/**"]
  forbid: ["docs/api/**"]
inputs: ["src/**/*.py"]
setup:
  - run: npm ci
    inputs: [package-lock.json]
    timeout: 5m
    working_directory: .
preflight:
  - id: linter
    tool: ruff
    args: [--version]
    timeout: 10s
    stall: 5
    working_directory: packages/web
  - run: [python, --version]
steps:
  - id: write
    prompt: Describe every public function in docs/api.md.
    timeout: 20m
    stall: 90s
    expect: change
    working_directory: docs
    commit: {{message: "docs: describe every function", sign_off: false}}
    cache: true
  - id: review
    only_if: test -s docs/api.md
    tool: replay
    options: {{effort: high}}
    prompt_file: workstreams/prompts/review.md
  - id: format
    tool: ruff
    args: [format, docs]
  - id: count
    run: wc -l docs/api.md
checks:
  - id: tests
    tool: pytest
    args: [tests/docs]
    timeout: 5m
    stall: 1m
    working_directory: .
    compare: true
  - id: builds
    run: python -m build
fix: {{attempts: 3, max_lines: 2000}}
artifacts: [docs/api.md]
budget: {{usd: 2.50, tokens: 500000, minutes: 60}}
commit:
  message: "chore(docs): refresh"
  sign_off: true
pull_request:
  title: "docs: refresh the API"
  body: Opened every Monday.
  close_after: 14d
  draft: true
  labels: [docs]
  reviewers: [octocat, org/team]
  assignees: [octocat]
  milestone: '1.0'
  base: next
metadata: {{phase: PH-01}}
matrix:
  package: {{folders: packages/*, with: package.json}}
  page: {{files: "docs/*.md"}}
  service: {{json: services.json}}
  language: [de, fr]
max_open: 10
"""
WRONG = f"""\
{FIRST}id: wrong
titel: Misspelt
when: nightly
scope:
  modfy: ["docs/**"]
steps:
  - run: ls
  - id: Two
    run: ls
  - id: three
fix: {{attempts: many}}
pull_request: true
"""


class Server:
    """An editor's side of the Language Server Protocol: whole messages over a child's stdin and stdout."""

    def __init__(self, home: Path) -> None:
        command = [
            str(MODULES / ".bin/node"),
            str(MODULES / "yaml-language-server/bin/yaml-language-server"),
            "--stdio",
        ]
        env = {"PATH": os.environ["PATH"], "HOME": str(home)}
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, cwd=home)
        self.numbers = count(1)
        self.told: queue.Queue[dict[str, Any]] = queue.Queue()
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def ask(self, method: str, params: object) -> Any:
        """The answer to a request."""
        number = next(self.numbers)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def tell(self, method: str, params: object) -> None:
        self._send({"method": method, "params": params})

    def close(self) -> None:
        self.ask("shutdown", None)
        self.tell("exit", None)
        assert self.child.wait(10) == 0
        self.listener.join(10)
        for pipe in (self.child.stdin, self.child.stdout):
            assert pipe
            pipe.close()

    def open(self, text: str) -> str:
        """Open a new document under workstreams/ that only the editor knows; its address."""
        uri = (ROOT / f"workstreams/unsaved-{next(self.numbers)}.yaml").as_uri()
        self.tell(
            "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}}
        )
        return uri

    def problems(self, *texts: str) -> list[list[tuple[int, str]]]:
        """For each text, lines from 1 and messages of what is marked; it waits a while before it looks, once for all."""
        uris = [self.open(text) for text in texts]
        while not self.diagnostics.keys() >= set(uris):
            self._next()
        found = (self.diagnostics[uri] for uri in uris)
        return [sorted((one["range"]["start"]["line"] + 1, one["message"]) for one in marks) for marks in found]

    def completions(self, text: str) -> list[dict[str, Any]]:
        """What is offered at the end of a text."""
        lines = text.split("\n")
        place = {"line": len(lines) - 1, "character": len(lines[-1])}
        found = self.ask("textDocument/completion", {"textDocument": {"uri": self.open(text)}, "position": place})
        items: list[dict[str, Any]] = found["items"]
        return items

    def hover(self, uri: str, line: int, column: int) -> str:
        """What is shown over a place, from 1, without Markdown's escapes."""
        place = {"line": line - 1, "character": column - 1}
        found = self.ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": place})
        return re.sub(r"\\([^A-Za-z0-9\s])", r"\1", found["contents"]["value"]) if found else ""

    def _send(self, message: dict[str, object]) -> None:
        assert self.child.stdin
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.child.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.child.stdin.flush()

    def _next(self) -> dict[str, Any]:
        message = self.told.get(timeout=30)
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:  # the server asks: for settings, or that it may register
            items = message["params"].get("items", ())
            self._send({"id": message["id"], "result": [SETTINGS.get(item["section"]) for item in items]})
        return message

    def _listen(self) -> None:
        assert self.child.stdout
        while header := self.child.stdout.readline():
            if header.lower().startswith(b"content-length:"):
                size = int(header.split(b":")[1])
            elif not header.strip():
                self.told.put(json.loads(self.child.stdout.read(size)))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not (MODULES / ".bin/node").exists() or not (MODULES / "yaml-language-server").is_dir():
        pytest.skip(f"npm's yaml-language-server is not installed: {INSTALL}")
    server = Server(tmp_path_factory.mktemp("editor"))
    text_document = {"completion": {"completionItem": {"snippetSupport": True}}}
    capabilities = {"workspace": {"configuration": True}, "textDocument": text_document}
    server.ask("initialize", {"processId": None, "rootUri": ROOT.as_uri(), "capabilities": capabilities})
    server.tell("initialized", {})
    yield server
    server.close()


def followed(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].removeprefix("#/$defs/")] | {k: v for k, v in node.items() if k != "$ref"}
    return node


def described(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every key that the schema knows, `[]` for the items of a list, with its description."""
    for name, child in node.get("properties", {}).items():
        child = followed(child)
        yield (*path, name), child["description"]
        yield from described(child, (*path, name))
        yield from described(child.get("items", {}), (*path, name, "[]"))
        named = child.get("additionalProperties")
        if isinstance(named, dict) and "description" in named:  # of a list or a mapping the list's is said
            yield (*path, name, "NAME"), named["description"]
            yield from described(named, (*path, name, "NAME"))


DESCRIBED = dict(described(SCHEMA))


def test_nothing_is_marked_in_a_good_file(server: Server) -> None:
    own = [file.read_text("utf-8") for file in sorted((ROOT / "workstreams").glob("*.yaml"))]
    assert all(text.startswith(FIRST) for text in own)
    assert server.problems(EVERY_KEY, *own) == [[]] * (1 + len(own))


def test_mistakes_are_marked_on_their_lines(server: Server) -> None:
    values = '"daily", "weekly", "monthly", "on-change", "once", "always"'
    assert server.problems(WRONG) == [
        [
            (2, 'Missing property "title".'),
            (3, "Property titel is not allowed."),
            (4, f"Value is not accepted. Valid values: {values}."),
            (6, "Property modfy is not allowed."),
            (8, 'Missing property "id".'),
            (9, 'an id has up to 63 of a-z, 0-9 and "-", and does not start with "-"'),
            (11, 'Missing property "run".'),
            (12, 'Incorrect type. Expected "integer".'),
            (13, "Value must be false."),
        ]
    ]


def test_what_the_schema_says_of_a_bad_file_is_marked_on_the_same_line(server: Server) -> None:
    """But for what the editor has another place or another YAML for."""
    elsewhere = ("expected exactly one of", '" beside it', "merge key")
    told: dict[str, set[int]] = {}
    for file in sorted(BAD.glob("*.y*ml")):
        document = yaml_documents.read(file.read_bytes(), path=file.name)
        if document.data is not None and not document.problems:
            found = [one for one in schema.check(document) if not any(words in one.message for words in elsewhere)]
            told[file.name] = {one.line + 1 for one in found}
    marks = server.problems(*(FIRST + (BAD / name).read_text("utf-8") for name in told))
    missed = {name: told[name] - {line for line, _ in marked} for name, marked in zip(told, marks, strict=True)}
    assert sum(map(len, told.values())) > 20
    assert {name: lines for name, lines in missed.items() if lines} == {}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ()),
        ("id: x\nscope:\n  ", ("scope",)),
        ("id: x\npreflight:\n  - ", ("preflight", "[]")),
        ("id: x\nsteps:\n  - ", ("steps", "[]")),
        ("id: x\nsteps:\n  - id: a\n    run: ls\n  - ", ("steps", "[]")),
        ("id: x\nchecks:\n  - ", ("checks", "[]")),
        ("id: x\nfix:\n  ", ("fix",)),
        ("id: x\nsetup:\n  - ", ("setup", "[]")),
        ("id: x\ncommit:\n  ", ("commit",)),
        ("id: x\nsteps:\n  - id: a\n    commit:\n      ", ("steps", "[]", "commit")),
        ("id: x\nmatrix:\n  package:\n    ", ("matrix", "NAME")),
        ("id: x\nbudget:\n  ", ("budget",)),
        ("id: x\npull_request:\n  ", ("pull_request",)),
    ],
    ids=lambda value: ".".join(value) or "top" if isinstance(value, tuple) else "",
)
def test_every_key_is_offered_where_it_may_stand(server: Server, text: str, path: tuple[str, ...]) -> None:
    offered = {item["label"]: item for item in server.completions(FIRST + text) if item["kind"] == PROPERTY}
    known = {keys[-1]: told for keys, told in DESCRIBED.items() if keys[:-1] == path}
    assert set(offered) == set(known)
    assert {label: item["documentation"] for label, item in offered.items()} == known


def test_keys_that_are_there_are_not_offered_again(server: Server) -> None:
    offered = {item["label"] for item in server.completions(f"{FIRST}id: x\nsteps:\n  - id: go\n    run: ls\n    ")}
    assert {"timeout", "stall", "expect"} <= offered
    assert not {"id", "run"} & offered


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("when: ", {"daily", "weekly", "monthly", "on-change", "once", "always", "0 2 * * 1-5"}),
        ("pull_request: ", {"false"}),
        ("steps:\n  - id: go\n    expect: ", {"change", "either"}),
        ("steps:\n  - id: go\n    timeout: ", {"90", "90s", "20m", "2h", "14d"}),
    ],
)
def test_values_are_offered_where_they_are_few(server: Server, text: str, values: set[str]) -> None:
    assert {item["label"] for item in server.completions(FIRST + text)} == values


@pytest.mark.parametrize("where", ["preflight", "steps", "checks"])
def test_what_is_offered_as_a_whole_is_sound(server: Server, where: str) -> None:
    before = "id: x\ntitle: x\nsteps: [{id: go, run: ls}]\n" if where != "steps" else "id: x\ntitle: x\n"
    text = f"{FIRST}{before}{where}:\n  - "
    offered = [item for item in server.completions(text) if item["kind"] == SNIPPET]
    assert {item["label"] for item in offered} >= {"a command", "a tool"}
    written = [text + item["insertText"].replace("\n", "\n  ") for item in offered]  # editors indent it as its line is
    assert [schema.check(yaml_documents.read(one.encode(), path="x.yaml")) for one in written] == [()] * len(written)
    assert server.problems(*written) == [[]] * len(written)


def test_every_key_is_explained_where_the_mouse_rests_on_it(server: Server) -> None:
    document = yaml_documents.read(EVERY_KEY.encode(), path="x.yaml")
    uri = server.open(EVERY_KEY)
    explained = set()
    for keys in document.key_spans:
        path = tuple("[]" if isinstance(key, int) else key for key in keys)
        if path[0] == "metadata" and len(path) > 1:
            continue
        if path[0] == "matrix" and len(path) > 1:
            path = ("matrix", "NAME", *path[2:])
        if path[-2:-1] == ("options",):
            path = (*path[:-1], "NAME")
        place = document.key_place(keys)
        assert DESCRIBED[path] in server.hover(uri, place.line, place.column + 1), path
        explained.add(path)
    assert explained == set(DESCRIBED)
