"""Masks secrets, and what would steer a terminal, in every text that leaves. It never learns secrets by itself."""

from __future__ import annotations

import base64
import functools
import hashlib
import itertools
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NewType, TypeVar
from urllib.parse import quote, quote_plus

from splinter.text import token_shapes
from splinter.text.open_values import FLAT, OpenValues, after
from splinter.text.token_shapes import Shape

MASK = b"***"
SHORTEST = 6  # characters; a shorter value would mask half of every text
SHORTEST_LINE = 16  # characters; from here on a line of a secret of several lines is a secret of its own

Span = tuple[int, int]

_GAP = rb"(?:[\r\n]|\\[\\\r\n]*[nr])"  # an escaped line end may itself be cut by a plain one
_BORDERS = re.compile(rb"\A(%b*)(.*?)(%b*)\Z" % (_GAP, _GAP), re.DOTALL)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_GRAM = 8  # bytes, one number of a memoryview; a core of 15 bytes holds a whole one wherever it stands

# Longest matches, in bytes; what is looked at before one. Each shape but a key is shorter than _REACH or all TOKEN.
_REACH, _LONG_TOKEN, _LONG_KEY, _LONG_KEY_END, _BEHIND = 1024, 16_384, 20_600, 64, 128
_NOT_BLANK = bytes(set(range(256)) - set(b" \t\n\r\x0b\x0c"))
_COMMIT_ID = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9A-Za-z])")

# ECMA-48: control sequences, then strings (titles, links) up to their end, then two-character escapes.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-Z\\^-~]"
)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNSAFE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


# Text in which every known secret is masked: what leaves us takes no other. Made by a Redactor, or of words of our own.
Masked = NewType("Masked", str)
MaskedBytes = NewType("MaskedBytes", bytes)
Text = TypeVar("Text", str, Masked)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces known values and well-known token shapes by `***`; commit ids stay.

    A known value counts in each encoding, and with line ends between any two of its characters, as long as the whole
    is no longer than 1 KiB or twice the longest encoding of any value.
    """

    secrets: tuple[str, ...] = field(repr=False)
    _known: _Known = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        values = {value for secret in self.secrets for value in _values(secret) if len(value) >= SHORTEST}
        object.__setattr__(self, "_known", _Known.of({_letters(form) for value in values for form in _forms(value)}))

    def text(self, text: str) -> Masked:
        """The text with every secret masked."""
        # surrogatepass: a file name that is no UTF-8 arrives as lone surrogates and must leave as them
        return Masked(self.data(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass"))

    def values(self, text: str) -> Masked:
        """The text with the known values masked, and nothing that only looks like a secret."""
        data = text.encode("utf-8", "surrogatepass")
        spans = sorted(self._values_in(data))
        whole = _masked(data, spans, stop=len(data))[0] if spans else data
        return Masked(whole.decode("utf-8", "surrogatepass"))

    def json(self, value: Any) -> Masked:
        """JSON's types as ASCII text, with every secret in every text of them masked."""
        return Masked(json.dumps(masked(value, self), ensure_ascii=True))

    def data(self, data: bytes) -> MaskedBytes:
        """The bytes with every secret masked; bytes that are no text stay as they are."""
        spans = self.spans(data)
        return MaskedBytes(_masked(data, spans, stop=len(data))[0] if spans else data)

    def found(self, data: bytes, *, start: int = 0, stop: int = sys.maxsize) -> frozenset[bytes]:
        """Known values, tokens with one issuer's own prefix, private keys with their bodies: each as a hash.

        Only those that begin between `start` and `stop`; no further than `reach` around a place decides of it.
        """
        issued = (
            span
            for span in _shaped(token_shapes.ISSUED + token_shapes.PROOF, data)
            if b"EXAMPLE" not in data[slice(*span)]
        )
        spans = (span for span in itertools.chain(self._values_in(data), issued) if start <= span[0] < stop)
        return frozenset(hashlib.blake2b(data[slice(*span)], digest_size=16).digest() for span in spans)

    @property
    def reach(self) -> int:
        """How many bytes the longest match has."""
        return max(_LONG_KEY, self._known.reach)

    def stream(self) -> Masking:
        """What masks bytes that arrive in pieces."""
        return Masking(self, self._known.reach, self._known.open)

    def spans(self, data: bytes) -> list[Span]:
        """Where secrets stand, in order, overlapping ones too; each rests on the bytes in it and a few around it."""
        return sorted({*self._values_in(data), *_shaped(token_shapes.ISSUED + token_shapes.LOOSE, data)})

    def _values_in(self, data: bytes) -> Iterator[Span]:
        return (span for span in self._known.spans(data) if not _is_within_commit_id(span, data))


