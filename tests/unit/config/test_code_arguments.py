"""A value may be an argument, and never what a program runs as code."""

from __future__ import annotations

import pytest

from splinter.config import code_arguments

CODE = (
    ("VALUE", ""), ("sh -c VALUE", "sh"), ("/bin/bash -ec VALUE x", "bash"), ("env A=1 dash -c VALUE", "dash"), ("timeout 5 zsh -c VALUE", "zsh"),
    ("python3.12 -c VALUE", "python3.12"), ("node -e VALUE", "node"), ("node --eval VALUE", "node"), ("perl -ne VALUE a", "perl"),
    ("ruby -e VALUE", "ruby"), ("php -r VALUE", "php"), ("awk VALUE a", "awk"), ("sed -i VALUE a", "sed"), ("jq VALUE a.json", "jq"),
    ("xargs VALUE", "xargs"), ("deno eval VALUE", "deno"), ("python -W ignore -c VALUE", "python"), ("pwsh -Command VALUE", "pwsh"), ("find . -exec VALUE", "find"), ("ssh VALUE", "ssh"),
)  # fmt: skip
DATA = (
    "echo VALUE", "sh -c CODE sh VALUE", "python3 tools/x.py VALUE", "python3 -m x VALUE", "npm test --workspace VALUE", "grep -F VALUE a",
    "node x.js -e VALUE", "python tools/x.py -c VALUE", "python -m pytest -c VALUE", "pytest -k VALUE", "ruff check VALUE", "cargo test -p VALUE", "curl -c VALUE",
)  # fmt: skip


@pytest.mark.parametrize(("line", "program"), CODE)
def test_what_a_program_would_run_is_code(line: str, program: str) -> None:
    words = line.split()
    assert code_arguments.program(words, words.index("VALUE")) == (program or "VALUE")


@pytest.mark.parametrize("line", DATA)
def test_any_other_word_is_data(line: str) -> None:
    words = line.split()
    assert code_arguments.program(words, words.index("VALUE")) == ""
