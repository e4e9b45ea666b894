"""What leaves us is masked text, which mypy holds: a plain string does not reach a sink."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAD = """
from pathlib import Path
from typing import Any
from splinter.doit_plugins.printing import Sound
from splinter.doit_plugins.reporter import Reporter
from splinter.git import commands
from splinter.git.command_line import Repository
from splinter.model.ports import Message, Proposal
from splinter.publish import report_files
from splinter.system.history import History
from splinter.system.process_log import Output
from splinter.text.redact import Masked, MaskedBytes, Redactor

TEXT, DATA = {text}, {data}

def sinks(store: History, repository: Repository, log: Output, stream: Sound, reporter: Reporter) -> None:
    store._keep("insert", record=TEXT)
    commands.commit_tree(repository, "tree", [], TEXT, date_s=0)
    report_files._write_page(Path("index.html"), TEXT)
    Message(run="", subject=TEXT, text=Masked(""), html=Masked(""), is_failure=False)
    Message(run="", subject=Masked(""), text=TEXT, html=Masked(""), is_failure=False)
    Message(run="", subject=Masked(""), text=Masked(""), html=TEXT, is_failure=False)
    Proposal(workstream="", head="", base="", title=TEXT, own_body=Masked(""))
    Proposal(workstream="", head="", base="", title=Masked(""), own_body=TEXT)
    stream._show(TEXT)
    reporter._show(TEXT)
    log._write(DATA)
"""
FIRST = HEAD[: HEAD.index("    store._keep")].count("\n") + 1
SINKS = HEAD.count("TEXT") + HEAD.count("DATA") - 2


def mypy(text: str) -> list[str]:
    """The lines that mypy complains of."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file=", "-c", text]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [line.removeprefix("<string>:") for line in done.stdout.splitlines() if " error: " in line]


def test_each_sink_refuses_a_text_that_may_hold_a_secret() -> None:
    plain = mypy(HEAD.format(text="str()", data="bytes()"))
    assert [int(line.partition(":")[0]) for line in plain] == list(range(FIRST, FIRST + SINKS))
    assert all("arg-type" in line for line in plain), plain
    made = "Redactor(()).text(''), Redactor(()).data(b'')"
    assert mypy(HEAD.format(text=made.partition(", ")[0], data=made.partition(", ")[2])) == []
