"""What a child prints: streamed to its log with secrets masked, the middle of a flood left out, the end kept at hand.

Memory stays bounded whatever is printed. It never interprets a word of it: what decodes a stream is handed in.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO

from splinter.model.agents.streams import Transcript
from splinter.text.redact import MaskedBytes, Redactor
from splinter.text.transcript import Layout

HEAD_BYTES = 8 * 1024 * 1024  # of a log before a flood is cut
TAIL_BYTES = 1024 * 1024  # of a log after the cut, and of what is kept at hand
_READ_S, _AGAIN_S = 1.0, 0.005  # for what a command wrote before its end: at the most, and between two looks
_CHUNK = 64 * 1024
_MARGIN = 32 * 1024  # after a cut: longer than a secret in any form, whose first half may be gone


class Output:
    """The output of one child; one thread drains it, another may look."""

    def __init__(self, log: Path, redactor: Redactor, transcript: Transcript | None = None) -> None:
        """Text is added to `log`, which nobody else may read; its folder is made. `transcript` decodes a stream."""
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch(mode=0o600)
        self._file = log.open("ab", buffering=0)
        self._redactor, self._stream = redactor, redactor.stream()
        self._transcript, self._layout = transcript, Layout() if transcript else None
        self._lock = threading.Lock()
        self._written = 0
        self._waiting, self._recent = _Ring(TAIL_BYTES + _MARGIN), _Ring(TAIL_BYTES)
        self._counted = _Ring(TAIL_BYTES + _MARGIN)  # of a stream what its reader needs
        self._is_closed = False
        self._until_then: bytes | None = None
        self._counted_then = b""
        self.received = 0
        self.last_message = ""
        self.problem: str | None = None

    def __enter__(self) -> Output:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Write what was still held back."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                if self._transcript:
                    self._take_all(self._transcript.end()[0])
                self._settle()
                self._file.close()

    def drain(self, source: IO[bytes]) -> None:
        """Take everything that comes until the last writer has closed; what comes after the end is not kept."""
        with source:
            while chunk := source.read(_CHUNK):
                with self._lock:
                    self.received += len(chunk)
                    if not self._is_closed:
                        self._receive(chunk)

    @property
    def text(self) -> str:
        """The last of what came until `end_of_leader`, masked, from the start of a line where it is not the whole."""
        data = self._recent.data() if self._until_then is None else self._until_then
        return _from_a_line(data, is_whole=not self._waiting.dropped and not self._recent.dropped)

    @property
    def report(self) -> str:
        """Of a stream the last of what its reader needs, undecoded; else the text."""
        return _from_a_line(self._counted_then, is_whole=self.is_whole) if self._transcript else self.text

    @property
    def is_whole(self) -> bool:
        """Whether `report` is all that was printed of it."""
        if self._transcript:
            return not self._counted.dropped
        return not self._waiting.dropped and not self._recent.dropped

    def end_of_leader(self) -> None:
        """The command itself has ended: what others print from now on goes to the log, and is not the command's."""
        with self._lock:
            shown, counted, last = self._transcript.so_far() if self._transcript else (b"", b"", "")
            self.last_message = self._redactor.text(last) if last else ""
            if self._waiting.dropped or self._written >= HEAD_BYTES:
                rest, layout = self._masked_end(self._waiting, shown), _in_the_middle(self._layout)
            else:
                stream = replace(self._stream)
                rest = MaskedBytes(stream.feed(shown) + stream.end())
                layout = replace(self._layout) if self._layout else None
            self._until_then = (self._recent.data() + (layout.feed(rest) if layout else rest))[-TAIL_BYTES:]
            self._counted_then = self._masked_end(self._counted, counted)[-TAIL_BYTES:]

    def _receive(self, chunk: bytes) -> None:
        if not self._transcript:
            self._take(chunk)
            return
        shown, counted = self._transcript.feed(chunk)
        if counted:
            self._counted.add(counted)
        self._take_all(shown)

    def _take_all(self, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK):
            self._take(data[start : start + _CHUNK])

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
        masked = self._masked_end(self._waiting)
        self._layout = _in_the_middle(self._layout)
        left_out = f"\n[… about {self._waiting.dropped + _MARGIN:,} bytes left out …]\n"
        self._append(MaskedBytes(left_out.encode()))
        self._write(masked)

    def _masked_end(self, ring: _Ring, more: bytes = b"") -> MaskedBytes:
        """What a ring holds, without what a secret may have begun before of which the rest is gone."""
        masked = self._redactor.data(ring.data() + more)
        return MaskedBytes(masked[_MARGIN:]) if ring.dropped else masked

    def _write(self, data: MaskedBytes) -> None:
        self._append(self._layout.feed(data) if self._layout else data)

    def _append(self, data: MaskedBytes) -> None:
        self._written += len(data)
        self._recent.add(data)
        try:
            self._file.write(data)
        except OSError as error:  # a full disk must not stop the child in the middle of a write
            self.problem = f"its log could not be written: {error.strerror}"


def until_read(drain: threading.Thread, pipe: IO[bytes], output: Output) -> None:
    """Wait, within bounds, until all that a command wrote before its end has been read; others may hold its pipe."""
    ends, before = time.monotonic() + _READ_S, -1
    while drain.is_alive() and time.monotonic() < ends:
        drain.join(_AGAIN_S)
        if before == output.received and not _unread(pipe):
            break
        before = output.received


def _unread(pipe: IO[bytes]) -> bool:
    """Whether a pipe holds bytes that nobody has read yet; where that cannot be asked, it does not."""
    try:
        import fcntl
        import termios

        waiting = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    except (ImportError, OSError, ValueError):  # it was read to its end and closed
        return False
    return any(waiting)


def _in_the_middle(layout: Layout | None) -> Layout | None:
    return Layout(_is_inset=True) if layout else None


def _from_a_line(data: bytes, *, is_whole: bool) -> str:
    if not is_whole:
        _, _, rest = data.partition(b"\n")
        data = rest if rest.strip() else data  # all of it is the end of one line
    return data.decode("utf-8", "replace")


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
