"""What a command line is expected to say of itself, in projects of ours and nowhere else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from splinter.model.workstream import COMMANDS_OF_OURS
from tests import deep
from tests.world import World


@pytest.mark.parametrize("command", sorted({*COMMANDS_OF_OURS, "list"}))
def test_every_command_of_ours_explains_itself_and_does_nothing(world: World, command: str) -> None:
    for option in ("--help", "-h"):
        done = world.doit(command, option)
        assert (done.status, done.err) == (0, "")
        assert f".py {command}" in done.out
        assert "DESCRIPTION" in done.out
    assert not (world.root / ".splinter").exists()


@pytest.mark.parametrize("words", [("forget", "--help"), ("run", "-h"), ("--help",), ("email", "--help")])
def test_so_do_those_of_doit_and_tasks(world: World, words: tuple[str, ...]) -> None:
    world.workstream("tidy", steps=[world.step("s", "true")])
    done = world.doit(*words)
    assert (done.status, done.err) == (0, "")
    assert "doit" in done.out or "email" in done.out
    assert world.new_calls() == []


def test_a_misspelt_workstream_is_told_with_the_one_that_was_meant(world: World) -> None:
    world.workstream("tidy", steps=[world.step("s", "true")])
    world.commit()
    done = world.doit("tidi")
    assert (done.status, done.err) == (3, 'ERROR: there is no task or command "tidi"; did you mean "tidy"?\n')
    assert world.doit("histroy").err == 'ERROR: there is no task or command "histroy"; did you mean "history"?\n'
    assert world.doit("-a", "run", "tidy").err == 'ERROR: "run" must come before its options: doit run …\n'


def test_the_list_has_workstreams_with_their_state_apart_from_other_tasks(world: World) -> None:
    world.workstream("tidy", steps=[world.step("s", "true")], title="Tidy up")
    world.workstream("off", steps=[world.step("s", "true")], title="Not now", enabled=False)
    world.commit()
    assert world.doit("list").out.splitlines()[:4] == [
        "Workstreams",
        "  off   disabled  Not now",
        "  tidy  due       Tidy up",
        "Tasks",
    ]
    world.doit("tidy")
    assert "  tidy  up to date, next 2026-11-24 00:00  Tidy up" in world.doit("list").out
    quiet = world.doit("list", "-q").out.split()
    assert {"email", "off", "tidy"} <= {*quiet}
    assert "Workstreams" not in quiet


def test_before_init_doit_names_it_and_another_project_is_left_alone(world: World, tmp_path: Path) -> None:
    for file in ("dodo.py", "doit.cfg"):
        (world.root / file).unlink()
    done = world.doit()
    assert done.status == 3
    assert done.err.endswith("`doit init` sets a repository up for splinter.\n")
    other = tmp_path / "other"
    other.mkdir()
    (other / "dodo.py").write_text("def task_hello():\n    return {'actions': ['echo hello']}\n")
    assert world.doit("list", cwd=other).out == "hello   \n"
    assert "init" not in world.doit("helo", cwd=other).err


@pytest.mark.lane("stories")
def test_what_doit_ignores_and_what_depends_on_it_is_told_as_ignored_until_it_is_forgotten(world: World) -> None:
    world.workstream("tidy", steps=[world.step("s", "true")])
    world.workstream("docs", steps=[world.step("d", "true")], depends_on=["tidy"])
    world.commit()
    world.doit("ignore", "tidy")
    why = "ignored, as doit ignore tidy asked; doit forget tidy ends that"
    assert world.doit("plan").out.splitlines() == [f"tidy  {why}", f"docs  {why}"]
    assert [one["due"] for one in json.loads(world.doit("plan", "--json").out)] == [False, False]
    assert world.doit("why", "docs").out == f"docs is not due:\n  {why}\n"
    assert "  docs  ignored  Title of docs" in world.doit("list").out
    dry = world.doit("run", "--dry-run", "workstreams").out
    assert "!! docs:d  ignored\n" in dry
    assert "would" not in dry
    world.doit()
    assert world.new_calls() == []
    world.doit("forget", "tidy")
    world.doit()
    assert world.new_calls() == ["s", "d"]


def test_a_dependent_starts_from_the_other_and_is_not_called_forgotten_with_it(world: World) -> None:
    world.workstream("tidy", steps=[world.step("s", "true")])
    world.workstream("docs", steps=[world.step("d", "true")], depends_on=["tidy"])
    world.commit()
    told = world.doit("run", "--dry-run", "workstreams").out
    assert ".. docs:prepare  would start from main, with the result of tidy: " in told
    world.doit("run", "workstreams")
    world.doit("forget", "tidy")
    assert world.doit("plan", "docs").out == "docs  due  tidy is due, and its result may change\n"


def test_help_is_about_workstreams_and_names_what_was_meant(world: World) -> None:
    world.workstream("tidy", steps=[world.step("s", "true")], title="Tidy up")
    world.commit()
    whole = world.doit("help")
    assert whole.out == world.doit("--help").out
    assert all(one in whole.out for one in ("run --dry-run", "email --test", "Commands of doit"))
    assert "automation tool" not in whole.out
    assert world.doit("help", "tidy").out.startswith("tidy  Tidy up\n\n  doit tidy ")
    done = world.doit("help", "tidi")
    assert (done.status, done.err) == (3, 'ERROR: there is no task or command "tidi"; did you mean "tidy"?\n')
    run = world.doit("help", "run").out
    assert run == world.doit("run", "--help").out
    assert "    doit run --dry-run      what would be done, what agents may do\n" in run
    assert "[default: splinter]" in run
    assert "multiprocessing" not in run


COMPLETED = {
    "doit ti": "tidy", "doit plan t": "tidy tools", "doit why to": "tools", "doit log tidy:w": "tidy:write",
}  # fmt: skip


@pytest.mark.parametrize("typed", deep.rows(COMPLETED, "stories", ordinary=("doit plan t",)))
def test_the_shell_completes_workstreams_and_steps_behind_our_commands(world: World, typed: str) -> None:
    world.workstream("tidy", steps=[world.step("write", "true")])
    world.workstream("tools", steps=[world.step("s", "true")])
    world.commit()
    done = world.doit("tabcompletion")
    called = re.search(r"complete -o filenames -F _(\S+) ", done.out)
    assert called
    script = done.out.replace(called[1], "doit")
    words = typed.split()
    asked = f"words=({typed}) cword={len(words) - 1} cur={words[-1]} prev={words[-2]}; _doit; echo ${{COMPREPLY[*]}}"
    stand_ins = "_get_comp_words_by_ref() { :; }\n__ltrim_colon_completions() { :; }\n"  # bash-completion's
    # its variables are local there, and set by the first of these; here they are set from outside
    script = re.sub(r"local cur prev words cword", "local", script)
    env = {**world.environ(), "PATH": f"{Path(sys.executable).parent}:{world.environ()['PATH']}"}
    told = subprocess.run(
        ["bash", "-c", f"{script}\n{stand_ins}{asked}"],
        cwd=world.root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.splitlines() == [COMPLETED[typed]], told.stderr
    zsh = world.doit("tabcompletion", "-s", "zsh").out
    assert "'diff: show what a workstream'\\''s branch proposes" in zsh
