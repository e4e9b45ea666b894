"""What is begun next: the longest expected path first, what is begun before what is not, else doit's order."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from doit.control import TaskDispatcher
from doit.task import Task

from splinter.doit_plugins import order
from splinter.doit_plugins.runner import Runner

STEPS = ("prepare", "write", "accept")


def session(seconds: dict[str, float], depends_on: dict[str, tuple[str, ...]]) -> Any:
    plans = {id: SimpleNamespace(workstream=SimpleNamespace(depends_on=depends_on.get(id, ()))) for id in seconds}
    history = SimpleNamespace(durations=lambda id, latest: (seconds[id],) if seconds[id] else ())
    return SimpleNamespace(plans=plans, history=history)


def begun(seconds: dict[str, float], *, jobs: int, depends_on: dict[str, tuple[str, ...]] | None = None) -> list[str]:
    """The tasks in the order in which they are begun; of those at work the one that was begun first ends first."""
    after = depends_on or {}
    tasks = {id: Task(id, None, task_dep=[f"{id}:{step}" for step in STEPS]) for id in seconds}
    for id in seconds:
        for step, before in zip(STEPS, ("", *STEPS), strict=False):
            waits = [f"{id}:{before}"] if before else [f"{other}:accept" for other in after.get(id, ())]
            meta = {"workstream": id, "step": step}
            tasks[f"{id}:{step}"] = Task(f"{id}:{step}", [lambda: None], task_dep=waits, meta=meta)
    runner: Any = object.__new__(Runner)
    runner.session, runner.num_process, runner._begun = session(seconds, after), jobs, set()
    dispatcher = TaskDispatcher(tasks, {}, list(seconds))
    if jobs > 1:
        runner._put_in_order(dispatcher)
    found, running, node = [], [], None
    while True:
        try:
            ready = dispatcher.generator.send(node)
        except StopIteration:
            return found
        node = None
        if ready != "hold on":
            ready.run_status = "run"
            running.append(ready)
            if ready.task.actions:
                found.append(ready.task.name)
                runner._begun.add(ready.task.meta["workstream"])
        if ready == "hold on" or not ready.task.actions or sum(bool(one.task.actions) for one in running) >= jobs:
            node = running.pop() if ready != "hold on" and not ready.task.actions else running.pop(0)
            node.run_status = "successful"


def test_the_longest_is_begun_first_and_its_steps_follow_at_once() -> None:
    seconds = {"a": 20.0, "b": 300.0, "c": 100.0}
    assert begun(seconds, jobs=2) == [
        "b:prepare", "c:prepare", "b:write", "c:write", "b:accept", "c:accept", "a:prepare", "a:write", "a:accept",
    ]  # fmt: skip


def test_what_others_wait_for_counts_with_them() -> None:
    seconds = {"a": 100.0, "b": 110.0, "c": 20.0, "d": 200.0}
    found = begun(seconds, jobs=2, depends_on={"d": ("c",)})
    assert [name for name in found if name.endswith("prepare")][:2] == ["c:prepare", "b:prepare"]


@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_without_a_history_or_a_difference_worth_it_the_order_is_that_of_the_files(seconds: float) -> None:
    same = {"b": seconds, "a": seconds * 2, "d": seconds, "c": seconds}
    found = [name.partition(":")[0] for name in begun(same, jobs=2) if name.endswith("accept")]
    assert found == ["b", "a", "d", "c"]
    assert begun(same, jobs=2)[:6] == ["b:prepare", "a:prepare", "b:write", "a:write", "b:accept", "a:accept"]


def test_other_tasks_of_a_call_stay_in_their_places() -> None:
    assert order.selected(["own", "a", "b", "last"], {"a": 1, "b": 2}) == ["own", "b", "a", "last"]
