"""A text's own Markdown, kept as far as it shapes the text: paragraphs, lists, emphasis, code. All else of it is inert.

No heading, HTML, link, picture, mention or reference comes of it, nothing that closes an issue, and nothing that
reaches past its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from splinter.text import markdown
from splinter.text.markdown import Markdown

_ITEM = re.compile(r"[> ]*(?:[-*+]|\d{1,9}[.)])(?: |$)")
# as the first of a list's item, too; a line with backticks after it is a span of code
_FENCE = re.compile(r"(?:[-*+] |\d{1,9}[.)] | )*(`{3,}(?!.*`)|~{3,})")
_CODE = re.compile(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_HEADING = re.compile(r"((?:[-*+] |\d{1,9}[.)] |[> ])*)#{1,6}(?: +|$)")
_HEADING_END = re.compile(r"(?:^| )#+$")
_UNDERLINE = re.compile(r"^[ >]*(=+|-+)[ \t]*$")
_TABLE = re.compile(r"(?=.*-)(?=.*[|:])[ >*+\d.)|:-]+")  # the line that makes a table of those around it
_HTML = re.compile(r"<(?=[A-Za-z/!?]|$)|&(?=[A-Za-z#]|$)|[`$]")  # and a dollar, between two of which GitHub sets maths
_LINKS = re.compile(r"(?<=!)\[|(?<=\])[(:]|\[(?=[ xX]\](?: |$))|\[(?=!)")  # and boxes to tick, and notices in colour


def kept(text: str) -> Markdown:
    """The text with its own shape, as Markdown that does nothing beyond that; its middle is left out if it is long."""
    return Markdown("\n".join(_lines(markdown.excerpt(text).expandtabs(4).split("\n"))).strip("\n"))


def quoted(text: str) -> Markdown:
    """The same as a quotation."""
    return Markdown("\n".join(f"> {line}".rstrip() for line in kept(text).split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    fence, indent, in_code, in_list, after_blank = "", 0, False, False, True
    has_table = any(map(_TABLE.fullmatch, lines))
    for line in lines:
        in_code = not fence and not in_list and (in_code or after_blank) and line.startswith("    ")
        opening = None if fence or in_code else _FENCE.match(line)
        if fence and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            yield fence
            fence = ""
        elif fence or in_code:
            line = line[:indent].lstrip(" ") + line[indent:] if fence else line
            yield line.replace("<!--", "<! --")
        elif opening:
            fence, indent = opening[1], opening.start(1)
            yield fence  # without the name of a language, which may draw diagrams and maps
        else:
            yield _inline(line, has_table=has_table)
            # a list goes on until a line at the margin follows an empty one
            in_list = bool(_ITEM.match(line)) or (in_list and (line[:1] in ("", " ") or not after_blank))
        after_blank = not line.strip(" ")
    if fence:
        yield fence


def _inline(line: str, *, has_table: bool) -> str:
    """One line with its code spans, and what would be more than text of the rest as text."""
    if _UNDERLINE.match(line):
        return ""
    heading = _HEADING.match(line)
    if heading:
        words = _HEADING_END.sub("", line[heading.end() :].strip()).strip(" *")
        line = f"{heading[1]}**{words}**" if words else ""
    made, end = [], 0
    for span in _CODE.finditer(line):
        if has_table and "|" in span[2]:
            continue  # a row is cut into cells before code is looked for
        made += [_quiet(line[end : span.start()]), span[0].replace("<!--", "<! --")]
        end = span.end()
    return "".join((*made, _quiet(line[end:])))


def _quiet(words: str) -> str:
    escaped = _HTML.sub(_as_entity, markdown.without_notices(words))
    return _LINKS.sub(_as_entity, escaped)


def _as_entity(mark: re.Match[str]) -> str:
    return f"&#{ord(mark[0])};"
