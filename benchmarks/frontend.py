"""How long it takes to check 1,000 workstreams of about sixty lines, beside what else could judge such files."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.asked import Asked
from benchmarks.measure import Candidate, Table, compared, in_turn
from benchmarks.nothing import doit
from benchmarks.project import Place

SCHEMA = Path(__file__).resolve().parent.parent / "schemas/workstream.schema.json"
COUNT = 1_000
WORKSTREAM = """# yaml-language-server: $schema=../schemas/workstream.schema.json
# Workstream {number} of the benchmark: about sixty lines, every kind of key.
id: work-{number:04}
title: Refresh part {number} of the documentation
objective: >-
  Every public function of part {number} has a current example,
  and no example refers to a name that is gone.
when: daily
base: main
{depends}tool: replay
env: [LANG]
scope:
  modify:
    - docs/part-{number}/**
    - examples/part-{number}/*.py
  create:
    - docs/part-{number}/**
  forbid:
    - docs/part-{number}/internal/**
inputs:
  - src/part-{number}/**/*.py
preflight:
  - run: python --version
steps:
  - id: collect
    run: |
      mkdir -p docs/part-{number}
      ls src/part-{number} > docs/part-{number}/names.txt
    timeout: 5m
  - id: format
    tool: ruff
    args:
      - format
      - examples/part-{number}
    timeout: 10m
  - id: count
    run: [wc, -l, docs/part-{number}/names.txt]
    expect: either
checks:
  - id: tests
    tool: pytest
    args:
      - tests/part-{number}
    timeout: 10m
  - id: typed
    tool: mypy
    args: [examples/part-{number}]
artifacts:
  - docs/part-{number}/names.txt
budget:
  minutes: 60
pull_request:
  draft: true
  labels: [docs, nightly]
  reviewers: [octocat]
  base: main
metadata:
  phase: PH-{number}
  gap: GAP-{number}
  owner: documentation
"""
PLAIN = """
import json, pathlib, sys, yaml, jsonschema
schema = json.load(open(sys.argv[1]))
for file in sorted(pathlib.Path("workstreams").glob("*.yaml")):
    jsonschema.validate(yaml.safe_load(file.read_text()), schema)
"""


def check(asked: Asked) -> list[Table]:
    """All commands on the same files."""
    [count] = asked.sizes(COUNT)
    place = Place(asked.folder / "check")
    place.make()
    for number in range(count):
        depends = f"depends_on: [work-{number - number % 10:04}]\n" if number % 10 else ""
        text = WORKSTREAM.format(number=number, depends=depends)
        (place.project / f"workstreams/work-{number:04}.yaml").write_text(text)
    place.add([])
    touched = place.project / "workstreams/work-0001.yaml"

    def forget() -> None:
        shutil.rmtree(place.root / "home/.cache", ignore_errors=True)

    def edit() -> None:
        touched.write_text(touched.read_text().replace("owner: ", "owner: the "))

    cold = doit("`doit check`, the first time", place, "check", before=forget)
    edited = doit("`doit check`, one file edited", place, "check", before=edit)
    warm = doit("`doit check`, nothing edited", place, "check")
    plain = _other(place, "`yaml.safe_load` and `jsonschema.validate`", [sys.executable, "-c", PLAIN, str(SCHEMA)])
    all_of_them = [cold, edited, warm, plain, *_check_jsonschema(place)]
    in_turn(all_of_them, asked.rounds(3), is_warm=False)
    return [compared(f"{count:,} workstreams checked", all_of_them, to=plain)]


def _check_jsonschema(place: Place) -> list[Candidate]:
    """Where the extra for tests is installed."""
    program = Path(sys.executable).with_name("check-jsonschema")
    every = sorted(str(path) for path in (place.project / "workstreams").iterdir())
    argv = [str(program), "--schemafile", str(SCHEMA), *every]
    return [_other(place, "`check-jsonschema`", argv)] if program.exists() else []


def _other(place: Place, name: str, argv: list[str]) -> Candidate:
    return Candidate(name=name, argv=argv, cwd=place.project, environ=place.environ)
