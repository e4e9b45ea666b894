"""What counts as somebody's touch of a pull request, and what bots and we ourselves do, which does not."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from splinter.publish import pull_request_body
from splinter.publish.forges import github_field_writes, github_touches
from tests.unit.publish.forges.test_github import kept

ANN, BOT, US = (
    {"login": login, "type": kind} for login, kind in (("ann", "User"), ("cov[bot]", "Bot"), ("us", "User"))
)


def user(one: dict[str, str]) -> SimpleNamespace:
    return SimpleNamespace(**one)


def entry(who: dict[str, str], body: str = "Hm.") -> SimpleNamespace:
    return SimpleNamespace(user=user(who), body=body)


def pull(**fields: Any) -> Any:
    lists = {name: fields.pop(name, ()) for name in ("issue_comments", "reviews", "review_comments")}
    getters = {f"get_{name}": partial(iter, found) for name, found in lists.items()}
    whole = {
        "title": "Tidy", "body": kept(), "user": user(US), "labels": (), "assignees": (), "requested_teams": (),
        "requested_reviewers": (), "milestone": None, "draft": True, "base": SimpleNamespace(ref="main"),
    }  # fmt: skip
    return SimpleNamespace(**{**whole, **getters, **fields})


@pytest.mark.parametrize(
    ("fields", "events", "touch"),
    [
        ({}, (), ""),
        ({"issue_comments": [entry(BOT), entry(US, f"x {pull_request_body.marker('comment', 'a')}")]}, (), ""),
        ({"requested_reviewers": [user(ANN)]}, ({"event": "review_requested", "actor": US},), ""),
        ({}, ({"event": "labeled", "actor": BOT}, {"event": "mentioned", "actor": ANN}), ""),
        ({"issue_comments": [entry(ANN)]}, (), "ann commented"),
        ({"issue_comments": [entry(US)]}, (), "us commented"),
        ({"reviews": [entry(ANN, "")]}, (), "ann reviewed it"),
        ({"review_comments": [entry(ANN)]}, (), "ann commented on a line"),
        ({}, ({"event": "unlabeled", "actor": ANN},), "ann changed it (unlabeled)"),
        ({}, ({"event": "reopened", "actor": None},), "somebody changed it (reopened)"),
        ({"title": "Mine"}, (), "somebody changed its title"),
        ({"draft": False}, (), "somebody marked it ready for review"),
        ({"body": f"Mine.\n{kept()}"}, (), "somebody wrote in its text"),
        ({"body": "Mine."}, (), "its text lacks our part"),
        ({"labels": [SimpleNamespace(name="mine")]}, (), "somebody set its labels"),
    ],
)
def test_what_is_a_touch(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], events: tuple[dict[str, Any], ...], touch: str
) -> None:
    monkeypatch.setattr(github_field_writes, "events", lambda pull: iter(events))
    assert github_touches.of(pull(**fields)) == touch
