"""Text to documents whose every value knows its line and column. It never judges what a document says.

Read from the parser's events, not through `yaml.load` or `yaml.compose`: those resolve YAML 1.1's scalars (`on`,
`1_0`, dates), build aliases without a bound, and recurse as deep as the file wants.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any

from splinter.config.yaml_events import Builder, Keys, RefusedError, Span
from splinter.text.patterns import harmless, shown

MAX_BYTES = 1_000_000
MAX_PROBLEMS = 100  # of one kind in one file: more help nobody
LINE_SHOWN = 160
COLOURS = {"place": "\x1b[1m", "error": "\x1b[1;31m", "warning": "\x1b[1;33m", "end": "\x1b[0m"}

LINE_BREAK = re.compile(r"\r\n|\r|\n")
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
# json.dump writes an emoji as two escapes, which libyaml refuses; any other escape is stepped over
SURROGATES = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL)
UNQUOTED = re.compile(r"[^\r\n,\]}#]+")  # a text up to where it most likely ends

HINTS = {
    "mapping values are not allowed in this context": '": " cannot stand here; align the line with its neighbours, '
    "or put the text in quotes",
    "did not find expected node content": "expected a value",
    "did not find expected key": "expected a key; is the indentation right, and the text before it quoted?",
    "could not find expected ':'": 'expected ":" after a key',
    "did not find expected '-' indicator": 'expected "- " and the next item; is the indentation right?',
    "did not find expected ',' or ']'": 'expected "," or "]" in a list',
    "did not find expected ',' or '}'": 'expected "," or "}" in a mapping',
    "found a tab character that violates indentation": "a tab cannot indent; use spaces",
    "found unexpected end of stream": "the file ends inside a quoted text",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands: line and column from 1, length in characters on that line."""

    line: int
    column: int
    length: int


