"""A text's own Markdown, kept as far as it shapes the text: paragraphs, lists, emphasis, code. All else of it is inert.

No heading, HTML, link, picture, mention or reference comes of it, nothing that closes an issue, and nothing that
reaches past its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from splinter.text import markdown
from splinter.text.markdown import Markdown

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_CODE = re.compile(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_HEADING = re.compile(r"^( {0,3}(?:> ?)*(?:[-*+] +|\d+[.)] +)?)#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$")
_UNDERLINE = re.compile(r"^[ >]*(=+|-+)[ \t]*$")
_ESCAPED = str.maketrans({mark: f"&#{ord(mark)};" for mark in "<&`"})
_LINKS = re.compile(r"(?<=!)\[|(?<=\])[(:]")


def kept(text: str) -> Markdown:
    """The text with its own shape, as Markdown that does nothing beyond that; its middle is left out if it is long."""
    return Markdown("\n".join(_lines(markdown.excerpt(text).expandtabs(4).split("\n"))).strip("\n"))


def quoted(text: str) -> Markdown:
    """The same as a quotation."""
    return Markdown("\n".join(f"> {line}".rstrip() for line in kept(text).split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    fence = ""
    for line in lines:
        opening = _FENCE.match(line)
        if fence:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence, line = "", fence
            yield line.replace("<!--", "<! --")
        elif opening:
            fence = opening[1]
            yield fence  # without the name of a language, which may draw diagrams and maps
        else:
            yield _inline(line)
    if fence:
        yield fence


def _inline(line: str) -> str:
    """One line with its code spans, and what would be more than text of the rest as text."""
    if _UNDERLINE.match(line):
        return ""
    heading = _HEADING.match(line)
    if heading:
        line = f"{heading[1]}**{heading[2].strip('*')}**" if heading[2] else ""
    made, end = [], 0
    for span in _CODE.finditer(line):
        made += [_quiet(line[end : span.start()]), span[0].replace("<!--", "<! --")]
        end = span.end()
    return "".join((*made, _quiet(line[end:])))


def _quiet(words: str) -> str:
    escaped = markdown.without_notices(words).translate(_ESCAPED)
    return _LINKS.sub(lambda mark: f"&#{ord(mark[0])};", escaped)
