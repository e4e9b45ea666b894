"""One file of the earlier orchestrator while it is read: what was taken from it, and what is left. It never writes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from splinter.config import rules
from splinter.config.yaml_documents import Document, Level, Problem
from splinter.config.yaml_events import Keys
from splinter.text.patterns import shown

METADATA = "metadata"
LABELS = ("id", "step", "step_id", "phase", "name", "criterion")
NOTHING: Any = object()
COMMENT = re.compile(r"(?:^|(?<=\s))#[^\r\n]*", re.MULTILINE)
TEXTS_SHOWN = 30  # lines named in one warning


@dataclass(slots=True)
class Source:
    """A readable document whose data is a mapping; `comments` are its lines' comments, `taken` the keys used."""

    document: Document
    comments: dict[int, str] = field(default_factory=dict)
    taken: set[Keys] = field(default_factory=set)
    warnings: list[Problem] = field(default_factory=list)
    warned: set[Keys] = field(default_factory=set)

    @property
    def path(self) -> str:
        """The file as the user named it."""
        return self.document.path

    def value(self, *keys: str | int) -> Any:
        """What stands there, None where nothing does."""
        return rules.value_at(self.document.data, keys)

    def take(self, keys: Keys) -> None:
        """Note that this value, with all in it, has its place in the result."""
        self.taken.add(keys)

    def warn(self, keys: Keys, message: str, *, at_key: bool = False) -> None:
        """Add a warning with the place of the value."""
        self.warnings.append(replace(self.document.problem(keys, message, at_key=at_key), level=Level.WARNING))

    def leave(self, keys: Keys, message: str) -> None:
        """Let a value fall to the metadata after all, with a warning of its own."""
        self.taken.discard(keys)
        self.warned.add(keys)
        self.warn(keys, message)

    def text(self, *keys: str | int) -> str | None:
        """The text there, or a number, or the one item of a list, as text that is not blank; taken where it is one."""
        found = self.value(*keys)
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        if isinstance(found, bool) or not isinstance(found, str | int | float) or not str(found).strip():
            return None
        self.take(keys)
        return str(found)

    def first_text(self, *paths: Keys) -> tuple[Keys, str] | None:
        """The first text of those places; the others stay where they are."""
        for keys in paths:
            found = self.text(*keys)
            if found is not None:
                return keys, found
        return None

    def number(self, *keys: str | int) -> float | None:
        """The number there, or a text that is one; taken where it is one."""
        found = self.value(*keys)
        if isinstance(found, str) and re.fullmatch(r"\s*[0-9]{1,9}(\.[0-9]{1,9})?\s*", found):
            found = float(found)
        if isinstance(found, bool) or not isinstance(found, int | float):
            return None
        self.take(keys)
        return found

    def items(self, *keys: str | int) -> list[tuple[Keys, Any]]:
        """The items of a list, of the lists and mappings in a mapping, or the one text, each with its keys."""
        found = self.value(*keys)
        if isinstance(found, str):
            return [(keys, found)] if found.strip() else []
        if isinstance(found, dict):
            below = [(*keys, key) for key in found]
            return [
                pair
                for own in below
                for pair in ([(own, found[own[-1]])] if not isinstance(found[own[-1]], list) else self.items(*own))
            ]
        if found == [] or (found is None and self.has(keys)):
            self.take(keys)
        return [((*keys, index), item) for index, item in enumerate(found)] if isinstance(found, list) else []

    def texts(self, *keys: str | int) -> list[tuple[Keys, str]]:
        """The texts of a list, or the one text, each with its keys; taken."""
        found = [(own, str(item)) for own, item in self.items(*keys) if _is_text(item)]
        for own, _ in found:
            self.take(own)
        return found

    def lists(self, places: Iterable[Keys]) -> list[Keys]:
        """Those of the places where a list stands, a text, nothing, or a mapping of lists and mappings.

        A mapping around another of the places is a section, and no list.
        """
        known = list(places)
        return [place for place in known if self.has(place) and self._is_list(place, known)]

    def _is_list(self, place: Keys, known: list[Keys]) -> bool:
        found = self.value(*place)
        if isinstance(found, dict):
            is_section = any(self.has(other) for other in known if other != place and other[: len(place)] == place)
            return not is_section and all(isinstance(value, dict | list) for value in found.values())
        return found is None or isinstance(found, list | str)

    def has(self, keys: Keys) -> bool:
        """Whether that key is written, with whatever value."""
        above = rules.value_at(self.document.data, keys[:-1])
        return isinstance(above, dict) and keys[-1] in above

    def comments_above(self, keys: Keys) -> tuple[str, ...]:
        """The comments that stand on the lines right above a value; taken."""
        line = self.document.place(keys).line - 1
        found = []
        while line in self.comments:
            found.append(self.comments.pop(line))
            line -= 1
        return tuple(line.strip() for line in reversed(found) if line.strip())

    def comments_at_top(self) -> tuple[str, ...]:
        """The comments before the first key; taken."""
        spans = self.document.key_spans
        first = min((self.document.place_of(span).line for span in spans.values()), default=1)
        lines = sorted(line for line in self.comments if line < first)
        return tuple(text for line in lines if (text := self.comments.pop(line).strip()))

    def rest(self) -> dict[str, Any]:
        """All that was not taken, in the shape it had; all but the file's own `metadata` is warned of."""
        left = _left(self.document.data, (), self.taken)
        if left is NOTHING:
            return {}
        own = left.pop(METADATA, {})
        own = own if isinstance(own, dict) else {METADATA: own}
        self._warn_of_left(left, frozenset(keys[:end] for keys in self.taken for end in range(1, len(keys) + 1)))
        clashing = {key: own.pop(key) for key in list(own) if key in left}
        return {**left, **own, **({METADATA: clashing} if clashing else {})}

    def _warn_of_left(self, left: dict[str, Any], touched: frozenset[Keys]) -> None:
        touched |= {keys[:end] for keys in self.warned for end in range(1, len(keys) + 1)}
        whole = [key for key in left if (key,) not in touched]
        if whole:
            self.warn((whole[0],), f"no counterpart, kept under metadata: {', '.join(whole)}", at_key=True)
        for key in left:
            names = ", ".join(dict.fromkeys(self._untaken((key,), touched)))
            if key not in whole and names:
                self.warn((key,), f"{key}: no counterpart, kept under metadata: {names}", at_key=True)

    def _untaken(self, keys: Keys, touched: frozenset[Keys]) -> Iterator[str]:
        """The names of what is left below, without the numbers of items."""
        found = self.value(*keys)
        if keys in self.warned or not isinstance(found, dict | list):
            return
        children: Iterable[tuple[str | int, Any]] = found.items() if isinstance(found, dict) else enumerate(found)
        for child, value in children:
            own = (*keys, child)
            if own in self.taken or own in self.warned:
                continue
            if own in touched:
                yield from self._untaken(own, touched)
            else:
                yield ".".join(str(key) for key in own[1:] if isinstance(key, str)) or shown(value)

    def warn_of_comments(self) -> None:
        """Warn of the comments that found no place."""
        if self.comments:
            lines = ", ".join(map(str, sorted(self.comments)[:TEXTS_SHOWN]))
            more = ", …" if len(self.comments) > TEXTS_SHOWN else ""
            noun = "line" if len(self.comments) == 1 else "lines"
            self.warn((), f"comments are not carried over: {noun} {lines}{more}")


