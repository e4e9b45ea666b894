"""What passes through our streams: known secrets are masked, and nothing else is touched."""

from __future__ import annotations

import io
import json
import sys

import pytest

from splinter.config import settings_file
from splinter.doit_plugins import printing
from splinter.doit_plugins.printing import Sound
from splinter.text.redact import Redactor

SECRET = "made-up-secret-123456"


def caught(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What stdout gets from now on."""
    text = io.StringIO()
    monkeypatch.setattr(sys, "stdout", Sound(text))
    monkeypatch.setattr(printing, "_redactor", Redactor(()))
    return text


def test_a_known_secret_is_masked_whoever_prints_and_what_only_looks_like_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = caught(monkeypatch)
    printing.mask([SECRET])
    print(f"a {SECRET} b postgres://u:pw@localhost/db ghp_{'a' * 36}")
    assert out.getvalue() == f"a *** b postgres://u:pw@localhost/db ghp_{'a' * 36}\n"


def test_json_stays_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its texts alone are masked, not its keys, numbers and signs."""
    out = caught(monkeypatch)
    printing.mask(["workstream", "123456"])
    printing.say_json([{"workstream": "the workstream", "tokens": 123456}])
    assert json.loads(out.getvalue()) == [{"workstream": "the ***", "tokens": 123456}]


@pytest.mark.parametrize(
    ("name", "value", "is_one"),
    [
        ("MY_API_KEY", "k3y-made-up-4f9c2d", True), ("DB_PASSWORD", "correct horse battery 1", False),
        ("POSTGRES_PASSWORD", "postgres", False), ("DB_PASSWORD", "changed", False), ("SORT_KEY", "created_at_2026", False),
        ("CI_TOKEN", "aaaaaaaaaaaaaaaa", False),
    ],
)  # fmt: skip
def test_a_word_is_no_likely_secret(name: str, value: str, is_one: bool) -> None:
    assert settings_file.environment({name: value}).likely_secrets() == ((value,) if is_one else ())


@pytest.mark.parametrize(
    ("out", "err", "is_all"),
    [
        ("due\n", "", True),
        ("\r\x1b[2Kdue\r\n\r\x1b[2K\n\r\x1b[1A\x1b[2K", "", True),
        ("due\n", "a warning\n", False),
        ("!! a\ndue\n", "", False),
        ("due\n   a note\n", "", False),
        ("due\n" + "x" * 9_000, "", False),
        ("", "", False),
    ],
)
def test_it_is_known_whether_a_line_is_all_that_was_printed(
    monkeypatch: pytest.MonkeyPatch, out: str, err: str, is_all: bool
) -> None:
    """What moves the cursor on a terminal is nothing that was said."""
    assert not printing.has_printed_only("")  # nobody counts
    for name, text in (("stdout", out), ("stderr", err)):
        monkeypatch.setattr(sys, name, Sound(io.StringIO()))
        for begin in range(0, len(text), 3):
            getattr(sys, name).write(text[begin : begin + 3])
    assert printing.has_printed_only("due") == is_all
