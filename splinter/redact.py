"""Masks secrets, and what would steer a terminal, in every text that leaves. It never learns secrets by itself."""

from __future__ import annotations

import base64
import bisect
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 6  # characters; a shorter value would mask half of every text

# Token shapes as their issuers publish them, each behind the letters without which it need not be tried (a log of
# 10 MB: 2.3 s without, 0.9 s with). The look-behinds keep words such as "task-…" whole.
_SHAPES = tuple(
    (needle, re.compile(shape))
    for needle, shape in (
        (b"gh", rb"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{20,255}"),
        (b"github_pat_", rb"(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{20,255}"),
        (b"glpat-", rb"(?<![A-Za-z0-9])glpat-[A-Za-z0-9_.-]{20,}"),
        (b"xox", rb"(?<![A-Za-z0-9])xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}"),
        (b"xapp-", rb"(?<![A-Za-z0-9])xapp-[A-Za-z0-9-]{20,}"),
        (b"hooks.slack", rb"https?://hooks\.slack(?:-gov)?\.com/[A-Za-z0-9/_-]{10,}"),
        (b"sk-", rb"(?<![A-Za-z0-9_-])sk-[A-Za-z0-9_-]{20,}"),
        (b"SG.", rb"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
        (b"IA", rb"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        (b"AIza", rb"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
        (b"npm_", rb"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}"),
        (b"pypi-", rb"(?<![A-Za-z0-9])pypi-[A-Za-z0-9_-]{32,}"),
        (b".eyJ", rb"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
        (
            b"PRIVATE KEY-----",
            rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[A-Za-z0-9+/=\s\\]{0,20000}"
            rb"(?:-----END [A-Z ]{0,20}PRIVATE KEY-----)?",
        ),
        (b"://", rb"(?<=://)[^\s/:@\"'<>]{1,200}:[^\s/@\"'<>]{1,500}(?=@)"),
    )
)
_COMMIT_ID = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9A-Za-z])")

# ECMA-48: control sequences, then strings (titles, links) up to their end, then two-character escapes.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-Z\\^-~]"
)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNSAFE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces known values and well-known token shapes by `***`; commit ids stay."""

    secrets: tuple[str, ...] = field(repr=False)
    _known: re.Pattern[bytes] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        forms = {form for secret in self.secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        known = re.compile(b"|".join(map(re.escape, longest_first))) if forms else None
        object.__setattr__(self, "_known", known)

    def text(self, text: str) -> str:
        """The text with every secret masked."""
        # surrogatepass: a file name that is no UTF-8 arrives as lone surrogates and must leave as them
        return self.data(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def data(self, data: bytes) -> bytes:
        """The bytes with every secret masked; bytes that are no text stay as they are."""
        commits = [match.span() for match in _COMMIT_ID.finditer(data)]
        spans = [span for span in _spans(self._known, data) if not _is_within(span, commits)] if self._known else []
        spans += [match.span() for needle, shape in _SHAPES if needle in data for match in shape.finditer(data)]
        return _masked(data, spans) if spans else data


def plain(text: str) -> str:
    r"""The text with nothing in it that could steer a terminal or turn a line around.

    Escape sequences go, line ends become `\n`, other control and direction marks become visible as `\u202e`.
    """
    text = _LINE_ENDS.sub("\n", _ANSI.sub("", text))
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _spans(pattern: re.Pattern[bytes], data: bytes) -> Iterator[tuple[int, int]]:
    """All matches, overlapping ones too: of two secrets that share letters none may keep its rest."""
    match = pattern.search(data)
    while match:
        yield match.span()
        match = pattern.search(data, match.start() + 1)


def _is_within(span: tuple[int, int], commits: list[tuple[int, int]]) -> bool:
    """Whether the span is a mere part of a commit id; a secret that looks like one is masked where it stands alone."""
    at = bisect.bisect_right(commits, span[0], key=lambda commit: commit[0]) - 1
    return at >= 0 and span != commits[at] and span[1] <= commits[at][1]


def _masked(data: bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    parts, end = [], 0
    for start, stop in sorted(spans):
        if start >= end:
            parts += [data[end:start], MASK.encode()]
        end = max(end, stop)
    return b"".join([*parts, data[end:]])


def _forms(secret: str) -> Iterator[bytes]:
    """Every way in which a program may print the secret."""
    raw = secret.encode("utf-8", "surrogatepass")
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
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
