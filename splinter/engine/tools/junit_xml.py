"""XML that an agent may have written -> a small tree of the elements that are asked for, within limits.

It resolves no entity, and reads no document that declares a type, in whatever encoding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

MAX_DEPTH = 100
MAX_ELEMENTS = 1_000_000
MAX_KEPT = 250_000  # elements: each takes some hundred bytes
MAX_TAG = 8 * 1024 * 1024  # bytes: expat hands over all attributes of a tag at once
_CHUNK = 1024 * 1024
_TEXT = 2_000  # characters kept of an element's text


class UnreadableXmlError(ValueError):
    """The text is no XML that we would read; the message says why."""


@dataclass(slots=True, kw_only=True)
class Element:
    """One element, its name without prefix; `text` is the start of what stands in it, where that is asked for."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, *names: str) -> Iterator[Element]:
        """The elements of those names in it, at any depth."""
        waiting = self.children[::-1]
        while waiting:
            element = waiting.pop()
            if element.name in names:
                yield element
            waiting += element.children[::-1]

    def named(self, *names: str) -> list[Element]:
        """The elements of those names right in it."""
        return [child for child in self.children if child.name in names]


def parse(data: bytes, *, keeps: Collection[str], with_text: Collection[str]) -> Element:
    """The root of a document; of what is in it only the elements of those names. Raises UnreadableXmlError."""
    from xml.parsers import expat  # most commands leave no results

    builder = _Builder(expat.ParserCreate(), keeps, with_text)
    try:
        for begin in range(0, len(data), _CHUNK):
            builder.parser.Parse(data[begin : begin + _CHUNK], False)
            if begin - builder.parser.CurrentByteIndex > MAX_TAG:
                raise UnreadableXmlError(f"it holds a tag of more than {MAX_TAG // 1024 // 1024} MB")
        builder.parser.Parse(b"", True)
    except UnreadableXmlError:
        raise
    except (expat.ExpatError, ValueError, LookupError) as error:  # the latter two: an encoding that is none
        raise UnreadableXmlError(f"it is no XML: {error}") from error
    return builder.root.children[0]


class _Builder:
    """What expat calls; an element that is not kept stands for the one around it."""

    def __init__(self, parser: XMLParserType, keeps: Collection[str], with_text: Collection[str]) -> None:
        self.root = Element(name="", attributes={})
        self._keeps, self._with_text = keeps, with_text
        self._around = [self.root]  # one for each open element
        self._count = self._kept = 0
        self.parser = parser
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _refuse(self, *_: object) -> None:
        raise UnreadableXmlError("it declares a document type")

    def _start(self, full_name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._around) > MAX_DEPTH:
            raise UnreadableXmlError(f"its elements are nested more than {MAX_DEPTH} deep")
        if self._count > MAX_ELEMENTS or self._kept > MAX_KEPT:
            raise UnreadableXmlError("it has too many elements")
        name = full_name.rpartition(":")[2]
        element = self._around[-1]
        if name in self._keeps or element is self.root:
            self._kept += 1
            element = Element(name=name, attributes=attributes)
            self._around[-1].children.append(element)
        self._around.append(element)
        self._listen()

    def _end(self, _: str) -> None:
        self._around.pop()
        self._listen()

    def _listen(self) -> None:
        """Take text only where it is asked for: it is most of a file."""
        self.parser.CharacterDataHandler = self._text if self._around[-1].name in self._with_text else None

    def _text(self, text: str) -> None:
        element = self._around[-1]
        element.text += text[: _TEXT - len(element.text)]
