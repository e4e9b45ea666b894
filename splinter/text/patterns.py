"""How users write names, paths, patterns and durations: pure functions of text. It never looks at a disk or at git."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from splinter.text.counts import and_more

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SHOWN_CHARACTERS = 60
_SHOWN_IDS = 10
WILDCARDS = frozenset("*?[")
GLYPH = re.compile(r"\*+|\?|\[[!^]?+\]?+(?:\[:[a-z]*:\]|[^\]])*\]|.", re.DOTALL)
MEMBER = re.compile(r"\[:(?P<name>[a-z]*):\]|(?P<first>.)-(?P<last>.)|.", re.DOTALL)
# the ones that file names are matched by; of any other name git matches nothing, and so does an empty set
CLASSES = {
    "alnum": "A-Za-z0-9", "alpha": "A-Za-z", "digit": "0-9", "lower": "a-z", "upper": "A-Z",
    "space": r" \t-\r", "xdigit": "A-Fa-f0-9", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip

# git-check-ref-format(1), and the leading dash that git and shells read as an option
REF_RULES = (
    (re.compile(r"^-"), 'starts with "-", which git would read as an option'),
    (re.compile(r"^/|/$|//"), 'has an empty part before or after a "/"'),
    (re.compile(r"\.\."), 'holds ".."'),
    (re.compile(r"@\{|^@$"), 'holds "@{" or is "@"'),
    (re.compile(r"(^|/)\."), 'has a part that starts with "."'),
    (re.compile(r"\.$|\.lock(/|$)"), 'ends with "." or has a part that ends with ".lock"'),
    (re.compile(r"[\s~^:?*\[\\\x00-\x1f\x7f-\x9f]"), "holds a blank, a control character or one of ~ ^ : ? * [ \\"),
    (re.compile(r"^HEAD\Z"), "is HEAD, which is not a branch"),
    (re.compile(r".{201}"), "is longer than 200 characters, which a disk may refuse"),
)
PATH_RULES = (
    (re.compile(r"^\Z"), "is empty"),
    (re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"), "holds a control character"),
    (re.compile(r"\\"), 'holds a backslash; separate folders with "/"'),
    (re.compile(r"^/|^[A-Za-z]:"), "is absolute; paths start at the repository's root"),
    (re.compile(r"^-"), 'starts with "-", which tools would read as an option'),
    (re.compile(r"^:"), 'starts with ":", which git would read as magic'),
    (re.compile(r"(^|/)\.\.(/|\Z)"), 'holds "..", which could leave the repository'),
    (re.compile(r"(^|/)\.(/|\Z)|//"), 'has a part that is "." or empty; leave it out'),
    (re.compile(r".{1001}", re.DOTALL), "is longer than 1,000 characters"),
)


def seconds(duration: str | float) -> float:
    """Seconds of a duration that the schema has passed: `90`, `90s`, `20m`, `2h`, `14d`."""
    if not isinstance(duration, str):
        return float(duration)
    unit = duration[-1]
    return float(duration.rstrip("smhd")) * SECONDS.get(unit, 1.0)


def ref_problem(name: str) -> str | None:
    """Why git or a shell would stumble over a branch of that name, None where neither would."""
    if not name:
        return "is empty"
    return next((why for pattern, why in REF_RULES if pattern.search(name)), None)


def path_problem(path: str) -> str | None:
    """Why a path or pattern is not relative, with `/`, and inside the repository; None where it is."""
    return next((why for pattern, why in PATH_RULES if pattern.search(path)), None)


def pattern(text: str) -> str:
    """A pattern as git is asked: with a slash at its end it means all in the folder."""
    return f"{text}**" if text.endswith("/") else text


def means(pattern: str, path: str) -> bool:
    """Whether git's `:(glob)` pattern means that path, also one of files and folders that are called as it is written.

    The folder `[id]` is meant by `[id]` as well as `i` and `d` are.
    """
    return _fits(pattern, path, is_literal=True)


def matches(pattern: str, path: str) -> bool:
    """The same by its wildcards alone; a pattern without them also means what lies in it."""
    return _fits(pattern, path, is_literal=False)


def _fits(pattern: str, path: str, *, is_literal: bool) -> bool:
    if is_literal or not WILDCARDS & set(pattern):
        if path == pattern or path.startswith(f"{pattern}/"):
            return True
        if not WILDCARDS & set(pattern):
            return False
    parts = pattern.split("/")
    last = len(parts) - 1
    reached = _passed({0}, parts)  # one part of the path at a time: a regular expression of the whole could take ages
    for name in path.split("/"):
        following = set()
        for index in reached - {len(parts)}:
            if parts[index] == "**":
                following |= {index, index + 1} if index == last else {index}
            elif (is_literal and parts[index] == name) or _part(parts[index]).fullmatch(name):
                following.add(index + 1)
        reached = _passed(following, parts)
    return len(parts) in reached


def is_odd(pattern: str) -> bool:
    """Whether only git knows what a pattern means: one with a backslash, or a set that does not end in its folder."""
    return "\\" in pattern or ("[" in pattern and any("[" in glyphs(part) for part in pattern.split("/")))


def _passed(reached: set[int], parts: list[str]) -> set[int]:
    """With the parts after each `**` that may stand for no folder at all."""
    for index in sorted(reached):
        while index < len(parts) - 1 and parts[index] == "**":
            index += 1
            reached.add(index)
    return reached


@lru_cache(maxsize=4096)
def _part(part: str) -> re.Pattern[str]:
    chunks = [""]
    for glyph in glyphs(part):
        if glyph.startswith("*"):
            chunks.append("")
        else:
            chunks[-1] += glyph_regex(glyph)
    if len(chunks) == 1:
        return re.compile(chunks[0], re.DOTALL)
    first, *middle, last = chunks
    # each star but the last settles for the first fit, never to be tried again
    return re.compile(first + "".join(f"(?>.*?{chunk})" for chunk in middle) + f".*{last}", re.DOTALL)


def glyphs(part: str) -> list[str]:
    """What a pattern's part between two slashes consists of: stars, `?`, sets and single characters."""
    return GLYPH.findall(part)


