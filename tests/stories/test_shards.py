"""A night that is planned once, run in parts by whoever has the plan, and gathered."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from splinter.engine import project
from splinter.publish import plugins
from tests.counterparts.scripted import Answer, scripted
from tests.stories.test_slot_claims import states
from tests.world import TUESDAY, World, end_group, wait_for


@pytest.fixture
def origin(world: World) -> Path:
    bare = world.home / "origin.git"
    for id, fields in {"a": {}, "b": {"depends_on": ["a"]}, "c": {}}.items():
        world.workstream(id, when="daily", steps=[world.step("go", f"echo {id} > {id}.txt")], **fields)
    world.commit()
    world.git("clone", "-q", "--bare", str(world.root), str(bare))
    world.git("remote", "add", "origin", str(bare))
    return bare


def planned(world: World, *arguments: str) -> dict[str, Any]:
    file = world.home / "plan.json"
    done = world.doit("plan", "--write", str(file), *arguments)
    assert done.status == 0, done.err
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


@contextmanager
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port of this machine's, and what was sent there."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    heard.append(connection.recv(1000))

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)


def test_a_run_with_a_plan_asks_nobody(world: World, origin: Path) -> None:
    plan = planned(world)
    moved = world.git("commit-tree", "-p", "main", "-m", "later", "main^{tree}")
    world.git("push", "-q", "origin", f"{moved}:main")
    with listener() as (port, heard):
        url = f"http://127.0.0.1:{port}/owner/repository.git"
        world.git("remote", "set-url", "origin", url)
        world.write("splinter.toml", "share_results = true\n")
        world.env = {"GITHUB_API_URL": f"http://127.0.0.1:{port}", "GITHUB_REPOSITORY": "owner/repository"}
        world.env |= {"GITHUB_TOKEN": "ghp_" + "0" * 36, "GITHUB_SERVER_URL": f"http://127.0.0.1:{port}"}
        done = world.doit("run", "--plan", str(world.home / "plan.json"), "workstreams", "rehearse")
        assert (done.status, heard) == (0, []), done.out + done.err
        world.now = TUESDAY
        world.doit("run", "a")  # without the plan it does ask
        assert heard
    assert world.branches() == ["splinter/a", "splinter/b", "splinter/c"]
    assert (
        plan["bases"][0]["commit"]
        == world.git("rev-parse", "splinter/a~1", "refs/splinter/base/origin/main").split()[0]
    )


@pytest.mark.usefixtures("origin")
@pytest.mark.lane("stories")
def test_shards_run_their_part_under_the_plans_run_and_occurrence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(world, "--shards", "2")
    assert {one["id"]: one["shard"] for one in plan["workstreams"]} == {"a": 1, "b": 1, "c": 2}
    file, world.now = str(world.home / "plan.json"), TUESDAY
    assert world.doit("run", "--plan", file, "--shard", "2/2", "workstreams").status == 0
    assert world.new_calls() == ["go"]
    assert world.doit("run", "--plan", file, "--shard", "1/2", "workstreams").status == 0
    assert world.new_calls() == ["go", "go"]
    assert (world.outcomes(), len(world.git("for-each-ref", "refs/splinter/accepted").splitlines())) == (
        {"a": "changed", "b": "changed", "c": "changed"},
        3,
    )
    assert [path.name for path in (world.root / ".splinter/runs").iterdir() if path.is_dir()] == [plan["run"]]
    kept = world.root / ".splinter/runs" / plan["run"] / "plan.json"
    assert json.loads(kept.read_text("utf-8")) == plan
    world.now = "2026-11-23T23:00:00+00:00"
    assert world.doit("run", "workstreams").status == 0
    assert world.new_calls() == []  # it was Monday's
    monkeypatch.chdir(world.root)
    monkeypatch.setenv("SPLINTER_NOW", TUESDAY)
    for only_publishes, occurrence in ((True, "2026-11-23"), (False, "2026-11-24")):
        found = project.read(world.root)
        session = project.open_session(found, auth=plugins.auth, is_read_only=True, only_publishes=only_publishes)
        assert {one.occurrence for one in session.plans.values()} == {occurrence}


def clone(world: World, name: str) -> World:
    """A fresh checkout, as a job has one."""
    root, home = world.home / name, world.home / f"{name}-home"
    world.git("clone", "-q", str(world.home / "origin.git"), str(root))
    home.mkdir()
    return World.reopened(root, home)


def hand_on(shard: World) -> None:
    """Pack what a shard's job has made, as the nightly does."""
    shard.git(
        "bundle", "create", "-q", ".splinter/refs.bundle", "--glob=refs/splinter/*", "--glob=refs/heads/splinter/*"
    )