@dataclass(slots=True)
class Masking:
    """Masks what arrives in pieces as `Redactor.data` would mask the whole, in bounded memory.

    Held back are the last bytes in which something has begun that may not be at its end: of what may become a known
    value 1 KiB or twice its longest encoding; up to 16 KiB without a space, or 21 KB of a private key without its last
    line.
    """

    _redactor: Redactor
    _reach: int
    _open: OpenValues
    _held: bytes = b""
    _start: int = 0  # before it stands what is written already; shapes and commit ids look behind
    _covered: int = 0  # up to here the mask stands that was written last

    def feed(self, data: bytes) -> MaskedBytes:
        """Takes the next piece; returns what may be written now."""
        self._held += data
        return self._written(max(self._start, self._decided()))

    def end(self) -> MaskedBytes:
        """Returns the rest."""
        return self._written(len(self._held))

    def _decided(self) -> int:
        """Before which byte no match can begin that the next piece would change."""
        held, end = self._held, len(self._held)
        near = max(self._start, end - self._reach)
        word = max(near, end - len(held[near:]) + len(held[near:].rstrip(_NOT_BLANK)))  # no shape but a key has blanks
        key_at = held.find(b"-----BEGIN ", near)
        stop = min(
            word,
            max(len(held.rstrip(token_shapes.TOKEN)), end - _LONG_TOKEN),
            near + self._open.first(held[near:]),
            key_at if key_at >= 0 else end,
        )
        key = (
            token_shapes.KEY.match(held, at)
            if (at := held.rfind(b"-----BEGIN ", max(0, end - _LONG_KEY))) >= 0
            else None
        )
        return min(stop, key.start()) if key and key.end() > end - _LONG_KEY_END else stop

    def _written(self, stop: int) -> MaskedBytes:
        if stop == self._start:
            return MaskedBytes(b"")
        spans = [span for span in self._redactor.spans(self._held) if span[0] >= self._start]
        written, covered = _masked(self._held, spans, start=self._start, stop=stop, covered=self._covered)
        gone = max(0, stop - _BEHIND)
        self._held, self._start, self._covered = self._held[gone:], stop - gone, max(0, covered - gone)
        return MaskedBytes(written)


