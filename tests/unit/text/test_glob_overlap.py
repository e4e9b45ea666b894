from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.text import glob_overlap, patterns

UNDECIDED = "?"


def shared(*all_of: str, none_of: tuple[str, ...] = ()) -> str | None:
    return glob_overlap.shared(all_of, none_of, undecided=UNDECIDED)


@pytest.mark.parametrize(
    ("one", "other", "path"),
    [
        ("docs/**", "docs/*.md", "docs/x.md"),
        ("docs", "docs/api.md", "docs/api.md"),
        ("docs/*.md", "docs/api.*", "docs/api.md"),
        ("**/test_*.py", "src/**", "src/test_.py"),
        ("**/a/**", "**/b/**", "a/b/x"),
        ("[ab].md", "[!a].md", "b.md"),
        ("docs/*.md", "docs/*.txt", None),
        ("docs", "docs.md", None),
        ("docs/*", "docs/x/y", None),
        ("src/**", "tests/**", None),
        ("src/?", "src/ab", None),
        ("[a-c]", "[d-f]", None),
        ("[b-a]", "**", "b"),
    ],
)
def test_two_patterns_share_a_path_or_none(one: str, other: str, path: str | None) -> None:
    found = shared(one, other)
    assert found == shared(other, one) == path
    assert found is None or (patterns.matches(one, found) and patterns.matches(other, found))


@pytest.mark.parametrize(
    ("one", "without", "path"),
    [
        ("docs/**", ("docs/**",), None),
        ("docs/*.md", ("docs",), None),
        ("docs/**", ("docs/*",), "docs/x/x"),
        ("docs/**", ("docs/*", "docs/*/**"), None),
        ("docs", ("docs/**",), "docs"),
        ("**", ("*", "**/*.md", "**/*.py"), "x/x"),
        ("[ab]", ("a",), "b"),
        ("[ab]", ("a", "b"), None),
        ("?", ("[!x]",), "x"),
        ("?", ("[!x]", "x"), None),
    ],
)
def test_what_is_left_of_a_pattern_behind_others(one: str, without: tuple[str, ...], path: str | None) -> None:
    assert shared(one, none_of=without) == path


PIECES = st.sampled_from(["a", "b", "*", "**", "?", "[ab]", "[!a]", "/", "/", "a/", "**/", "/**"])
PATTERNS = st.lists(PIECES, min_size=1, max_size=4).map("".join).filter(lambda text: not patterns.path_problem(text))
PATHS = [
    "/".join(parts)
    for count in (1, 2, 3)
    for parts in itertools.product(["a", "b", "c", "ab", "ba", "aa", "bb"], repeat=count)
]


@given(PATTERNS, PATTERNS, st.lists(PATTERNS, max_size=2).map(tuple))
def test_the_answer_is_that_of_trying_paths(one: str, other: str, without: tuple[str, ...]) -> None:
    found = shared(one, other, none_of=without)
    if found is None:
        fitting = [path for path in PATHS if patterns.matches(one, path) and patterns.matches(other, path)]
        assert not [path for path in fitting if not any(patterns.matches(own, path) for own in without)]
    elif found != UNDECIDED:
        assert patterns.matches(one, found)
        assert patterns.matches(other, found)
        assert not any(patterns.matches(own, found) for own in without)


def test_entangled_and_huge_patterns_are_left_undecided_in_moderate_time() -> None:
    started = time.monotonic()
    entangled = "*".join("ab" * 40)
    assert shared(f"*{entangled}*x", f"*{entangled[::-1]}*x", none_of=("*a*x", "?" * 50 + "*y*x")) == UNDECIDED
    assert shared("a" * 100_000 + "*[b]", "*[bc]") == UNDECIDED
    assert not patterns.matches("*a" * 300 + "*b", "a" * 1000)
    assert not patterns.matches("**/a/" * 200 + "b", "a/" * 400 + "c")
    assert time.monotonic() - started < 60
