"""A diff as git prints it, in parts that a page can fold and colour. It shows each line as it is, and judges none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from splinter.text import excerpts
from splinter.text.redact import plain

# what a page shows no glyph for, and a reader of code should see: marks without width, letters of the tags block
_UNSEEN = re.compile("[\u00ad\u180e\u200b\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_BREAKS = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")


class Kind(StrEnum):
    """What a line of a diff is."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    PLACE = "place"


_KINDS = {"+": Kind.ADDED, "-": Kind.REMOVED, "@": Kind.PLACE}
_PLAIN_MODE = re.compile(r"(?<= file) mode 100644$")
_WORDS = ("new file", "deleted file", "rename from", "old mode", "new mode", "Binary files")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Neighbouring lines of one kind."""

    kind: Kind
    text: str


@dataclass(slots=True, kw_only=True)
class FileDiff:
    """What becomes of one file: `about` is what git says of it beside its lines."""

    path: str
    about: list[str] = field(default_factory=list)
    lines: list[tuple[Kind, str]] = field(default_factory=list)

    @property
    def added(self) -> int:
        """How many lines are new."""
        return sum(kind == Kind.ADDED for kind, _ in self.lines)

    @property
    def removed(self) -> int:
        """How many lines are gone."""
        return sum(kind == Kind.REMOVED for kind, _ in self.lines)

    @property
    def parts(self) -> Iterator[Part]:
        """Its lines, those of one kind together."""
        together: list[str] = []
        for at, (kind, line) in enumerate(self.lines):
            together.append(line)
            if at + 1 == len(self.lines) or self.lines[at + 1][0] != kind:
                yield Part(kind=kind, text="\n".join(together) + "\n")
                together = []


def files(diff: str) -> tuple[FileDiff, ...]:
    """The files of a diff; what stands before the first is left out."""
    found: list[FileDiff] = []
    is_header = True
    for line in diff.removesuffix("\n").split("\n"):
        if line.startswith("diff --git "):  # no line of a file's own begins so: a mark stands before each
            found.append(FileDiff(path=visible(_path(line))))
            is_header = True
        elif not found:
            continue
        elif line.startswith("@@"):
            is_header = False
            found[-1].lines.append((Kind.PLACE, visible(line)))
        elif is_header:
            _head(found[-1], line)
        else:
            found[-1].lines.append((_KINDS.get(line[:1], Kind.SAME), visible(line)))
    return tuple(found)


def visible(line: str) -> str:
    """A line with nothing in it that is not seen, or ends it; the middle of a long one is left out."""
    shown = _BREAKS.sub(_escape, line.removesuffix("\r"))
    return excerpts.short_line(_UNSEEN.sub(_escape, plain(shown)))


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _head(file: FileDiff, line: str) -> None:
    if line.startswith(("+++ ", "--- ")) and not line.endswith("/dev/null"):
        file.path = visible(_unquoted(line[4:].rstrip("\t")).partition("/")[2])
    elif line.startswith(_WORDS):
        file.about.append(_PLAIN_MODE.sub("", visible(line)))
    elif line.startswith("GIT binary patch"):
        file.about.append("binary")


def _path(line: str) -> str:
    """The path in a file's first line, where nothing else names it: of a mode or of bytes both names are the same."""
    names = line.removeprefix("diff --git ")
    if names.endswith('"'):
        return names[names.rfind('"', 0, -1) + 1 : -1].partition("/")[2]
    return names[len(names) // 2 + 3 :]


def _unquoted(name: str) -> str:
    return name[1:-1] if name.startswith('"') and name.endswith('"') else name
