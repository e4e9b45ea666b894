"""The largest part of a list in which nothing fails, found by halving. Pure: the trial is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Largest:
    """What goes together, and each other name with what failed when it was added; nothing where it was not tried."""

    kept: Names
    failed: Mapping[str, Names]


def largest(names: Sequence[str], fails: Callable[[Names], Names], depends_on: Mapping[str, Sequence[str]]) -> Largest:
    """Names, in their order, for which `fails` names nothing, and to which no other could be added when it was tried.

    `names` has each after those it depends on; who depends on one that is left out is left out. For k culprits among
    n there are about 2 k log2 n trials.
    """
    kept: Names = ()
    failed: dict[str, Names] = {}
    waiting = [tuple(names)]
    while waiting:
        part = _founded(waiting.pop(), failed, depends_on)
        together = tuple(name for name in names if name in (*kept, *part))
        wrong = fails(together) if part else ()
        if not wrong:
            kept = together
        elif len(part) == 1:
            failed[part[0]] = wrong
        else:
            half = len(part) // 2
            waiting += [part[half:], part[:half]]  # the first half comes off first
    return Largest(kept=kept, failed=failed)


def _founded(part: Names, failed: dict[str, Names], depends_on: Mapping[str, Sequence[str]]) -> Names:
    """A part without those that build on what was left out, which are noted as such."""
    for name in part:
        if any(other in failed for other in depends_on.get(name, ())):
            failed[name] = ()
    return tuple(name for name in part if name not in failed)
