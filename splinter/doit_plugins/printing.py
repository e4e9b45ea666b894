"""stdout and stderr that never fail: a sign they cannot show is shown otherwise, a line nobody reads is dropped.

Printing never ends a run and never decides its exit status.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:  # every call of doit's comes by here
    from splinter.text.redact import Masked, Redactor

_BEGUN = 2_000  # characters
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")  # what the table of what runs moves the cursor by
_redactor: Redactor | None = None  # none before a secret is known


class Sound:
    """A text stream to which anything may be written; all else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        """`stream` is one that may fail: closed, full, read by nobody any more, of few characters."""
        self._stream = stream
        self.begun = ""  # what was printed first

    def write(self, text: str) -> int:
        """Write it with known secrets masked, whoever prints: doit shows what a task is made of, too.

        What only looks like a secret is let be: it may be what a task of the user's prints.
        """
        self._show(_redactor.values(text) if _redactor else cast("Masked", text))
        return len(text)

    def _show(self, text: Masked) -> None:
        """Characters that the stream's encoding lacks become escapes."""
        self.begun += text if len(self.begun) < _BEGUN else ""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        shown = text.encode(encoding, "backslashreplace").decode(encoding, "replace")
        try:
            self._stream.write(shown)
        except (OSError, ValueError):  # ValueError: it was closed
            self._give_up()

    def writelines(self, lines: Any) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Bring out what is held back."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._give_up()

    def close(self) -> None:
        """Close it; what it still held is lost where it takes no more."""
        self.flush()
        with suppress(OSError, ValueError):
            self._stream.close()

    def _give_up(self) -> None:
        """Let all that is still held back, and comes later, go nowhere; Python's own flush at the end fails no more."""
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        """What is asked beyond that, such as `isatty` and `fileno`."""
        return getattr(self._stream, name)


def has_printed_only(line: str) -> bool:
    """Whether that line is all that this process has printed, as a person sees it."""
    if not isinstance(sys.stdout, Sound) or not isinstance(sys.stderr, Sound):
        return False
    return _STEERING.sub("", sys.stdout.begun).strip("\n") == line and not sys.stderr.begun


def has_printed_nothing() -> bool:
    """Whether this process has printed nothing so far."""
    return all(isinstance(stream, Sound) and not stream.begun for stream in (sys.stdout, sys.stderr))


def shows_as_it_is(text: str) -> bool:
    """Whether no secret that is known is in it."""
    return _redactor is None or _redactor.values(text) == text


def mask(secrets: Iterable[str]) -> None:
    """From now on these, too, are masked in what is printed."""
    global _redactor
    found = tuple(dict.fromkeys((*(_redactor.secrets if _redactor else ()), *secrets)))
    if found:
        from splinter.text.redact import Redactor

        _redactor = Redactor(found)


def say_json(value: Any) -> None:
    """Print JSON's types with secrets masked in the texts alone, so that JSON it stays."""
    from splinter.text.redact import Masked, Redactor, masked

    text = Masked(f"{json.dumps(masked(value, _redactor or Redactor(())), indent=2)}\n")
    if isinstance(sys.stdout, Sound):
        sys.stdout._show(text)
    else:
        sys.stdout.write(text)


def guard() -> None:
    """From now on, nothing that is printed can fail; a stream that was closed before we began goes nowhere."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, Sound):
            # the number of the closed one is taken, so that no file of ours gets it and with it what is printed
            setattr(sys, name, Sound(stream or open(os.devnull, "w", encoding="utf-8")))  # noqa: PTH123, SIM115
