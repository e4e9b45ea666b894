"""Data as YAML that a person would have written: order kept, block texts, comments. It never judges the data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from splinter.config import yaml_documents
from splinter.config.yaml_events import Keys
from splinter.text.patterns import harmless

WIDTH = 100
PLAIN = re.compile(r"[A-Za-z0-9_./$(+][^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]*")
UNPLAIN = re.compile(r": |:$| #|\s$|^\s")
IN_FLOW = re.compile(r"[,\[\]{}]")
# what readers of YAML 1.1 or JSON take for something else than text
OTHER = re.compile(
    r"(?i)(?:null|true|false|yes|no|on|off|y|n|~|[-+]?\.?(?:inf|nan)|[-+.]?[0-9][0-9_.,:eExXoOa-f+-]*|[0-9]{4}-[0-9-]+.*)"
)
UNBLOCKABLE = re.compile(r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

Comments = Mapping[Keys, tuple[str, ...]]


def text(data: Mapping[str, Any], *, comments: Comments, head: tuple[str, ...]) -> str:
    """The data as YAML, `head` as comments above it and `comments` above the values of those keys.

    What it says is read back; where a reader would see another value, every text is quoted.
    """
    for is_plain in (True, False):
        lines = [*(_comment(line, "") for line in head), *_mapping(data, (), "", comments, is_plain=is_plain)]
        written = "\n".join(lines) + "\n"
        if yaml_documents.read(written.encode(), path="written.yaml").data == data:
            break
    return written


def _comment(line: str, indent: str) -> str:
    return f"{indent}# {harmless(line)}".rstrip()


def _mapping(data: Mapping[str, Any], keys: Keys, indent: str, comments: Comments, *, is_plain: bool) -> list[str]:
    lines = []
    for key, value in data.items():
        own = (*keys, key)
        lines += [_comment(line, indent) for line in comments.get(own, ())]
        name = _scalar(key, is_plain=is_plain, in_flow=True) if len(key) < WIDTH else _quoted(key)
        if len(name) > 1000:  # YAML bounds how long a simple key may be
            name = f"? {name}\n{indent}"
        lines += _after(f"{indent}{name}:", value, own, indent, comments, is_plain=is_plain)
    return lines


def _after(before: str, value: Any, keys: Keys, indent: str, comments: Comments, *, is_plain: bool) -> list[str]:
    """The lines of a value that follows `key:`."""
    if isinstance(value, dict | list) and value:
        flow = _flow(value, keys, comments, is_plain=is_plain)
        if flow is not None and len(before) + len(flow) < WIDTH:
            return [f"{before} {flow}"]
        inner = f"{indent}  "
        if isinstance(value, dict):
            return [before, *_mapping(value, keys, inner, comments, is_plain=is_plain)]
        return [before, *_list(value, keys, inner, comments, is_plain=is_plain)]
    return _text(before, value, f"{indent}  ", is_plain=is_plain)


def _list(data: list[Any], keys: Keys, indent: str, comments: Comments, *, is_plain: bool) -> list[str]:
    lines = []
    for index, value in enumerate(data):
        own = (*keys, index)
        lines += [_comment(line, indent) for line in comments.get(own, ())]
        if isinstance(value, dict) and value:
            first, *others = _mapping(value, own, f"{indent}  ", comments, is_plain=is_plain)
            lines += [f"{indent}- {first[len(indent) + 2 :]}", *others]
        elif isinstance(value, list) and value:
            lines += [f"{indent}-", *_list(value, own, f"{indent}  ", comments, is_plain=is_plain)]
        else:
            lines += _text(f"{indent}-", value, f"{indent}  ", is_plain=is_plain)
    return lines


def _text(before: str, value: Any, inner: str, *, is_plain: bool) -> list[str]:
    """The lines of a value that holds no others; a text of several lines as a block, a long one folded."""
    if not isinstance(value, str):
        return [f"{before} {json.dumps(value)}"]
    if is_plain and "\n" in value.rstrip("\n") and not UNBLOCKABLE.search(value):
        return _block(before, value, inner)
    one = _scalar(value, is_plain=is_plain)
    if is_plain and len(before) + len(one) > WIDTH + 20 and _is_foldable(value):
        return [f"{before} >-", *_folded(value, inner)]
    return [f"{before} {one}"]


def _block(before: str, value: str, inner: str) -> list[str]:
    body = value.rstrip("\n")
    ends = len(value) - len(body)
    sign = "-" if ends == 0 else "" if ends == 1 else "+"
    indicator = "2" if body[:1] in (" ", "\n", "\t") else ""
    lines = [f"{inner}{line}" if line else "" for line in body.split("\n")]
    return [f"{before} |{indicator}{sign}", *lines, *[""] * (ends - 1)]


def _is_foldable(value: str) -> bool:
    return "\n" not in value and "  " not in value and value == value.strip() and not UNBLOCKABLE.search(value)


def _folded(value: str, inner: str) -> list[str]:
    lines = [""]
    for word in value.split(" "):
        if lines[-1] and len(inner) + len(lines[-1]) + len(word) >= WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return [inner + line for line in lines]


def _flow(value: Any, keys: Keys, comments: Comments, *, is_plain: bool) -> str | None:
    """A short list or mapping of plain values on one line; None where it would not be short, or has comments inside."""
    inside = value.values() if isinstance(value, dict) else value
    if any(isinstance(one, dict | list) and one for one in inside) or any(
        isinstance(one, str) and (len(one) > WIDTH or "\n" in one) for one in inside
    ):
        return None
    if any(own[: len(keys)] == keys and len(own) > len(keys) for own in comments):
        return None
    if isinstance(value, list):
        return f"[{', '.join(_scalar(one, is_plain=is_plain, in_flow=True) for one in value)}]"
    if len(value) > 3:
        return None
    pairs = (f"{_scalar(k, is_plain=is_plain, in_flow=True)}: {_scalar(v, is_plain=is_plain, in_flow=True)}"
             for k, v in value.items())  # fmt: skip
    return f"{{{', '.join(pairs)}}}"


def _scalar(value: Any, *, is_plain: bool, in_flow: bool = False) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if not is_plain or not PLAIN.fullmatch(value) or UNPLAIN.search(value) or OTHER.fullmatch(value):
        return _quoted(value)
    if in_flow and (IN_FLOW.search(value) or ":" in value):
        return _quoted(value)
    return value


def _quoted(value: str) -> str:
    # JSON's texts are YAML's, but for characters that JSON lets stand
    return re.sub(
        r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]",
        lambda found: f"\\u{ord(found[0]):04x}",
        json.dumps(value, ensure_ascii=False),
    )
