"""What a step wrote to `$SPLINTER_OUTPUT`, read as GitHub Actions reads `$GITHUB_OUTPUT`: names and their texts.

Pure: it opens no file. A name may become a file's and a variable's, so what is read back from elsewhere is held to
the same form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from splinter.text.patterns import shown

Outputs = Mapping[str, Mapping[str, str] | None]  # by step, None for one that was skipped: all of its outputs are empty

MOST = 64  # of a step
LONGEST = 64 * 1024  # bytes of one
LONGEST_TOGETHER = 512 * 1024  # bytes of those of all steps: a program's arguments and environment hold 1 MiB on macOS
LONGEST_VARIABLE = 4 * 1024  # bytes of one that stands in the environment
MAX_BYTES = 1024 * 1024  # of the file
_STEP = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


class UnreadableOutputsError(ValueError):
    """What was written is not to be read; the message says why, and in which line."""


def parsed(data: bytes) -> dict[str, str]:
    """The outputs of a file, of one that is there twice the last; raises UnreadableOutputsError.

    A line is `NAME=value`, or begins a text of several lines: `NAME<<EOF`, the text, and a line that says `EOF`.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _bad(data.count(b"\n", 0, error.start) + 1, "is not UTF-8") from error
    found: dict[str, str] = {}
    for number, name, value in _entries(text.replace("\r\n", "\n").split("\n")):
        if not _NAME.fullmatch(name):
            form = "letters, digits, - and _, at most 100, and does not begin with a digit or -"
            raise _bad(number, f"names the output {shown(name)}; a name has {form}")
        if "\0" in value:
            raise _bad(number, f"gives {name} a NUL, which no variable and no argument can hold")
        if len(value.encode()) > LONGEST:
            raise _bad(number, f"gives {name} more than {LONGEST // 1024} kB")
        found[name] = value
    if len(found) > MOST:
        raise UnreadableOutputsError(f"it names {len(found)} outputs; a step has at most {MOST}")
    return found


def _entries(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """Each name and its text, with the number of the line that it begins in."""
    at = 0
    while at < len(lines):
        line, number = lines[at], at + 1
        at += 1
        if not line:
            continue
        mark = min((place for one in ("=", "<<") if (place := line.find(one)) >= 0), default=-1)
        if mark < 0:
            raise _bad(number, f"is {shown(line)}; write NAME=value, or NAME<<EOF, the text, and a line EOF")
        name, rest = line[:mark], line[mark:]
        if rest[0] == "=":
            yield number, name, rest[1:]
            continue
        end = rest[2:]
        try:
            stop = lines.index(end, at)
        except ValueError:
            raise _bad(number, f"begins a text with {shown(line)}, and no line {shown(end)} ends it") from None
        yield number, name, "\n".join(lines[at:stop])
        at = stop + 1


def _bad(number: int, why: str) -> UnreadableOutputsError:
    return UnreadableOutputsError(f"line {number} {why}")


def variable(step: str, name: str) -> str:
    """The variable that an output stands in: `OUTPUT_FIND_NAMES`."""
    return re.sub(r"[^A-Z0-9]", "_", f"OUTPUT_{step}_{name}".upper())


def clash(step: str, own: Iterable[str], earlier: Outputs) -> str:
    """Why two outputs would be one variable, `own` being those of a step; empty where none are."""
    taken = {variable(id, name): f"{name} of {id}" for id, known in earlier.items() for name in known or ()}
    for name in own:
        other = taken.setdefault(variable(step, name), f"{name} of {step}")
        if other != f"{name} of {step}":
            return f"{name} and {other} would both be ${variable(step, name)}"
    return ""


def size(outputs: Mapping[str, str]) -> int:
    """The bytes of these outputs together."""
    return sum(len(value.encode()) for value in outputs.values())


def are_sound(outputs: object) -> bool:
    """Whether what was kept somewhere can be a step's outputs, None for one that was skipped."""
    if outputs is None:
        return True
    if not isinstance(outputs, dict) or len(outputs) > MOST + 1:  # an agent's text comes beside what it wrote
        return False
    return all(
        isinstance(name, str) and isinstance(value, str) and _NAME.fullmatch(name) and _is_text(value)
        for name, value in outputs.items()
    )


def are_all_sound(outputs: object) -> bool:
    """The same of those of several steps, whose ids become folders."""
    return isinstance(outputs, dict) and all(
        isinstance(step, str) and _STEP.fullmatch(step) and are_sound(own) for step, own in outputs.items()
    )


def _is_text(value: str) -> bool:
    try:
        return "\0" not in value and len(value.encode()) <= LONGEST
    except UnicodeEncodeError:
        return False
