"""Texts that kept a reader busy for minutes or for ever; `tests/lanes/test_worst_texts.py` looks for more of them."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import pytest

from splinter.config import toml_documents
from splinter.engine.steps import own_python, secret_scan
from splinter.model.agents import registry
from splinter.text.redact import Redactor

SECONDS = 3.0  # each takes a few milliseconds, and took more than ten seconds

READERS: dict[str, tuple[Callable[[str], object], str]] = {
    "aider": (lambda text: registry.read("aider", text), "litellm." + "Error" * 40_000),
    "codex": (lambda text: registry.read("codex", text), "ERROR codex_core::tools::router: error=" * 25_000),
    "a key": (
        lambda text: Redactor(()).found(text.encode()),
        "-----BEGIN PRIVATE KEY-----" + "\n    a" * 30 + "! " * 99,
    ),
    "a name": (own_python.project, "setup(" * 100_000),
    "dotted keys": (own_python.project, "a." * 30_000 + "a=1"),
    "a table": (lambda text: toml_documents.parse(text.encode(), path="x"), "[" + "a." * 60_000 + "a]"),
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_ends_soon(name: str) -> None:
    read, text = READERS[name]
    started = time.process_time()
    read(text)
    assert time.process_time() - started < SECONDS


def test_a_number_of_too_many_digits_names_no_project() -> None:
    assert own_python.project(f'[project]\nname = "x"\nversion = {"1" * 5_000}\n') == ""
    assert own_python.project("[project]\nname = 'A_b'\n") == "a-b"
    assert own_python.project("project = 5\n") == ""


@pytest.mark.parametrize("at", [0, 90, 99, 100, 101, 130, 195, 240, 276])
def test_a_secret_is_found_wherever_a_file_is_cut(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_scan, "_PIECE", 100)
    monkeypatch.setattr(Redactor, "reach", 64)
    monkeypatch.setattr(secret_scan, "_BEFORE", 16)
    token = b"ghp_" + b"a1B2c3D4" * 3
    data = (b" " * at + token).ljust(304)
    file = io.BytesIO(data + b"\n")
    whole = Redactor(()).found(b" " + token + b" ")
    assert frozenset(secret_scan._in_file(Redactor(()), file, len(data))) == whole
    assert file.read() == b"\n"
