"""Names that a disk takes for one that is guarded."""

from __future__ import annotations

import pytest

from splinter.model.guarded_paths import forbidden_patterns, is_guarded
from splinter.model.workstream import Scope
from splinter.text.file_names import folded


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/App.py", "src/app.py"), (".g\u200cit/config", ".git/config"), ("\ufeff.git/x", ".git/x"),
        ("GIT~1/config", ".git/config"), (".git./x", ".git/x"), (".git /x", ".git/x"), (".git::$INDEX/x", ".git/x"),
        ("a\\.GIT\\x", "a/.git/x"), ("Cafe\u0301", "caf\u00e9"), ("git~x", "git~x"), ("...", "..."), ("a..b", "a..b"),
    ],
)  # fmt: skip
def test_a_name_as_every_disk_would_find_it(path: str, name: str) -> None:
    assert folded(path) == name


@pytest.mark.parametrize(
    "path",
    [
        ".git/config", ".g\u200cit/config", "git~1/hooks/x", "sub/.GIT/config", ".GitHub/workflows/x.yml", "Dodo.py",
        "doit.cfg", ".worktreeinclude", ".mcp.json", "AGENTS.md", "sub/claude.md", "GEMINI.md ", ".cursor/rules/x",
        ".Splinter/history.db", ".DOIT.db", ".claude/settings.json", "sub/.gitattributes",
    ],
)  # fmt: skip
def test_what_is_guarded_is_guarded_under_each_of_its_names(path: str) -> None:
    assert is_guarded(path, forbidden_patterns(Scope(modify=("**",), create=("**",), is_declared=True)))


@pytest.mark.parametrize("path", ["src/dodo.py", "agents.md.txt", ".github.md", "docs/git/config", "git/config"])
def test_what_only_looks_alike_is_not(path: str) -> None:
    assert not is_guarded(path, forbidden_patterns(Scope(modify=("**",), create=("**",), is_declared=True)))


def test_who_names_it_may_change_it() -> None:
    scope = Scope(modify=("AGENTS.md", ".github/workflows/x.yml"), is_declared=True)
    assert not is_guarded("AGENTS.md", forbidden_patterns(scope))
    assert not is_guarded(".github/workflows/x.yml", forbidden_patterns(scope))
    assert is_guarded("CLAUDE.md", forbidden_patterns(scope))
