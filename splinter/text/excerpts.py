"""The end of what a program printed, short enough to be kept, mailed and read. It decides nothing about its meaning."""

from __future__ import annotations

LONGEST_LINE = 400  # characters; the log has the whole


def last_lines(printed: str, count: int) -> str:
    """The last lines, the middle of a long one left out."""
    return "\n".join(map(short_line, printed.strip().splitlines()[-count:]))


def short_line(line: str) -> str:
    """A line as it is, or its beginning and its end."""
    if len(line) <= LONGEST_LINE:
        return line
    half = LONGEST_LINE // 2
    return f"{line[:half]} […] {line[-half:]}"
