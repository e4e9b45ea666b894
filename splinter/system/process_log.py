"""What a child prints: streamed to its log with secrets masked, the middle of a flood left out, the end kept at hand.

Memory stays bounded whatever is printed. It never interprets a word of it.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO

from splinter.text.redact import MaskedBytes, Redactor

HEAD_BYTES = 8 * 1024 * 1024  # of a log before a flood is cut
TAIL_BYTES = 1024 * 1024  # of a log after the cut, and of what is kept at hand
_CHUNK = 64 * 1024
_MARGIN = 32 * 1024  # after a cut: longer than a secret in any form, whose first half may be gone


class Output:
    """The output of one child; one thread drains it, another may look."""

    def __init__(self, log: Path, redactor: Redactor) -> None:
        """Text is added to `log`; its folder is made."""
        log.parent.mkdir(parents=True, exist_ok=True)
        self._file = log.open("ab", buffering=0)
        self._redactor, self._stream = redactor, redactor.stream()
        self._lock = threading.Lock()
        self._written = 0
        self._waiting = _Ring(TAIL_BYTES + _MARGIN)
        self._recent = _Ring(TAIL_BYTES)
        self._is_closed = False
        self._until_then: bytes | None = None
        self.received = 0
        self.problem: str | None = None

    def __enter__(self) -> Output:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Write what was still held back."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._settle()
                self._file.close()

    def drain(self, source: IO[bytes]) -> None:
        """Take everything that comes until the last writer has closed; what comes after the end is not kept."""
        with source:
            while chunk := source.read(_CHUNK):
                with self._lock:
                    self.received += len(chunk)
                    if not self._is_closed:
                        self._take(chunk)

    @property
    def text(self) -> str:
        """The last of what came until `end_of_leader`, masked, from the start of a line where it is not the whole."""
        data = self._recent.data() if self._until_then is None else self._until_then
        if not self.is_whole:
            _, _, rest = data.partition(b"\n")
            data = rest if rest.strip() else data  # all of it is the end of one line
        return data.decode("utf-8", "replace")

    @property
    def is_whole(self) -> bool:
        """Whether `text` is all that was printed."""
        return not self._waiting.dropped and not self._recent.dropped

    def end_of_leader(self) -> None:
        """The command itself has ended: what others print from now on goes to the log, and is not the command's."""
        with self._lock:
            if self._waiting.dropped or self._written >= HEAD_BYTES:
                rest = bytes(self._redactor.data(self._waiting.data()))
                rest = rest[_MARGIN:] if self._waiting.dropped else rest
            else:
                rest = replace(self._stream).end()
            self._until_then = (self._recent.data() + rest)[-TAIL_BYTES:]

    def _take(self, chunk: bytes) -> None:
        if self._written < HEAD_BYTES:
            self._write(self._stream.feed(chunk))
        else:
            self._waiting.add(chunk)

    def _settle(self) -> None:
        """Write the end: in one piece with the head, or after a line that says how much was left out."""
        if not self._waiting.dropped:
            self._write(MaskedBytes(self._stream.feed(self._waiting.data()) + self._stream.end()))
            return
        masked = self._redactor.data(self._waiting.data())[_MARGIN:]
        left_out = self.received - self._written - len(masked)
        self._write(MaskedBytes(f"\n[… about {left_out:,} bytes left out …]\n".encode() + masked))

    def _write(self, data: MaskedBytes) -> None:
        self._written += len(data)
        self._recent.add(data)
        try:
            self._file.write(data)
        except OSError as error:  # a full disk must not stop the child in the middle of a write
            self.problem = f"its log could not be written: {error.strerror}"


class _Ring:
    """The last bytes of a stream, in pieces."""

    def __init__(self, limit: int) -> None:
        self._limit, self._size = limit, 0
        self._pieces: deque[bytes] = deque()
        self.dropped = 0

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        while self._size - len(self._pieces[0]) >= self._limit:
            gone = len(self._pieces.popleft())
            self._size -= gone
            self.dropped += gone

    def data(self) -> bytes:
        return b"".join(self._pieces)