def glyph_regex(glyph: str) -> str:
    """The regular expression of one glyph other than stars, which like git's never passes a slash."""
    if glyph == "?":
        return "[^/]"
    if glyph == "[":  # a set without an end, of which git says that it matches nothing
        return "(?!)"
    if glyph.startswith("[") and len(glyph) > 1:
        negation = "^" if glyph[1] in "!^" else ""
        members = "".join(_member(found) for found in MEMBER.finditer(glyph[1:-1][len(negation) :]))
        return f"(?!/)[{negation}{members}]" if members else "[^/]" if negation else "(?!)"
    return re.escape(glyph)


def _member(found: re.Match[str]) -> str:
    if found["name"] is not None:
        return CLASSES.get(found["name"], "")
    if found["first"] is None:
        return re.escape(found[0])
    if found["first"] > found["last"]:  # git has seen the first before it finds the range empty
        return re.escape(found["first"])
    return f"{re.escape(found['first'])}-{re.escape(found['last'])}"


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    if len(word) > SHOWN_CHARACTERS:  # difflib takes the product of both lengths
        return None
    return next(iter(get_close_matches(word, known, n=1)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?`, or nothing."""
    meant = suggestion(word, known)
    return f'; did you mean "{meant}"?' if meant is not None else ""


def did_you_mean_id(id: str, known: Iterable[str]) -> str:
    """The same of a workstream's id; of a matrix's, which names all its members, the members."""
    known = sorted(known)
    members = [one for one in known if one.startswith(f"{id}-")]
    return f"; name one of {and_more(members, _SHOWN_IDS)}" if members else did_you_mean(id, known)


def shown(value: object) -> str:
    """A value as a message shows it: JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def harmless(text: str) -> str:
    """The text with every character that could steer a terminal replaced, one for one, so that columns stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
