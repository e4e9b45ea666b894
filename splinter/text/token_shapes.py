"""Well-known shapes of tokens and keys, as their issuers publish them. Patterns only: nothing here masks anything."""

from __future__ import annotations

import re

Shape = tuple[bytes, re.Pattern[bytes]]  # what it begins with, found by bytes.find (10 MB: 5 ms, a pattern's: 120 ms)
TOKEN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+/=-"
# Where a token may begin: not within a word such as "task-…", but escapes (\n, \u003d, %3D, a colour) end with letters.
_FREE = rb"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2})|(?<=[0-9;\[]m))"
_KEY_BEGIN = (
    rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----"
    rb"(?:(?:\s|\\+[nr]){0,8}(?:Proc-Type|DEK-Info|Version|Comment): [^\r\n\\]{1,100}){0,3}"
)
# and what a patch or a mail puts before lines; no blank may be read in two ways, of which many lines make a power
_KEY_LINE_END = rb"(?:[\r\n]+[\t ]{0,8}(?:[>|+-][\t ]{0,8})?|(?:\\+[nr])+)"
KEY = re.compile(_KEY_BEGIN + rb"[A-Za-z0-9+/=\s\\]{0,20000}(?:-----END [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----)?")


def _shapes(*shapes: tuple[bytes, bytes], free: bytes = _FREE) -> tuple[Shape, ...]:
    return tuple((needle, re.compile(free + shape)) for needle, shape in shapes)


_HOOK = rb"https?://hooks\.slack(?:-gov)?\.com/[A-Za-z0-9/_-]{10,900}"
# As the issuers publish them.
ISSUED = _shapes((b"https://hooks.slack", _HOOK), (b"http://hooks.slack", _HOOK), free=b"") + _shapes(
    (b"gh", rb"gh[pousr]_[A-Za-z0-9]{20,255}"),
    (b"github_pat_", rb"github_pat_[A-Za-z0-9_]{20,255}"),
    (b"gl", rb"gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.-]{20,4000}"),
    (b"xox", rb"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,4000}"),
    (b"xapp-", rb"xapp-[A-Za-z0-9-]{20,4000}"),
    (b"SG.", rb"SG\.[A-Za-z0-9_-]{16,4000}\.[A-Za-z0-9_-]{16,4000}"),
    *((name, name + rb"[A-Z0-9]{16}(?![A-Za-z0-9])") for name in (b"AKIA", b"ASIA")),
    (b"ABSK", rb"ABSK[A-Za-z0-9+/]{100,300}={0,2}"),
    (b"bedrock-api-key-", rb"bedrock-api-key-[A-Za-z0-9+/]{40,8000}={0,2}"),
    (b"AIza", rb"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    (b"ya29.", rb"ya29\.[A-Za-z0-9_.-]{30,4000}"),
    (b"npm_", rb"npm_[A-Za-z0-9]{36}"),
    (b"pypi-", rb"pypi-[A-Za-z0-9_-]{32,4000}"),
    *((name, name + rb"[A-Za-z0-9]{24,255}") for name in (b"sk_live_", b"rk_live_", b"hf_", b"gsk_", b"xai-")),
)
# Masked as well, but no proof of a secret: pages of documentation are full of what looks like these.
LOOSE = (
    *_shapes((b"sk-", rb"(?<![_-])sk-[A-Za-z0-9_-]{20,4000}")),
    *_shapes((b"eyJ", rb"(?<![_-])eyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{8,2000}")),
    (b"-----BEGIN ", KEY),
    (b"://", re.compile(rb"://([^\s/:@\"'<>]{0,200}:[^\s/@\"'<>]{1,500})@")),
)
# Their narrow kin that are proof; T3BlbkFJ is "OpenAI" in base64.
PROOF = _shapes(
    (b"sk-", rb"(?<![_-])sk-(?:(?:proj|svcacct|admin|ant|or)-|[A-Za-z0-9]{20}T3BlbkFJ)[A-Za-z0-9_-]{20}"),
) + _shapes((b"-----BEGIN ", _KEY_BEGIN + rb"(?>%b?[A-Za-z0-9+/=]){100}" % _KEY_LINE_END), free=b"")
