"""The sandbox: what a command in it can read, write and reach, tried from inside; and its absence, which is told."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from splinter.system import bubblewrap
from splinter.system.bubblewrap import Fence
from tests.pythons import Venv
from tests.world import LEAN, World

needs_bubblewrap = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")


def fenced(world: World, command: str, *, settings: str = "", **fields: Any) -> dict[str, Any]:
    """What a step that runs the command in the sandbox ended with; its output is in the world's `seen`."""
    world.write("splinter.toml", f'sandbox = "bubblewrap"\n{settings}')
    world.write("tracked.txt", "here\n")
    world.workstream("w", steps=[{"id": "s", "run": command}], **fields)
    world.commit()
    world.doit("w")
    return world.records()["w"]


def log(world: World, record: dict[str, Any]) -> str:
    return (world.root / record["steps"][-1]["log"]).read_text()


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@needs_bubblewrap
def test_a_command_in_the_sandbox_does_its_work_in_the_worktree(world: World) -> None:
    record = fenced(
        world, 'git log -1 --format=%s && cat tracked.txt && python3 -c \'open("new.txt", "w").write("x")\''
    )
    assert record["outcome"] == "changed", record["message"]
    assert log(world, record) == "by the user\nhere\n"
    assert world.git("show", "splinter/w:new.txt") == "x"


@needs_bubblewrap
def test_certificates_that_are_named_to_every_command_can_be_read(world: World) -> None:
    (world.home / "ours.pem").write_text("made up\n")
    (world.home / "certs").mkdir()
    world.env |= {"SSL_CERT_FILE": f"{world.home}/ours.pem", "SSL_CERT_DIR": f"/nowhere{os.pathsep}{world.home}/certs"}
    record = fenced(world, f"cat $SSL_CERT_FILE && ls -d {world.home}/certs")
    assert record["outcome"] == "unchanged", record["message"]


def reached(world: World, tries: list[str]) -> list[str]:
    """Those of some commands, all in one step in the sandbox, that succeed."""
    tried = (f"{one} && echo REACHED {number}" for number, one in enumerate(tries))
    said = log(world, fenced(world, "\n".join([*tried, "echo ALL TRIED"])))
    assert said.endswith("ALL TRIED\n")
    assert "private\n" not in said
    return [one for number, one in enumerate(tries) if f"REACHED {number}" in said]


@needs_bubblewrap
def test_what_lies_in_the_home_is_not_there(world: World) -> None:
    # the tests' own temporary folder is hidden like the home, so the checkout in it is as one under a home
    (world.home / "private.txt").write_text("private")
    hidden = [f"cat '{world.home}/private.txt'", f"ls '{world.home}' | grep private", f"cat '{world.root}/.git/config'"]
    assert reached(world, [*hidden, f"cat '{world.root}/README.md'", "cat tracked.txt"]) == ["cat tracked.txt"]


@needs_bubblewrap
def test_nothing_is_written_outside_the_worktree(world: World) -> None:
    places = ["/etc", "/usr", "/var", sys.prefix, f"{world.root}/.git/objects"]
    made = [Path(place) / "made-by-a-tool" for place in places]
    assert reached(world, [f"touch '{path}'" for path in made] + ["touch made-by-a-tool"]) == ["touch made-by-a-tool"]
    assert [path for path in made if path.exists()] == []


REACHES = {
    "the checkout": ">> {root}/README.md",
    "the repository's config": ">> {root}/.git/config",
    "its attributes": ">> {root}/.git/info/attributes",
    "its refs": "> {root}/.git/refs/replace",
    "its objects": "> {root}/.git/objects/evil",
    "the history": ">> {root}/.splinter/history.db",
    "what the next run decides by": ">> {root}/.splinter/memory.db",
    "the folder of both": "> {root}/.splinter/evil",
    "doit's database": ">> {root}/.doit.db",
    "the place where checks judge": "> {trees}/w.judge/conftest.py",
    "its .git": "> {trees}/w.judge/.git/config",
    "what is above it": "> {trees}/conftest.py",
    "its index": ">> {state}/index/w.judge",
    "the list of what setup made": "> {state}/index/w.judge.setup",
    "the state folder": ">> {state}/filesystem",
    "the home": "> {home}/python3",
    "the cache": "> {base}/cache/parsed",
    "the environment": "> {site}/evil.pth",
    "its Python": "> {env}/bin/pytest",
}


