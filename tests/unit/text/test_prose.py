"""Texts of others that keep the shape of their Markdown, and do nothing else."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splinter.text import prose

Q = "\u200b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("One.\n\n- a `x < y`\n- *b*\n\n1. c", "One.\n\n- a `x < y`\n- *b*\n\n1. c"),
        ("## Head #\n> # Quoted", "**Head**\n> **Quoted**"),
        ("Over\n====\nand\n---", "Over\n\nand"),
        ("hi @bob, closes #1, o/r#2, GH-3", f"hi @{Q}bob, closes #{Q}1, o/r#{Q}2, GH-{Q}3"),
        ("https://github.com/o/r/issues/4", f"https://github.com/o/r/issues/{Q}4"),
        ("<b onclick=x>&amp;", "&#60;b onclick=x>&#38;amp;"),
        ("![i](http://x) [l](y)\n[r]: http://z", "!&#91;i]&#40;http://x) [l]&#40;y)\n[r]&#58; http://z"),
        ("a ` b @c", f"a &#96; b @{Q}c"),
        (r"\` @c `", rf"\&#96; @{Q}c &#96;"),  # an escaped backtick opens nothing
        ("```mermaid\n@c <b> <!-- x\n```\nafter", "```\n@c <b> <! -- x\n```\nafter"),
        ("~~~\nnever closed ```", "~~~\nnever closed ```\n~~~"),
        ("````\n```\n````", "````\n```\n````"),
    ],
)
def test_the_shape_stays_and_all_else_is_inert(text: str, shown: str) -> None:
    assert prose.kept(text) == shown


def test_a_quotation_has_its_mark_on_each_line() -> None:
    assert prose.quoted("a\n\n```\nb") == "> a\n>\n> ```\n> b\n> ```"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="`~\\<@#1![](): \n>-ab", max_size=40))
def test_nothing_outside_of_code_is_html_a_link_or_a_mention(text: str) -> None:
    kept = prose.kept(text)
    without_fences = re.sub(r"(?ms)^(`{3,}|~{3,})$.*?^\1$", "", kept)
    rest = re.sub(r"(?<![`\\])(`+)(?!`).+?(?<!`)\1(?!`)|&#\d+;", "x", without_fences)
    assert not re.search(r"<|@\w|#\d|!\[|\]\(|\]:|`", rest)
