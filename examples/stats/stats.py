"""Numbers that describe a sample."""

from collections.abc import Sequence


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    if not values:
        raise ValueError("a mean needs at least one value")
    return sum(values) / len(values)


def median(values: Sequence[float]) -> float:
    """The value in the middle."""
    if not values:
        raise ValueError("a median needs at least one value")
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def spread(values: Sequence[float]) -> float:
    """The distance between the least and the greatest value."""
    if not values:
        raise ValueError("a spread needs at least one value")
    return max(values) - min(values)
