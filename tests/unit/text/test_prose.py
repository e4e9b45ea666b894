"""Texts of others that keep the shape of their Markdown, and do nothing else."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

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
        ("1. a\n   - ```py\n     x\n     ```\n2. b", "1. a\n```\nx\n```\n2. b"),
        ("```one``` line", "```one``` line"),
        ("a\n\n    if b < c && List<d>:\n\ne", "a\n\n    if b < c && List<d>:\n\ne"),
        ("- a\n\n    <b>\n\nb\n\n    <b>", "- a\n\n    &#60;b>\n\nb\n\n    <b>"),
        ("a\n\u00a0\n    <b>", "a\n\u00a0\n    &#60;b>"),  # what only looks empty ends no paragraph
        ("1. - ### a ##\n#\n- #b", "1. - **a**\n\n- #b"),
        ("1 < 2 && 3", "1 < 2 && 3"),
        ("|a|b|\n|-|-|\n|`c|<b>`|`d`", "|a|b|\n|-|-|\n|&#96;c|&#60;b>&#96;|`d`"),  # a row is cut before code
        ("`a | b`", "`a | b`"),
        ("> [!CAUTION]\n> $x$\n\n- [x] done", "> &#91;!CAUTION]\n> &#36;x&#36;\n\n- &#91;x] done"),
    ],
)
def test_the_shape_stays_and_all_else_is_inert(text: str, shown: str) -> None:
    assert prose.kept(text) == shown


def test_a_quotation_has_its_mark_on_each_line() -> None:
    assert prose.quoted("a\n\n```\nb") == "> a\n>\n> ```\n> b\n> ```"


READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
LIVE = {"html_block", "html_inline", "link_open", "image", "heading_open"}


@settings(max_examples=max(60, settings().max_examples // 10), deadline=None)
@given(st.lists(st.sampled_from([*"`~\\<@#1![](): \n>-|ab\u00a0", "<b>", "    ", "\n\n", "```", "- ", "|-|-|\n"])))
def test_a_reader_of_markdown_finds_no_html_link_or_heading_in_it(pieces: list[str]) -> None:
    tokens = READER.parse(f"{prose.kept(''.join(pieces))}\n\n<!-- after -->")
    *ours, after = [inner for token in tokens for inner in (token, *(token.children or ()))]
    assert after.content == "<!-- after -->"
    assert not [token for token in ours if token.type in LIVE]
    words = "\n".join(token.content for token in ours if token.type == "text")
    assert "@a" not in words
    assert "#1" not in words


@pytest.mark.parametrize("text", ["-  " * 1300 + "x", "> " * 2000 + "x", "# a" + " " * 3900 + "b", "-|" * 1999 + "x"])
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    prose.kept(text)
    assert time.process_time() - began < 1
