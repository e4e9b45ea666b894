"""What an agent prints while it works, as people read it: its events decoded, one by one, what is no event as it came.

It masks nothing, and interprets nothing for the verdict: what counts of a stream is kept for the agent's reader.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from splinter.model import record_words
from splinter.model.agents import reports
from splinter.model.records import Usage
from splinter.text import transcript

Event = dict[str, Any]

LONGEST = 4 * 1024 * 1024  # bytes of an event; a longer line is shown as it came
LONGEST_MESSAGE = 256 * 1024  # characters of what an agent says at last
_CALL, _END, _ERROR = "> ", "= ", "! "


@dataclass(frozen=True, slots=True)
class Piece:
    """Something to read, after what our own line begins with; else the agent says it, or, where `is_given`, a tool.

    Where `is_part`, more of the same may follow: the pieces of one answer.
    """

    text: str
    begin: str = ""
    is_given: bool = False
    is_part: bool = False


def said(text: object) -> list[Piece]:
    """What the agent says."""
    return [Piece(found)] if (found := reports.text(text)) else []


def said_in_part(text: object) -> list[Piece]:
    """A piece of an answer."""
    return [Piece(found, is_part=True)] if (found := reports.text(text)) else []


def message(before: str, more: object) -> str:
    """What an agent says at last, with more of it; no longer than anybody wants it."""
    return (before + (reports.text(more) or ""))[:LONGEST_MESSAGE]


def call(tool: object, input: object) -> Piece:
    """A tool that is called: what it works on, or all that it is given."""
    name, given = reports.text(tool) or "a tool", reports.mapping(input)
    shown = reports.called(name, given)
    return Piece(f"{name} {json.dumps(given, ensure_ascii=False)}" if given and shown == name else shown, _CALL)


def output(text: object) -> list[Piece]:
    """What a tool gave back."""
    return [Piece(found, is_given=True)] if (found := reports.text(text)) else []


def error(text: object) -> Piece:
    """What went wrong."""
    return Piece(reports.text(text) or "an error", _ERROR)


def end(text: str, usage: Usage | None = None) -> Piece:
    """How it ended, and what it cost."""
    return Piece(f"{text}, {record_words.cost(usage)}" if usage else text, _END)


class Stream(Protocol):
    """How one agent tells of its work; `usage` is what it cost so far, None where it does not say so on the way.

    `last` is the last message that it gave to whoever asked, empty where it gave none.
    """

    usage: Usage | None
    last: str

    def tell(self, event: Event) -> Sequence[Piece] | None:
        """What an event says, perhaps nothing; None for one that is not known."""

    def counts(self, event: Event) -> bool:
        """Whether its reader needs an event that is known."""


@dataclass(slots=True)
class Transcript:
    """Decodes one call's output, in pieces as they arrive, in bounded memory; `heard` is told of each new cost."""

    stream: Stream
    heard: Callable[[Usage], None] | None = None
    _line: list[bytes] = field(default_factory=list)
    _size: int = 0
    _is_long: bool = False
    _is_open: bool = False  # what was told last lacks the end of its line
    _is_inset: bool = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Takes what was printed; returns what people are shown of it, and what the reader is given."""
        shown: list[bytes] = []
        kept: list[bytes] = []
        before = self.stream.usage
        first, *others = data.split(b"\n")
        self._add(first, shown, kept)
        for part in others:
            self._end_line(shown, kept)
            self._add(part, shown, kept)
        if self.heard and self.stream.usage and self.stream.usage != before:
            self.heard(self.stream.usage)
        return b"".join(shown), b"".join(kept)

    def end(self) -> tuple[bytes, bytes]:
        """The rest: a line that lacks its end."""
        shown: list[bytes] = []
        kept: list[bytes] = []
        if self._line:
            self._end_line(shown, kept)
        return b"".join(shown), b"".join(kept)

    def so_far(self) -> tuple[bytes, bytes, str]:
        """The rest, and the agent's last message, as if this were the end; more may follow."""
        ended = replace(self, stream=copy.copy(self.stream), _line=[*self._line])
        return *ended.end(), ended.stream.last

    def _add(self, part: bytes, shown: list[bytes], kept: list[bytes]) -> None:
        if not part:
            return
        self._line.append(part)
        self._size += len(part)
        if self._is_long or self._size > LONGEST:
            line = b"".join(self._line)
            shown.append(transcript.bare_bytes(line) if self._is_long else self._as_it_came(line))
            kept.append(line)
            self._line, self._is_long, self._is_open = [], True, True

    def _end_line(self, shown: list[bytes], kept: list[bytes]) -> None:
        line, is_long = b"".join(self._line), self._is_long
        self._line, self._size, self._is_long = [], 0, False
        event = None if is_long else _event(line)
        pieces = self._pieces(event) if event else None
        if event is None or pieces is None:
            shown.append((transcript.bare_bytes(line) if is_long else self._as_it_came(line)) + b"\n")
            self._is_open = False
        else:
            shown += map(self._told, pieces)
        if event is None or pieces is None or self.stream.counts(event):
            kept += (line, b"\n")

    def _pieces(self, event: Event) -> Sequence[Piece] | None:
        try:
            return self.stream.tell(event)
        except RecursionError:
            return None

    def _as_it_came(self, line: bytes) -> bytes:
        return self._begin(is_inset=False).encode() + transcript.bare_bytes(line)

    def _told(self, piece: Piece) -> bytes:
        begin = self._begin(is_inset=piece.is_given, goes_on=piece.is_part)
        text = transcript.bare(piece.text)
        if piece.begin:
            begin += piece.begin + transcript.turn(is_inset=True)
            self._is_inset = True
        is_ended = text.endswith("\n")
        self._is_open = piece.is_part and not is_ended
        return f"{begin}{text}{'' if is_ended or piece.is_part else chr(10)}".encode("utf-8", "replace")

    def _begin(self, *, is_inset: bool, goes_on: bool = False) -> str:
        """A line of its own, set in or not; between two that are alike nothing stands, as a secret may go over both."""
        turn = "" if is_inset == self._is_inset else transcript.turn(is_inset=is_inset)
        self._is_inset = is_inset
        return ("\n" if self._is_open and not goes_on else "") + turn


def _event(line: bytes) -> Event | None:
    """A line that is an object with a type."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("type"), str) else None
