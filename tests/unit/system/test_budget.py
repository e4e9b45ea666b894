"""Budgets: what is reserved, what is settled, and what is known of it afterwards."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import pytest

from splinter.errors import StepError
from splinter.model.records import Usage
from splinter.model.workstream import Budget
from splinter.system.budget import Account, Allowance, Ledger
from splinter.system.history import History
from splinter.system.memory import Memory
from tests.world import TUESDAY, World, children, end_group, wait_for

ANSWER = (
    '{"type":"result","subtype":"success","is_error":false,"total_cost_usd":%s,"session_id":"made-up",'
    '"modelUsage":{"made-up-model":{"inputTokens":%d,"outputTokens":10}},"permission_denials":[]}'
)


def reported(usd: float, tokens: int = 0) -> Usage:
    return Usage(calls=1, priced=1, counted=1, usd=usd, input_tokens=tokens)


Stores = tuple[Memory, History]


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Memory(tmp_path / ".splinter"), History(tmp_path / ".splinter")


def cost(stores: Stores) -> Usage:
    """What the run cost, as its budget counts it and as its history tells it: the same."""
    memory, history = stores
    assert memory.usage_of("r") == history.usage_of("r")
    return history.usage_of("r")


def account(workstream: str = "w", **budget: Any) -> Account:
    return Account(run="r", workstream=workstream, tries_key="m", budget=Budget(**budget))


def pays(ledger: Ledger, on: Account, usage: Usage, seconds: float = 0.0) -> Allowance:
    with ledger.booked(on, "step", is_paid=True, is_stopping=lambda: False) as booking:
        booking.usage, booking.seconds = usage, seconds
        return booking.allowance


def test_without_a_budget_nothing_is_limited(stores: Stores) -> None:
    ledger = Ledger(*stores, Budget(), jobs=4)
    assert pays(ledger, account(), reported(5)) == Allowance(usd=math.inf, tokens=math.inf, seconds=math.inf)


def test_a_call_may_take_what_its_workstream_has_left(stores: Stores) -> None:
    ledger = Ledger(*stores, Budget(), jobs=4)
    on = account(usd=2.0, tokens=1000, minutes=1)
    assert pays(ledger, on, reported(1.5, 400), seconds=20) == Allowance(usd=2.0, tokens=1000, seconds=60)
    assert pays(ledger, on, reported(0.6, 100)) == Allowance(usd=0.5, tokens=600, seconds=40)
    with pytest.raises(StepError, match=r"^its budget of 2 dollars is used up until the next occurrence, an edit,"):
        pays(ledger, on, reported(1))


def test_another_occurrence_counts_again(stores: Stores) -> None:
    ledger = Ledger(*stores, Budget(), jobs=4)
    pays(ledger, account(usd=1.0), reported(1.0))
    assert (
        pays(ledger, Account(run="r", workstream="w", tries_key="other", budget=Budget(usd=1.0)), reported(0)).usd
        == 1.0
    )


def test_minutes_bind_what_is_not_paid_too(stores: Stores) -> None:
    ledger = Ledger(*stores, Budget(), jobs=1)
    pays(ledger, account(minutes=1), reported(0), seconds=61)
    with pytest.raises(StepError, match=r"^its budget of 1 minutes is used up"):
        ledger.booked(account(minutes=1), "check", is_paid=False, is_stopping=lambda: False).__enter__()


def test_calls_at_once_share_the_run_s_budget_and_never_reserve_more(stores: Stores) -> None:
    ledger = Ledger(*stores, Budget(usd=8.0), jobs=4)
    booked = [ledger.booked(account(f"w{n}"), "s", is_paid=True, is_stopping=lambda: False) for n in range(4)]
    shares = [one.__enter__().allowance.usd for one in booked]
    assert shares == [2.0, 2.0, 2.0, 2.0]
    for one in booked:
        one.__exit__(None, None, None)


def test_a_call_waits_while_others_hold_what_is_left_and_gets_what_they_did_not_take(stores: Stores) -> None:
    ledger = Ledger(*stores, Budget(usd=1.0), jobs=1)
    first = ledger.booked(account("a"), "s", is_paid=True, is_stopping=lambda: False)
    booking = first.__enter__()
    assert booking.allowance.usd == 1.0
    got: list[float] = []
    second = threading.Thread(target=lambda: got.append(pays(ledger, account("b"), reported(0.1)).usd))
    second.start()
    second.join(0.5)
    assert second.is_alive()
    booking.usage = reported(0.25)
    first.__exit__(None, None, None)
    second.join(10)
    assert got == [0.75]


def test_waiting_for_a_share_ends_with_the_run(stores: Stores) -> None:
    ledger = Ledger(*stores, Budget(usd=1.0), jobs=1)
    held = ledger.booked(account("a"), "s", is_paid=True, is_stopping=lambda: False)
    held.__enter__()
    with pytest.raises(StepError, match="interrupted while waiting") as ended:
        ledger.booked(account("b"), "s", is_paid=True, is_stopping=lambda: True).__enter__()
    assert ended.value.reason == "interrupted"


def test_a_used_up_run_starts_nothing_that_is_paid(stores: Stores) -> None:
    ledger = Ledger(*stores, Budget(usd=1.0), jobs=4)
    pays(ledger, account("a"), reported(1.2))
    with pytest.raises(StepError, match=r"^the run's budget of 1 dollars is used up$"):
        pays(ledger, account("b"), reported(0))
    with ledger.booked(account("b"), "check", is_paid=False, is_stopping=lambda: False):
        pass


def test_what_is_not_reported_is_unknown_and_uses_up_nothing(stores: Stores) -> None:
    ledger = Ledger(*stores, Budget(), jobs=1)
    pays(ledger, account(usd=1.0), Usage(calls=1))
    assert pays(ledger, account(usd=1.0), Usage(calls=1)).usd == 1.0
    assert cost(stores) == Usage(calls=2)


def test_a_call_that_was_killed_counts_as_one_that_reported_nothing(stores: Stores) -> None:
    killed = Ledger(*stores, Budget(), jobs=1).booked(account(), "s", is_paid=True, is_stopping=lambda: False)
    killed.__enter__()  # and never left
    pays(Ledger(*stores, Budget(), jobs=1), account(), reported(0.5))
    assert cost(stores) == Usage(calls=2, priced=1, counted=1, usd=0.5)


def test_a_call_that_could_not_be_started_cost_nothing(stores: Stores) -> None:
    ledger = Ledger(*stores, Budget(), jobs=1)
    with pytest.raises(StepError), ledger.booked(account(), "s", is_paid=True, is_stopping=lambda: False):
        raise StepError("tool_missing", "it is not there")
    assert cost(stores) == Usage()


# real runs


def agent(world: World, *, usd: float = 1.0, tokens: int = 100, settings: str = "") -> None:
    program = world.home / "agent"
    program.write_text(
        f'#!/bin/sh\n[ "$1" != --version ] || exit 0\necho "${{1:-unlimited}}" >> "{world.calls_file}"\n'
        f"date +%s%N >> x.txt\necho '{ANSWER % (usd, tokens)}'\n"
    )
    program.chmod(0o755)
    profile = f'[tools.agent]\ncommand = "{program}"\nprompt_args = ["limit={{budget_usd}}"]\nreader = "claude"\n'
    world.write("splinter.toml", settings + profile)


def prompts(*ids: str) -> list[dict[str, Any]]:
    return [{"id": id, "prompt": "x", "tool": "agent"} for id in ids]


@pytest.mark.lane("stories")
def test_a_workstream_that_used_up_its_dollars_pays_for_nothing_more_until_its_next_occurrence(world: World) -> None:
    agent(world)
    world.workstream("w", when="daily", budget={"usd": 1.5}, steps=prompts("a", "b", "c"))
    world.commit()
    assert world.doit("w").status == 1
    assert world.new_calls() == ["limit=1.5000", "limit=0.5000"]
    record = world.records()["w"]
    assert (record["reason"], record["step"]) == ("over_budget", "c")
    assert record["message"] == "its budget of 1.5 dollars is used up until the next occurrence, an edit, or doit -a"
    world.doit("w")
    assert world.new_calls() == []
    world.now = TUESDAY
    world.doit("w")
    assert len(world.new_calls()) == 2


@pytest.mark.lane("stories")
def test_tokens_are_a_budget_too(world: World) -> None:
    agent(world, tokens=600)
    world.workstream("w", budget={"tokens": 1000}, steps=prompts("a", "b", "c"))
    world.commit()
    world.doit("w")
    assert len(world.new_calls()) == 2
    assert world.records()["w"]["message"].startswith("its budget of 1000 tokens is used up")


def test_the_run_s_budget_is_for_all_of_its_workstreams(world: World) -> None:
    agent(world, usd=2.0, settings="jobs = 1\n[budget]\nusd = 3\n")
    for id in ("a", "b", "c"):
        world.workstream(id, steps=prompts("ask"))
    world.commit()
    assert world.doit().status == 1
    assert world.new_calls() == ["limit=3.0000", "limit=1.0000"]
    assert [one["reason"] for one in world.records().values()] == [None, None, "over_budget"]
    assert "- Cost: $4.00, 200 tokens read, 20 written" in (world.root / "reports/latest/report.md").read_text()


@pytest.mark.lane("stories")
def test_a_killed_call_makes_the_cost_of_its_run_and_occurrence_at_least(world: World) -> None:
    agent(world)
    world.workstream("w", steps=[*prompts("a"), {"id": "b", "prompt": "y", "tool": "slow"}])
    slow = world.home / "slow"
    slow.write_text(f'#!/bin/sh\n[ "$1" != --version ] || exit 0\necho slow >> "{world.calls_file}"\nsleep 600\n')
    slow.chmod(0o755)
    with (world.root / "splinter.toml").open("a") as settings:
        settings.write(f'[tools.slow]\ncommand = "{slow}"\nprompt_args = []\n')
    world.commit()
    doit = world.start("w")
    wait_for(lambda: "slow" in world.calls(), "the slow call")
    end_group(doit)
    assert "at least $1.00, at least 100 tokens read, 10 written" in world.doit("history").out
    for left in children(world):
        left.kill()


def test_minutes_of_a_run_are_those_on_the_clock(world: World) -> None:
    world.write("splinter.toml", "[budget]\nminutes = 0.02\n")
    world.workstream("w", steps=[world.step("s", "sleep 600")])
    world.workstream("x", depends_on=[], steps=[world.step("s", "sleep 600")])
    world.commit()
    assert world.doit("-n", "1").status == 1
    assert [one["reason"] for one in world.records().values()] == ["over_budget", "over_budget"]
    assert world.records()["x"]["message"] == "the run's budget of 0.02 minutes is used up"


@pytest.mark.lane("stories")
def test_the_least_that_is_left_is_still_a_limit_that_a_tool_takes(world: World) -> None:
    agent(world, usd=0.99999)
    world.workstream("w", budget={"usd": 1}, steps=prompts("a", "b"))
    world.commit()
    world.doit("w")
    assert world.new_calls() == ["limit=1.0000", "limit=0.0001"]
