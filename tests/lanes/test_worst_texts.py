"""Each reader of what others write is fed its own worst: texts made of the words that it looks for.

What is held is how its time grows with the text, not the clock: four times the text may take eight times as long, and
no text raises.
"""

from __future__ import annotations

import itertools
import json
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import pytest

from splinter.config import toml_documents
from splinter.doit_plugins import reporter
from splinter.engine.checks import stuck_detector, unstable_names
from splinter.engine.steps import missing_files, own_python, secret_scan
from splinter.engine.tools import junit, junit_runners, python_imports
from splinter.git import command_line
from splinter.model.agents import aider, claude_code, codex, gemini, opencode, registry, reports
from splinter.system import disk_errors
from splinter.text import excerpts, markdown, redact, token_shapes
from splinter.text.redact import Redactor

pytestmark = [pytest.mark.lane("fuzz"), pytest.mark.timeout(1800)]

SMALL, TIMES, MOST_GROWTH, FURTHER = 2_048, 4, 8, 2
NOTICED_S = 0.02  # what takes less is not compared: it is as much the clock as the reader
LARGE = 131_072  # the slowest of a reader's texts are tried at this size, and at four times that
SLOWEST = 3
ALIKE = ["\n", " ", "a", "1", "{", "[", '"', "\\", "-", ":", "/", "."]
REDACTOR = Redactor(
    ("made-up-secret-1", "nr\\n-made-up", "me:made-up-word@host", "first-line-of-it\nsecond-line-of-it")
)
AGENTS = {"aider": aider, "claude": claude_code, "codex": codex, "gemini": gemini, "opencode": opencode}
JSON = ['{"type":"result",', '{"error":', '\n{"a":', "\n[", "\n{"]
KEYS = ["-----BEGIN PRIVATE KEY-----", "\n    a", "\n++", "\\n", "made-up-", "0m"]


def literals(pattern: re.Pattern[Any]) -> set[str]:
    """The words that a pattern spells out, and one character of each class in it."""
    found: set[str] = set()

    def walk(parsed: Any) -> None:
        word = ""
        for kind, value in parsed:
            if kind is code.LITERAL:
                word += chr(value)
                continue
            found.add(word)
            word = ""
            if kind is code.IN:
                first, what = value[-1]
                is_range = first is code.RANGE
                found.add(chr(what[0]) if is_range else chr(what) if first is code.LITERAL else "a")
            inner = {code.SUBPATTERN: 3, code.ASSERT: 1, code.ASSERT_NOT: 1}
            repeats = (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT)
            for part in (
                value[1] if kind is code.BRANCH
                else [value[inner[kind]]] if kind in inner
                else [value[2]] if kind in repeats
                else [value] if kind is code.ATOMIC_GROUP
                else []
            ):  # fmt: skip
                walk(part)
        found.add(word)

    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        walk(_parser.parse(source, pattern.flags & re.VERBOSE))
    return found - {""}


def words(*modules: ModuleType) -> list[str]:
    """The words of all patterns of those modules."""

    def patterns(value: Any) -> Iterator[re.Pattern[Any]]:
        if isinstance(value, re.Pattern):
            yield value
        elif isinstance(value, tuple):
            for one in value:
                yield from patterns(one)

    every = (pattern for module in modules for value in vars(module).values() for pattern in patterns(value))
    return sorted({word for pattern in every for word in literals(pattern)})


