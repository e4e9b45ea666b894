"""What calls of tools cost, as a value that can be summed. It knows no call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What calls of tools cost, as the tools themselves reported it: dollars, and tokens read and written.

    `calls` is how many there were; `priced` and `counted` of them reported dollars and tokens, which the sums are of.
    """

    calls: int = 0
    priced: int = 0
    counted: int = 0
    usd: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in _USAGE})

    @property
    def tokens(self) -> int:
        """Read and written together."""
        return self.input_tokens + self.output_tokens


_USAGE = ("calls", "priced", "counted", "usd", "input_tokens", "output_tokens")
