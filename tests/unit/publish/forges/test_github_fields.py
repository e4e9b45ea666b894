"""What is written of a pull request's fields, from what was asked for then and now, what is there, and the events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.model.effects import Kind
from splinter.publish.forges import github_fields
from splinter.publish.forges.github_fields import Change, Fields, Past

NOTHING: Past = frozenset()
F = Fields
L, A, R, M, D = Kind.LABELS, Kind.ASSIGNEES, Kind.REVIEWERS, Kind.MILESTONE, Kind.DRAFT

# what is remembered, asked for now, and there; what was ever applied; what is written
TABLE: dict[str, tuple[Fields | None, Fields, Fields, Past, list[Change]]] = {
    "all there": (F(labels=("a",)), F(labels=("a",)), F(labels=("a",)), NOTHING, []),
    "more there": (F(), F(), F(labels=("theirs",), reviewers=("x",), milestone="m"), NOTHING, []),
    "spelt otherwise": (
        F(labels=("Docs",), reviewers=("Hubot", "Org/Team")),
        F(labels=("Docs",), reviewers=("Hubot", "Org/Team")),
        F(labels=("docs",), reviewers=("hubot", "/team")),
        NOTHING,
        [],
    ),
    "never applied": (
        F(labels=("a", "b"), assignees=("p",), reviewers=("q", "org/team"), milestone="m"),
        F(labels=("a", "b"), assignees=("p",), reviewers=("q", "org/team"), milestone="m"),
        F(labels=("a",)),
        NOTHING,
        [
            Change(kind=L, added=("b",)),
            Change(kind=A, added=("p",)),
            Change(kind=R, added=("q", "org/team")),
            Change(kind=M, added=("m",)),
        ],
    ),
    "taken away by a person": (
        F(labels=("a", "b"), assignees=("p",), reviewers=("q", "org/team"), milestone="m"),
        F(labels=("a", "b"), assignees=("p",), reviewers=("q", "org/team"), milestone="m"),
        F(labels=("a",)),
        frozenset({(L, "b"), (A, "p"), (R, "q"), (R, "/team"), (M, "m")}),
        [],
    ),
    "new in our definition, whatever was before": (
        F(labels=("a",)), F(labels=("a", "b")), F(), frozenset({(L, "a"), (L, "b")}), [Change(kind=L, added=("b",))],
    ),
    "left our definition": (
        F(labels=("a", "b"), assignees=("p",), reviewers=("q", "org/team")),
        F(labels=("a",)),
        F(labels=("a", "B", "c"), assignees=("p", "z"), reviewers=("/team",)),
        NOTHING,
        [Change(kind=L, removed=("B",)), Change(kind=A, removed=("p",)), Change(kind=R, removed=("/team",))],
    ),
    "left it and is gone": (F(labels=("a",)), F(), F(), NOTHING, []),
    "one for another": (
        F(labels=("a",), milestone="1"), F(labels=("b",), milestone="2"), F(labels=("a",), milestone="1"), NOTHING,
        [Change(kind=L, added=("b",), removed=("a",)), Change(kind=M, added=("2",))],
    ),
    "no milestone any more": (F(milestone="1"), F(), F(milestone="1"), NOTHING, [Change(kind=M, removed=("1",))]),
    "a person's milestone": (F(milestone="1"), F(milestone="1"), F(milestone="mine"), NOTHING, []),
    "a person's milestone stays where ours goes": (F(milestone="1"), F(), F(milestone="mine"), NOTHING, []),
    "ready now": (F(), F(is_draft=False), F(), NOTHING, [Change(kind=D, removed=("draft",))]),
    "a draft again": (F(is_draft=False), F(), F(is_draft=False), NOTHING, [Change(kind=D, added=("draft",))]),
    "marked ready by a person": (F(), F(), F(is_draft=False), NOTHING, []),
    "made a draft by a person": (F(is_draft=False), F(is_draft=False), F(), NOTHING, []),
    "opened by a person": (
        None, F(labels=("a",), milestone="m"), F(labels=("x",), is_draft=False), NOTHING,
        [Change(kind=L, added=("a",)), Change(kind=M, added=("m",))],
    ),
    "opened by a person who took it away": (None, F(labels=("a",)), F(), frozenset({(L, "a")}), []),
}  # fmt: skip


@pytest.mark.parametrize("row", TABLE)
def test_what_is_written(row: str) -> None:
    then, now, there, past, written = TABLE[row]
    assert list(github_fields.changes(then, now, there, lambda: past)) == written


def test_events_are_asked_for_only_where_something_is_missing_that_is_no_news() -> None:
    def never() -> Past:
        raise AssertionError("asked")

    for row in (
        "all there",
        "more there",
        "left our definition",
        "one for another",
        "ready now",
        "a person's milestone",
    ):
        then, now, there, _, written = TABLE[row]
        assert list(github_fields.changes(then, now, there, never)) == written


@pytest.mark.parametrize(
    ("then", "now", "there", "is_ours", "written"),
    [
        ("main", "main", "main", True, None),
        ("main", "next", "main", True, "next"),
        ("main", "main", "theirs", True, None),
        ("main", "next", "theirs", True, None),
        ("splinter/parent", "main", "main", True, None),
        ("", "main", "old", True, "main"),
        ("", "main", "theirs", False, None),
    ],
)
def test_a_base_that_somebody_else_chose_stays(
    then: str, now: str, there: str, is_ours: bool, written: str | None
) -> None:
    was = F(base=then) if then else None
    assert github_fields.base(was, F(base=now), F(base=there), is_ours=is_ours) == written


def test_of_what_could_not_be_written_the_old_is_remembered() -> None:
    then, now = F(labels=("a",), is_draft=True), F(labels=("b",), assignees=("p",), is_draft=False)
    assert github_fields.reached(then, now, [L, D]) == replace(now, labels=("a",), is_draft=True)
    assert github_fields.reached(then, now, []) == now
    assert github_fields.reached(None, now, [L]) == now


EVENTS: list[dict[str, Any]] = [
    {"event": "labeled", "label": {"name": "Docs"}},
    {"event": "unlabeled", "label": {"name": "gone"}},
    {"event": "assigned", "assignee": {"login": "Hubot"}},
    {"event": "assigned", "assignee": None},
    {"event": "review_requested", "requested_reviewer": {"login": "octocat"}},
    {"event": "review_requested", "requested_team": {"slug": "team", "name": "The team"}},
    {"event": "milestoned", "milestone": {"title": "1.0"}},
    {"event": "base_ref_changed"},
    {},
]


def test_events_say_what_was_ever_applied() -> None:
    assert github_fields.past(EVENTS) == {(L, "docs"), (A, "hubot"), (R, "octocat"), (R, "/team"), (M, "1.0")}


NAMES = st.lists(st.text(min_size=1, max_size=20), max_size=4, unique=True).map(tuple)


@given(
    st.builds(
        Fields,
        labels=NAMES, assignees=NAMES, reviewers=NAMES,
        milestone=st.text(max_size=20), is_draft=st.booleans(), base=st.text(max_size=20),
    )
)  # fmt: skip
def test_what_is_remembered_comes_back_and_ends_no_comment(fields: Fields) -> None:
    text = github_fields.encoded(fields)
    assert github_fields.decoded(text) == fields
    assert not {*text} & {*"<>@#`*\n\r\t "}
    assert "--" not in text


def test_what_is_remembered_can_be_read() -> None:
    fields = F(labels=("docs", "good first review"), reviewers=("octocat", "org/team"), base="splinter/base")
    assert github_fields.encoded(fields) == (
        "base=splinter/base&draft=yes&labels=docs,good%20first%20review&reviewers=octocat,org/team"
    )


@pytest.mark.parametrize("text", [None, "", "draft", "draft=perhaps", "base=main", "&&==&"])
def test_what_somebody_damaged_is_nothing(text: str | None) -> None:
    assert github_fields.decoded(text) is None
