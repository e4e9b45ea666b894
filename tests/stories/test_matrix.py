"""One file, many workstreams: each member is a workstream of its own, and values are filled in where they may stand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.world import TUESDAY, World


def file(world: World, id: str = "deps", **fields: Any) -> None:
    world.workstream(id, **{"matrix": {"package": ["api", "web"]}, **fields})


def test_each_member_is_filled_from_its_file_its_plan_and_its_environment(world: World) -> None:
    show = (
        'printf "%s\\n" "$WORKSTREAM_ID" "$WORKSTREAM_OCCURRENCE" "$WORKSTREAM_BASE" "$MATRIX_PACKAGE_SLUG" > env.txt'
    )
    copy = ["sh", "-c", 'echo "$0" > "$1"', "$${{ ${{ base }} ${{ occurrence }} of ${{ workstream.id }}", "text.txt"]
    file(
        world, title="Update ${{ matrix.package }} of ${{ base }}", when="daily",
        steps=[{"id": "show", "run": show}, {"id": "copy", "run": copy}],
    )  # fmt: skip
    world.commit()
    assert world.doit().status == 0
    assert world.git("show", "splinter/deps-api:env.txt").splitlines() == ["deps-api", "2026-11-23", "main", "api"]
    assert world.git("show", "splinter/deps-web:text.txt") == "${{ main 2026-11-23 of deps-web"
    assert world.git("log", "-1", "--format=%s", "splinter/deps-web") == "Update web of main (copy)"
    world.now = TUESDAY
    world.doit("deps-api")
    assert world.git("show", "splinter/deps-api:env.txt").splitlines()[1] == "2026-11-24"


def test_one_more_value_makes_its_member_due_and_no_other(world: World) -> None:
    file(world, steps=[world.step("s", "true")], when="once")
    world.commit()
    assert world.doit().status == 0
    assert world.new_calls() == ["s", "s"]
    file(world, steps=[world.step("s", "true")], when="once", matrix={"package": ["api", "next", "web"]}, max_open=9)
    due = {one["workstream"]: one["due"] for one in json.loads(world.doit("plan", "--json").out)}
    assert due == {"deps-api": False, "deps-next": True, "deps-web": False}


def monorepo(world: World, *packages: str, **fields: Any) -> None:
    for package in packages:
        world.write(f"packages/{package}/package.json", "{}\n")
    file(
        world, matrix={"package": {"folders": "packages/*", "with": "package.json"}}, when="on-change",
        scope={"modify": ["${{ matrix.package }}/**"]},
        steps=[world.step("s", 'echo "$MATRIX_PACKAGE_NAME" > "$MATRIX_PACKAGE/out.txt"')], **fields,
    )  # fmt: skip


def test_members_that_wait_are_told_in_the_report_and_not_called_not_due(world: World) -> None:
    file(
        world, max_open=1, matrix={"package": ["api", "next", "web"]}, steps=[world.step("s", "date > $MATRIX_PACKAGE")]
    )
    world.commit()
    plan = world.home / "plan.json"
    assert world.doit("plan", "--write", str(plan)).status == 0
    assert world.doit("run", "--plan", str(plan), "workstreams", "pr", "report").status == 0
    why = "waits: 1 of deps comes first (max_open: 1)"
    assert f"deps-next, deps-web were not run: {why}." in world.notes()
    report = json.loads((world.root / "reports/latest/report.json").read_text("utf-8"))
    said = {one["workstream"]: one["message"] for one in report["workstreams"]}
    assert said["deps-web"] == f"not run: {why}; it never ran"
    assert "deps-api  changed" in world.doit("show", "--plan", str(plan)).out
    world.doit("plan", "--write", str(plan))
    idle = world.doit("run", "--plan", str(plan), "pr", "report")
    assert "nothing ran: 2 workstreams left out" in idle.out, idle.out
    shown = world.doit("show", "--plan", str(plan)).out  # of this night, and not of the one before
    assert shown.startswith("Nothing ran in the run 2026")
    assert "deps-next, deps-web were not run: waits: 1 of deps is open (max_open: 1)." in shown


def test_folders_of_the_base_are_members_and_an_edit_in_one_makes_that_one_due(world: World) -> None:
    monorepo(world, "api", "web")
    world.write("packages/notes/README.md", "no package\n")
    world.commit()
    world.write("packages/later/package.json", "{}\n")  # of the checkout alone
    assert world.doit("deps").status == 0, world.records()
    assert world.new_calls() == ["s", "s"]
    assert world.git("show", "splinter/deps-web:packages/web/out.txt") == "web"
    world.write("packages/api/package.json", '{"a": 1}\n')
    world.commit()
    rows = json.loads(world.doit("plan", "--json").out)
    assert {one["workstream"]: one["due"] for one in rows} == {"deps-api": True, "deps-later": True, "deps-web": False}
    assert {one["group"] for one in rows} == {"deps"}


@pytest.mark.lane("stories")
def test_a_group_is_named_wherever_a_workstream_is(world: World) -> None:
    file(world, steps=[world.step("s", "true")], when="once")
    world.workstream("after", depends_on=["deps"], steps=[world.step("a", "true")], when="once")
    world.workstream("beside", depends_on=["deps-web"], steps=[world.step("b", "true")], when="once")
    world.commit()
    assert [re.split(r"  +", line.strip()) for line in world.doit("list").out.splitlines()[1:6]] == [
        ["deps", "2 due", "2 workstreams of workstreams/deps.yaml"],
        ["deps-api", "due", "Title of deps"],
        ["deps-web", "due", "Title of deps"],
        ["after", "due", "Title of after"],
        ["beside", "due", "Title of beside"],
    ]
    assert world.doit("beside").status == 0
    assert world.new_calls() == ["s", "b"]
    assert world.doit("deps").status == 0
    assert world.doit("after").status == 0
    assert world.new_calls() == ["s", "a"]
    assert "deps        0 of 2 workstreams due\n  deps-api  up to date" in world.doit("plan").out
    assert "forgetting deps-api:prepare" in world.doit("forget", "deps").out
    assert 'did you mean "deps"?' in world.doit("dep").err
    assert 'subgraph g0["deps"]' in world.doit("graph").out


@pytest.mark.lane("stories")
def test_no_more_members_are_started_than_may_be_open(world: World) -> None:
    step = world.step("s", 'echo "$MATRIX_PACKAGE" > "$MATRIX_PACKAGE.txt"')
    packages = [f"p{number:02}" for number in range(30)]
    file(world, matrix={"package": packages}, max_open=10, steps=[step], when="once")
    world.commit()
    first = world.doit("plan").out.splitlines()
    assert first[0].split("  ")[-1] == "10 of 30 workstreams due"
    assert [line.split()[0] for line in first if "  due  " in line] == [f"deps-{name}" for name in packages[:10]]
    assert first[11].endswith("waits: 10 of deps come first (max_open: 10)")
    assert world.doit("run", "--dry-run").out.count("would start from") == 10
    done = world.doit("run", "deps")
    assert done.status == 0
    assert "20 workstreams: waits: 10 of deps come first (max_open: 10)" in done.out
    assert world.new_calls() == ["s"] * 10
    for _ in range(2):  # not published yet, then published
        waits = [line for line in world.doit("plan").out.splitlines() if "waits: 10 of deps are open" in line]
        assert len(waits) == 20
        assert world.doit("run", "deps", "pr").status == 0
        assert world.new_calls() == []


@pytest.mark.lane("stories")
def test_a_run_asks_for_the_base_first_and_names_the_pull_request_of_a_member_that_is_gone(
    world: World, tmp_path: Path
) -> None:
    monorepo(world, "api", "web")
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    assert world.doit("run", "workstreams", "pr").status == 0
    assert world.new_calls() == ["s", "s"]
    before = world.git("rev-parse", "HEAD")
    world.git("rm", "-qr", "packages/web", "packages/api")
    world.git("commit", "-qm", "a package leaves")
    world.write("packages/next/package.json", "{}\n")
    world.commit()
    world.git("push", "--quiet", "origin", "HEAD:main")
    world.git("reset", "-q", "--hard", before)
    world.git("update-ref", "refs/remotes/origin/main", before)
    assert "deps-next" not in world.doit("plan").out
    done = world.doit("run", "workstreams", "pr")
    assert done.status == 0, done.out + done.err
    assert world.new_calls() == ["s"]
    assert {"splinter/deps-next"} <= set(world.branches())
    left = [line for line in done.out.splitlines() if "no workstream is called deps-web any more" in line]
    assert left, done.out
    world.git("rm", "-qr", "packages")
    world.commit()
    world.git("push", "--quiet", "--force", "origin", "HEAD:main")
    done = world.doit()
    assert (done.status, world.new_calls()) == (3, [])
    assert 'no folder with package.json on the base fits "packages/*"' in done.err
    world.git("push", "--quiet", "--force", "origin", f"{before}:main")
    assert world.doit("plan").out.startswith("There is no workstream yet"), "as last seen"
    assert world.doit().status == 0, "what was seen last keeps no run from asking"


@pytest.mark.lane("stories")
def test_a_clean_check_is_remembered_until_the_base_differs(world: World) -> None:
    monorepo(world, "api")
    world.commit()
    for _ in range(2):
        assert world.doit("check").out == "1 workstream, no problem\n"
    world.write("packages/web/package.json", "{}\n")
    world.commit()
    assert world.doit("check").out == "2 workstreams, no problem\n"
    world.git("rm", "-qr", "packages")
    world.commit()
    done = world.doit("check")
    assert done.status == 3
    assert 'workstreams/deps.yaml:5:14: no folder with package.json on the base fits "packages/*"' in done.out


def test_a_plan_that_is_written_down_holds_what_waits_and_shards_go_by_members(world: World, tmp_path: Path) -> None:
    file(
        world, matrix={"package": ["a", "b", "c"]}, max_open=2, when="once",
        steps=[world.step("s", 'echo "$MATRIX_PACKAGE" > "$MATRIX_PACKAGE.txt"')],
    )  # fmt: skip
    world.commit()
    plan = str(tmp_path / "plan.json")
    assert "deps-c is not run: waits: 2 of deps come first" in world.doit("plan", "--write", plan, "--shards", "2").out
    assert world.doit("run", "--plan", plan, "--shard", "1/2", "deps").status == 0
    assert world.new_calls() == ["s"]
    assert "by the plan deps-c is not run: waits" in world.doit("run", "--plan", plan, "deps-c").err


@pytest.mark.lane("stories")
def test_who_waited_longest_comes_first_and_who_failed_last(world: World) -> None:
    step = world.step("s", f'echo "$MATRIX_PACKAGE" >> {world.home}/order; test "$MATRIX_PACKAGE" != b')
    file(world, matrix={"package": ["b", "c", "a"]}, max_open=1, steps=[step], when="daily")
    world.commit()
    for hour in range(4):
        world.now = f"2026-11-23T0{hour}:00:00+00:00"
        world.doit("run", "workstreams")
    world.now = TUESDAY
    world.doit("run", "workstreams")
    assert (world.home / "order").read_text().split() == ["b", "c", "a", "b", "c"]


NASTY = [
    'it\'s "so"',
    "$(touch pwned)",
    "`touch pwned2`",
    "%s {prompt}",
    "${{ base }}",
    "a\nb",
    "x" * 10_000,
    "Übung 日本",
]
WRITE = "import os, pathlib, sys; pathlib.Path('out').write_text(sys.argv[1] + os.environ['MATRIX_V'])"


@pytest.mark.lane("attacks")
def test_what_a_value_holds_reaches_a_command_as_it_is_and_runs_nothing(world: World) -> None:
    file(
        world, title="A value", matrix={"v": NASTY}, metadata={"v": "${{ matrix.v }}"}, when="once",
        objective="${{ matrix.v }}", scope={"modify": ["out"]},
        steps=[
            {"id": "shell", "run": 'printf "%s" "$MATRIX_V" > out'},
            {"id": "list", "run": ["python3", "-c", WRITE, "${{ matrix.v }}"]},
        ],
    )  # fmt: skip
    world.commit()
    done = world.doit()
    assert done.status == 0, done.out + done.err
    made = [world.git("show", f"splinter/{id}:out") for id in world.outcomes()]
    assert sorted(made) == sorted(value * 2 for value in NASTY)
    assert not [path for path in world.root.rglob("pwned*") if ".git" not in path.parts]


@pytest.mark.lane("stories")
def test_what_is_published_by_a_plan_are_the_members_of_that_plan(world: World, tmp_path: Path) -> None:
    monorepo(world, "api", "web")
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    head = world.commit()
    world.git("push", "--quiet", "origin", "main")
    plan = str(tmp_path / "plan.json")
    assert world.doit("plan", "--write", plan).status == 0
    world.git("rm", "-qr", "packages/web")
    world.git("commit", "-qm", "web leaves, while the night works")
    world.git("push", "--quiet", "origin", "main")
    world.git("reset", "-q", "--hard", head)
    assert world.doit("run", "--plan", plan, "workstreams").status == 0
    assert world.new_calls() == ["s", "s"]
    done = world.doit("run", "--plan", plan, "pr")
    assert done.status == 0, done.out + done.err
    assert "pr:deps-web" in done.out
    (tmp_path / "shard").mkdir()
    assert "was never seen" not in world.doit("gather", "--plan", plan, str(tmp_path / "shard")).err


def test_a_check_is_compared_with_the_same_check_of_its_own_member(world: World) -> None:
    world.write("api.txt", "")
    check = {"id": "there", "run": 'test -e "$MATRIX_PACKAGE.txt"'}
    file(world, steps=[{"id": "s", "run": "touch made.txt"}], checks=[check], when="once")
    world.commit()
    done = world.doit("run", "-n", "1", "workstreams")
    assert world.outcomes() == {"deps-api": "changed", "deps-web": "failed"}
    assert "What fails here failed before the change too" in done.out, "for web, though not for api"
