"""Where, at the end of a text that goes on, a known value may have begun: what is before can be written.

It masks nothing. It may say so of a place where none has; never the other way round.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# What is taken out before known values are looked for: what line ends are made of, plain or escaped. Byte by byte
# and not by a pattern, so that flat(a + b) is flat(a) + flat(b) whatever stands around.
FLAT = b"\\\r\nnr"
_BEGIN = 4  # bytes of a value that are looked for


def after(count: int, data: bytes, place: int) -> int:
    """The place after the next `count` bytes that the flat text has too."""
    while count:
        step = data[place : place + count]
        place, count = place + count, count - len(step.translate(None, FLAT))
    return place


@dataclass(frozen=True, slots=True)
class OpenValues:
    """The known values as the flat text has them, by how they begin; `parts` are beginnings shorter than that."""

    cores: Mapping[bytes, tuple[bytes, ...]]
    parts: frozenset[bytes]
    may_begin_flat: bool

    @classmethod
    def of(cls, forms: Iterable[bytes]) -> OpenValues:
        """For values in these forms."""
        forms, cores = tuple(forms), defaultdict(list)
        for core in {form.translate(None, FLAT) for form in forms}:
            cores[core[:_BEGIN]].append(core)
        parts = frozenset(core[:size] for core in cores for size in range(1, _BEGIN))
        return cls(
            {begin: tuple(some) for begin, some in cores.items()}, parts, any(form[:1] in FLAT for form in forms)
        )

    def first(self, data: bytes) -> int:
        """Before which byte no value begins that more data could bring to its end; the length where none does."""
        if not self.cores:
            return len(data)
        flat = data.translate(None, FLAT)
        at = next((at for at in range(len(flat)) if self._is_open(flat, at)), len(flat))
        if self.may_begin_flat:  # with what stands before the first byte that the flat text has
            return after(at, data, 0)
        return after(1, data, after(at, data, 0)) - 1 if at < len(flat) else len(data)

    def _is_open(self, flat: bytes, at: int) -> bool:
        begin = flat[at : at + _BEGIN]
        if len(begin) < _BEGIN:
            return begin in self.parts
        return begin in self.cores and any(core.startswith(flat[at:]) for core in self.cores[begin])
