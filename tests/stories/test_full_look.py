"""The full look at workstreams of which none is due: what it counts does not grow with their number, or by one each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.world import World

COUNTED = Path(__file__).with_name("counted_doit.py")
FEW, MANY = 1, 3


def counted(world: World, *arguments: str) -> Counter[str]:
    """What a call of doit in a Python of its own did, by what is counted."""
    told, environ = world.home / "counted.json", {**world.environ(), "SPLINTER_SHORTCUT": "off"}
    command = [sys.executable, str(COUNTED), str(told), *arguments]
    done = subprocess.run(command, cwd=world.root, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Counter(json.loads(told.read_text()))


def grow(world: World, numbers: range) -> None:
    for number in numbers:
        world.workstream(
            f"w{number}", scope={"modify": [f"{number}.txt"]}, steps=[{"id": "write", "run": f"touch {number}.txt"}]
        )
    world.commit()
    assert world.doit("-n", "2").status == 0


CALLS = ((), ("plan",))


@pytest.fixture
def grown(world: World) -> dict[tuple[str, ...], Counter[str]]:
    """How much more each call does of what is counted, for each workstream more."""
    grow(world, range(FEW))
    few = {call: counted(world, *call) for call in CALLS}
    grow(world, range(FEW, MANY))
    many = {call: counted(world, *call) for call in CALLS}
    return {
        call: Counter({one: (many[call][one] - few[call][one]) // (MANY - FEW) for one in many[call]}) for call in CALLS
    }


def test_what_a_look_costs_grows_with_nothing_but_what_is_read(grown: dict[tuple[str, ...], Counter[str]]) -> None:
    for call, more in grown.items():
        assert more["threads"] == more["processes"] == 0, call
        assert more["written"] == 0, call
