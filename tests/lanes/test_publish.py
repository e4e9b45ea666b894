"""Each write to GitHub cut, refused for a time or without an answer, before it was done and after: then it gets there.

`pytest --lane publish`
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from splinter.errors import PublishError
from splinter.model.effects import Kind
from splinter.model.ports import Proposal
from splinter.model.records import WorkstreamRecord
from splinter.publish import pull_request_body
from splinter.publish.forges.github import GitHub
from splinter.publish.journal import Entry
from splinter.publish.waiting import FixedWaiting
from tests.counterparts.github_server import MONDAY, Fault, GitHubServer, github_server

pytestmark = pytest.mark.lane("publish")
HEAD = "splinter/tidy"
WHOLE = {
    "labels": ("docs", "late"), "assignees": ("hubot",), "reviewers": ("monalisa", "octo/docs"), "milestone": "1.0",
}  # fmt: skip
CHANGED = {
    "labels": ("docs", "new"),
    "assignees": ("octo",),
    "reviewers": ("hubot",),
    "milestone": "2.0",
    "draft": False,
}
LIMIT = {"message": "You have exceeded a secondary rate limit.", "headers": {"Retry-After": "3600"}}


def page_of(id: str = "tidy", *, result: str = "1", **fields: object) -> Proposal:
    record = WorkstreamRecord(workstream=id, title=id, outcome="changed", metadata={"result": result})
    body = pull_request_body.body(record, run="run-1", reproduce=f"doit {id}", definition="abc")
    return Proposal(workstream=id, head=f"splinter/{id}", base="main", title=id, own_body=body, **fields)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Harm:
    """What goes wrong at a write; `is_done`: after GitHub did it."""

    name: str
    status: int = 0
    cut: bool = False
    silent: bool = False
    limit: bool = False

    def fault(self, method: str, path: str, *, is_done: bool, times: int) -> Fault:
        more = LIMIT if self.limit else {}
        return Fault(
            method, path, status=self.status, cut=self.cut, is_silent=self.silent, is_done=is_done, times=times, **more
        )  # type: ignore[arg-type]


HARMS = [
    Harm("500", status=500), Harm("502", status=502), Harm("limit", status=403, limit=True), Harm("cut", cut=True),
    Harm("silence", silent=True),
]  # fmt: skip
OPENING = [
    ("POST", "/pulls$"), ("POST", "/1/labels$"), ("POST", "/1/assignees$"), ("POST", "/1/requested_reviewers$"),
    ("PATCH", "/issues/1$"),
]  # fmt: skip
CHANGING = [
    ("POST", "/1/labels$"), ("DELETE", "/1/labels/late$"), ("POST", "/1/assignees$"), ("DELETE", "/1/assignees$"),
    ("POST", "/1/requested_reviewers$"), ("DELETE", "/1/requested_reviewers$"), ("PATCH", "/issues/1$"),
    ("POST", "/graphql$"), ("PATCH", "/pulls/1$"),
]  # fmt: skip


def world(hub: GitHubServer) -> None:
    hub.push(HEAD)
    for name in ("docs", "late", "new"):
        hub.make_label({"name": name})
    for title in ("1.0", "2.0"):
        hub.make_milestone(title)


def stands(hub: GitHubServer, number: int = 1) -> dict[str, object]:
    pull = hub.pulls[number]
    teams = [f"octo/{one['slug']}" for one in pull["requested_teams"]]
    return {
        "labels": {one["name"] for one in pull["labels"]},
        "assignees": {one["login"] for one in pull["assignees"]},
        "reviewers": {*(one["login"] for one in pull["requested_reviewers"]), *teams},
        "milestone": pull["milestone"]["title"],
        "draft": pull["draft"],
    }


def wanted(fields: dict[str, object]) -> dict[str, object]:
    sets = {name: {*value} for name, value in fields.items() if isinstance(value, tuple)}
    return {"draft": True, **fields, **sets}


def tried(call: Callable[[], object]) -> str:
    """What it said that went wrong, empty for nothing."""
    try:
        done = call()
    except PublishError as error:
        return str(error)
    return "; ".join(getattr(done, "unfinished", ()))


def until_it_stands(hub: GitHubServer, page: Proposal) -> None:
    """Later runs, each a new client without a journal, as in a fresh clone: the second one writes nothing."""
    assert tried(lambda: hub.forge(timeout_s=2).publish(page)) == ""
    count = len(hub.writes)
    assert tried(lambda: hub.forge(timeout_s=2).publish(page)) == ""
    assert len(hub.writes) == count


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.name)
@pytest.mark.parametrize(("method", "path"), OPENING)
@pytest.mark.parametrize("times", [1, 9])
def test_one_right_pull_request_whatever_went_wrong_when_it_was_opened(
    method: str, path: str, harm: Harm, is_done: bool, times: int
) -> None:
    with github_server(FixedWaiting(MONDAY)) as hub:
        world(hub)
        fault = harm.fault(method, path, is_done=is_done, times=times)
        hub.faults.append(fault)
        said = tried(lambda: hub.forge(timeout_s=1, wait_s=0).publish(page_of(**WHOLE)))
        is_whole = bool(hub.pulls) and _is_whole(hub, WHOLE)
        assert said or is_whole, "neither there nor told"
        assert fault.times < times, "nothing went wrong"
        hub.faults.clear()
        hub.clock.waited_s += 4000  # type: ignore[union-attr]
        until_it_stands(hub, page_of(**WHOLE))
        assert len(hub.pulls) == 1
        assert stands(hub) == wanted(WHOLE)


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.name)
@pytest.mark.parametrize(("method", "path"), CHANGING)
@pytest.mark.parametrize("times", [1, 9])
def test_a_change_of_our_definition_gets_there_whatever_went_wrong(
    method: str, path: str, harm: Harm, is_done: bool, times: int
) -> None:
    with github_server(FixedWaiting(MONDAY)) as hub:
        world(hub)
        assert tried(lambda: hub.forge().publish(page_of(**WHOLE))) == ""
        hub.label(1, ["theirs"], by="person")
        hub.clock.waited_s += 4000  # type: ignore[union-attr]
        page, fields = page_of(result="2", **CHANGED), {**CHANGED, "labels": (*CHANGED["labels"], "theirs")}  # type: ignore[misc]
        fault = harm.fault(method, path, is_done=is_done, times=times)
        hub.faults.append(fault)
        said = tried(lambda: hub.forge(timeout_s=1, wait_s=0).publish(page))
        assert said or _is_whole(hub, fields), "neither there nor told"
        assert fault.times < times, "nothing went wrong"
        hub.faults.clear()
        hub.clock.waited_s += 4000  # type: ignore[union-attr]
        until_it_stands(hub, page)
        assert stands(hub) == wanted(fields)
        assert "| result | 2 |" in hub.pulls[1]["body"]


def _is_whole(hub: GitHubServer, fields: dict[str, object]) -> bool:
    return bool(hub.pulls[1]["milestone"]) and stands(hub) == wanted(fields)


class Killed(BaseException):
    pass


@dataclass
class Mortal:
    """Effects of a run that is killed at one of them, before it is done or after."""

    at: int
    is_after: bool

    @contextmanager
    def effect(self, kind: Kind, target: str, made_of: str) -> Iterator[Entry]:
        self.at -= 1
        if self.at == 0 and not self.is_after:
            raise Killed
        yield Entry(None)
        if self.at == 0:
            raise Killed


@pytest.mark.parametrize("is_after", [False, True])
def test_a_run_that_is_killed_at_any_write_is_finished_by_the_next(is_after: bool) -> None:
    changed = page_of(result="2", **CHANGED)
    for at in range(1, 40):
        with github_server(FixedWaiting(MONDAY)) as hub:
            world(hub)
            mortal, is_killed = Mortal(at, is_after), False
            for act in (
                lambda one: hub.forge().publish(page_of(**WHOLE), None, one),
                lambda one: hub.forge().publish(changed, None, one),
                lambda one: hub.forge().close(workstream="tidy", head=HEAD, comment="Nothing is left.", effects=one),
            ):
                try:
                    act(mortal)
                except Killed:
                    is_killed = True
                    act(None)
            assert len(hub.pulls) == 1
            assert stands(hub) == wanted(CHANGED)
            assert (hub.pulls[1]["state"], len(hub.comments[1])) == ("closed", 1)
        if not is_killed:
            break
    assert at > 10
    print(f"{at - 1} places")


@pytest.mark.parametrize(("wait_s", "per_minute"), [(0, 80), (300, 80), (0, 40), (300, 40)])
def test_of_forty_first_pages_under_a_limit_of_writes_none_stays_without_its_fields(
    wait_s: float, per_minute: int
) -> None:
    with github_server(FixedWaiting(MONDAY), per_minute=per_minute) as hub:
        world(hub)
        pages = [page_of(f"w-{number}", **WHOLE) for number in range(40)]
        for page in pages:
            hub.push(page.head)
        runs, said = 0, ["not yet"]
        while any(said) and runs < 9:
            runs, said = runs + 1, all_of(hub.forge(wait_s=wait_s), pages)
            hub.clock.waited_s += 60  # type: ignore[union-attr]
        assert not any(said)
        assert len(hub.pulls) == 40
        assert {number: stands(hub, number) for number in hub.pulls} == dict.fromkeys(hub.pulls, wanted(WHOLE))
        print(f"{runs} runs, {len(hub.writes)} writes, {hub.used} requests")


def all_of(forge: GitHub, pages: list[Proposal]) -> list[str]:
    return [tried(lambda page=page: forge.publish(page)) for page in pages]  # type: ignore[misc]
