"""TOML files to documents whose keys and values know their line and column. It never judges what a document says."""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from splinter.config.yaml_documents import MAX_BYTES, Document, Problem, lines_of, unreadable
from splinter.config.yaml_events import MAX_DEPTH, Keys, RefusedError, Span

MAX_DIGITS = 300
ERROR_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$| \(at end of document\)$")
BLANK = re.compile(r"(?:[ \t]|#[^\n]*)*+")
BLANK_LINES = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*+")
STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"""(?:"{0,2})'
    r"|'''(?:[^']|'{1,2}(?!'))*+'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\[^\n])*+"'
    r"|'[^'\n]*+'",
    re.DOTALL,
)
BARE_KEY = re.compile(r"[A-Za-z0-9_-]++")
# a number, a time with its blank, or a word
BARE_VALUE = re.compile(r"\d{4}-\d\d-\d\d [\d:.+Zz-]++|[^\s,\[\]{}#=\"']++")


def parse(raw: bytes, *, path: str, table: tuple[str, ...] = ()) -> Document:
    """One table of a TOML file, `()` for all of it; not readable where it does not parse or has no such table."""
    if len(raw) > MAX_BYTES:
        return unreadable(path, f"the file is larger than {MAX_BYTES:,} bytes")
    try:
        text = raw.decode("utf-8").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    except UnicodeDecodeError:
        return unreadable(path, "the file is not UTF-8")
    scanner = _Scanner(text)
    try:
        scanner.scan()
        data: Any = tomllib.loads(text)
    except RefusedError as refusal:
        document = Document(path=path, text=text, is_readable=False, line_starts=lines_of(text))
        problem = document.problem_at(document.place_of(refusal.span), refusal.message)
        return _unread(path, text, problem)
    except ValueError as error:  # tomllib's own, and those of Python's numbers and dates
        return _unread(path, text, _syntax_problem(path, text, str(error)))
    for key in table:
        data = data.get(key) if isinstance(data, dict) else None
    return Document(
        path=path,
        text=text,
        data=data,
        is_readable=data is not None,
        spans=_below(scanner.spans, table),
        key_spans=_below(scanner.key_spans, table),
        line_starts=lines_of(text),
    )


def _below(spans: dict[Keys, Span], table: tuple[str, ...]) -> dict[Keys, Span]:
    return {keys[len(table) :]: span for keys, span in spans.items() if keys[: len(table)] == table}


def _unread(path: str, text: str, problem: Problem) -> Document:
    return Document(path=path, text=text, problems=(problem,), is_readable=False)


def _syntax_problem(path: str, text: str, error: str) -> Problem:
    place = ERROR_PLACE.search(error)
    lines = text.splitlines()
    line, column = (int(place[1]), int(place[2])) if place and place[1] else (max(1, len(lines)), 1)
    source_line = lines[line - 1] if line <= len(lines) else ""
    message = f"invalid TOML: {error[: place.start()] if place else error}"
    return Problem(path=path, line=line, column=column, message=message, source_line=source_line)


class _LostError(Exception):
    """The text is no TOML: tomllib will say where."""


@dataclass(slots=True)
class _Open:
    """A list or an inline table whose end has not come."""

    keys: Keys
    start: int
    is_list: bool
    count: int = 0


@dataclass(slots=True)
class _Scanner:
    """Walks through TOML for the places that tomllib does not give, and refuses what it would take ages or a deep
    stack for; of a text that is no TOML it knows what comes before the mistake.
    """

    text: str
    spans: dict[Keys, Span] = field(default_factory=dict)
    key_spans: dict[Keys, Span] = field(default_factory=dict)
    _at: int = 0
    _tables: defaultdict[Keys, int] = field(default_factory=lambda: defaultdict(int))

    def scan(self) -> None:
        """Fill `spans` and `key_spans`; raises RefusedError."""
        table: Keys = ()
        try:
            while self._skipped(BLANK_LINES) < len(self.text):
                if self.text[self._at] == "[":
                    table = self._header()
                else:
                    self._value(self._pair(table))
        except _LostError:
            return

    def _header(self) -> Keys:
        start = self._at
        is_list = self.text.startswith("[[", start)
        self._at += 2 if is_list else 1
        parts = list(self._words())
        self._expect("]]" if is_list else "]")
        keys: Keys = ()
        for index, (word, span) in enumerate(parts):
            keys = (*keys, word)
            is_last = index == len(parts) - 1
            self.key_spans.setdefault(keys, span)
            self.spans.setdefault(keys, (parts[0][1][0], parts[-1][1][1]))
            if is_last and is_list:
                self._tables[keys] += 1
            if self._tables.get(keys):
                keys = (*keys, self._tables[keys] - 1)
                self.spans.setdefault(keys, span)
        return keys

    def _pair(self, table: Keys) -> Keys:
        keys = table
        for word, span in self._words():
            keys = (*keys, word)
            self.key_spans.setdefault(keys, span)
            self.spans.setdefault(keys, span)
        self._expect("=")
        return keys

    def _words(self) -> Iterator[tuple[str, Span]]:
        for _ in range(MAX_DEPTH):
            start = self._skipped(BLANK)
            found = BARE_KEY.match(self.text, start) or STRING.match(self.text, start)
            if not found:
                raise _LostError
            self._at = found.end()
            yield _word(found[0]), found.span()
            if not self.text.startswith(".", self._skipped(BLANK)):
                return
            self._at += 1
        raise RefusedError((self._at, self._at + 1), f"nested deeper than {MAX_DEPTH} levels")

    def _value(self, keys: Keys) -> None:
        """One value with all that is in it, without recursion."""
        stack: list[_Open] = []
        while True:
            start = self._skipped(BLANK_LINES if stack else BLANK)
            character = self.text[start : start + 1]
            if character in ("[", "{") and character:
                if len(stack) == MAX_DEPTH:
                    raise RefusedError((start, start + 1), f"nested deeper than {MAX_DEPTH} levels")
                stack.append(_Open(keys, start, character == "["))
                self._at += 1
            else:
                self._scalar(keys)
            following = self._next(stack)
            if following is None:
                return
            keys = following

    def _next(self, stack: list[_Open]) -> Keys | None:
        """The keys of the value that comes next in what is open; None where all of it is closed."""
        while stack:
            top = stack[-1]
            if self.text.startswith(",", self._skipped(BLANK_LINES)):
                self._at += 1
                self._skipped(BLANK_LINES)
            if not self.text.startswith("]" if top.is_list else "}", self._at):
                top.count += 1
                return (*top.keys, top.count - 1) if top.is_list else self._pair(top.keys)
            self._at += 1
            self.spans[top.keys] = (top.start, self._at)
            stack.pop()
        return None

    def _scalar(self, keys: Keys) -> None:
        found = STRING.match(self.text, self._at) or BARE_VALUE.match(self.text, self._at)
        if not found:
            raise _LostError
        if found[0][0] not in "\"'" and len(found[0]) > MAX_DIGITS:
            raise RefusedError(found.span(), "the number is too long")
        self.spans[keys] = found.span()
        self._at = found.end()

    def _skipped(self, blank: re.Pattern[str]) -> int:
        found = blank.match(self.text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _expect(self, sign: str) -> None:
        if not self.text.startswith(sign, self._skipped(BLANK)):
            raise _LostError
        self._at += len(sign)


def _word(text: str) -> str:
    """A part of a key without its quotes."""
    if text[0] == "'":
        return text[1:-1]
    if text[0] != '"':
        return text
    try:
        return str(json.loads(text))
    except ValueError:  # an escape that JSON does not have: its place stays unknown
        return text[1:-1]
