"""A night that is planned once, run in parts by whoever has the plan, and gathered."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.world import TUESDAY, World


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
def test_shards_run_their_part_under_the_plans_run_and_occurrence(world: World) -> None:
    plan = planned(world, "--shards", "2")
    assert {one["id"]: one["shard"] for one in plan["workstreams"]} == {"a": 1, "b": 1, "c": 2}
    file, world.now = str(world.home / "plan.json"), TUESDAY
    assert world.doit("run", "--plan", file, "--shard", "2/2", "workstreams").status == 0
    assert world.new_calls() == ["go"]
    assert world.doit("run", "--plan", file, "--shard", "1/2").status == 0
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