def tips(world: World) -> dict[str, str]:
    lines = world.git(
        "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/splinter", "refs/splinter/checkpoints"
    )
    return dict(line.split(" ") for line in lines.splitlines())


@pytest.mark.usefixtures("origin")
def test_what_needs_all_branches_is_refused_to_a_shard(world: World) -> None:
    file = str(world.home / "plan.json")
    plan = planned(world, "--shards", "2")
    assert "none of which saw all branches" in plan["notes"][-1]
    for words in (["workstreams", "rehearse"], [], ["pr"]):
        done = world.doit("run", "--plan", file, "--shard", "1/2", *words)
        assert (done.status, done.err.partition(",")[0].rpartition(" ")[2]) == (3, "shard's"), done
    world.write("splinter.toml", 'pull_requests = "together"\n')
    done = world.doit("plan", "--write", file, "--shards", "2")
    assert (done.status, done.err.partition(":")[0]) == (
        3, 'with pull_requests = "together" all branches are brought together and judged where they were made'
    )  # fmt: skip
    assert world.new_calls() == []


@pytest.mark.lane("stories")
def test_a_disabled_workstream_that_is_named_runs_in_its_shard(world: World, origin: Path) -> None:
    world.workstream("d", when="daily", enabled=False, steps=[world.step("off", "echo d > d.txt")])
    world.commit()
    world.git("push", "-q", str(origin), "main")
    plan, file = planned(world, "--shards", "2", "c", "d"), str(world.home / "plan.json")
    assert {one["id"]: one["shard"] for one in plan["workstreams"]} == {"a": 0, "b": 0, "c": 1, "d": 2}
    two = clone(world, "night-2")
    assert two.doit("run", "--plan", file, "--shard", "2/2", "workstreams").status == 0
    assert world.new_calls() == ["off"]
    hand_on(two)
    world.doit("gather", "--plan", file, str(two.root))
    assert world.outcomes() == {"c": "interrupted", "d": "changed"}


@pytest.mark.lane("stories")
@pytest.mark.usefixtures("origin")
def test_the_healthcheck_hears_the_night_begin_when_it_is_planned_and_end_when_it_is_published(world: World) -> None:
    with scripted(lambda asked: Answer()) as pings:
        world.env["HEALTHCHECK_URL"] = f"{pings.url}/made-up-for-tests"
        plan, file = planned(world), str(world.home / "plan.json")
        rid = f"rid={plan['call']}"
        assert [one.path for one in pings.asked] == [f"/made-up-for-tests/start?{rid}"]
        assert world.doit("run", "--plan", file, "workstreams").status == 0
        assert len(pings.asked) == 1
        assert world.doit("run", "--plan", file, "report", "healthcheck").status == 0
        assert [one.path for one in pings.asked[1:]] == [f"/made-up-for-tests?{rid}"]
    plan = planned(world)  # nobody answers: who publishes says so and begins, as far as there is somebody by then
    assert plan["call"] == ""
    assert "could not be told to the healthcheck" in plan["notes"][0]


