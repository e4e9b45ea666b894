"""The command `doit doctor`: what is there, what is missing, how to fix it. It starts no workstream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from splinter.doit_plugins import printing
from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of, read_project, say, takes_colour
from splinter.model.finding import Finding, State
from splinter.text.counts import plural

_WIDTH = len(State.PROBLEM) + 2


class Doctor(OwnCommand):
    """A line for each thing that runs depend on."""

    name = "doctor"
    doc_purpose = "show which tools, keys and services are there, and what is missing"
    doc_usage = ""
    doc_description = "It says whether keys and tokens are set, never what they are."
    cmd_options = (
        {"name": "as_json", "short": "", "long": "json", "type": bool, "default": False, "help": "print JSON"},
        {
            "name": "is_offline", "short": "", "long": "offline", "type": bool, "default": False,
            "help": "ask no network",
        },
    )  # fmt: skip

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print what is found; exit status 1 where something is a problem."""
        return exit_status_of(lambda: self._show(is_offline=opt_values["is_offline"], as_json=opt_values["as_json"]))

    def _show(self, *, is_offline: bool, as_json: bool) -> int:
        from splinter.maintenance import doctor

        known = read_project(warns=True)
        found = doctor.examine(known, is_offline=is_offline)
        if as_json:
            printing.say_json([asdict(one) for one in found])
        else:
            say("\n".join(_lines(found, in_colour=takes_colour())))
        return 1 if any(one.state == State.PROBLEM for one in found) else 0


def _lines(found: Sequence[Finding], *, in_colour: bool) -> Iterator[str]:
    from splinter.config.yaml_documents import COLOURS

    paint = {State.PROBLEM: COLOURS["error"], State.NOTE: COLOURS["warning"]} if in_colour else {}
    for one in found:
        start, end = (paint[one.state], COLOURS["end"]) if one.state in paint else ("", "")
        yield f"{start}{one.state}{end}{' ' * (_WIDTH - len(one.state))}{one.line}"
    problems = sum(one.state == State.PROBLEM for one in found)
    yield plural(problems, "problem") if problems else "no problem"
