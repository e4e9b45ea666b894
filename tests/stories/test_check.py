"""`doit check` as a user sees it: what it prints where, and its exit status."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests import deep
from tests.world import World

GOOD = "id: good\ntitle: Good\nsteps: [{id: go, run: ls}]\n"
BAD = "id: bad\ntitel: Bad\nsteps: [{id: go, run: ls}]\n"
PLACE = "workstreams/bad.yaml:2:1:"
TOLD = f'{PLACE} unknown key "titel"; did you mean "title"?\n    titel: Bad\n    ^^^^^\n'
WARNED = (
    'workstreams/bad.yaml:4:13: warning: artifact "docs/*.md" is read as a path, not as a pattern\n'
    "    artifacts: [docs/*.md]\n                ^^^^^^^^^\n"
)


def write(world: World, name: str, text: str) -> Path:
    return world.write(f"workstreams/{name}.yaml", text)


def on_a_terminal(world: World, **variables: str) -> str:
    outer, inner = pty.openpty()
    environment = {**world.environ(), "TERM": "xterm", **variables}
    command = [sys.executable, "-m", "doit", "check"]
    with subprocess.Popen(command, cwd=world.root, env=environment, stdin=inner, stdout=inner, stderr=inner) as process:
        os.close(inner)
        read = b""
        try:
            while part := os.read(outer, 4096):
                read += part
        except OSError:  # what Linux gives for the end of a terminal
            pass
    os.close(outer)
    assert process.returncode == 3
    return read.decode().replace("\r\n", "\n")


def test_text_is_coloured_on_a_terminal_and_nowhere_else(world: World) -> None:
    write(world, "bad", BAD)
    coloured = TOLD.replace(PLACE, f"\x1b[1m{PLACE}\x1b[0m").replace("^^^^^", "\x1b[1;31m^^^^^\x1b[0m")
    assert on_a_terminal(world, NO_COLOR="") == f"{coloured}1 error in 1 file\n"
    assert on_a_terminal(world, NO_COLOR="1") == f"{TOLD}1 error in 1 file\n"
    assert on_a_terminal(world, TERM="dumb") == f"{TOLD}1 error in 1 file\n"
    done = world.doit("check")
    assert (done.status, done.out, done.err) == (3, f"{TOLD}1 error in 1 file\n", "")


def test_an_agent_that_would_never_see_its_prompt_is_warned_of(world: World) -> None:
    world.write("splinter.toml", '[tools.mine]\ncommand = "mine"\nprompt_args = ["--print"]\n')
    write(world, "good", "id: good\ntitle: Good\nwhen: once\ntool: mine\nsteps: [{id: go, prompt: Do it.}]\n")
    message = (
        'tool "mine" would never see the prompt; its profile needs stdin = "prompt", or "{prompt}" or "{prompt_file}" '
        "in prompt_args"
    )
    done = world.doit("check")
    assert done.status == 0
    assert f"workstreams/good.yaml:4:7: warning: {message}\n    tool: mine\n" in done.out
    world.write("splinter.toml", '[tools.mine]\ncommand = "mine"\nstdin = "prompt"\n')
    assert world.doit("check").out == "1 workstream, no problem\n"


def test_annotations_name_file_line_and_columns(world: World) -> None:
    write(world, "bad", BAD)
    done = world.doit("check", "--format", "github")
    assert (done.status, done.out) == (
        3,
        "::error file=workstreams/bad.yaml,line=2,col=1,endColumn=6,title=splinter::"
        'unknown key "titel"; did you mean "title"?\n1 error in 1 file\n',
    )


def test_warnings_are_shown_and_fail_nothing(world: World) -> None:
    write(world, "bad", BAD.replace("titel", "title") + "artifacts: [docs/*.md]\n")
    done = world.doit("check")
    assert (done.status, done.out) == (0, f"{WARNED}1 warning in 1 file\n")
    assert json.loads(world.doit("check", "--format", "json").out)[0]["level"] == "warning"
    assert world.doit("check", "--format", "github").out.startswith("::warning file=workstreams/bad.yaml,line=4,")


def test_nothing_wrong_is_said_in_every_format(world: World) -> None:
    write(world, "good", GOOD)
    for _ in "first", "again":
        assert world.doit("check").out == "1 workstream, no problem\n"
        assert world.doit("check", "--format", "github").out == "1 workstream, no problem\n"
        assert world.doit("check", "--format", "json").out == "[]\n"
    write(world, "other", GOOD.replace("good", "other"))
    assert world.doit("check").out == "2 workstreams, no problem\n"


def test_mistakes_in_settings_and_workstreams_are_reported_together(world: World) -> None:
    world.write("splinter.toml", 'jobs = 0\n[tools.own]\ncommand = "own"\n')
    write(world, "bad", BAD + "tool: own\nfix: {attempts: 1}\n")
    settings = "splinter.toml:1:8: 0 is too small; the least is 1\n    jobs = 0\n           ^\n"
    done = world.doit("check")
    assert (done.status, done.out, done.err) == (3, f"{settings}{TOLD}2 errors in 2 files\n", "")
    found = json.loads(world.doit("check", "--format", "json").out)
    assert [one["path"] for one in found] == ["splinter.toml", "workstreams/bad.yaml"]
    world.write("splinter.toml", "jobs = \n")
    assert world.doit("check").out == (
        "splinter.toml:1:8: invalid TOML: Invalid value\n    jobs =\n           ^\n1 error in 1 file\n"
    )


@pytest.mark.parametrize("format", deep.rows(("text", "json", "github"), "stories", ordinary=("text",)))
def test_an_encoding_without_the_characters_does_no_harm(world: World, format: str) -> None:
    write(world, "bad", BAD.replace("titel", "“Titel”"))
    world.env["PYTHONIOENCODING"] = "ascii"
    done = world.doit("check", "--format", format)
    assert (done.status, done.err) == (3, "")
    assert "\\u201cTitel\\u201d" in done.out


@pytest.mark.lane("stories")
def test_a_reader_that_goes_away_makes_no_noise(world: World) -> None:
    for number in range(50):
        write(world, f"bad-{number}", BAD + "".join(f"key{n}: {'x' * 100}\n" for n in range(80)))
    command = f"{sys.executable} -m doit check | head -n 1"
    done = subprocess.run(
        command, shell=True, cwd=world.root, env=world.environ(), capture_output=True, text=True, check=False
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