@pytest.mark.usefixtures("origin")
def test_shards_that_are_gathered_are_one_run_and_each_brings_its_own_alone(world: World) -> None:
    plan, file = planned(world, "--shards", "2"), str(world.home / "plan.json")
    one, two = clone(world, "night-1"), clone(world, "night-2")
    assert one.doit("run", "--plan", file, "--shard", "1/2", "workstreams").status == 0
    assert two.doit("run", "--plan", file, "--shard", "2/2", "workstreams").status == 0
    made = tips(one) | tips(two)
    # shard 2 ran what an agent wrote: it says that it did the first shard's work too, and of another run
    forged = two.git("commit-tree", "-m", "forged", "main^{tree}")
    for ref in (
        "refs/heads/splinter/a",
        "refs/splinter/accepted/a",
        "refs/heads/main",
        "refs/splinter/base/origin/main",
    ):
        two.git("update-ref", ref, forged)
    with sqlite3.connect(two.root / ".doit.db") as rows:
        rows.execute("insert into doit select 'a:accept', task_data from doit where task_id = 'c:accept'")
    with sqlite3.connect(two.root / ".splinter/history.db") as history:
        history.execute("insert into runs values ('20200101-000000-0000', 'x', null, '[]')")
        history.execute("insert into workstreams select run, 'a', record from workstreams where workstream = 'c'")
        (record,) = history.execute("select record from workstreams where workstream = 'c'").fetchone()
        lying = record.replace('"patch": null', '"patch": "../../etc/passwd"').replace(
            '"workstream": "c"', '"workstream": "a"'
        )
        assert lying.count("passwd") == 2
        history.execute("update workstreams set record = ? where workstream = 'c'", (lying,))
    secret = world.write("secret", "of this machine's\n")
    logs = two.root / ".splinter/runs" / plan["run"] / "c"
    (logs / "link.log").symlink_to(secret)
    hand_on(one), hand_on(two)
    main = world.git("rev-parse", "main")
    done = world.doit("gather", "--plan", file, str(one.root), str(two.root))
    assert (done.status, done.out, done.err) == (0, f"2 shards of 2 taken over as run {plan['run']}\n", "")
    assert (tips(world), world.git("rev-parse", "main")) == (made, main)
    assert world.outcomes() == {"a": "changed", "b": "changed", "c": "changed"}
    assert (world.records()["c"]["workstream"], world.records()["c"]["patch"]) == ("c", None)
    with sqlite3.connect(world.root / ".splinter/history.db") as history:
        assert history.execute("select run from runs").fetchall() == [(plan["run"],)]
    assert world.notes().count(plan["notes"][0]) == 1
    assert not [note for note in world.notes() if note.startswith("Shard ") and plan["notes"][0] in note]
    kept = sorted(path.name for path in (world.root / ".splinter/runs" / plan["run"] / "c").iterdir())
    assert kept == sorted(path.name for path in logs.iterdir() if not path.is_symlink())
    assert world.doit("run", "workstreams").status == 0  # nothing is left to do
    assert world.new_calls() == ["go"] * 3  # as often as the shards did them
    published = world.doit("run", "--plan", file, "pr", "report")
    assert published.status == 0, published.err
    assert (world.root / "reports" / plan["run"] / "report.md").is_file()


def test_what_shards_did_not_come_to_is_interrupted_in_the_report_and_gives_its_slot_back(
    world: World, origin: Path
) -> None:
    """One is killed in its first step, with nothing of it recorded; another's job hands nothing on."""
    world.workstream("a", when="daily", steps=[world.step("go", "while true; do sleep 0.05; done")])
    world.commit()
    world.git("push", "-q", str(origin), "main")
    planned(world, "--shards", "2", "--claim")
    file, one = str(world.home / "plan.json"), clone(world, "night-1")
    assert states(world) == dict.fromkeys("abc", "held")
    doit = one.start("run", "--plan", file, "--shard", "1/2", "workstreams")
    wait_for(lambda: world.calls() == ["go"], "the step")
    end_group(doit)
    done = world.doit("gather", "--plan", file, str(one.root))
    assert (done.status, done.out.splitlines()[0]) == (2, "shard 2 was left out: it handed nothing on")
    found = {id: (record["outcome"], record["step"], record["message"]) for id, record in world.records().items()}
    assert found == {
        "a": ("interrupted", "go", "its shard was killed while it worked on this"),
        "b": ("interrupted", None, "its shard was killed before it came to this"),
        "c": ("interrupted", None, "shard 2 of 2 was left out: it handed nothing on"),
    }
    world.doit("run", "--plan", file, "pr", "report")
    assert "3 interrupted" in (world.root / "reports/latest/report.md").read_text("utf-8")
    assert states(world) == dict.fromkeys("abc", "released")
    begun = clone(world, "night-2")  # a shard whose doit never began
    assert world.doit("gather", "--plan", file, str(begun.root)).out.splitlines()[1:] == [
        "shard 2 was left out: it ended before it had recorded anything of this run",
        f"0 shards of 2 taken over as run {json.loads(Path(file).read_text('utf-8'))['run']}",
    ]
    assert world.doit("gather", "--plan", file).status == 2  # nobody handed anything on
    assert {record["message"] for record in world.records().values()} == {
        f"shard {number} of 2 was left out: it handed nothing on" for number in (1, 2)
    }
