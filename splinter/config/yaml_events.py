"""Parser events to data with spans, under a bound on depth, size and aliases. It never reads text or sees a file."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from splinter.text.patterns import shown

MAX_DEPTH = 100
MAX_NODES = 50_000
CHARACTERS_PER_NODE = 100  # an aliased long text counts as several nodes, else a text bomb would pass

Keys = tuple[str | int, ...]
Span = tuple[int, int]

# JSON's own grammar; all else that stands unquoted is text
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
UNFIT = re.compile(r"[\x00\ud800-\udfff]")
CONSTANTS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}


class RefusedError(Exception):
    """The text is YAML that we do not read; carries the span and the message."""

    def __init__(self, span: Span, message: str) -> None:
        super().__init__(message)
        self.span = span
        self.message = message


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come: the count of nodes when it began, the levels inside it so far."""

    keys: Keys
    value: Any
    anchor: str | None
    nodes: int
    key: str | None = None
    height: int = 1


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an alias stands for, where it is written out, and how many values and levels it brings along."""

    value: Any
    keys: Keys
    nodes: int
    height: int = 0


class Builder:
    """Builds data and spans from events with a stack of its own: no recursion, and a bound on everything."""

    def __init__(self, cuts: tuple[int, ...]) -> None:
        self.data: Any = None
        self.duplicates: list[tuple[Span, Span, str]] = []
        self.spans: dict[Keys, Span] = {}
        self.key_spans: dict[Keys, Span] = {}
        self.aliases: dict[Keys, Keys] = {}
        self._cuts = cuts
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._nodes = 0
        self._documents = 0

    def offset(self, index: int) -> int:
        """The offset in the file's text of an offset in what the parser was given."""
        return index + 2 * bisect_right(self._cuts, index) if self._cuts else index

    def take(self, event: Any) -> None:
        """Add one event; raises RefusedError for what is not read."""
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._scalar(event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._begin(event, {} if kind == "MappingStartEvent" else [])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._finish(event)
        elif kind == "AliasEvent":
            self._alias(event)
        elif kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise RefusedError(self._of(event), "a second document; a file holds one")

    def unclosed(self, text: str) -> Span | None:
        """The bracket of the innermost list or mapping in brackets whose end has not come."""
        starts = (self.spans[one.keys][0] for one in reversed(self._stack))
        return next(((start, start + 1) for start in starts if text[start : start + 1] in ("[", "{")), None)

    def _scalar(self, event: Any) -> None:
        span = self._of(event)
        self._refuse_tag(event, span)
        nodes = 1 + len(event.value) // CHARACTERS_PER_NODE
        self._count(nodes, span)
        unfit = UNFIT.search(event.value)
        if unfit:
            raise RefusedError(span, f"the text holds U+{ord(unfit[0]):04X}, which no program can be given")
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, event.value, span)
            return
        value = event.value if event.style else self._plain(event.value, span)
        keys = self._put(value, span)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(value, keys, nodes)

    def _key(self, top: _Open, key: str, span: Span) -> None:
        keys = (*top.keys, key)
        if key in top.value:
            self.duplicates.append((span, self.key_spans[keys], key))
        self.key_spans[keys] = span
        top.key = key

    def _plain(self, text: str, span: Span) -> Any:
        if text in CONSTANTS:
            return CONSTANTS[text]
        if INTEGER.fullmatch(text):
            if len(text) > 300:
                raise RefusedError(span, "the number is too long")
            return int(text)
        if NUMBER.fullmatch(text):
            number = float(text)
            if number in (float("inf"), float("-inf")):
                raise RefusedError(span, "the number is too large")
            return number
        return text

    def _begin(self, event: Any, value: Any) -> None:
        span = self._of(event)
        self._refuse_tag(event, span)
        self._count(1, span)
        self._reach(1, span)
        keys = self._put(value, span)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(keys=keys, value=value, anchor=event.anchor, nodes=self._nodes))

    def _finish(self, event: Any) -> None:
        done = self._stack.pop()
        self.spans[done.keys] = (self.spans[done.keys][0], self._of(event)[1])
        if self._stack:
            self._stack[-1].height = max(self._stack[-1].height, done.height + 1)
        if done.anchor:
            nodes = self._nodes - done.nodes + 1
            self._anchors[done.anchor] = _Anchored(done.value, done.keys, nodes, done.height)

    def _alias(self, event: Any) -> None:
        span = self._of(event)
        if event.anchor not in self._anchors:
            raise RefusedError(span, f"unknown alias {shown(event.anchor)}")
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise RefusedError(span, f"alias {shown(event.anchor)} stands inside what it names")
        self._count(anchored.nodes, span)
        self._reach(anchored.height, span)
        keys = self._put(anchored.value, span)
        self.aliases[keys] = anchored.keys

    def _put(self, value: Any, span: Span) -> Keys:
        """Hang a value into what is open and note its span; returns its keys."""
        if not self._stack:
            self.data = value
            self.spans[()] = span
            return ()
        top = self._stack[-1]
        if isinstance(top.value, list):
            top.value.append(value)
            keys: Keys = (*top.keys, len(top.value) - 1)
        elif top.key is None:
            raise RefusedError(span, "a key must be text")
        else:
            top.value[top.key] = value
            keys, top.key = (*top.keys, top.key), None
        self.spans[keys] = span
        return keys

    def _count(self, nodes: int, span: Span) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise RefusedError(span, f"more than {MAX_NODES:,} values, those that aliases stand for included")

    def _reach(self, height: int, span: Span) -> None:
        """Bound the depth; a chain of aliases, each deep in the next, would pass a bound on the text's own depth."""
        if len(self._stack) + height > MAX_DEPTH:
            raise RefusedError(span, f"nested deeper than {MAX_DEPTH} levels")
        if self._stack:
            self._stack[-1].height = max(self._stack[-1].height, height + 1)

    def _refuse_tag(self, event: Any, span: Span) -> None:
        if event.tag is not None:
            raise RefusedError(span, f"tag {shown(event.tag)} is not supported; leave it out")

    def _of(self, event: Any) -> Span:
        return self.offset(event.start_mark.index), self.offset(event.end_mark.index)