class Level(StrEnum):
    """Whether a problem keeps a run from starting."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong in a file, ordered by its place."""

    path: str
    line: int
    column: int
    message: str
    length: int = 1
    source_line: str = ""
    level: Level = Level.ERROR

    @property
    def is_error(self) -> bool:
        """Whether nothing can be run with it."""
        return self.level == Level.ERROR

    def text(self, *, in_colour: bool = False) -> str:
        """Place and message, and below them the line with carets, safe for a terminal; in its colours if asked."""
        paint = COLOURS if in_colour else dict.fromkeys(COLOURS, "")
        place = harmless(f"{self.path}:{self.line}:{self.column}:")
        prefix = "" if self.is_error else f"{paint[self.level]}{self.level}:{paint['end']} "
        head = f"{paint['place']}{place}{paint['end']} {prefix}{harmless(self.message)}"
        if not self.source_line.strip():
            return head
        start = len(self.source_line) - len(self.source_line.lstrip())
        start = max(start, self.column - LINE_SHOWN // 2)
        line = harmless(self.source_line[start : start + LINE_SHOWN].rstrip())
        before = max(0, self.column - 1 - start)
        marked = line[before : before + self.length] or " "
        indent = " " * (_width(line[:before]) + max(0, before - len(line)))
        return f"{head}\n    {line}\n    {indent}{paint[self.level]}{'^' * _width(marked)}{paint['end']}"

    def to_json(self) -> dict[str, str | int]:
        """The problem as JSON's types, without the source line."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "length": self.length,
            "level": self.level,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file's data as JSON's types, with the place of each value and key.

    `data` is None where `is_readable` is false; `problems` are those of the text itself. Spans are offsets into
    `text`; `aliases` leads from the place of an alias to the values it stands for.
    """

    path: str
    text: str
    data: Any = None
    problems: tuple[Problem, ...] = ()
    is_readable: bool = True
    spans: Mapping[Keys, Span] = field(default_factory=dict, repr=False)
    key_spans: Mapping[Keys, Span] = field(default_factory=dict, repr=False)
    aliases: Mapping[Keys, Keys] = field(default_factory=dict, repr=False)
    line_starts: tuple[int, ...] = field(default=(0,), repr=False)

    def place(self, keys: Keys) -> Place:
        """Where the value stands, or the nearest value around it whose place is known."""
        return self.place_of(self._span(keys)[0])

    def key_place(self, keys: Keys) -> Place:
        """Where the key of that value stands, or the value where it has no key."""
        keys = self._followed(keys)
        return self.place_of(self.key_spans[keys]) if keys in self.key_spans else self.place(keys)

    def problem(self, keys: Keys, message: str, *, at_key: bool = False) -> Problem:
        """A problem at that value or its key; what lies below the last known place is named before the message."""
        below = () if at_key and self._followed(keys) in self.key_spans else self._span(keys)[1]
        where = f"{'.'.join(map(str, keys))}: " if below else ""
        place = self.key_place(keys) if at_key else self.place(keys)
        return self.problem_at(place, where + message)

    def problem_inside(self, keys: Keys, marks: re.Pattern[str], number: int, message: str) -> Problem:
        """A problem at one of the places in a text that `marks` names, counted from 0; at the text where that is vague.

        `number` counts in the text as it was read, which escapes and folded lines may have made another.
        """
        start, end = self._span(keys)[0]
        found = list(marks.finditer(self.text, start, end))
        value = self._value(keys)
        if not isinstance(value, str) or len(marks.findall(value)) != len(found):
            return self.problem(keys, message)
        return self.problem_at(self.place_of(found[number].span()), message)

    def _value(self, keys: Keys) -> Any:
        value = self.data
        for key in keys:
            value = value[key]
        return value

    def problem_at(self, place: Place, message: str) -> Problem:
        """A problem at a place of this document."""
        line = self._line(place.line)
        return Problem(
            path=self.path, line=place.line, column=place.column, message=message, length=place.length, source_line=line
        )

    def _span(self, keys: Keys) -> tuple[Span, Keys]:
        keys = self._followed(keys)
        for end in range(len(keys), -1, -1):
            found = self.spans.get(keys[:end])
            if found is not None:
                return found, keys[end:]
        return (0, 0), keys

    def _followed(self, keys: Keys) -> Keys:
        """The same value's keys where it is written out: an alias inside the path is replaced by its anchor's."""
        if not self.aliases:
            return keys
        done: Keys = ()
        for key in keys:
            done = (*self.aliases.get(done, done), key)
        return done

    def place_of(self, span: Span) -> Place:
        """The place of a span of the text, cut at the end of its first line."""
        start, end = span
        line = bisect_right(self.line_starts, start)
        column = start - self.line_starts[line - 1] + 1
        rest = self._line(line)[column - 1 :].rstrip()
        return Place(line=line, column=column, length=max(1, min(end - start, len(rest))))

    def _line(self, number: int) -> str:
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        return _cut(self.text, start, end)


def read(raw: bytes, *, path: str) -> Document:
    """The document that a YAML or JSON file holds; everything that is wrong with it is in `problems`."""
    if len(raw) > MAX_BYTES:
        return unreadable(path, f"the file is larger than {MAX_BYTES:,} bytes")
    try:
        text = raw.decode("utf-8").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        return unreadable(path, f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8", before)
    bad = UNPRINTABLE.search(text)
    if bad:
        return unreadable(path, f"character U+{ord(bad[0]):04X} is not allowed in YAML", text[: bad.start()])
    return _parsed(text, path)


def bounded(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The first problems of one file, and a last one that says so where there are too many to show."""
    found = tuple(islice(problems, MAX_PROBLEMS + 1))
    if len(found) <= MAX_PROBLEMS:
        return found
    message = f"more than {MAX_PROBLEMS} problems of one kind; the others are not shown"
    return (*found[:-1], replace(found[-1], message=message))


def warning(problem: Problem) -> Problem:
    """The problem as one that stops nothing."""
    return replace(problem, level=Level.WARNING)


def lines_of(text: str) -> tuple[int, ...]:
    """The offset at which each line begins."""
    return (0, *(found.end() for found in LINE_BREAK.finditer(text)))


def unreadable(path: str, message: str, before: str = "") -> Document:
    """The document of a file that cannot be read; its one problem stands after the text `before`."""
    starts = lines_of(before)
    problem = Problem(path=path, line=len(starts), column=len(before) - starts[-1] + 1, message=message)
    return Document(path=path, text="", problems=(problem,), is_readable=False)


def _parsed(text: str, path: str) -> Document:
    import yaml

    source, cuts = _joined_surrogates(text) if path.endswith(".json") else (text, ())
    builder, fatal = Builder(cuts), None
    try:
        for event in _events(source):
            builder.take(event)
    except RefusedError as refusal:
        fatal = (refusal.span, refusal.message)
    except yaml.YAMLError as error:
        span, message = _syntax_problem(error, text, builder)
        fatal = (span, f"invalid {'JSON' if path.endswith('.json') else 'YAML'}: {message}")
    document = Document(
        path=path,
        text=text,
        data=None if fatal else builder.data,
        is_readable=fatal is None,
        spans=builder.spans,
        key_spans=builder.key_spans,
        aliases=builder.aliases,
        line_starts=lines_of(text),
    )
    return replace(document, problems=bounded(_text_problems(document, builder, fatal)))


def _events(source: str) -> Iterator[Any]:
    """The events of a text; libyaml is fast, and since 0.2.6 gives up on depths it looks ahead at, which we report."""
    import yaml

    taken = 0
    try:
        for event in yaml.parse(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            taken += 1
            yield event
    except yaml.YAMLError as error:
        if "nesting depth" not in str(error):
            raise
        yield from islice(yaml.parse(source, Loader=yaml.SafeLoader), taken, None)


def _text_problems(document: Document, builder: Builder, fatal: tuple[Span, str] | None) -> Iterator[Problem]:
    if fatal:
        yield document.problem_at(document.place_of(fatal[0]), fatal[1])
        return  # in a text that is no YAML, what looks like a duplicate key may be none
    for span, first, key in builder.duplicates:
        line = document.place_of(first).line
        yield document.problem_at(document.place_of(span), f"duplicate key {shown(key)}; first on line {line}")


def _joined_surrogates(text: str) -> tuple[str, tuple[int, ...]]:
    """The text with pairs of escapes as one escape, and the offsets in it after which two characters are missing."""
    cuts: list[int] = []

    def joined(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        cuts.append(match.start() - 2 * len(cuts) + 1)
        code = 0x10000 + ((int(match[1], 16) - 0xD800) << 10) + int(match[2], 16) - 0xDC00
        return f"\\U{code:08X}"

    return SURROGATES.sub(joined, text), tuple(cuts)


def _syntax_problem(error: Exception, text: str, builder: Builder) -> tuple[Span, str]:
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).splitlines()[0]
    mark = getattr(error, "problem_mark", None)
    opened = getattr(error, "context_mark", None)
    if "quoted scalar" in (getattr(error, "context", None) or "") and opened is not None:
        mark, problem = opened, "this quoted text is not closed" if "end of stream" in problem else problem
    start = builder.offset(mark.index) if mark is not None else 0
    unclosed = builder.unclosed(text) if not text[start:].strip() else None
    if unclosed:
        return unclosed, f"this {'list' if text[unclosed[0]] == '[' else 'mapping'} is not closed"
    if "expected alphabetic or numeric character" in problem and opened is not None:
        start = builder.offset(opened.index)  # "*" and "&" begin an alias and an anchor
        return _needs_quotes(text, start)
    if "cannot start any token" in problem:
        if text[start : start + 1] == "\t":
            return (start, start + 1), HINTS["found a tab character that violates indentation"]
        return _needs_quotes(text, start)
    return (start, start + 1), str(HINTS.get(problem, problem))


def _needs_quotes(text: str, start: int) -> tuple[Span, str]:
    found = UNQUOTED.match(text, start)
    whole = found[0].rstrip() if found else text[start : start + 1]
    return (start, start + len(whole)), f"text with {shown(whole[:1])} in front needs quotes: write {shown(whole)}"


@lru_cache(maxsize=4)
def _cut(text: str, start: int, end: int) -> str:
    """One line; kept, for many problems on a line of a megabyte would each hold a copy of it."""
    return text[start:end].rstrip("\r\n")


def _width(text: str) -> int:
    """Columns of a terminal that the text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
