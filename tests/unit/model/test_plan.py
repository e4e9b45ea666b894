"""Plans are pure: workstreams, settings, what git says and the time decide everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from splinter.config import settings_file
from splinter.errors import InputError
from splinter.model import plan, schedule
from splinter.model.bases import Base
from splinter.model.plan import Plan
from splinter.model.ports import Snapshot
from splinter.model.settings import Settings
from splinter.model.workstream import Run, Step, ToolCall, Workstream

DEFAULTS = settings_file.defaults()
MONDAY = datetime(2026, 11, 23, 2, tzinfo=UTC)
STEPS = (
    Step(id="first", action=Run(command="true"), timeout_s=60),
    Step(id="second", action=ToolCall(tool="ruff", args=("check",)), timeout_s=60),
)


def workstream(**fields: Any) -> Workstream:
    return Workstream(**{"id": "w", "title": "W", "source": "workstreams/w.yaml", "steps": STEPS, **fields})


def snapshot(*refs: str, remotes: tuple[str, ...] = (), head: str | None = "main", **symbolic: str) -> Snapshot:
    return Snapshot(
        refs=dict.fromkeys(refs, "1" * 40),
        symbolic={key.replace("__", "/"): value for key, value in symbolic.items()},
        remotes=dict.fromkeys(remotes, "file:///nowhere"),
        head_branch=head,
        head="1" * 40 if refs else None,
    )


def made(one: Workstream, seen: Snapshot, settings: Settings | None = None, **more: Any) -> Plan:
    given: dict[str, Any] = {"now": MONDAY, "run_bound": {}, "watched": {}, "recorded": {}, **more}
    return plan.make((one,), settings or DEFAULTS, seen, **given)[0]


LOCAL = snapshot("refs/heads/main")


@pytest.mark.parametrize(
    ("seen", "settings", "own", "expected"),
    [
        (LOCAL, DEFAULTS, None, Base(name="main", ref="refs/heads/main", remote=None)),
        (snapshot("refs/heads/main", "refs/heads/next"), replace(DEFAULTS, base="next"), None, Base(name="next", ref="refs/heads/next", remote=None)),
        (snapshot("refs/heads/main", "refs/heads/next"), replace(DEFAULTS, base="next"), "main", Base(name="main", ref="refs/heads/main", remote=None)),
        (snapshot("refs/heads/x", head=None), DEFAULTS, None, Base(name="HEAD", ref="HEAD", remote=None)),
        (snapshot("refs/heads/main", head=None), DEFAULTS, None, Base(name="main", ref="refs/heads/main", remote=None)),
        (
            snapshot("refs/heads/x", "refs/remotes/origin/trunk", remotes=("origin",), head="x", refs__remotes__origin__HEAD="refs/remotes/origin/trunk"),
            DEFAULTS, None, Base(name="trunk", ref="refs/remotes/origin/trunk", remote="origin", is_default=True),
        ),
        (
            snapshot("refs/heads/x", "refs/remotes/origin/main", "refs/splinter/base/origin/trunk", remotes=("origin",), head="x", refs__remotes__origin__HEAD="refs/remotes/origin/main", refs__splinter__head__origin="refs/splinter/base/origin/trunk"),
            DEFAULTS, None, Base(name="trunk", ref="refs/splinter/base/origin/trunk", remote="origin", is_default=True),
        ),
        (snapshot("refs/heads/main", remotes=("only",)), DEFAULTS, None, Base(name="HEAD", ref=None, remote="only", is_default=True)),
        (snapshot("refs/heads/main", remotes=("only",), head=None), DEFAULTS, None, Base(name="HEAD", ref=None, remote="only", is_default=True)),
        (
            replace(snapshot("refs/heads/main", "refs/remotes/only/dev", "refs/remotes/only/deps/w", remotes=("only",)), own_branches=frozenset({"deps/w"})),
            DEFAULTS, None, Base(name="dev", ref="refs/remotes/only/dev", remote="only", is_default=True),
        ),
        (
            snapshot("refs/heads/main", "refs/remotes/only/dev", "refs/remotes/only/main", remotes=("only",)),
            DEFAULTS, None, Base(name="HEAD", ref=None, remote="only", is_default=True),
        ),
        (snapshot("refs/heads/main", remotes=("only",)), DEFAULTS, "main", Base(name="main", ref=None, remote="only")),
        (snapshot("refs/heads/main", remotes=("a", "b")), DEFAULTS, None, Base(name="main", ref="refs/heads/main", remote=None)),
        (snapshot("refs/heads/main", remotes=("a", "b")), replace(DEFAULTS, remote="b"), "far", Base(name="far", ref=None, remote="b")),
    ],
)  # fmt: skip
def test_a_base_is_the_one_that_is_named_else_the_remotes_default_and_without_a_remote_the_current_branch(
    seen: Snapshot, settings: Settings, own: str | None, expected: Base
) -> None:
    assert made(workstream(base=own), seen, settings).base == expected


@pytest.mark.parametrize(
    ("settings", "seen", "whose"),
    [
        (replace(DEFAULTS, base="splinter/w", source="splinter.toml"), LOCAL, '"base" in splinter.toml'),
        (
            DEFAULTS,
            snapshot(
                "refs/remotes/origin/splinter/w",
                remotes=("origin",),
                refs__remotes__origin__HEAD="refs/remotes/origin/splinter/w",
            ),
            "the default branch of origin",
        ),
    ],
)
def test_a_base_that_is_the_workstreams_own_branch_is_refused_whoever_names_it(
    settings: Settings, seen: Snapshot, whose: str
) -> None:
    seen = replace(seen, refs={**seen.refs, "refs/heads/splinter/w": "1" * 40})
    with pytest.raises(InputError) as caught:
        made(workstream(), seen, settings)
    assert str(caught.value) == (
        f'{whose} is "splinter/w", which is the branch of the workstream w itself; '
        'name the branch to start from with "base:" in workstreams/w.yaml, or in the settings'
    )


def test_a_remote_that_does_not_exist_is_reported() -> None:
    with pytest.raises(InputError, match='remote "up" of the settings does not exist; "git remote" lists them'):
        made(workstream(), LOCAL, replace(DEFAULTS, remote="up"))


def test_a_repository_without_a_commit_is_reported() -> None:
    with pytest.raises(InputError, match="this repository has no commit yet"):
        made(workstream(), snapshot())


def test_daily_once_and_always_differ_in_their_occurrence() -> None:
    assert made(workstream(), LOCAL).occurrence == "2026-11-23"
    assert made(workstream(when="once"), LOCAL).occurrence == ""
    assert made(workstream(when="always"), LOCAL, run_bound={"w": "run-7"}).occurrence == "run-7"
    assert made(workstream(when="on-change"), LOCAL, watched={"w": "abc"}).occurrence == "abc"


def test_daily_tasks_are_named_in_their_order() -> None:
    one = made(workstream(), LOCAL)
    assert one.tasks == ("w:prepare", "w:first", "w:second", "w:accept")
    assert [one.task_before(step) for step in ("first", "second", "accept")] == ["w:prepare", "w:first", "w:second"]


@pytest.mark.parametrize(
    ("rule", "following"),
    [
        ("daily", "2026-11-25T00:00+13:00"),
        ("weekly", "2026-11-30T00:00+13:00"),
        ("monthly", "2026-12-01T00:00+13:00"),
        ("30 4 * * *", "2026-11-25T04:30+13:00"),
        ("once", None),
        ("always", None),
    ],
)
def test_the_next_time_is_the_first_after_now_where_it_counts(rule: str, following: str | None) -> None:
    found = schedule.next_time(rule, now=datetime(2026, 11, 23, 23, 30, tzinfo=UTC), zone=ZoneInfo("Pacific/Auckland"))
    assert (found.isoformat(timespec="minutes") if found else None) == following


@pytest.mark.parametrize(
    ("rule", "is_so"),
    [("daily", True), ("always", True), ("weekly", False), ("0 2 * * 1-5", True), ("0 2 * * 1", False), ("x y", False)],
)
def test_what_comes_every_working_day_is_nightly(rule: str, is_so: bool) -> None:
    assert schedule.is_nightly(rule) is is_so


@pytest.mark.parametrize(
    ("seen", "name", "what"),
    [
        (LOCAL, "main", "the default branch"),
        (
            snapshot("refs/remotes/origin/next", "refs/remotes/origin/trunk", remotes=("origin",), refs__remotes__origin__HEAD="refs/remotes/origin/trunk"),
            "trunk", "the default branch",
        ),
        (snapshot("refs/heads/main", "refs/heads/next"), "next", "the base of w"),
    ],
)  # fmt: skip
def test_a_branch_that_everybody_starts_from_is_no_workstream_s(seen: Snapshot, name: str, what: str) -> None:
    own = workstream(branch=name, base="next" if "refs/heads/main" not in seen.refs or name == "next" else None)
    with pytest.raises(InputError, match=f'workstreams/w.yaml: branch "{name}" is {what}; name another'):
        made(own, seen)
