"""Many runners at once over one bare remote, some killed, clocks apart: each slot runs once, or is taken over once."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests import deep
from tests.stories.test_slot_claims import another, states
from tests.world import MONDAY, World, end_group

NOON = datetime.fromisoformat(MONDAY) + timedelta(hours=10)
LEASE = timedelta(hours=6)


def remote(world: World, tmp_path: Path, slots: int) -> None:
    """So many workstreams, whose step says which runner began it, and a bare remote."""
    world.write("splinter.toml", 'claim_slots = true\njobs = 2\nslot_lease = "6h"\n')
    for number in range(slots):
        command = f"echo w{number:02} $RUNNER >> '{world.calls_file}'; echo {number} > w{number}.txt"
        world.workstream(f"w{number:02}", base="main", env=["RUNNER"], steps=[{"id": "go", "run": command}])
    world.commit()
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.git("push", "--quiet", "origin", "main")


def runner(world: World, tmp_path: Path, name: str, ahead: timedelta) -> World:
    """A machine of that name, whose clock is so far ahead of noon."""
    one = another(world, tmp_path, name)
    one.env |= {"RUNNER": name}
    one.now = (NOON + ahead).isoformat()
    return one


def began(world: World) -> list[tuple[str, str]]:
    """Which runner began which slot, in their order."""
    lines = world.calls_file.read_text().splitlines() if world.calls_file.exists() else []
    return [(id, name) for id, name in (line.split() for line in lines)]


def gate(tmp_path: Path, pushes: int) -> None:
    """Let the remote take its first pushes only when so many are there, or none comes any more."""
    hook = tmp_path / "origin.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\ncd '{tmp_path}'\necho x >> there\nn=0\n"
        f'while [ "$(wc -l < there)" -lt {pushes} ] && [ $n -lt 150 ] && [ ! -e open ]; do sleep 0.1; n=$((n+1)); done\n'
        "touch open\n"
    )
    hook.chmod(0o755)


def wait_all(runs: list[subprocess.Popen[str]]) -> list[str]:
    outs: list[str] = [""] * len(runs)

    def read(number: int) -> None:
        outs[number] = runs[number].communicate(timeout=1200)[0]

    threads = [threading.Thread(target=read, args=(number,)) for number in range(len(runs))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return outs


@pytest.mark.lane("races")
@pytest.mark.parametrize(("many", "slots"), deep.rows([(2, 3), (3, 5)], "races", ordinary=[(2, 3)]))
def test_runners_at_once_run_each_slot_once(world: World, tmp_path: Path, many: int, slots: int) -> None:
    remote(world, tmp_path, slots)
    gate(tmp_path, many)
    skews = (timedelta(hours=-3), timedelta(hours=5), timedelta())[:many]
    runners = [runner(world, tmp_path, f"r{number}", skew) for number, skew in enumerate(skews)]
    outs = wait_all([one.start("run", "workstreams") for one in runners])
    assert Counter(id for id, _ in began(world)) == Counter(f"w{number:02}" for number in range(slots)), outs
    assert set(states(world).values()) == {"done"}
    told = [line for out in outs for line in out.splitlines() if re.match(r"\W*w\d\d\s+not run", line)]
    assert len(told) == slots * (many - 1), outs  # who ran some says at its end once more which it did not


@pytest.mark.lane("races")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(3))
def test_twenty_runners_race_for_fifty_slots_and_some_are_killed(
    world: World, tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    slots, many, killed, dice, started = 50, 20, 5, random.Random(seed), time.monotonic()
    remote(world, tmp_path, slots)
    gate(tmp_path, many)
    ids = [f"w{number:02}" for number in range(slots)]
    skews = [timedelta(minutes=dice.randint(-9 * 60, 11 * 60)) for _ in range(many)]
    runners = [runner(world, tmp_path, f"r{number}", skew) for number, skew in enumerate(skews)]
    runs = [one.start(*dice.sample(ids, 15)) for one in runners]
    victims = _killed(world, runs, killed)
    wait_all([run for number, run in enumerate(runs) if number not in victims])
    first = began(world)
    assert max(Counter(id for id, _ in first).values()) == 1, "two runners at once ran a slot twice"

    # within the lease nobody takes over what the killed have, whatever their clocks say; the rest is run
    alive = [one for number, one in enumerate(runners) if number not in victims]
    fresh = [runner(world, tmp_path, f"n{number}", skews[number]) for number in range(killed)]
    wait_all([one.start() for one in (*alive[:3], *fresh)])
    second = began(world)
    assert max(Counter(id for id, _ in second).values()) == 1, "a slot was taken over within its lease"
    held = [id for id, state in states(world).items() if state == "held"]

    # on the waiters' own clocks the lease is over
    for one in fresh:
        one.now = (datetime.fromisoformat(one.now) + LEASE).isoformat()
    same_day = [one for one in fresh if one.now.startswith(MONDAY[:10])]
    wait_all([one.start() for one in same_day])
    by_slot: dict[str, list[str]] = {}
    for id, name in began(world):
        by_slot.setdefault(id, []).append(name)
    dead = {f"r{number}" for number in victims}
    twice = {id: names for id, names in by_slot.items() if len(names) > 1}
    assert sorted(by_slot) == ids
    assert all(len(names) == 2 and names[0] in dead and names[1] not in dead for names in twice.values()), twice
    assert {*twice} <= {*held}
    assert set(states(world).values()) == {"done"}
    runs_of = Counter(name for _, name in first)
    with capsys.disabled():
        print(
            f"\n{many} runners raced for {slots} slots, clocks up to {max(skews) - min(skews)} apart, {killed} killed: "
            f"{len(first)} begun by {len(runs_of)} runners at once, {len(second) - len(first)} free ones after, "
            f"{len(held)} held by the killed, of which {len(twice)} had begun and were taken over once and "
            f"{len(held) - len(twice)} ran once, none twice; {time.monotonic() - started:.0f} s"
        )


def _killed(world: World, runs: list[subprocess.Popen[str]], many: int) -> list[int]:
    """Kill so many runners once they have begun a slot, and before they end; returns which."""
    victims: list[int] = []
    deadline = time.monotonic() + 600
    while len(victims) < many and time.monotonic() < deadline:
        for number in {int(name[1:]) for _, name in began(world)} - {*victims}:
            if len(victims) < many and runs[number].poll() is None:
                end_group(runs[number], signal.SIGKILL)
                victims.append(number)
        time.sleep(0.02)
    assert len(victims) == many
    return victims
