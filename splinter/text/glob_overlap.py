"""Whether git's `:(glob)` patterns share a path, exactly, under a bound. It never looks at a disk or at git."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations

from splinter.text.patterns import WILDCARDS, glyph_regex, glyphs, matches

MAX_CHARACTERS = 1_000  # of all patterns of one question
MAX_STATES = 1_000
NICE = "xabcdefghijklmnopqrstuvwyz0123456789"


@lru_cache(maxsize=4096)
def literal(pattern: str) -> str:
    """The characters that every path of the pattern begins with."""
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0]


@lru_cache(maxsize=4096)
def _end(pattern: str) -> str:
    """The characters that every path of a pattern with wildcards ends with."""
    return re.split(r"[*?\]]", pattern)[-1]


def may_meet(one: str, other: str) -> bool:
    """False where the characters before the first wildcards, or those after the last, already rule a meeting out."""
    first, second = literal(one), literal(other)
    if not (first.startswith(second) or second.startswith(first)):
        return False
    if first == one or second == other:  # without wildcards it also means what lies in it
        return True
    return _end(one).endswith(_end(other)) or _end(other).endswith(_end(one))


def shared(all_of: Sequence[str], none_of: Sequence[str] = (), *, undecided: str | None) -> str | None:
    """A path that all the first patterns mean and none of the others, None where there is no such path.

    `undecided` is the answer where the patterns are too long or too entangled to decide.
    """
    if not all(may_meet(one, other) for one, other in combinations(all_of, 2)):
        return None
    none_of = [pattern for pattern in none_of if all(may_meet(pattern, own) for own in all_of)]
    path = guessed(all_of, none_of)
    if path is not None:
        return path
    if sum(map(len, (*all_of, *none_of))) > MAX_CHARACTERS:
        return undecided
    return _search(_Machine.of(all_of, none_of), undecided)


def guessed(all_of: Sequence[str], none_of: Sequence[str]) -> str | None:
    """The same at a glance: None may also mean that such a path is not this easily found."""
    if max(map(len, (*all_of, *none_of))) > MAX_CHARACTERS:
        return None
    plain = [own for own in all_of if not WILDCARDS & set(own)]
    in_folders = (f"{folder}/{_guess(own)}" for folder in plain for own in all_of if own != folder)
    for path in chain(map(_guess, all_of), in_folders):
        if all(matches(own, path) for own in all_of) and not any(matches(own, path) for own in none_of):
            return path
    return None


def _guess(pattern: str) -> str:
    """A path that the pattern most likely means."""
    return re.sub(r"\*+|\?", "x", pattern.replace("**/", ""))


@dataclass(frozen=True, slots=True)
class _Class:
    """Characters that no pattern tells apart: one of them, and what it does to the states."""

    character: str
    advance: int
    stay: int


@dataclass(frozen=True, slots=True)
class _Machine:
    """The patterns side by side as one automaton whose states are the bits of an integer, each pattern's in a row.

    A state is left for the next one (`advance`, by class), kept (`stay`), or passed over without a character, by
    one bit or by two. `wanted` and `unwanted` are the bits of whole patterns and of their ends.
    """

    start: int
    skip_one: int
    skip_two: int
    classes: tuple[_Class, ...]
    wanted: tuple[tuple[int, int], ...]
    unwanted: int

    @classmethod
    def of(cls, all_of: Sequence[str], none_of: Sequence[str]) -> _Machine:
        built = _Building()
        bounds = [built.add(pattern) for pattern in all_of]
        others = [built.add(pattern)[1] for pattern in none_of]
        unwanted = sum(others)
        start = built.start
        return cls(start, built.skip_one, built.skip_two, tuple(built.classes()), tuple(bounds), unwanted)

    def closed(self, states: int) -> int:
        """The states with those that are reached without a character."""
        while True:
            more = states | (states & self.skip_one) << 1 | (states & self.skip_two) << 2
            if more == states:
                return states
            states = more

    def is_alive(self, states: int) -> bool:
        return all(states & whole for whole, _ in self.wanted)

    def is_found(self, states: int) -> bool:
        return all(states & ends for _, ends in self.wanted) and not states & self.unwanted


def _any(_: str) -> bool:
    return True


def _no_slash(character: str) -> bool:
    return character != "/"


class _Building:
    """Patterns laid out as bits; an arrow is a set of characters, as a predicate, and the bit it leads to."""

    def __init__(self) -> None:
        self.start = self.skip_one = self.skip_two = 0
        self._bits = 0
        self._borders = {0, ord("/"), ord("/") + 1}
        self._characters: defaultdict[str, int] = defaultdict(int)
        self._advance: list[tuple[Callable[[str], bool], int]] = []
        self._stay: list[tuple[Callable[[str], bool], int]] = []

    def add(self, pattern: str) -> tuple[int, int]:
        """Lay out a pattern; gives its bits and the bits of its ends."""
        first = self._bits
        self.start |= 1 << first
        self._bits += 1
        has_wildcards = bool(WILDCARDS & set(pattern))
        parts = pattern.split("/") if has_wildcards else []
        for index, part in enumerate(parts):
            self._part(part, is_last=index == len(parts) - 1)
        if not has_wildcards:
            for character in pattern:
                self._character(character)
        ends = 1 << self._bits - 1
        if not has_wildcards:  # and all that lies in it
            self._character("/")
            ends |= 1 << self._arrow(_any, loops=True)
        return (1 << self._bits) - (1 << first), ends

    def _part(self, part: str, *, is_last: bool) -> None:
        if part == "**":
            if not is_last:
                self.skip_two |= 1 << self._bits - 1
            self._arrow(_any, loops=True)
        else:
            for glyph in glyphs(part):
                if glyph.startswith("*"):
                    self.skip_one |= 1 << self._bits - 1
                    self._stay.append((_no_slash, 1 << self._bits - 1))
                    self._bits += 1
                elif len(glyph) == 1 and glyph not in "?[":
                    self._character(glyph)
                else:
                    self._set(glyph_regex(glyph))
        if not is_last:
            self._character("/")

    def _character(self, character: str) -> None:
        self._borders |= {ord(character), ord(character) + 1}
        self._characters[character] |= 1 << self._bits
        self._bits += 1

    def _set(self, regex: str) -> None:
        fits = re.compile(regex, re.DOTALL).fullmatch
        for character in regex:
            self._borders |= {ord(character), ord(character) + 1}
        self._arrow(lambda character: fits(character) is not None)

    def _arrow(self, fits: Callable[[str], bool], *, loops: bool = False) -> int:
        bit = self._bits
        self._advance.append((fits, 1 << bit))
        if loops:
            self._stay.append((fits, 1 << bit))
        self._bits += 1
        return bit

    def classes(self) -> Iterator[_Class]:
        """One class for each way in which characters are told apart; its character is a nice one where it can be."""
        seen = set()
        borders = (chr(code) for code in sorted(self._borders) if not 0xD800 <= code <= 0xDFFF and code < 0x110000)
        for character in chain(NICE, borders):
            advance = sum(bit for fits, bit in self._advance if fits(character)) | self._characters[character]
            stay = sum(bit for fits, bit in self._stay if fits(character))
            is_new = (advance, stay, character == "/") not in seen
            seen.add((advance, stay, character == "/"))
            if is_new and character != "\0":
                yield _Class(character, advance, stay)


def _search(machine: _Machine, undecided: str | None) -> str | None:
    """The shortest path, breadth first; the second of a state says that a part of the path has just begun."""
    begin = (machine.closed(machine.start), True)
    before: dict[tuple[int, bool], tuple[tuple[int, bool], str]] = {}
    seen, waiting = {begin}, deque([begin])
    while waiting:
        here = waiting.popleft()
        states, is_fresh = here
        if not is_fresh and machine.is_found(states):
            return _walked(here, before)
        for one in machine.classes:
            if is_fresh and one.character == "/":
                continue
            moved = (states << 1) & one.advance | states & one.stay
            there = (machine.closed(moved), one.character == "/")
            if there not in seen and machine.is_alive(there[0]):
                seen.add(there)
                before[there] = (here, one.character)
                waiting.append(there)
        if len(seen) > MAX_STATES:
            return undecided
    return None


def _walked(here: tuple[int, bool], before: dict[tuple[int, bool], tuple[tuple[int, bool], str]]) -> str:
    path = ""
    while here in before:
        here, character = before[here]
        path = character + path
    return path
