"""`${{ NAME }}` in texts: what is to be filled in, and the text with it. It knows no names, and looks nothing up.

A text is filled where its values become known, which may be at several times: what is left over is written down so
that it is read in the same way again, and a value that was filled in is never read for further names. Therefore
dollars before `{{` come in pairs: `$${{` is `${{` as it stands, and what a value holds is written so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

OPENING = re.compile(r"(\$+)\{\{")
_NAME = re.compile(r"[ \t]*([^{}\r\n]*?)[ \t]*\}\}")
_DOLLARS = re.compile(r"\$+(?=\{\{)")
_LAST_DOLLARS = re.compile(r"\$+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A value that is asked for by name; `at` is where its `${{` begins in the text, in characters.

    `is_closed` is False where no `}}` follows on the line: its name is then empty.
    """

    name: str
    at: int = 0
    is_closed: bool = True


Piece = str | Reference


def pieces(text: str) -> tuple[Piece, ...]:
    """A text in its parts, in order: what stays, with `$${{` read as `${{`, and what is to be filled in."""
    return tuple(_pieces(text))


def _pieces(text: str) -> Iterator[Piece]:
    end = 0
    for opening in OPENING.finditer(text):
        if opening.start() < end:
            continue
        pairs, is_reference = divmod(len(opening[1]), 2)
        yield text[end : opening.start()] + "$" * pairs + ("" if is_reference else "{{")
        end = opening.end()
        if not is_reference:
            continue
        name = _NAME.match(text, end)
        yield Reference(name=name[1] if name else "", at=opening.end() - 3, is_closed=name is not None)
        end = name.end() if name else end
    yield text[end:]


def written(parts: Iterable[Piece]) -> str:
    """A text of such parts, as `pieces` reads it."""
    made: list[str] = []
    for is_text, group in groupby(parts, lambda part: isinstance(part, str)):
        if is_text:
            made.append(_DOLLARS.sub(_doubled, "".join(map(str, group))))
            continue
        if made:
            made[-1] = _LAST_DOLLARS.sub(_doubled, made[-1])
        made += (f"${{{{ {part.name} }}}}" for part in group if isinstance(part, Reference))
    return "".join(made)


def references(text: str) -> tuple[Reference, ...]:
    """What is asked for in a text, in order."""
    return tuple(piece for piece in pieces(text) if isinstance(piece, Reference)) if "${{" in text else ()


def filled(text: str, known: Mapping[str, str]) -> str:
    """The text with those values that are known; what stays to be filled in is read in the same way again."""
    if "{{" not in text:
        return text
    return written(put(pieces(text), known))


def put(parts: Iterable[Piece], known: Mapping[str, str]) -> tuple[Piece, ...]:
    """The same parts with those values that are known."""
    return tuple(known.get(part.name, part) if isinstance(part, Reference) else part for part in parts)


def makes_an_option(parts: Iterable[Piece], known: Mapping[str, str]) -> str:
    """The name of the value by which an argument of such parts would become an option; empty where none does."""
    for part in parts:
        text = known.get(part.name) if isinstance(part, Reference) else part
        if text is None or (text and not isinstance(part, Reference)):
            return ""
        if text and isinstance(part, Reference):
            return part.name if text.startswith("-") else ""
    return ""


def plain(text: str) -> str:
    """A text in which nothing is left to be filled in, as it is meant; raises KeyError with the name of what is."""
    parts = pieces(text) if "{{" in text else (text,)
    for part in parts:
        if isinstance(part, Reference):
            raise KeyError(part.name)
    return "".join(map(str, parts))


def _doubled(dollars: re.Match[str]) -> str:
    return dollars[0] * 2
