from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.text import patterns


@pytest.mark.parametrize(
    ("text", "seconds"), [(90, 90.0), ("90", 90.0), ("90s", 90.0), ("20m", 1200.0), ("2h", 7200.0)]
)
def test_durations_become_seconds(text: str | int, seconds: float) -> None:
    assert patterns.seconds(text) == seconds


REFS = [
    "main", "splinter/api-docs", "release/1.0", "é", "a;b", "feature/x.y", "-x", "--help", "a..b", "a b", "a~1",
    "a^", "a:b", "a?", "a*", "a[b", "a\\b", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a.lock", "a.lock/b", "@", "@{-1}",
    "a@{b", "a\tb", "a\x7fb", "HEAD",
]  # fmt: skip


@pytest.mark.parametrize("name", REFS)
def test_refs_are_judged_as_git_judges_branches(name: str) -> None:
    # `git check-ref-format --branch` would expand @{-1}, so the full name is asked; a leading dash is the option's
    asked = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False)
    is_git_s = asked.returncode == 0 and not name.startswith("-") and name not in ("HEAD", "@")
    assert (patterns.ref_problem(name) is None) == is_git_s


@pytest.mark.parametrize("path", ["a", "docs/**", "*.md", ".github/**", "a b/é", "a/-x", "docs/", "a..b", "[ab]?/*"])
def test_paths_inside_the_repository_are_accepted(path: str) -> None:
    assert patterns.path_problem(path) is None


PATHS = ["a.md", "docs/a.md", "docs/x/b.md", "docs/x/y/c.txt", "src/a.py", "src/docs/d.md", "x[1].md", "docs.md"]
PATTERNS = [
    "**", "*", "*.md", "docs", "docs/", "docs/*", "docs/**", "**/*.md", "docs/**/b.md", "docs/**/c.txt", "**/docs/**",
    "?.md", "[ab].md", "[!a].md", "[^a].md", "docs[!x]a.md", "docs[^x]a.md", "[[:alpha:]].md", "x[[:digit:]_[]*.md", "[a--b].md", "[b-a].md", "doc?", "src/*.py", "x[[]1].md", "docs/x", "a.md/", "**/x/*",
]  # fmt: skip


def test_a_slash_at_the_end_means_all_in_the_folder() -> None:
    assert patterns.pattern("docs/") == "docs/**"
    assert patterns.pattern("docs") == "docs"


def test_patterns_match_what_git_s_pathspecs_match(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for path in PATHS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    subprocess.run(["git", "-C", tmp_path, "add", "."], check=True)
    for pattern in PATTERNS:
        asked = patterns.pattern(pattern)
        pathspec = f":(glob){asked}"
        listed = subprocess.run(
            ["git", "-C", tmp_path, "ls-files", pathspec], capture_output=True, text=True, check=True
        )
        assert [path for path in sorted(PATHS) if patterns.matches(asked, path)] == listed.stdout.split(), pattern


def test_a_pattern_means_what_is_called_as_it_is_written() -> None:
    for pattern in ("app/[id]", "app/[id]/**", "app/**/[id]/*/*", "**/[id]/**", "app/[id]/x/y"):
        assert patterns.means(pattern, "app/[id]/x/y"), pattern
    assert not patterns.means("app/[id]/**", "app/[ix]/x")
    assert patterns.means("app/[id]/**", "app/i/x")
    assert not patterns.matches("app/[id]/**", "app/[id]/x")  # whether two patterns overlap is asked of wildcards alone


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_pattern_raises(pattern: str, path: str) -> None:
    assert patterns.matches(pattern, path) in (True, False)


@given(st.text())
def test_harmless_text_is_printable_and_as_long(text: str) -> None:
    assert patterns.harmless(text).isprintable()
    assert len(patterns.harmless(text)) == len(text)


def test_a_suggestion_is_made_only_where_one_is_near() -> None:
    assert patterns.did_you_mean("pytset", ["pytest", "ruff"]) == '; did you mean "pytest"?'
    assert patterns.did_you_mean("codex", ["pytest", "ruff"]) == ""
    assert patterns.did_you_mean("p" * 100_000, ["p" * 100_000]) == ""


def test_long_values_are_shown_cut() -> None:
    assert patterns.shown('a"b') == '"a\\"b"'
    assert patterns.shown("x" * 100) == '"' + "x" * 58 + "…"


def test_the_id_of_a_matrix_leads_to_its_members() -> None:
    known = ["deps-web", "deps-api", "depth"]
    assert patterns.did_you_mean_id("deps", known) == "; name one of deps-api, deps-web"
    assert patterns.did_you_mean_id("dept", known) == '; did you mean "depth"?'
