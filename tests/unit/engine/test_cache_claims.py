"""Two machines at the same step at the same time: one asks, the other waits for what it gets, and never for long."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from splinter.engine import project
from splinter.engine.session import Session
from splinter.engine.steps import cache_claims
from splinter.engine.work import Work
from splinter.model import layout
from splinter.publish import plugins
from tests.world import World, end_group, wait_for

CLAIMS = "refs/splinter/claims"


@pytest.fixture
def shared(world: World, tmp_path: Path) -> World:
    """A project whose results are shared through a bare remote; its agent waits for the file `go`."""
    program = world.home / "agent"
    program.write_text(
        f'#!/bin/sh\n[ "$1" != --version ] || exit 0\necho call >> {world.calls_file}\n'
        f"until test -e '{world.home}/go'; do sleep 0.05; done\necho made > out.txt\n"
    )
    program.chmod(0o755)
    world.write(
        "splinter.toml",
        f'share_results = true\n[tools.agent]\ncommand = "{program}"\nprompt_args = []\nstdin = "prompt"\nat_once = 1\n',
    )
    world.workstream("w", steps=[{"id": "ask", "prompt": "Make out.txt.", "tool": "agent", "timeout": "60s"}])
    world.commit()
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.git("push", "--quiet", "origin", "main")
    return world


@pytest.fixture
def second(shared: World, tmp_path: Path) -> World:
    """Another machine's clone."""
    shared.git("clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / "second"))
    other = object.__new__(World)
    other.__dict__.update(shared.__dict__, root=tmp_path / "second")
    return other


def go(world: World) -> None:
    (world.home / "go").touch()


def claimed(world: World) -> str:
    return world.git("ls-remote", "origin", f"{CLAIMS}/*")


def waits(world: World) -> bool:
    logs = list((world.root / ".splinter/runs").glob("*/w/ask.log"))
    return any("makes the same result; waiting for it, 120 s at most" in log.read_text() for log in logs)


@pytest.mark.lane("races")
def test_two_machines_that_start_at_once_pay_once(shared: World, second: World) -> None:
    runs = [one.start("w") for one in (shared, second)]
    wait_for(lambda: waits(shared) or waits(second), "one that waits")
    assert len(claimed(shared).splitlines()) == 1
    go(shared)
    outs = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outs
    assert shared.calls() == ["call"]
    assert sorted("cached" in out for out in outs) == [False, True]
    trees = {one.git("rev-parse", "splinter/w^{tree}") for one in (shared, second)}
    assert len(trees) == 1
    assert claimed(shared) == ""
    assert shared.git("for-each-ref", layout.CLAIMED) == second.git("for-each-ref", layout.CLAIMED) == ""


@pytest.mark.lane("agents")
def test_a_signal_ends_a_wait_at_once_and_gives_a_claim_back(shared: World, second: World) -> None:
    holder = shared.start("w")
    wait_for(lambda: shared.calls() == ["call"], "the call")
    held = claimed(shared)
    waiter = second.start("w")
    wait_for(lambda: waits(second), "the wait")
    began = time.monotonic()
    end_group(waiter, signal.SIGTERM)
    assert (waiter.returncode, time.monotonic() - began < 5) == (143, True)
    assert claimed(shared) == held != ""
    waiter = second.start("w")
    wait_for(lambda: len(list((second.root / ".splinter/runs").glob("*/w/ask.log"))) == 2, "the second wait")
    end_group(holder, signal.SIGINT)
    assert holder.returncode == 130
    wait_for(lambda: shared.calls() == ["call", "call"], "the waiter's own call")
    go(shared)
    out, _ = waiter.communicate(timeout=60)
    assert waiter.returncode == 0, out
    assert claimed(shared) == ""
    assert shared.doit("w").status == 0
    assert shared.calls() == ["call", "call"], "what the waiter made"


@pytest.mark.lane("agents")
def test_a_killed_run_waits_for_no_claim_of_its_own(shared: World) -> None:
    holder = shared.start("w")
    wait_for(lambda: shared.calls() == ["call"], "the call")
    end_group(holder, signal.SIGKILL)
    assert claimed(shared)
    go(shared)
    began = time.monotonic()
    assert shared.doit("w").status == 0
    assert time.monotonic() - began < 30
    assert not waits(shared)
    assert claimed(shared) == ""


def opened(world: World, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.chdir(world.root)
    monkeypatch.setenv("SPLINTER_NOW", world.now)
    return project.open_session(project.read(world.root), auth=plugins.auth, is_read_only=False, may_fetch=True)


def hold(session: Session) -> Any:
    plan = session.plans["w"]
    return cache_claims.held(Work(session=session, plan=plan), plan.workstream.steps[0], "a" * 64)


@pytest.mark.lane("races")
def test_a_claim_of_a_dead_machine_costs_a_bounded_wait(
    shared: World, second: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_claims, "_LEEWAY_S", -58.0)
    with hold(opened(shared, monkeypatch)):
        second.now = "2030-01-01T00:00:00+00:00"  # as if the first were dead, and the second's clock far ahead
        session, began = opened(second, monkeypatch), time.monotonic()
        with hold(session) as is_news:
            assert 2.0 <= time.monotonic() - began < 10.0
            assert is_news is False
            assert claimed(second), "it is the second's own now"
        assert claimed(second) == ""
        notes = session.history.run(session.run.open()).notes
        assert notes[0].startswith("w:ask: another machine (")
        assert notes[1] == "w:ask: its time is over and no result came"


def test_a_remote_that_takes_no_claims_costs_a_note(shared: World, tmp_path: Path) -> None:
    hook = tmp_path / "origin.git/hooks/update"
    hook.write_text(f'#!/bin/sh\ncase "$1" in {CLAIMS}/*) echo no >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    go(shared)
    assert shared.doit("w", "report").status == 0
    assert shared.calls() == ["call"]
    report = (shared.root / "reports/latest/report.md").read_text()
    assert "origin takes no claims, so another machine may make the same call" in report
    assert shared.git("ls-remote", "origin", "refs/splinter/results/*")
