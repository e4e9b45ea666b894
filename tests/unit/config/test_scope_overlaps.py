from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from splinter.config import scope_overlaps, settings_file, workstream_files
from splinter.model.workstream import Run, Scope, Step, Workstream
from splinter.text import patterns
from tests import deep

GO = (Step(id="go", action=Run(command="ls"), timeout_s=600.0),)


def one(
    id: str,
    *modify: str,
    create: Sequence[str] | None = None,
    forbid: Sequence[str] = (),
    after: Sequence[str] = (),
    base: str | None = None,
) -> Workstream:
    own = tuple(map(patterns.pattern, modify)) or ("**",)
    scope = Scope(
        modify=own, create=own if create is None else tuple(create), forbid=tuple(forbid), is_declared=bool(modify)
    )
    return Workstream(
        id=id, title=id, source=f"workstreams/{id}.yaml", steps=GO, scope=scope, depends_on=tuple(after), base=base
    )


def messages(*workstreams: Workstream) -> list[str]:
    return [f"{found.id} {found.other} {found.path} {found.more}" for found in scope_overlaps.overlaps(workstreams)]


def test_two_that_may_write_one_path_overlap_at_the_later_one() -> None:
    found = scope_overlaps.overlaps([one("a", "src/**", "docs/*.md"), one("b", "lib", "docs")])
    assert found == (
        scope_overlaps.Overlap(
            id="b", keys=("scope", "modify", 1), other="a", other_keys=("scope", "modify", 1), path="docs/x.md", more=0
        ),
    )


def test_what_may_only_be_created_counts_too() -> None:
    found = scope_overlaps.overlaps([one("a", "src/*.py", create=["new/**"]), one("b", "new/x.py", create=["src/y.c"])])
    assert [(one.other_keys, one.keys, one.path) for one in found] == [
        (("scope", "create", 0), ("scope", "modify", 0), "new/x.py")
    ]


def test_those_apart_do_not_overlap() -> None:
    assert messages(one("a", "docs/*.md"), one("b", "docs/*.txt"), one("c", "docs/x/**"), one("d", "src")) == []
    assert messages(one("a", "**/*.md"), one("b", "src/*.py"), one("c", "*.txt")) == []


def test_an_order_however_indirect_keeps_two_apart() -> None:
    assert messages(one("a", "docs"), one("b", after=["a"]), one("c", "docs", after=["b"])) == []
    assert messages(one("z", "docs"), one("b", "docs", after=["z"])) == []
    assert messages(one("a", "docs"), one("b", "docs", after=["a"]), one("c", "docs", after=["a"])) == ["c b docs 0"]


def test_what_either_forbids_is_shared_by_none() -> None:
    assert messages(one("a", "docs/**", forbid=["docs/api/**"]), one("b", "docs/api/**")) == []
    assert messages(one("a", "docs/**", forbid=["docs/api/*"]), one("b", "docs/api/**")) == ["b a docs/api/x/x 0"]


def test_what_nobody_named_counts_for_nothing() -> None:
    assert messages(one("a"), one("b"), one("c", "docs"), one("d", "src")) == []
    assert messages(one("a", "**/ci.yml"), one("b", ".github/ci.yml")) == []


def test_branches_of_other_bases_meet_nowhere() -> None:
    assert messages(one("a", "docs", base="main"), one("b", "docs", base="next")) == []
    assert messages(one("a", "docs", base="main"), one("b", "docs")) == ["b a docs 0"]


def test_a_single_file_holds_nothing() -> None:
    assert messages(one("a", "package.json"), one("b", "**/*.go")) == []
    assert messages(one("a", "package.json"), one("b", "**/*.json")) == ["b a package.json 0"]
    assert messages(one("a", "**/*.json", forbid=["package.json"]), one("b", "package.json")) == []
    assert messages(one("a", "docs"), one("b", "**/*.md")) == ["b a docs/x.md 0"]


def test_what_is_a_file_in_the_checkout_is_one_by_any_name(tmp_path: Path) -> None:
    (tmp_path / "workstreams").mkdir()
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "Makefile").touch()
    for id, scope in {"a": "[Makefile, conf.d]", "b": "['**/*.go']"}.items():
        text = f"id: {id}\ntitle: x\nscope: {{modify: {scope}}}\nsteps: [{{id: go, run: ls}}]\n"
        (tmp_path / f"workstreams/{id}.yaml").write_text(text)
    (found,) = workstream_files.read(tmp_path, settings_file.defaults()).problems
    assert found.message == (
        '"**/*.go" overlaps "conf.d" of workstreams/a.yaml:3:28; '
        "let one depend on the other, or keep their scopes apart"
    )


def test_each_pair_is_named_once() -> None:
    both = {"create": ["docs/**", "src/**"]}
    found = scope_overlaps.overlaps([one("a", "docs", "src", **both), one("b", "docs", "src", **both)])
    assert [(each.id, each.other) for each in found] == [("b", "a")]


def test_many_others_are_counted() -> None:
    assert messages(*(one(id, "docs", "README.md") for id in "abcd")) == ["b a docs 0", "c a docs 1", "d a docs 2"]


SHAPES = ("folders", "same", "chain", "wild", "starts", "ends", "sets")


@pytest.mark.parametrize("shape", deep.rows(SHAPES, "fuzz", ordinary=("same", "chain", "sets")))
def test_a_thousand_are_judged_at_once(shape: str) -> None:
    patterns = {
        "folders": "src/part{0}/**", "same": "src/**", "chain": "src/**", "wild": "**/part{0}/**",
        "starts": "src/part{0}-*.py", "ends": "src/**/part{0}.py", "sets": "[a-z]*{0}[a-z]*",
    }  # fmt: skip
    made = [
        one(f"w{n:04}", patterns[shape].format(f"{n:04}"), f"docs/{n:04}.md",
            after=[f"w{n - 1:04}"] if shape == "chain" and n else [])
        for n in range(1000)
    ]  # fmt: skip
    started = time.monotonic()
    found = scope_overlaps.overlaps(made)
    assert time.monotonic() - started < 60
    if shape in ("folders", "chain", "starts", "ends"):
        assert found == ()
    elif shape == "same":
        assert len(found) == 999
        assert found[-1].more == 998


def test_no_more_than_twenty_are_shown_and_none_keeps_a_workstream_away(tmp_path: Path) -> None:
    (tmp_path / "workstreams").mkdir()
    for n in range(30):
        (tmp_path / f"workstreams/w{n:02}.yaml").write_text(
            f"id: w{n:02}\ntitle: x\nscope: {{modify: [docs]}}\nsteps: [{{id: go, run: ls}}]\n"
        )
    found = workstream_files.read(tmp_path, settings_file.defaults())
    assert len(found.workstreams) == 30
    found.check()
    assert len(found.problems) == 21
    assert {problem.level for problem in found.problems} == {"warning"}
    assert found.problems[2].text() == (
        'workstreams/w03.yaml:3:18: warning: "docs" overlaps "docs" of workstreams/w00.yaml:3:18, and scopes of '
        "2 other workstreams; let one depend on the other, or keep their scopes apart\n"
        "    scope: {modify: [docs]}\n                     ^^^^"
    )
    assert found.problems[20].message == "here and in 9 more workstreams scopes overlap; they are not shown"
