"""doit killed at random moments, with everything it started, then run to its end: nothing lost, nothing paid twice."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.world import World, children

WORKSTREAMS = 12


def project(root: Path, home: Path) -> World:
    """Twelve workstreams, some of which build on others, each with a prompt between two commands."""
    world = World(root, home)
    program = home / "agent"
    program.write_text(
        f'#!/bin/sh\n[ "$1" != --version ] || exit 0\nid=$(sed -n "s/^Task: Number //p")\necho "$id" >> {world.calls_file}\n'
        "sleep 0.1\ncat *.txt | cksum > answer-$id.txt\n"
    )
    program.chmod(0o755)
    world.write(
        "splinter.toml", f'jobs = 4\n[tools.agent]\ncommand = "{program}"\nprompt_args = []\nstdin = "prompt"\n'
    )
    for number in range(WORKSTREAMS):
        world.workstream(
            f"w{number:02}", title=f"Number {number}", depends_on=[f"w{other:02}" for other in depends_on(number)],
            steps=[
                {"id": "before", "run": f"echo {number} > before-{number}.txt"},
                {"id": "ask", "prompt": "Make the answer.", "tool": "agent"},
                {"id": "after", "run": f"cat answer-{number}.txt before-{number}.txt > after-{number}.txt"},
            ],
            checks=[{"id": "there", "run": f"test -s after-{number}.txt"}],
        )  # fmt: skip
    world.commit()
    return world


def depends_on(number: int) -> tuple[int, ...]:
    return {3: (0,), 4: (0, 1), 7: (3,), 8: (4, 5), 11: (8,)}.get(number, ())


def trees(world: World) -> dict[str, str]:
    return {branch: world.git("rev-parse", f"{branch}^{{tree}}") for branch in world.branches()}


def recorded(world: World) -> set[str]:
    """The workstreams, by number, whose agent's answer is kept."""
    told = world.git("for-each-ref", "--format=%(contents:subject)", "refs/splinter/results").splitlines()
    return {str(int(line.split(" of w")[1].split(":")[0])) for line in told}


def kill(process: subprocess.Popen[str]) -> None:
    """The whole group, and git's own calls, which are in sessions of their own, at the same moment."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


def sweep(
    folder: Path, home: Path, kills: int, seed: int, *, between: Callable[[World], None] = lambda world: None
) -> Counter[str]:
    """Kill that many runs, a fresh project whenever one came to its end; returns what was seen, as figures.

    `between` is called after each kill.
    """
    chance, seen = random.Random(seed), Counter[str]()
    reference = project(folder / "reference", home)
    assert reference.doit().status == 0
    expected = trees(reference)
    reference.new_calls()
    number = 0
    while seen["kills"] < kills:
        number += 1
        world = project(folder / f"run-{number}", home)
        for _ in range(chance.randint(1, 4)):
            kept, process = recorded(world), world.start()
            time.sleep(chance.uniform(0.05, 4.0))
            is_over = process.poll() is not None
            kill(process)
            between(world)
            seen["kills"] += not is_over
            repeated = kept & set(world.new_calls())
            assert not repeated, f"seed {seed}: asked again for {repeated}, which was kept"
            if is_over:
                break
        kept, done = recorded(world), world.doit()
        assert done.status == 0, f"seed {seed}: {done.out}{done.err}"
        calls = world.new_calls()
        assert not kept & set(calls), f"seed {seed}: asked again for {kept & set(calls)}"
        assert trees(world) == expected, f"seed {seed}"
        fsck = subprocess.run(
            ["git", "fsck", "--strict", "--no-dangling"], cwd=world.root, capture_output=True, text=True, check=False
        )
        assert (fsck.returncode, fsck.stdout) == (0, ""), fsck.stdout + fsck.stderr
        assert children(world) == []
        seen["projects"] += 1
        seen["answers kept before the last run"] += len(kept)
        seen["asked in the last run"] += len(calls)
        shutil.rmtree(world.root)
    return seen


@pytest.mark.lane(
    "kills"
)  # in each run: one kill where state is switched (test_disk.py), one of an agent (test_cache.py)
def test_a_short_sweep_of_kills_loses_nothing_and_pays_nothing_twice(tmp_path: Path, sealed_world: Path) -> None:
    assert sweep(tmp_path, sealed_world, kills=2, seed=1)["kills"] >= 2


def free_all(world: World) -> None:
    """`doit gc` with no room and no time for anything."""
    settings = (world.root / "splinter.toml").read_text()
    if "[gc]" not in settings:
        keys = ("worktree_days", "worktree_mb", "log_days", "log_mb", "result_days", "result_mb", "backup_days")
        world.write("splinter.toml", settings + "[gc]\n" + "".join(f"{key} = 0\n" for key in keys))
    done = world.doit("gc")
    assert (done.status, done.err) == (0, ""), done.out + done.err


@pytest.mark.lane("gc")
@pytest.mark.timeout(1800)
def test_a_gc_after_each_kill_loses_nothing_and_nothing_is_paid_twice(tmp_path: Path, sealed_world: Path) -> None:
    assert sweep(tmp_path, sealed_world, kills=20, seed=2, between=free_all)["kills"] >= 20


@pytest.mark.lane("kills")
@pytest.mark.timeout(7200)
def test_three_hundred_kills_lose_nothing_and_pay_nothing_twice(
    tmp_path: Path, sealed_world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = sweep(tmp_path, sealed_world, kills=300, seed=random.SystemRandom().randrange(10**6))
    with capsys.disabled():
        print("", *(f"{what}: {number}" for what, number in seen.items()), sep="\n")
