"""What a matrix of 200 packages costs to check and to plan, beside 200 files written by hand that say the same."""

from __future__ import annotations

import shutil

from benchmarks.asked import Asked
from benchmarks.measure import Candidate, Table, Wanted, compared, in_turn
from benchmarks.nothing import doit
from benchmarks.project import Place

COUNT = 200
MOST = 1.5  # times what files written by hand take
FILE = """\
id: {id}
title: Update the dependencies of {name}
objective: The dependencies of {package} are those that its lock file could have today.
when: on-change
{head}scope:
  modify: ["{package}/**"]
inputs: ["{package}/package.json"]
steps:
  - id: update
    run: [python, tools/update.py, "{package}"]
  - id: format
    tool: ruff
    args: [format, "{package}"]
checks:
  - id: tests
    tool: pytest
    args: ["{package}/tests"]
    timeout: 10m
artifacts: ["{package}/package.json"]
budget: {{minutes: 30}}
pull_request:
  labels: [dependencies, "{name}"]
metadata: {{package: "{package}"}}
"""
MATRIX = 'matrix:\n  package: {folders: "packages/*", with: package.json}\nmax_open: 10\n'


def matrix(asked: Asked) -> list[Table]:
    """Both, for each command, the first time and again."""
    [count] = asked.sizes(COUNT)
    made = {kind: _prepared(asked, count, kind) for kind in ("by hand", "one file")}
    return [_table(asked, made, count, command, is_cold=one) for command in ("check", "plan") for one in (True, False)]


def _table(asked: Asked, made: dict[str, Place], count: int, command: str, *, is_cold: bool) -> Table:
    both = [_candidate(place, kind, command, is_cold=is_cold) for kind, place in made.items()]
    in_turn(both, asked.rounds(3))
    when = "the first time" if is_cold else "again"
    table = compared(f"A matrix of {count} packages, `doit {command}` {when}", both, to=both[0])
    table.wanted.append(Wanted("Beside files written by hand", both[1].median() / both[0].median(), MOST))
    return table


def _candidate(place: Place, kind: str, command: str, *, is_cold: bool) -> Candidate:
    def forget() -> None:
        if is_cold:
            shutil.rmtree(place.root / "home/.cache", ignore_errors=True)

    return doit(kind, place, command, before=forget)


def _prepared(asked: Asked, count: int, kind: str) -> Place:
    """A repository with that many packages, and its workstreams in one file or written by hand."""
    place = Place(asked.folder / f"matrix {kind}")
    place.make()
    for number in range(count):
        package = place.project / f"packages/p{number:03}"
        (package / "src").mkdir(parents=True)
        (package / "package.json").write_text("{}\n")
        for name in range(5):
            (package / f"src/{name}.js").write_text(f"export const n = {number};\n")
        text = FILE.format(id=f"deps-{package.name}", name=package.name, package=f"packages/{package.name}", head="")
        if kind == "by hand":
            (place.project / f"workstreams/deps-{package.name}.yaml").write_text(text)
    if kind == "one file":
        values = {"name": "${{ matrix.package.name }}", "package": "${{ matrix.package }}"}
        text = FILE.format(id="deps", head=MATRIX, **values)
        (place.project / "workstreams/deps.yaml").write_text(text)
    place.add([])
    return place