@needs_bubblewrap
def test_what_security_says_of_it_is_kept_out(sealed_world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it lies in the home or in /tmp, which are hidden in any case."""
    base = Path(tempfile.mkdtemp(prefix="splinter-", dir="/var/tmp"))
    try:
        monkeypatch.setenv("XDG_STATE_HOME", str(base / "state"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(base / "cache"))
        (base / "cache").mkdir()
        users = Venv.make(base / "env", borrows=True)
        world = World(base / "project", sealed_world)
        users.comes_first(world)
        fenced(world, "true", checks=[{"id": "c", "run": "true"}])
        trees = world.worktree("w").parent
        places = {
            "root": world.root, "trees": trees, "state": trees.parent, "home": sealed_world, "base": base,
            "site": users.site, "env": users.folder,
        }  # fmt: skip
        tries = [f'(echo evil {to.format(**places)}) && echo "{name}" || true' for name, to in REACHES.items()]
        lives = "(setsid sh -c 'sleep 1; echo late > late.txt' >/dev/null 2>&1 &)"
        check = {"id": "c", "run": "test ! -e conftest.py"}
        record = fenced(world, "\n".join([*tries, lives, "echo x > x.txt"]), checks=[check])
        assert record["outcome"] == "changed", record["message"]
        reached = [name for name in REACHES if name in log(world, record).splitlines()]
        assert reached == ["the home"], "the home is one of its own, and gone afterwards"
        assert not (sealed_world / "python3").exists()
        time.sleep(1.2)
        assert not (world.worktree("w") / "late.txt").exists(), "a process outlived its step"
    finally:
        shutil.rmtree(base, ignore_errors=True)


@needs_bubblewrap
def test_what_is_written_to_home_and_temporary_folder_is_gone_afterwards(world: World) -> None:
    record = fenced(
        world, "echo x > ~/kept; echo x > /tmp/made-by-a-tool; cat ~/kept /tmp/made-by-a-tool; echo x > new"
    )
    assert record["outcome"] == "changed", record["message"]
    assert log(world, record) == "x\nx\n"
    assert not (world.home / "kept").exists()
    assert not Path("/tmp/made-by-a-tool").exists()


@needs_bubblewrap
def test_the_repository_s_git_cannot_be_altered(world: World) -> None:
    git = world.root / ".git"
    before = world.git("for-each-ref"), (git / "config").read_bytes()
    record = fenced(
        world,
        f"git --git-dir='{git}' update-ref refs/heads/mine HEAD || git --git-dir='{git}' config a.b c || echo x > x",
    )
    assert record["outcome"] == "changed"
    assert "mine" not in world.git("for-each-ref", "--format=%(refname)")
    assert (git / "config").read_bytes() == before[1]


@needs_bubblewrap
@pytest.mark.parametrize(("setting", "reached"), [("sandbox_network = false\n", False), ("", True)])
def test_loopback_is_reached_only_where_the_network_is_on(
    world: World, listener: int, setting: str, reached: bool
) -> None:
    probe = f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {listener}), 2)' && echo REACHED"
    record = fenced(world, probe, settings=setting)
    assert ("REACHED" in log(world, record)) is reached


@needs_bubblewrap
def test_other_processes_and_their_environment_are_not_seen(world: World) -> None:
    world.env["GITHUB_TOKEN"] = "made-up-token-123456"
    record = fenced(world, "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -c TOKEN || ls -d /proc/[0-9]* | wc -l")
    seen = log(world, record).split()
    assert seen[0] == "0"
    assert int(seen[1]) < 10


@needs_bubblewrap
def test_a_file_that_the_settings_name_is_let_through_for_reading(world: World) -> None:
    (world.home / "shared.txt").write_text("shared\n")
    record = fenced(world, "cat ~/shared.txt; echo x > ~/shared.txt", settings='sandbox_reads = ["~/shared.txt"]\n')
    assert log(world, record).startswith("shared\n")
    assert (world.home / "shared.txt").read_text() == "shared\n"


@needs_bubblewrap
def test_a_program_under_the_home_is_found_over_several_links_with_its_packages(world: World) -> None:
    modules = world.home / "tools" / "node_modules"
    for folder in (modules / ".bin", modules / "agent", modules / "other", world.home / "bin"):
        folder.mkdir(parents=True)
    (modules / "other" / "said").write_text("from another package\n")
    (modules / "agent" / "cli").write_text(
        '#!/bin/sh\n[ "$1" = --version ] || cat "$(dirname "$(realpath "$0")")/../other/said"\n'
    )
    (modules / "agent" / "cli").chmod(0o755)
    (modules / ".bin" / "agent").symlink_to("../agent/cli")
    (world.home / "bin" / "agent").symlink_to(modules / ".bin" / "agent")
    world.env["PATH"] = f"{world.home / 'bin'}:{world.environ()['PATH']}"
    world.write("splinter.toml", 'sandbox = "bubblewrap"\n[tools.agent]\ncommand = "agent"\n')
    world.workstream("w", steps=[{"id": "s", "tool": "agent", "args": ["x"]}])
    world.commit()
    world.doit("w")
    record = world.records()["w"]
    assert record["outcome"] == "unchanged", record["message"]
    assert log(world, record) == "from another package\n"


@needs_bubblewrap
def test_checks_and_preflight_are_fenced_in_too(world: World) -> None:
    (world.home / "private.txt").write_text("private")
    look = f"cat '{world.home}/private.txt'"
    record = fenced(world, "echo x > x", preflight=[{"run": f"! {look}"}], checks=[{"id": "c", "run": look}])
    assert record["reason"] == "check_failed"


@needs_bubblewrap
@pytest.mark.lane("attacks")
def test_test_results_and_recorded_patches_pass_the_fence(world: World) -> None:
    world.write("test_it.py", "def test_it(): assert open('tracked.txt').read() == 'new\\n'\n")
    world.write("workstreams/recorded/w/ask.patch", "--- a/tracked.txt\n+++ b/tracked.txt\n@@ -1 +1 @@\n-here\n+new\n")
    world.write("splinter.toml", 'sandbox = "bubblewrap"\n')
    world.write("tracked.txt", "here\n")
    world.workstream("w", steps=[{"id": "ask", "prompt": "make it new", "tool": "replay"}],
                     checks=[{"id": "t", "tool": "pytest", "args": ["-q", LEAN, "test_it.py"]}])  # fmt: skip
    world.commit()
    assert world.doit("w").status == 0, world.records()["w"]
    assert [case["outcome"] for case in world.records()["w"]["checks"][0]["cases"]] == ["passed"]


@needs_bubblewrap
def test_one_tool_may_go_without_and_another_alone_with_it(world: World) -> None:
    tool = '[tools.look]\ncommand = "cat"\n'
    (world.home / "private.txt").write_text("private")
    for settings, outcome in (
        (f'sandbox = "bubblewrap"\n{tool}sandbox = "off"\n', "unchanged"),
        (f'{tool}sandbox = "bubblewrap"\n', "failed"),
    ):
        world.write("splinter.toml", settings)
        world.workstream("w", steps=[{"id": "s", "tool": "look", "args": [str(world.home / "private.txt")]}])
        world.commit()
        world.doit("w")
        assert world.records()["w"]["outcome"] == outcome


@needs_bubblewrap
def test_a_hang_in_the_sandbox_is_ended_with_everything(world: World) -> None:
    from tests.world import children

    world.write("splinter.toml", 'sandbox = "bubblewrap"\n')
    world.workstream("w", steps=[{"id": "s", "run": "(setsid sleep 600 &); trap '' TERM; sleep 600", "timeout": "1s"}])
    world.commit()
    world.doit("w")
    assert world.records()["w"]["reason"] == "timed_out"
    assert children(world) == []


def test_a_sandbox_that_is_asked_for_and_not_there_fails_before_anything_runs(world: World) -> None:
    empty = world.home / "bin"
    empty.mkdir()
    for name in ("git", "sh"):
        (empty / name).symlink_to(shutil.which(name) or "")
    world.env["PATH"] = str(empty)
    world.write("splinter.toml", 'sandbox = "bubblewrap"\n')
    world.workstream("w", steps=[world.step("s", "true")])
    world.commit()
    assert world.doit("w").status == 1
    record = world.records()["w"]
    assert (record["reason"], record["message"]) == (
        "tool_missing", 'sandbox = "bubblewrap": bwrap is not on PATH; install bubblewrap'
    )  # fmt: skip
    assert world.calls() == []


def test_a_sandbox_that_does_not_work_here_says_what_it_said(world: World) -> None:
    world.breaks_bubblewrap()
    world.write("splinter.toml", 'sandbox = "bubblewrap"\n')
    world.workstream("w", steps=[world.step("s", "true")])
    world.commit()
    world.doit("w")
    assert world.records()["w"]["message"] == (
        'sandbox = "bubblewrap": bwrap does not work here: bwrap: No permissions to create new namespace'
    )


def test_a_shell_command_goes_to_the_shell_inside() -> None:
    places = {"home": Path("/h"), "private_home": Path("/p"), "temporary": Path("/t"), "writes": (Path("/w"),)}
    fence = Fence(program="/usr/bin/bwrap", **places)
    argv = bubblewrap.wrapped("echo $HOME | wc", fence, folder=Path("/w"))
    assert argv[:3] == ("/usr/bin/bwrap", "--chdir", "/w")
    assert argv[-5:] == ("--", "/bin/sh", "-e", "-c", "echo $HOME | wc")
    assert "--share-net" not in argv
    assert bubblewrap.wrapped(("a", "b c"), fence, folder=Path("/w"))[-3:] == ("--", "a", "b c")
