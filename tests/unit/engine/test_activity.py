"""What runs at this moment: told as it changes, and read back by another process for the one that wrote it alone."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from splinter.engine.activity import Activity
from splinter.model import layout
from splinter.model.records import Usage
from splinter.model.under_way import Pending, UnderWay
from splinter.system import locks, process_tree, under_way_file
from splinter.text.redact import Redactor
from tests.world import wait_for

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def new() -> tuple[Activity, list[UnderWay]]:
    clock: Any = SimpleNamespace(now=lambda: AT)
    activity, kept, one_by_one = Activity(clock, lambda: "r"), [], threading.Lock()

    def keep(begun: str = "") -> None:
        with one_by_one:
            kept.append(activity.now())

    activity.keep = keep
    return activity, kept


def test_a_task_its_command_its_attempt_and_what_keeps_it_are_told() -> None:
    activity, kept = new()
    said: list[tuple[str, str]] = []
    activity.tell = lambda task, line: said.append((task, line))
    with activity.task("w:accept", "w"):
        activity.say("fix 1 of 2", "fix attempt 1 of 2 for c")
        with activity.waiting_for("a slot of agent"):
            pass
        with activity.command("w", "fix-1", "w/fix-1.log") as command:
            command.usage = Usage(calls=1, priced=1, usd=0.5)
    one = [now.doing[0] for now in kept if now.doing]
    assert [(now.attempt, now.waits_for, now.command, now.log) for now in one] == [
        ("", "", "", ""),
        ("fix 1 of 2", "", "", ""),
        ("fix 1 of 2", "a slot of agent", "", ""),
        ("fix 1 of 2", "", "", ""),
        ("fix 1 of 2", "", "fix-1", "w/fix-1.log"),
        ("fix 1 of 2", "", "", "w/fix-1.log"),
    ]
    assert said == [("w:accept", "fix attempt 1 of 2 for c")]
    assert (kept[-1].doing, kept[-1].usage("w").usd) == ((), 0.5)


def test_what_a_command_has_cost_so_far_is_told_once_a_second_and_counted_once() -> None:
    activity, kept = new()
    with activity.task("w:s", "w"), activity.command("w", "s", "w/s.log") as command:
        before = len(kept)
        for cents in (25, 50, 75):
            command.spend(Usage(calls=1, priced=1, usd=cents / 100))
        assert [now.usage("w").usd for now in kept[before:]] == [0.25]
        assert activity.now().usage("w").usd == 0.75
        command.usage = Usage(calls=1, priced=1, usd=1.0)
    assert (kept[-1].usage("w").usd, kept[-1].usage("w").calls) == (1.0, 1)


def test_what_waits_is_what_has_not_come_to_its_end_and_does_not_run() -> None:
    activity, _ = new()
    activity.plan({"a": (), "b": ("a",), "c": ("a", "b", "not asked for")})
    with activity.task("a:s", "a"):
        assert activity.now().pending == (
            Pending(workstream="b", waits_for=("a",)),
            Pending(workstream="c", waits_for=("a", "b")),
        )
    activity.settle("a")
    assert [one.why for one in activity.now().pending] == ["waits for a free job", "waits for b"]


def test_threads_of_their_own_tasks_do_not_meet_and_after_the_end_nobody_is_told() -> None:
    activity, kept = new()

    def work(name: str) -> None:
        with activity.task(f"{name}:s", name), activity.command(name, "s", f"{name}.log"):
            pass

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(one.log in ("", f"{one.workstream}.log") for now in kept for one in now.doing)
    assert kept[-1].doing == ()
    count = len(kept)
    activity.close()
    work("late")
    assert len(kept) == count


def test_it_is_read_back_for_that_process_alone_and_half_a_file_is_nothing(tmp_path: Path) -> None:
    activity, _ = new()
    with activity.task("w:s", "w"):
        now = activity.now()
    under_way_file.write(tmp_path, now, Redactor(()))
    assert under_way_file.read(tmp_path, now.pid) == now
    assert under_way_file.read(tmp_path, now.pid + 1) == UnderWay(pid=now.pid + 1)
    for damaged in ("", "[]", '{"doing": 3', '{"doing": [3], "pid": 1}'):
        (tmp_path / layout.UNDER_WAY).write_text(damaged)
        assert under_way_file.read(tmp_path, 1) == UnderWay(pid=1)
    under_way_file.remove(tmp_path)
    under_way_file.write(tmp_path / "not there", now, Redactor(()))
    assert list(tmp_path.iterdir()) == []


def test_a_task_is_written_down_before_it_does_anything_and_what_it_does_soon(tmp_path: Path) -> None:
    activity, _ = new()

    def said() -> list[tuple[str, str]]:
        left = under_way_file.left(tmp_path)
        return [(one.task, one.command) for one in left.doing] if left else []

    with under_way_file.Writer(tmp_path, Redactor(()), activity.now) as writer:
        activity.keep = writer.keep
        with activity.task("w:s", "w"):
            assert said() == [("w:s", "")]
            with activity.command("w", "s", "w/s.log"):
                wait_for(lambda: said() == [("w:s", "s")], "the command", seconds=5)
        with activity.task("w:accept", "w"):
            assert said() == [("w:accept", "")]
            with activity.task("v:prepare", "v"):
                assert ("v:prepare", "") in said()
        wait_for(lambda: said() == [], "the end", seconds=5)
    writer.keep("w")
    assert list(tmp_path.iterdir()) == []


def test_the_holder_of_a_lock_is_who_wrote_it_while_it_lives_and_nobody_with_its_number(
    tmp_path: Path, monkeypatch: Any
) -> None:
    assert locks.holder(tmp_path) is None
    lock = locks.RunLock(tmp_path)
    lock.acquire(AT)
    held = locks.holder(tmp_path)
    assert held is not None
    assert held.since == AT.isoformat()
    started = process_tree.started_at(held.pid)
    assert started is not None
    monkeypatch.setattr(process_tree, "started_at", lambda pid: started + 3600)
    assert locks.holder(tmp_path) is None, "the number was given to another"
    monkeypatch.setattr(process_tree, "started_at", lambda pid: None)
    assert locks.holder(tmp_path) is None, "it was killed"
    lock.release()
    monkeypatch.undo()
    assert locks.holder(tmp_path) is None
