"""Tables of which ordinary runs take some rows, and a lane takes the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def rows(table: Iterable[Any], lane: str, *, ordinary: Collection[Any]) -> list[Any]:
    """One parameter per row, a tuple being several arguments; those that are not `ordinary` are marked with the lane.

    A table of names and values, as a dict has them, is given as its names.
    """
    found = list(table)
    assert all(row in found for row in ordinary), f"no such rows: {[row for row in ordinary if row not in found]}"
    marked = pytest.mark.lane(lane)
    return [
        pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=() if row in ordinary else marked)
        for row in found
    ]
