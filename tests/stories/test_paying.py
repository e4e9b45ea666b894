"""Nobody is paid for what still waits as a pull request, and nobody every night who did not ask for it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import deep
from tests.stories.test_cache import agent
from tests.world import World

WRITE = [{"id": "ask", "prompt": "Make out.txt of in.txt.", "tool": "agent"}]
DECLARED: dict[str, Any] = {"scope": {"modify": ["out.txt"]}, "inputs": ["in.txt"]}


@pytest.fixture
def asked(world: World) -> World:
    """An agent that never writes the same twice, and a file that its work is made of."""
    world.write("in.txt", "in\n")
    agent(world)
    return world


def nights(world: World, number: int, *wanted: str) -> list[str]:
    """Run so many nights, each a day after the one before; returns the calls of the agent."""
    for _ in range(number):
        assert world.doit(*wanted).status == 0
        world.now = (datetime.fromisoformat(world.now) + timedelta(days=1)).isoformat()
    return world.new_calls()


def test_a_proposal_that_waits_is_not_paid_for_again_until_its_base_differs(asked: World) -> None:
    asked.workstream("w", steps=WRITE, when="daily", **DECLARED)
    asked.commit()
    assert nights(asked, 1) == ["call"]
    tip = asked.git("rev-parse", "splinter/w")
    idle = asked.doit()
    assert idle.out.startswith("nothing due: 1 proposal waits; next: w at 2026-11-25 00:00")
    assert nights(asked, 2) == []
    assert asked.git("rev-parse", "splinter/w") == tip
    assert "its pull request waits at .splinter/pull-requests/w.md; last cost: unknown\n" in asked.doit("plan").out
    asked.write("elsewhere.txt", "of no matter\n")
    asked.commit()
    assert nights(asked, 1) == []
    asked.write("in.txt", "other\n")
    asked.commit()
    assert nights(asked, 2) == ["call"]


@pytest.mark.lane("stories")
def test_without_scope_and_inputs_all_of_the_base_counts_but_for_the_workstreams(asked: World) -> None:
    asked.workstream("w", steps=WRITE, when="daily")
    asked.commit()
    assert nights(asked, 1) == ["call"]
    asked.workstream("other", steps=[asked.step("s", "true")], enabled=False)
    asked.commit()
    assert nights(asked, 1) == []
    asked.write("elsewhere.txt", "a change\n")
    asked.commit()
    assert nights(asked, 1) == ["call"]


PAID = [{"again": True}, {"pull_request": False}]


@pytest.mark.parametrize("fields", deep.rows(PAID, "agents", ordinary=PAID[:1]))
def test_again_and_what_is_proposed_nowhere_are_paid_at_each_time(asked: World, fields: dict[str, Any]) -> None:
    asked.workstream("w", steps=WRITE, when="daily", scope={"modify": ["out.txt"]}, **fields)
    asked.commit()
    assert nights(asked, 2) == ["call", "call"]
    assert "agent will be asked, and paid, every night; on-change" in asked.doit("check").out


@pytest.mark.lane("stories")
@pytest.mark.parametrize(("fields", "calls"), [({}, 1), (DECLARED, 2)], ids=["once", "on-change"])
def test_who_says_nothing_is_asked_once_or_where_it_matters(asked: World, fields: dict[str, Any], calls: int) -> None:
    asked.workstream("w", steps=WRITE, **fields)
    asked.commit()
    assert nights(asked, 2) == ["call"]
    asked.write("in.txt", "other\n")
    asked.commit()
    assert len(nights(asked, 1)) == calls - 1
    assert "every night" not in asked.doit("check").out


def test_what_is_disabled_runs_where_it_is_named_and_nowhere_else(world: World) -> None:
    world.workstream("off", steps=[world.step("s", "true")], enabled=False)
    world.workstream("after", steps=[world.step("t", "true")], depends_on=["off"])
    world.commit()
    assert world.doit().out.startswith("nothing due")
    assert world.doit("workstreams").out.startswith("nothing due")
    lines = "off    disabled; only doit off runs it\nafter  disabled with off; only doit after runs it\n"
    assert world.doit("plan").out == lines
    assert [one["due"] for one in json.loads(world.doit("plan", "--json").out)] == [False, False]
    assert world.doit("why", "off").out == "off is disabled; only doit off runs it:\n  it never ran\n"
    assert world.new_calls() == []
    assert world.doit("off", "report").status == 0
    assert world.new_calls() == ["s"]
    report = json.loads((world.root / "reports/latest/report.json").read_text())
    assert [one["outcome"] for one in report["workstreams"]] == ["unchanged", "disabled"]
