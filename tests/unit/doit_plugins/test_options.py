"""What is said of an option that does not fit; doit's own list of all that it knows is never shown."""

from __future__ import annotations

from typing import Any

import pytest
from doit.cmdparse import CmdOption, CmdParse, CmdParseError, TaskParse

from splinter.doit_plugins import options

OPTIONS = [
    CmdOption({"name": "dry_run", "long": "dry-run", "type": bool, "default": False}),
    CmdOption({"name": "num_process", "short": "n", "long": "process", "type": int, "default": 1}),
    CmdOption({"name": "no_cache", "long": "no-cache", "type": bool, "default": False}),
    CmdOption({"name": "continue", "long": "continue", "inverse": "no-continue", "type": bool, "default": False}),
]


@pytest.fixture(autouse=True)
def explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CmdParse, "parse_only", CmdParse.parse_only)
    options.explain()


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


class Plain(options.OwnCommand):
    name, doc_purpose, doc_usage = "plain", "", ""
    cmd_options = ({"name": "dry_run", "long": "dry-run", "type": bool, "default": False},)

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        return 100 + opt_values["dry_run"]


def test_an_argument_that_is_not_taken_keeps_no_option_from_being_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert Plain().parse_execute(["--dry-run"]) == 101
    assert Plain().parse_execute(["one", "--dry-run"]) == 3  # not as if --dry-run were not there
    assert capsys.readouterr().err == 'ERROR: doit plain takes no arguments, but was given "one"\n'


def test_options_of_a_task_stay_with_it() -> None:
    call = ["slack", "--test", "-n", "3", "--dry-run"]
    assert options.first(call, OPTIONS, has_tasks=True) == ["-n", "3", "--dry-run", "slack", "--test"]
    assert options.first(call, OPTIONS) == ["--test", "-n", "3", "--dry-run", "slack"]
