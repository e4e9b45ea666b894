"""How a transcript is laid out: text of others is set in, and steers no terminal, whatever it holds.

Marks are put around it before secrets are masked and become spaces afterwards: a secret over several lines stays whole.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from splinter.text.redact import MaskedBytes, plain

_OPEN, _CLOSE = "\x0e", "\x0f"
_MARK = re.compile(f"([{_OPEN}{_CLOSE}])")
_MARKS = str.maketrans("", "", _OPEN + _CLOSE)
_SPACES = "    "
_LINE_BEGIN = re.compile(r"(?<=\n)(?=[^\n])")


def bare(text: str) -> str:
    """The text without marks of its own."""
    return text.translate(_MARKS)


def bare_bytes(data: bytes) -> bytes:
    """The bytes without marks of their own."""
    return data.translate(None, (_OPEN + _CLOSE).encode())


def turn(*, is_inset: bool) -> str:
    """What comes from here on is text of others, or is not."""
    return _OPEN if is_inset else _CLOSE


@dataclass(slots=True)
class Layout:
    """Lays out what arrives in pieces; one that begins in the middle takes it for text of others."""

    _is_inset: bool = False
    _is_at_start: bool = True
    _held: bytes = b""  # the beginning of a character

    def feed(self, data: MaskedBytes) -> MaskedBytes:
        """Takes the next piece; returns what is to be written."""
        text, used = codecs.utf_8_decode(self._held + data, "replace", False)
        self._held = (self._held + data)[used:]
        return MaskedBytes("".join(map(self._laid_out, _MARK.split(text))).encode("utf-8", "replace"))

    def _laid_out(self, part: str) -> str:
        if part in (_OPEN, _CLOSE):
            self._is_inset = part == _OPEN
            return ""
        text = plain(part)
        if not text:
            return ""
        begins, self._is_at_start = self._is_at_start and text[0] != "\n", text[-1] == "\n"
        if not self._is_inset:
            return text
        return (_SPACES if begins else "") + _LINE_BEGIN.sub(_SPACES, text)
