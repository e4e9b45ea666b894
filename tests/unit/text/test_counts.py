"""Counts in words."""

from __future__ import annotations

import pytest

from splinter.text.counts import and_more, duration, more, plural


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1_000, "1,000 files"), (12_345, "12,345 files")]
)
def test_only_one_is_singular_and_thousands_are_set_apart(count: int, text: str) -> None:
    assert plural(count, "file") == text


@pytest.mark.parametrize(("count", "text"), [(1, "1 process"), (2, "2 processes"), (0, "0 processes")])
def test_an_irregular_plural_is_named(count: int, text: str) -> None:
    assert plural(count, "process", "processes") == text


@pytest.mark.parametrize(("hidden", "text"), [(-1, ""), (0, ""), (1, "and 1 more"), (1_234, "and 1,234 more")])
def test_what_is_hidden_is_counted_and_nothing_hidden_says_nothing(hidden: int, text: str) -> None:
    assert more(hidden) == text


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a, b"),
        (["a", "b", "c"], "a, b and 1 more"),
        (list("abcde"), "a, b and 3 more"),
    ],
)
def test_a_list_ends_with_how_many_are_left(items: list[str], text: str) -> None:
    assert and_more(items, 2) == text


def test_items_that_are_sentences_are_set_apart_by_another_sign() -> None:
    assert and_more(["a, b", "c", "d"], 2, between="; ") == "a, b; c and 1 more"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (0.04, "under 0.1 s"), (4.24, "4.2 s"), (42, "42 s"), (59.96, "1 min 00 s"), (95, "1 min 35 s"),
        (185, "3 min 05 s"), (7320, "2 h 02 min"),
    ],
)  # fmt: skip
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words