def of_yaml(document: Document) -> Source:
    """The source of a YAML file; a `#` inside a text or key is no comment."""
    spans = [span for keys, span in document.spans.items() if _is_text(rules.value_at(document.data, keys))]
    covered = bytearray(len(document.text))
    for start, end in (*spans, *document.key_spans.values()):
        covered[start:end] = b"\1" * (end - start)
    comments: dict[int, str] = {}
    for match in COMMENT.finditer(document.text):
        if not covered[match.start()]:
            comments[document.place_of(match.span()).line] = match[0][1:]
    return Source(document, comments)


def of_json(document: Document, comments: Iterable[tuple[int, str]]) -> Source:
    """The source of a JSON file with the comments that were found in it."""
    by_line: defaultdict[int, list[str]] = defaultdict(list)
    for line, text in comments:
        by_line[line].append(" ".join(text.split()))
    return Source(document, {line: " ".join(texts) for line, texts in by_line.items()})


def _is_text(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and bool(str(value).strip())


def _left(value: Any, keys: Keys, taken: set[Keys]) -> Any:
    if keys in taken:
        return NOTHING
    if isinstance(value, dict) and value:
        left = {key: own for key in value if (own := _left(value[key], (*keys, key), taken)) is not NOTHING}
        return left or NOTHING
    if isinstance(value, list) and value:
        items = [
            _labelled(item, own)
            for index, item in enumerate(value)
            if (own := _left(item, (*keys, index), taken)) is not NOTHING
        ]
        return items or NOTHING
    return value


def _labelled(item: Any, left: Any) -> Any:
    """What is left of an item, with the name by which the whole item is known."""
    if not isinstance(item, dict) or not isinstance(left, dict):
        return left
    labels = [key for key in LABELS if isinstance(item.get(key), str | int)][:1]
    labels += ["path"] if isinstance(item.get("path"), str) else []
    return left if left == item else {**{key: item[key] for key in labels}, **left}
