"""Which Pythons the commands of a workstream run with, and what their environments say on disk. It starts none of them.

A virtual environment is known by the folder its interpreter is called in, so links there are not followed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote, unquote

from splinter.system import disk

_ON_PATH = ("python3", "python")
_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*(?:\.exe)?$")
_HEAD = 1024  # bytes of a script that may hold its first two lines
_MOST_WORDS = 40  # of a shell command
_MOST_FILES = 400  # of an environment that are read
_LONGEST = 256 * 1024
_FLAGS = re.compile(r"-([^cmWX]*)([cmWX]?)(.*)")  # of Python: letters, one that takes a value, its value
_DROPS = re.compile(
    # env's own options and assignments, then one that drops it
    r"""\benv(?:\s+(?:(?:-[uCS]|--unset|--chdir)\s+\S+|-(?![uCS]\s|-unset\s|-chdir\s)\S+"""
    r"""|\w+=(?:"[^"]*"|'[^']*'|[^\s"']*)(?=\s)))*?\s+"""
    r"(?:-(?=\s)|-[a-zA-Z]*i[a-zA-Z]*(?=\s)|--ignore-environment\b|(?:-u|--unset)[ =]?PYTHONPATH\b)"
    r"|\bunset\b[^;&|\n]*\bPYTHONPATH\b"
)
_GOES = re.compile(
    r"(?:^|[\s;&|({'\"])(?:cd|pushd|popd|--chdir)(?:[ \t=]+(?:--[ \t]+)?([^\s;&|()]+)|(?=\s*(?:[;&|\n]|$)))"
)
_SUBSHELL = re.compile(r"(?<!\$)\(")
_PLAIN = re.compile(r"[\w./+@][\w./+@-]*")
_WHERE_SET = re.compile(r"\$\{PYTHONPATH:?\+:\$\{?PYTHONPATH\}?\}")
_URL = re.compile(r'"url"\s*:\s*"file://(/[^"]*)"')
_APART = re.compile(r"\|\|?|&&?|;|\n")
# programs that read source files or none, but import nothing of a project
_READERS = frozenset({
    "black", "cat", "cd", "clang-format", "cmp", "diff", "echo", "exit", "false", "git", "go", "gofmt", "grep",
    "isort", "ls", "prettier", "printf", "ruff", "rustfmt", "sleep", "test", "touch", "true", "wc", "[",
})  # fmt: skip


def interpreters(path: str, programs: Iterable[str], *, folder: Path) -> tuple[str, ...]:
    """python3 and python on the PATH, and those that the programs name in their first lines; each environment once.

    Programs with a `/` are looked for from `folder`.
    """
    found = [shutil.which(name, path=path) for name in _ON_PATH]
    found += [_found(program, path, folder) for program in dict.fromkeys(programs)]
    by_environment: dict[tuple[str, str], str] = {}
    for one in found:
        if one and os.access(one, os.X_OK):
            by_environment.setdefault((str(Path(one).parent), os.path.realpath(one)), one)
    return tuple(by_environment.values())


def of_command(command: str | Sequence[str], path: str, *, folder: Path) -> tuple[str, ...]:
    """The Pythons that a command may run with: its own where it is a Python program, else all that it can reach."""
    words = programs_of(command)
    is_one = not isinstance(command, str) or not _APART.search(command.strip())
    own = _found(words[0], path, folder) if words and is_one else None
    return (own,) if own and os.access(own, os.X_OK) else interpreters(path, words, folder=folder)


def programs_of(command: str | Sequence[str]) -> tuple[str, ...]:
    """The words of a command that may be programs; of a list its first, and those behind wrappers such as `env`."""
    if not isinstance(command, str):
        return tuple(command[:_MOST_WORDS])
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        words = command.split()
    return tuple(word for word in words[:_MOST_WORDS] if re.fullmatch(r"[\w./+-]+", word) and not word.startswith("-"))


def imports_nothing(command: str | Sequence[str]) -> bool:
    """Whether all that a command starts is known to import nothing of a project."""
    if not isinstance(command, str):
        return bool(command) and Path(command[0]).name in _READERS
    if re.search(r"[`$(){}<]", command):
        return False
    firsts = [part.split()[0] for part in _APART.split(command) if part.split()]
    return bool(firsts) and all(Path(first).name in _READERS for first in firsts)


def python_path(command: str | Sequence[str], passed: str, path: str, *, folder: Path) -> str:
    """The PYTHONPATH that a command's Python follows: what is passed, what the command sets, none where it is told so.

    Relative entries begin where the command goes. What a shell would have to compute counts as nothing.
    """
    words = command if not isinstance(command, str) else re.split(r"[\s;&|()'\"]+", command)
    if any({"E", "I"} & flags for flags in _flags(words, path, folder)):
        return ""
    text = command if isinstance(command, str) else " ".join(command)
    dropped = list(_DROPS.finditer(text))
    begin, passed = (dropped[-1].end(), "") if dropped else (0, passed)
    own = list(re.finditer(r"\bPYTHONPATH=(\"[^\"]*\"|'[^']*'|[^\s;&|]*)", text[begin:]))
    if not own:
        return _from(_gone_to(text, folder), passed)
    there = _gone_to(text[: begin + own[-1].start()], folder)
    value = _WHERE_SET.sub(lambda _: f":{passed}" if passed else "", own[-1][1].strip("\"'"))
    value = re.sub(r"\$PYTHONPATH\b|\$\{PYTHONPATH(:?-)?\}", lambda _: passed, value)
    if there:
        value = re.sub(r"\$\(pwd\)|`pwd`|\$\{?PWD\}?", lambda _: str(there), value)
    is_left = _GOES.search(text, begin + own[-1].end()) is not None  # where Python starts is what counts
    return "" if "$" in value or "`" in value else _from(None if is_left else there, value)


def _gone_to(text: str, folder: Path) -> Path | None:
    """The folder that a shell is in behind a text, None where only a shell could say."""
    for target in _GOES.findall(text):
        target = target.strip("\"'")
        if not _PLAIN.fullmatch(target) or _SUBSHELL.search(text):
            return None
        folder = Path(os.path.normpath(folder / target))
    return folder


def _from(folder: Path | None, entries: str) -> str:
    """The entries of a PYTHONPATH, relative ones from a folder; without one, they lead nowhere."""
    all_of_them = [entry for entry in entries.split(os.pathsep) if entry]
    return os.pathsep.join(
        str(folder / one) if folder else one for one in all_of_them if folder or one.startswith(os.sep)
    )


def _flags(words: Sequence[str], path: str, folder: Path) -> Iterator[set[str]]:
    """The flags of each Python in a command, and in the first line of the programs that it names."""
    for place, word in enumerate(words):
        if _PYTHON.match(Path(word).name):
            yield _flags_of_python(words[place + 1 :])
        elif place == 0 or not word.startswith("-"):
            yield from _flags_of_program(word, path, folder)


def _flags_of_python(words: Sequence[str]) -> set[str]:
    """The one-letter options at the beginning, up to the module or script that Python is to run."""
    found: set[str] = set()
    left = iter(words)
    for word in left:
        parts = _FLAGS.fullmatch(word)
        if parts is None:
            break
        if word.startswith("--"):
            if word == "--check-hash-based-pycs":
                next(left, None)
            continue
        found |= set(parts[1])
        if parts[2] in ("c", "m"):
            break
        if parts[2] and not parts[3]:
            next(left, None)
    return found


def _flags_of_program(word: str, path: str, folder: Path) -> Iterator[set[str]]:
    program = str(folder / word) if "/" in word else shutil.which(word, path=path)
    first = _head(Path(program))[0] if program else ""
    words = first[2:].split() if first.startswith("#!") else []
    for place, one in enumerate(words):
        if _PYTHON.match(Path(one).name):
            yield _flags_of_python(words[place + 1 :])


def names_one_of(interpreter: str, places: Sequence[Path]) -> Path | None:
    """The first of the places that a file of the interpreter's environment names, as editable installs do."""
    for file in _path_files(Path(interpreter)):
        text = disk.beginning(file, _LONGEST)
        for place in places:
            if os.fsencode(place) in text or quote(str(place)).encode() in text:
                return place
    return None


def leads_to(interpreter: str) -> tuple[str, ...]:
    """The folders outside of it that an interpreter's environment names, one line a folder or as editable projects."""
    found: dict[str, None] = {}
    for file in _path_files(Path(interpreter)):
        text = os.fsdecode(disk.beginning(file, _LONGEST))
        if file.name == "direct_url.json":
            found |= dict.fromkeys(unquote(one) for one in _URL.findall(text) if '"editable"' in text)
        elif file.suffix != ".py":
            found |= dict.fromkeys(line for line in text.splitlines() if line.startswith(os.sep))
    return tuple(one for one in found if disk.seen_folder(Path(one)))


def stamp(interpreter: str) -> str:
    """Changes when something is installed into the interpreter's environment."""
    stamps = []
    for folder in _site_folders(Path(interpreter)):
        try:
            stamps.append(f"{folder.stat().st_mtime_ns}")
        except OSError:
            continue
    return " ".join(stamps)


def _found(program: str, path: str, folder: Path) -> str | None:
    place = str(folder / program) if "/" in program else shutil.which(program, path=path)
    return _of_program(Path(place), path) if place else None


def _of_program(program: Path, path: str) -> str | None:
    """The Python in the first line of a script; of pip's and uv's also where a shell stands between."""
    if _PYTHON.match(program.name):
        return str(program)
    head = _head(program)
    if not head[0].startswith("#!"):
        return None
    words = head[0][2:].split()
    if words and Path(words[0]).name == "sh" and len(head) > 1 and head[1].startswith("'''exec'"):
        return _behind_shell(program, head[1])
    if words and Path(words[0]).name == "env":
        named = next((word for word in words[1:] if not word.startswith("-") and "=" not in word), "")
        return shutil.which(named, path=path) if _PYTHON.match(named) else None
    is_python = bool(words) and bool(_PYTHON.match(Path(words[0]).name)) and Path(words[0]).is_absolute()
    return words[0] if is_python else None


def _head(program: Path) -> list[str]:
    """The first lines of a file; an empty one where there is none."""
    return os.fsdecode(disk.beginning(program, _HEAD)).split("\n")


def _behind_shell(program: Path, line: str) -> str | None:
    if "$(dirname" in line:  # a script that can be moved together with its environment
        beside = re.search(r"/'?\"?(python[0-9.]*)", line)
        return str(program.resolve().parent / beside[1]) if beside else None
    try:
        words = shlex.split(line.removeprefix("'''exec'"))
    except ValueError:
        return None
    return words[0] if words and _PYTHON.match(Path(words[0]).name) else None


def _site_folders(interpreter: Path) -> Iterator[Path]:
    library = interpreter.parent.parent / "lib"
    for pattern in ("python3*/site-packages", "python3*/dist-packages", "pypy3*/site-packages"):
        yield from sorted(library.glob(pattern))


def _path_files(interpreter: Path) -> Iterator[Path]:
    """The files by which an environment can name folders outside of it."""
    left = _MOST_FILES
    for folder in _site_folders(interpreter):
        for pattern in ("*.pth", "*.egg-link", "_*.py", "*.dist-info/direct_url.json"):
            for file in sorted(folder.glob(pattern))[:left]:
                left -= 1
                yield file
