"""What one call reports of itself, and the small readings of JSON that agents' readers share.

Pure. Nothing said here makes a step succeed: a reader can only add to what speaks against one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from splinter.model.records import Usage

LONGEST_NAME = 200  # characters of a permission, a model, a session
MOST = 10**12  # tokens or dollars of one call: what is more is no number to count on, and fits no database

# A provider's fault passes by itself: too many requests, an error of its servers, no way to reach it.
_PASSES = re.compile(
    r"\b(?:408|409|425|429|5\d\d)\b|rate.?limit|too many requests|overloaded|unavailable|high demand"
    r"|internal ?server ?error|timed? ?out|connection|unable to connect|network|socket|econn|enotfound|eai_again"
    r"|error sending request|stream disconnected|fetch failed",
    re.IGNORECASE,
)
# an account's fault stays, though it comes with the same status
_STAYS = re.compile(r"\b40[0134]\b|current quota|insufficient|billing|credit|api key|unauthorized", re.IGNORECASE)


class Fault(StrEnum):
    """Whose an error is; a limit is one that we handed to the tool."""

    AGENT = "agent"
    PROVIDER = "provider"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One call as its tool reports it.

    `error` is what it says went wrong, None where it complains of nothing; `fault` whose that is. `usage` is None
    where a call costs nothing. `is_understood`: there was a report, in a form that is known; without one, that it
    complains of nothing means nothing.
    """

    error: str | None = None
    fault: Fault | None = None
    usage: Usage | None = field(default_factory=lambda: Usage(calls=1))
    model: str | None = None
    session: str | None = None
    denied: tuple[str, ...] = ()
    is_understood: bool = True


UNREAD = Reading(is_understood=False)


def blamed(reading: Reading, error: str) -> Reading:
    """The same with an error: the provider's fault where it passes by itself, else the agent's."""
    passes = _PASSES.search(error) and not _STAYS.search(error)
    return replace(reading, error=error, fault=Fault.PROVIDER if passes else Fault.AGENT, is_understood=True)


def usage(*, usd: object = None, read: int | None, written: int | None) -> Usage:
    """What one call took; sums that are no counts are unknown, like those that are None."""
    dollars = number(usd)
    is_counted = read is not None and written is not None and max(read, written) <= MOST
    return Usage(
        calls=1,
        priced=int(dollars is not None),
        counted=int(is_counted),
        usd=dollars or 0.0,
        input_tokens=read or 0 if is_counted else 0,
        output_tokens=written or 0 if is_counted else 0,
    )


def mapping(value: object) -> dict[str, Any]:
    """A JSON object, empty for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """A JSON list, empty for anything else."""
    return value if isinstance(value, list) else []


def text(value: object) -> str | None:
    """A text that says something, None for anything else."""
    return value if isinstance(value, str) and value else None


def scalar(value: object) -> str:
    """A status as text, whether it came as a number or in quotes; anything else is none."""
    return str(value)[:LONGEST_NAME] if isinstance(value, int | str) and not isinstance(value, bool) else ""


def number(value: object) -> float | None:
    """A finite number that is not negative, None for anything else: a bool, `NaN`, a thousand digits."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= MOST else None  # type: ignore[operator,arg-type]


def total(table: Mapping[str, Any], *names: str) -> int:
    """The sum of those entries that are counts."""
    return sum(int(value) for name in names if (value := number(table.get(name))) is not None)


def called(tool: object, input: object) -> str:
    """A tool and the file, command or address that it was called with."""
    given, name = mapping(input), text(tool) or "a tool"
    keys = ("file_path", "filePath", "command", "url", "path")
    what = next(filter(None, (text(given.get(key)) for key in keys)), None)
    return f"{name} {what}" if what else name


def sound(text: str | None, most: int) -> str | None:
    """Text that can be stored: JavaScript cuts signs of two halves in the middle, and a half is no Unicode."""
    return text[:most].encode("utf-8", "replace").decode("utf-8") if text else None
