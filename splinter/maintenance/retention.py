"""Which things are past their age or size, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from splinter.text.counts import plural

DAY_S = 86_400
MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing that could go: last used at `used_s` (seconds since the epoch), with its bytes where they are known.

    `goes` says why it goes whatever its age; `stays` keeps it whatever its age and size.
    """

    name: str
    used_s: float
    bytes: int = 0
    goes: str = ""
    stays: bool = False

    def days(self, now_s: float) -> int:
        """Whole days since it was last used; 0 where that is still to come."""
        return max(0, int((now_s - self.used_s) // DAY_S))


def expired(
    things: Iterable[Thing], *, days: int, mb: int, now_s: float, age: str = "{} old"
) -> dict[str, str]:  # fmt: skip
    """Names of those that go with the reason: of no use any more, too old, or the oldest of too much.

    `age` says in words what `{}` days mean.
    """
    oldest_first = sorted(things, key=lambda one: (one.used_s, one.name))
    gone = {one.name: one.goes for one in oldest_first if one.goes and not one.stays}
    gone |= too_old([one for one in oldest_first if one.name not in gone], days=days, now_s=now_s, age=age)
    left = [one for one in oldest_first if one.name not in gone]
    total = sum(one.bytes for one in left)
    for one in left:
        if total <= mb * MB:
            break
        if not one.stays and one.bytes:
            gone[one.name] = too_much(mb)
            total -= one.bytes
    return gone


def too_old(things: Iterable[Thing], *, days: int, now_s: float, age: str = "{} old") -> dict[str, str]:
    """Names of those past their age, with the reason."""
    past = [one for one in things if not one.stays and now_s - one.used_s > days * DAY_S]
    return {one.name: f"{age.format(plural(one.days(now_s), 'day'))}, the limit is {days:,}" for one in past}


def too_much(mb: int) -> str:
    """Why the oldest go where all together are too much."""
    return f"the oldest of more than {size(mb * MB)}"


def newest_within(things: Iterable[Thing], size_of: Callable[[tuple[str, ...]], int], *, mb: int) -> tuple[str, ...]:
    """Names that may stay: all that must, and of the others the newest, as many as are no more than `mb` together.

    `size_of` says how many bytes several hold together, which may be less than the sum of each.
    """
    ordered = sorted(things, key=lambda one: (one.stays, one.used_s, one.name), reverse=True)
    names = tuple(one.name for one in ordered)
    least, most = sum(one.stays for one in ordered), len(names)
    if least == most or size_of(names) <= mb * MB:
        return names
    while least < most:  # `least` fit or must stay, and it is not known that more than `most` do
        middle = (least + most + 1) // 2
        if size_of(names[:middle]) <= mb * MB:
            least = middle
        else:
            most = middle - 1
    return names[:least]


def size(bytes: int) -> str:
    """Bytes as people say them: `812 bytes`, `3.4 MB`, `1.2 GB`."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if bytes >= unit:
            return f"{bytes / unit:,.1f} {name}"
    return plural(bytes, "byte")


def counts(kinds: Mapping[str, int]) -> str:
    """`2 worktrees, 1 result`, without what there is none of."""
    return ", ".join(plural(number, noun) for noun, number in kinds.items() if number)
