"""What is said of an option that does not fit; doit's own list of all that it knows is never shown."""

from __future__ import annotations

import pytest
from doit.cmdparse import CmdOption, CmdParse, CmdParseError, TaskParse

from splinter.doit_plugins import option_errors

OPTIONS = [
    CmdOption({"name": "dry_run", "long": "dry-run", "type": bool, "default": False}),
    CmdOption({"name": "num_process", "short": "n", "long": "process", "type": int, "default": 1}),
    CmdOption({"name": "no_cache", "long": "no-cache", "type": bool, "default": False}),
    CmdOption({"name": "continue", "long": "continue", "inverse": "no-continue", "type": bool, "default": False}),
]


@pytest.fixture(autouse=True)
def explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CmdParse, "parse_only", CmdParse.parse_only)
    option_errors.explain()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (["--bogus"], 'option --bogus is not known; "doit help COMMAND" names those that are'),
        (["-Z"], 'option -Z is not known; "doit help COMMAND" names those that are'),
        (["--dryrun"], 'option --dryrun is not known; did you mean "--dry-run"?'),
        (["--dry-run=yes"], "option --dry-run must not have an argument"),
        (["--process"], "option --process requires argument"),
        (["--no"], "option --no not a unique prefix: --no-cache or --no-continue"),
        (["-n", "x"], "-n or --process takes a whole number, not 'x'"),
    ],
)
def test_it_is_one_sentence(call: list[str], told: str) -> None:
    with pytest.raises(CmdParseError) as raised:
        CmdParse(OPTIONS).parse(call)
    assert str(raised.value) == told


def test_whoever_takes_no_options_says_so() -> None:
    with pytest.raises(CmdParseError, match=r"^option --bogus is not known: this task takes none$"):
        TaskParse([]).parse(["--bogus"])
    with pytest.raises(CmdParseError, match=r"^option --bogus is not known: this command takes none$"):
        CmdParse([]).parse(["--bogus"])


def test_what_fits_is_taken() -> None:
    params, rest = CmdParse(OPTIONS).parse(["-n", "3", "--no-continue", "one"])
    assert (params["num_process"], params["continue"], rest) == (3, False, ["one"])