def texts(of: list[str], size: int) -> Iterator[str]:
    """Each word again and again, alone, after another and in turn with another."""
    for one in of:
        yield one * (size // len(one))
    for one, other in itertools.permutations(of, 2):
        yield (one + other) * (size // len(one + other))
        yield one + other * (size // len(other))
        yield one * (size // 2 // len(one)) + other * (size // 2 // len(other))


def seconds(read: Callable[[str], object], text: str) -> float:
    started = time.thread_time()
    read(text)
    return time.thread_time() - started


def is_steep(read: Callable[[str], object], text: str, longer: str) -> bool:
    """Whether a longer text takes much longer: as often as it is seen, for a clock under load says much once."""
    for _ in range(3):
        taken = seconds(read, longer)
        if taken < NOTICED_S or taken <= MOST_GROWTH * seconds(read, text):
            return False
    return True


def junit_of(text: str, folder: Path) -> None:
    file = folder / "results.xml"
    file.write_text(text)
    with suppress(junit.UnreadableResultsError):
        junit.read(file)


READERS: dict[str, tuple[Callable[[str], object], list[str]]] = {
    **{name: (lambda text, name=name: registry.read(name, text), [*words(module)[:20], *JSON])  # type: ignore[misc]
       for name, module in AGENTS.items()},
    "blame": (lambda text: reports.blamed(reports.UNREAD, text), words(reports)[:20]),
    "secrets": (lambda text: REDACTOR.found(text.encode()), [*words(token_shapes)[::2], *KEYS]),
    "masking": (lambda text: REDACTOR.data(text.encode()), [*words(token_shapes)[::2], *KEYS]),
    "wide text": (lambda text: list(secret_scan._in_wide_text(REDACTOR, text.encode())), ["a\0", "\0", "\0\0\0a", "ghp_"]),
    "terminal": (redact.plain, [*words(redact), "\x1b[", "\x1b]", "\x9b"]),
    "cut short": (lambda text: junit_runners.doubts_of_failure([text], text), words(junit_runners)),
    "last lines": (lambda text: excerpts.last_lines(text, 5), []),
    "essence": (stuck_detector.essence, words(stuck_detector)),
    "shape": (lambda text: [unstable_names.shape(text[at : at + 500]) for at in range(0, len(text), 500)],
              words(unstable_names)),
    "project": (own_python.project, [*words(own_python), "a.", "=", "[project]\n"]),
    "toml": (lambda text: toml_documents.parse(text.encode(), path="x"),
             [*words(toml_documents), "a.", "a=1\n", "[[a]]\n", "[a.b]\n"]),
    "missing files": (missing_files._WORD.findall, words(missing_files)),
    "git's words": (command_line._words, [*words(command_line), "remote:"]),
    "git's disk": (lambda text: disk_errors.of_git("add", f"error: {text}", [Path()]) if "write" in text[:9] else None,
                   [*words(disk_errors), "error:"]),
    "markdown": (markdown.text, words(markdown)),
    "code": (markdown.code, words(markdown)),
    "actions": (lambda text: reporter._COMMAND.sub("", text), words(reporter)),
    "python's answer": (lambda text: python_imports.read("python", text, word="word"), ["word ", "{", "\n"]),
    "packages": (lambda text: python_imports.top_levels(text.split("\n")), ["a/", "src/", "__init__.py", "setup.py"]),
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_no_text_takes_time_that_grows_with_a_power_of_its_length(name: str) -> None:
    read, own = READERS[name]
    of = list(dict.fromkeys([*own, *ALIKE]))
    pairs = zip(texts(of, SMALL), texts(of, SMALL * TIMES), strict=True)
    measured = sorted(((seconds(read, longer), text, longer) for text, longer in pairs), reverse=True)
    # what is steep on its way to a bound, as a token's length, is so no more far beyond that
    steep = [
        text[:80]
        for _, text, longer in measured[:20]
        if is_steep(read, text, longer) and is_steep(read, longer * FURTHER, longer * TIMES * FURTHER)
    ]
    assert not steep
    for _, text, _ in measured[:SLOWEST]:
        large = text * (LARGE // len(text))
        assert not is_steep(read, large, large * TIMES), text[:80]


XML = [
    "<testsuite>",
    "</testsuite>",
    "<testcase name='a'>",
    "<testcase/>",
    "<failure>",
    "<a ",
    "b='1' ",
    "&#1;",
    "<!--",
]


def test_no_result_file_takes_time_that_grows_with_a_power_of_its_length(tmp_path: Path) -> None:
    def read(text: str) -> None:
        junit_of(f"<testsuites>{text}</testsuites>", tmp_path)

    for text, longer in zip(texts(XML, SMALL * 16), texts(XML, SMALL * 64), strict=True):
        assert not is_steep(read, text, longer), text[:80]


NUMBERS = ["1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1" * 10_000, "1" * 4_000, "-5", '"5"', "1e15", "true"]
NESTED = {f"{depth:,} {sign}": sign * depth for depth in (500, 990, 1_200, 100_000) for sign in ('{"a":', "[")}
VALUES = {**{number[:9]: number for number in NUMBERS}, **NESTED, **{
    f"{name} closed": begin + "1" + "".join("}" if sign == "{" else "]" for sign in re.findall(r"[\[{]", begin))
    for name, begin in NESTED.items()
}}  # fmt: skip
FORMS = {
    "claude": '{"type":"result","total_cost_usd":V,"modelUsage":{"m":{"inputTokens":V,"outputTokens":V}},"is_error":V}',
    "codex": '{"type":"turn.completed","usage":{"input_tokens":V,"output_tokens":V}}',
    "gemini": '{"stats":{"models":{"m":{"tokens":{"prompt":V,"candidates":V}}}},"error":{"code":V,"message":V}}',
    "opencode": '{"type":"step_finish","part":{"cost":V,"tokens":{"input":V,"output":V,"cache":{"read":V}}}}',
}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("name", FORMS)
def test_no_number_and_no_depth_of_an_agents_report_raises_or_cannot_be_kept(name: str, value: str) -> None:
    said = FORMS[name].replace("V", VALUES[value])
    for output in (said, f"{said}\n{said}", f"{said}\n{FORMS[name].replace('V', '1')}", f"[{said},{said}]"):
        reading = registry.read(name, output)
        if reading.usage:
            kept = (reading.usage.usd, reading.usage.input_tokens, reading.usage.output_tokens)
            assert all(0 <= one <= reports.MOST * 4 for one in kept)
            json.dumps(kept, allow_nan=False)


@pytest.mark.parametrize(("unit", "count"), [("1" * 400 + "k", 1), ("9" * 5_000, 1), ("1.1", 5_000)])
def test_no_number_of_aiders_raises(unit: str, count: int) -> None:
    text = f"Tokens: {unit} sent, {unit} received. Cost: $1.0 message, ${'9' * 4000}.0 session.\n" * count
    assert registry.read("aider", text)
