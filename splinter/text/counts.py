"""Counts in words: plurals, and lists that end with how many are not shown. It knows no noun of its own."""

from __future__ import annotations

from collections.abc import Sequence


def plural(count: int, noun: str, nouns: str = "") -> str:
    """`1 file`, `2,000 files`; `nouns` is the plural where it is not the noun and an "s"."""
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"


def more(hidden: int) -> str:
    """`and 3 more` where that many are not shown; empty where none is hidden."""
    return f"and {hidden:,} more" if hidden > 0 else ""


def and_more(items: Sequence[str], shown: int, *, between: str = ", ") -> str:
    """The first items, and how many are left: `a, b and 3 more`."""
    return " ".join(filter(None, (between.join(items[:shown]), more(len(items) - shown))))


def duration(seconds: float) -> str:
    """How long something lasts: `under 0.1 s`, `4.2 s`, `42 s`, `3 min 05 s`, `1 h 02 min`."""
    if 0 < seconds < 0.05:
        return "under 0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 ", " ")
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
