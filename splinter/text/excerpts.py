"""The end of what a program printed, short enough to be kept, mailed and read. It decides nothing about its meaning."""

from __future__ import annotations

LONGEST_LINE = 400  # characters; the log has the whole


def last_lines(printed: str, count: int) -> str:
    """The last lines that hold something, the middle of a long one left out."""
    return "\n".join(short_line(line) for line in [line for line in printed.splitlines() if line.strip()][-count:])


def short_line(line: str) -> str:
    """A line as it is, or its beginning and its end."""
    if len(line) <= LONGEST_LINE:
        return line
    half = LONGEST_LINE // 2
    return f"{line[:half]} […] {line[-half:]}"
