from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.text import unified_diff
from splinter.text.unified_diff import Kind


def of(diff: str) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(one.path, [(part.kind, part.text) for part in one.parts]) for one in unified_diff.files(diff)]


def test_lines_of_one_kind_stay_together_and_each_file_has_its_own() -> None:
    diff = (
        "diff --git a/src/a b.py b/src/a b.py\nindex 1..2 100644\n--- a/src/a b.py\t\n+++ b/src/a b.py\t\n"
        "@@ -1,3 +1,4 @@ def f():\n one\n-two\n-three\n+2\n\\ No newline at end of file\n"
        "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
    )
    assert of(diff) == [
        ("src/a b.py", [
            (Kind.PLACE, "@@ -1,3 +1,4 @@ def f():\n"), (Kind.SAME, " one\n"), (Kind.REMOVED, "-two\n-three\n"),
            (Kind.ADDED, "+2\n"), (Kind.SAME, "\\ No newline at end of file\n"),
        ]),
        ("gone", [(Kind.PLACE, "@@ -1 +0,0 @@\n"), (Kind.REMOVED, "-x\n")]),
    ]  # fmt: skip
    one, other = unified_diff.files(diff)
    assert (one.added, one.removed, other.about) == (1, 2, ["deleted file"])


def test_a_line_that_looks_like_the_head_of_a_file_is_a_line() -> None:
    diff = (
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/forged\n+++ b/forged\n"
        "+end\rdiff --git a/y b/y\n+a\u2028diff --git a/z b/z\n"
    )
    (only,) = unified_diff.files(diff)
    assert (only.path, only.added, only.removed) == ("x", 3, 1)
    assert [line for _, line in only.lines][3:] == ["+end\\u000ddiff --git a/y b/y", "+a\\u2028diff --git a/z b/z"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("+\x1b[31mred\x1b[0m", "+red"),
        ("+if admin\u202e", "+if admin\\u202e"),
        ("+a\u200bb\ufeff", "+a\\u200bb\\ufeff"),
        ("+\U000e0041", "+\\ue0041"),
        ("+👩\u200d💻 שלום", "+👩\u200d💻 שלום"),
        ("+crlf\r", "+crlf"),
    ],
)
def test_what_is_not_seen_becomes_visible(line: str, shown: str) -> None:
    assert unified_diff.visible(line) == shown


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    for one in unified_diff.files(f"diff --git a/x b/x\n{text}"):
        assert "\n" not in one.path
        assert all("\n" not in line for _, line in one.lines)


def test_names_are_those_that_git_means(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    git("init", "-q")
    names = ["a b.txt", "é.txt", "mode", "bytes b/x", 'quo"te']
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0" if "bytes" in name else b"" if name == "mode" else b"text\n")
    git("add", ".")
    shown = [one.path for one in unified_diff.files(git("-c", "core.quotePath=false", "diff", "--cached"))]
    assert sorted(shown) == sorted(["a b.txt", "é.txt", "mode", "bytes b/x", 'quo\\"te'])
