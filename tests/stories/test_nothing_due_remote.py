"""A call that has nothing to do where a remote is watched: that is asked again, once, and what it says counts."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from splinter.git import remote_head
from tests.nothing_due import GRAIN_S, at_once, is_same, settle
from tests.world import World, wait_for


def contacts(world: World) -> Path:
    """The file to which git now adds a line each time that it asks a remote."""
    log, shim = world.home / "contacts", world.home / "shims/git"
    shim.parent.mkdir()
    words = f'for one; do case "$one" in ls-remote|fetch|push) echo "$one" >> {log}; break;; esac; done'
    shim.write_text(f'#!/bin/sh\n{words}\nexec {shutil.which("git")} "$@"\n')
    shim.chmod(0o755)
    world.env["PATH"] = f"{shim.parent}:{os.environ['PATH']}"
    return log


def test_a_remote_that_is_watched_is_asked_once_and_fetched_from_where_it_has_news(world: World) -> None:
    """What it said is left behind too, and asked for again: it may say something else a moment later."""
    world.git("clone", "--quiet", "--bare", str(world.root), str(world.home / "origin.git"))
    for id in ("one", "two"):
        world.workstream(id, when="on-change", steps=[world.step(id, f"date >> {id}.txt")])
    world.commit()
    world.git("remote", "add", "origin", str(world.home / "origin.git"))
    world.git("push", "--quiet", "origin", "main")
    log = contacts(world)
    for asked, ran in (("ls-remote fetch", ["one", "two"]), ("ls-remote", []), ("ls-remote", [])):
        time.sleep(GRAIN_S)
        log.write_text("")
        assert world.doit("workstreams").status == 0
        assert (log.read_text().split(), sorted(world.new_calls())) == (asked.split(), ran)
    log.write_text("")
    assert at_once(world, "workstreams").startswith("nothing due: 2 workstreams up to date")
    assert (log.read_text().split(), is_same(world, "workstreams")) == (["ls-remote"], True)
    (world.home / "origin.git").rename(world.home / "away.git")
    log.write_text("")
    assert "origin was not reached" in world.doit("workstreams").out
    assert log.read_text().split() == ["ls-remote"], "also where it does not answer"
    (world.home / "away.git").rename(world.home / "origin.git")
    settle(world, "workstreams")
    for change in (
        lambda: (world.home / "origin.git").rename(world.home / "away.git"),
        lambda: (world.home / "away.git").rename(world.home / "origin.git"),
        lambda: world.git("-C", str(world.home / "origin.git"), "symbolic-ref", "HEAD", "refs/heads/other"),
        lambda: world.git("-C", str(world.home / "origin.git"), "symbolic-ref", "HEAD", "refs/heads/main"),
    ):
        was = at_once(world, "workstreams")
        change()
        assert bool(at_once(world, "workstreams")) != bool(was)
    world.write("README.md", "hello again\n")
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    log.write_text("")
    assert world.doit("workstreams").status == 0
    assert (log.read_text().split(), sorted(world.new_calls())) == (["ls-remote", "fetch"], ["one", "two"])
    for id in ("one", "two"):
        world.workstream(id, when="once", steps=[world.step(id, f"date >> {id}.txt")])
    settle(world, "workstreams")  # nobody watches it any more
    assert is_same(world, "workstreams")


@pytest.fixture
def watching(world: World) -> World:
    world.git("clone", "--quiet", "--bare", str(world.root), str(world.home / "origin.git"))
    world.workstream("one", when="on-change", steps=[world.step("one", "date >> one.txt")])
    world.commit()
    world.git("remote", "add", "origin", str(world.home / "origin.git"))
    world.git("push", "--quiet", "origin", "main")
    return world


def test_what_it_said_before_its_address_was_another_counts_for_nobody(
    watching: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(watching, "workstreams")
    seen, ask = [], remote_head.ask

    def edited(*asked: Any) -> remote_head.Answer:
        seen.append(remote_head.HEARD)
        answer = ask(*asked)
        watching.git("remote", "set-url", "origin", str(watching.home / "elsewhere.git"))
        return answer

    monkeypatch.setattr(remote_head, "ask", edited)
    assert at_once(watching, "workstreams") == ""
    assert seen == [{}]


def test_while_a_remote_hangs_a_signal_ends_it_all(watching: World) -> None:
    slow, hung = watching.home / "slow", watching.home / "hung"
    shim = watching.home / "shims/git"
    shim.parent.mkdir()
    words = f'for one; do [ "$one" = ls-remote ] && [ -e {slow} ] && echo $$ > {hung} && exec sleep 100; done'
    shim.write_text(f'#!/bin/sh\n{words}\nexec {shutil.which("git")} "$@"\n')
    shim.chmod(0o755)
    watching.env["PATH"] = f"{shim.parent}:{os.environ['PATH']}"
    settle(watching, "workstreams")
    slow.touch()
    for number in (signal.SIGTERM, signal.SIGINT):
        hung.unlink(missing_ok=True)
        started = watching.start("workstreams")
        wait_for(lambda: hung.exists() and hung.read_text().strip(), "that git asks")
        started.send_signal(number)
        assert (started.communicate(timeout=30)[0], started.returncode) == ("", 128 + number)
        assert not psutil.pid_exists(int(hung.read_text()))