@dataclass(frozen=True, slots=True)
class _Known:
    """The forms of the known values, made ready for the search.

    The long ones are found by the numbers that eight bytes make, read at every eighth byte: 10 MB take 35 ms however
    many there are, and a key has hundreds, line by line; bytes.find takes 2 ms for each.
    """

    short: set[bytes]
    grams: dict[int, set[bytes]]
    forms: dict[bytes, set[bytes]]  # by their flat cores
    reach: int
    open: OpenValues

    @classmethod
    def of(cls, letters: set[bytes]) -> _Known:
        forms, grams = defaultdict(set), defaultdict(set)
        for form in letters:
            forms[form.translate(None, FLAT)].add(form)
        for core in forms:
            for at in range(_GRAM) if len(core) >= 2 * _GRAM - 1 else ():
                grams[int.from_bytes(core[-at - _GRAM :][:_GRAM], sys.byteorder)].add(core)
        short = {core for core in forms if 0 < len(core) < 2 * _GRAM - 1}
        return cls(
            short, dict(grams), dict(forms), max(_REACH, 2 * max(map(len, letters), default=0)), OpenValues.of(letters)
        )

    def spans(self, data: bytes) -> Iterator[Span]:
        flat = data.translate(None, FLAT) if self.forms else b""
        place = seen = 0  # in the data, and how many bytes of the flat text stand before
        for at, core in sorted((at, one) for one in self._cores(flat) for at in _finds(one, flat)):
            place, seen = after(at - seen, data, place), at
            first = after(1, data, place) - 1
            yield from (span for form in self.forms[core] for span in _exact(form, data, first, self.reach))
        for form in self.forms.get(b"", ()):  # such as "\n\n\n\n\n\n"
            yield from ((at, at + len(form)) for at in _finds(form, data))

    def _cores(self, flat: bytes) -> set[bytes]:
        numbers = memoryview(flat)[: len(flat) // _GRAM * _GRAM].cast("Q") if len(flat) >= _GRAM else ()
        return self.short.union(*(self.grams[number] for number in self.grams.keys() & numbers))


def plain(text: Text) -> Text:
    r"""The text with nothing in it that could steer a terminal or turn a line around.

    Escape sequences go, line ends become `\n`, other control and direction marks become visible as `\u202e`.
    """
    bare = _LINE_ENDS.sub("\n", _ANSI.sub("", text))
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", bare)  # type: ignore[return-value]  # masked stays so


def _finds(needle: bytes, data: bytes) -> Iterator[int]:
    """Every place where the needle stands: of two secrets that share letters none may keep its rest."""
    at = data.find(needle)
    while at >= 0:
        yield at
        at = data.find(needle, at + 1)


def _exact(form: bytes, data: bytes, first: int, reach: int) -> Iterator[Span]:
    """The form around the first byte of its core, if it stands there; begins as near to it as it can."""
    pattern, before = _pattern(form), data[max(0, first - reach) : first] if form[:1] in FLAT else b""
    for start in range(first, first - len(before) + len(before.rstrip(FLAT)) - 1, -1):
        if match := pattern.match(data, start, start + reach):
            yield match.span()
            return


@functools.lru_cache(maxsize=256)
def _pattern(form: bytes) -> re.Pattern[bytes]:
    return re.compile((_GAP + b"*?").join(re.escape(form[at : at + 1]) for at in range(len(form))))


def _shaped(wanted: Iterable[Shape], data: bytes) -> Iterator[Span]:
    for needle, shape in wanted:
        for at in _finds(needle, data):
            if match := shape.match(data, at):
                yield match.span(match.lastindex or 0)


def _is_within_commit_id(span: Span, data: bytes) -> bool:
    """Whether the span is a mere part of a commit id; a secret that looks like one is masked where it stands alone."""
    around = _COMMIT_ID.finditer(data, max(0, span[0] - 64), span[1] + 65)
    return any(match.start() <= span[0] and span[1] <= match.end() and match.span() != span for match in around)


def _masked(data: bytes, spans: Iterable[Span], *, stop: int, start: int = 0, covered: int = 0) -> tuple[bytes, int]:
    """The bytes from `start` to `stop` with the spans masked, and how far the last mask goes, be it beyond `stop`.

    Of spans that overlap one mask comes; of the one that covers the first bytes it came before.
    """
    parts, at = [], max(start, covered)
    for first, end in spans:
        if first >= stop:
            break
        if first >= at:
            parts += [data[at:first], MASK]
        at = max(at, end)
    return b"".join([*parts, data[at:stop]]), at


def _values(secret: str) -> Iterator[str]:
    """The secret, what is left of it without the spaces around, and its lines, for a patch shows each after a "+"."""
    yield from (secret, secret.strip())
    lines = [line.strip() for line in re.split(r"\\+[nr]|[\r\n]", secret)]
    yield from (line for line in lines if len(line) >= SHORTEST_LINE and not line.startswith("-----"))


def _letters(form: bytes) -> bytes:
    """The form without the line ends in it, which may stand anywhere, or nowhere."""
    letters = _BORDERS.sub(lambda part: part[1] + re.sub(_GAP, b"", part[2]) + part[3], form)
    return letters if len(letters) >= SHORTEST else form


def _forms(secret: str) -> Iterator[bytes]:
    """Every way in which a program may print the secret."""
    raw = secret.encode("utf-8", "surrogatepass")
    yield raw
    if set(secret) - set(FLAT.decode()):  # of others nothing but zeros would be looked for
        yield from (secret.encode(wide, "surrogatepass") for wide in _WIDE)
    yield from (raw.hex().encode(), raw.hex().upper().encode())
    for is_ascii in (True, False):
        escaped = json.dumps(secret, ensure_ascii=is_ascii)[1:-1]
        yield from (form.encode("utf-8", "surrogatepass") for form in (escaped, escaped.replace("/", "\\/")))
    for encoded in _url_forms(raw):
        yield encoded.encode()
        yield re.sub(r"%..", lambda match: match[0].lower(), encoded).encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from (_base64_core(raw, offset, encode) for offset in range(3))


def _url_forms(raw: bytes) -> tuple[str, ...]:
    # the third is what JavaScript's encodeURIComponent leaves alone
    return quote(raw, safe=""), quote(raw), quote(raw, safe="!'()*~"), quote_plus(raw)


def _base64_core(raw: bytes, offset: int, encode: Callable[[bytes], bytes]) -> bytes:
    """The base64 characters that depend on the secret alone when `offset` bytes stand before it."""
    start, stop = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
    return encode(bytes(offset) + raw)[start:stop]


def masked(value: Any, redactor: Redactor) -> Any:
    """JSON's types with every secret in every text of them masked."""
    texts: list[str] = []

    def taken(text: str) -> str:
        texts.append(text)
        return text

    plain = _mapped(value, taken)
    # a line end may stand in a value, or before and after it: nothing hides by it, so one look is enough for all
    whole = "\n".join(texts).encode("utf-8", "surrogatepass")
    return _mapped(plain, redactor.text) if redactor.spans(whole) else plain


def _mapped(value: Any, each: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return each(value)
    if isinstance(value, dict):
        return {key: _mapped(inner, each) for key, inner in value.items()}
    return [_mapped(inner, each) for inner in value] if isinstance(value, list | tuple) else value
