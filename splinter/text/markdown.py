"""Shows any text in Markdown as just that text, and times and sizes as words. It never decides what is shown."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from splinter.text.redact import plain

LAST_LINES = 15
LONGEST_LITERAL = 4_000  # characters; the log has the whole

_ESCAPED = str.maketrans(
    {mark: f"\\{mark}" for mark in "\\*_[]"} | {mark: f"&#{ord(mark)};" for mark in "`<>&|~"},
)
_ESCAPES = {0x1B: "\\u001b", 0x9B: "\\u009b"}
_STARTS_BLOCK = re.compile(r"^(?=#|[+-](?:[\s+-]|$))|^(\d{1,9})(?=[.)](?:\s|$))")
_NOTIFIES = re.compile(r"(@|#(?=\d)|\bGH-(?=\d)|/(?:issues|pull|discussions)/(?=\d))", re.IGNORECASE)
_NOT_IN_CODE = re.compile(r"[`<|\\]")
_QUIET = "\u200b"  # what GitHub's own dependabot puts after an @
_URL = re.compile(r"https?://[^\s<>\"'`|\\]+")
# What markdown2 must not see inside literal text, and the private characters that stand in for it meanwhile.
_STAND_INS = {ord(mark): chr(0xE000 + at) for at, mark in enumerate("<>&`*_[]()!\\~|:@#.-+={}\"'/")}
# as `html.escape` has them; its module brings a large table of all entities into every run
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_MARKS = {ord(stand_in): chr(mark).translate(_ENTITIES) for mark, stand_in in _STAND_INS.items()}


class Markdown(str):
    """Text that is Markdown already; everything else a template prints goes through `text`."""

    __slots__ = ()


def one_line(value: object) -> str:
    """The text on one line with nothing in it that steers a terminal."""
    return " ".join(plain(str(value)).split())


def text(value: object) -> Markdown:
    """Any text as inline Markdown that shows just that text, and notifies or closes nothing on GitHub."""
    quiet = without_notices(one_line(value))
    return Markdown(_STARTS_BLOCK.sub(r"\1\\", quiet.translate(_ESCAPED)))


def without_notices(words: str) -> str:
    """The words so that GitHub notifies nobody of them, and links, closes and refers to nothing by a number."""
    return _NOTIFIES.sub(rf"\1{_QUIET}", words)


def in_html(value: object) -> Markdown:
    """Any text between tags, where Markdown counts for nothing and a mention does."""
    return Markdown(without_notices(one_line(value)).translate(_ENTITIES))


def code(value: object) -> Markdown:
    """A name, path or command as a code span, or as `text` where something in it could end the span.

    An escape sequence in it is shown, not taken out: without it the name would be another one.
    """
    shown = plain(str(value).translate(_ESCAPES)).replace("\n", "\\n").replace("\t", "\\t").strip()
    return text(shown) if not shown or _NOT_IN_CODE.search(shown) else Markdown(f"`{shown}`")


def is_url(where: str) -> bool:
    """Whether it is an address that may become a link."""
    return bool(_URL.fullmatch(where))


def link(where: str) -> Markdown:
    """An address as a link, a path as code."""
    return Markdown(f"<{where}>") if is_url(where) else code(where)


def literal(value: str) -> Markdown:
    """Several lines shown as they are: an indented block, which no text can end."""
    return Markdown("\n".join(f"    {line}".rstrip() for line in _lines(value)))


def shielded(value: str) -> Markdown:
    """`literal` for markdown2, which looks for HTML and code spans inside such blocks too; undone by `unshield`."""
    return Markdown(literal(value).translate(_STAND_INS))


def unshield(page: str) -> str:
    """HTML made from `shielded` text, with the characters themselves, escaped."""
    return page.translate(_MARKS)


def excerpt(value: str) -> str:
    """The text, its middle left out where it is too long to read; the end mostly says what went wrong."""
    shown = plain(value).strip()
    if len(shown) <= LONGEST_LITERAL:
        return shown
    half = LONGEST_LITERAL // 2
    return f"{shown[:half]}\n… {len(shown) - 2 * half} characters left out; the log has them …\n{shown[-half:]}"


def last_lines(value: str) -> str:
    """The last lines of a text, which mostly say what went wrong, and how many stood before them."""
    lines = [line for line in plain(value).split("\n") if line.strip()]
    hidden = len(lines) - LAST_LINES
    return "\n".join([f"… {hidden} lines before", *lines[hidden:]] if hidden > 0 else lines)


def _lines(value: str) -> list[str]:
    # the blank keeps a text from forging the markers of our part of a pull request's body
    return excerpt(value).replace("<!--", "<! --").expandtabs(4).split("\n")


def utc(moment: str) -> str:
    """An ISO 8601 time as `2026-01-02 03:04:05 UTC`; what is no time is shown as it is."""
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def value_text(value: object) -> str:
    """A metadata value: text as it is, a plain list with commas, all else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False, default=str)
