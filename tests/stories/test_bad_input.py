"""Everything that a user can get wrong: one clear message, the right exit status, nothing run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.world import World

GOOD = "id: good\ntitle: Good\nsteps:\n  - id: s\n    run: 'true'\n"

BAD = {
    "invalid YAML": (
        "id: w\ntitle: [one\n",
        "workstreams/w.yaml:2:8: invalid YAML: this list is not closed\n    title: [one\n           ^\n",
    ),
    "an unknown key": (
        "id: w\ntitle: W\nstepps: []\nsteps:\n  - id: s\n    run: 'true'\n",
        'workstreams/w.yaml:3:1: unknown key "stepps"; did you mean "steps"?\n    stepps: []\n    ^^^^^^\n',
    ),
    "an unknown tool": (
        "id: w\ntitle: W\nsteps:\n  - id: s\n    tool: pytset\n    args: []\n",
        'workstreams/w.yaml:5:11: unknown tool "pytset"; did you mean "pytest"?\n    tool: pytset\n          ^^^^^^\n',
    ),
    "an unknown dependency": (
        "id: w\ntitle: W\ndepends_on: [godo]\nsteps:\n  - id: s\n    run: 'true'\n",
        'workstreams/w.yaml:3:14: unknown dependency "godo"; did you mean "good"?\n    depends_on: [godo]\n                 ^^^^\n',
    ),
    "a duplicate id": (
        GOOD,
        'workstreams/w.yaml:1:5: id "good" is taken by workstreams/good.yaml:1:5\n    id: good\n        ^^^^\n',
    ),
}


@pytest.mark.parametrize(("text", "told"), BAD.values(), ids=BAD)
def test_a_bad_file_is_reported_with_its_place_and_nothing_runs(world: World, text: str, told: str) -> None:
    world.write("workstreams/good.yaml", GOOD)
    world.write("workstreams/w.yaml", text)
    world.commit()
    done = world.doit()
    assert done.status == 3
    assert told in done.err
    assert done.out == ""
    assert world.branches() == []
    checked = world.doit("check")
    assert checked.status == 3
    assert told in checked.out


def test_a_cycle_is_reported(world: World) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        world.workstream(one, depends_on=[other], steps=[{"id": "s", "run": "true"}])
    world.commit()
    done = world.doit()
    assert done.status == 3
    assert "dependency cycle: a -> b -> a" in done.err


def test_a_folder_outside_any_repository_is_reported(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "dodo.py").write_text((world.root / "dodo.py").read_text())
    done = world.doit(cwd=folder)
    assert (done.status, done.out) == (3, "")
    assert done.err == f'{folder}: no git repository here; "git init" makes one\n'


def test_a_path_with_a_line_end_is_reported(world: World) -> None:
    odd = world.root.with_name("two\nlines")
    world.root.rename(odd)
    done = world.doit(cwd=odd)
    assert done.status == 3
    assert "a repository whose path holds a line end is not supported; move it" in done.err


def test_a_repository_without_a_commit_is_reported(world: World) -> None:
    world.write("workstreams/good.yaml", GOOD)
    done = world.doit()
    assert (done.status, done.out) == (3, "")
    assert done.err == 'this repository has no commit yet; "git commit" makes the first\n'


def test_a_base_that_is_missing_is_reported(world: World) -> None:
    world.write("workstreams/good.yaml", GOOD + "base: nope\n")
    world.commit()
    done = world.doit()
    assert (done.status, done.out) == (3, "")
    assert done.err == (
        'workstreams/good.yaml: base "nope" does not exist here; "git branch nope" makes it, '
        'or name another with "base:"\n'
    )


def test_a_base_that_the_remote_lacks_is_reported(world: World, tmp_path: Path) -> None:
    world.write("workstreams/good.yaml", GOOD + "base: nope\n")
    world.commit()
    world.git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.git("push", "--quiet", "origin", "main")
    done = world.doit()
    assert (done.status, done.out) == (3, "")
    assert done.err == ('workstreams/good.yaml: base "nope" does not exist on origin; name another with "base:"\n')


def test_a_base_that_only_this_clone_has_is_reported_with_the_command_that_publishes_it(
    world: World, tmp_path: Path
) -> None:
    world.write("workstreams/good.yaml", GOOD + "base: release\n")
    world.commit()
    world.git("branch", "release")
    world.git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.git("push", "--quiet", "origin", "main")
    done = world.doit()
    assert (done.status, done.out) == (3, "")
    assert done.err == (
        'workstreams/good.yaml: base "release" does not exist on origin; "git push origin release" makes it, '
        'or name another with "base:"\n'
    )


@pytest.mark.parametrize(
    ("text", "place", "source", "column"),
    [
        ("base: splinter/good\n", "6:7", "base: splinter/good", 6),
        ("pull_request: {base: splinter/good}\n", "6:22", "pull_request: {base: splinter/good}", 21),
    ],
)
def test_a_base_that_is_the_workstreams_own_branch_is_reported(
    world: World, text: str, place: str, source: str, column: int
) -> None:
    world.write("workstreams/good.yaml", GOOD + text)
    world.commit()
    done = world.doit()
    assert (done.status, done.out) == (3, "")
    assert done.err == (
        f'workstreams/good.yaml:{place}: branch "splinter/good" is this workstream\'s own; name the one that it starts '
        f"from\n    {source}\n    {' ' * column}{'^' * 13}\n1 error in 1 file\n"
    )


def test_bad_settings_are_reported(world: World) -> None:
    world.write("workstreams/good.yaml", GOOD)
    world.write("splinter.toml", "jobs = 0\n")
    world.commit()
    done = world.doit()
    assert (done.status, done.out) == (3, "")
    assert done.err == "splinter.toml:1:8: 0 is too small; the least is 1\n    jobs = 0\n           ^\n"


def test_a_malformed_variable_is_reported(world: World) -> None:
    world.write("workstreams/good.yaml", GOOD)
    world.commit()
    world.env["SMTP_PORT"] = "many"
    done = world.doit()
    assert (done.status, done.out) == (3, "")
    assert done.err == 'SMTP_PORT is "many"; it must be a port from 1 to 65535\n'


def test_no_workstream_at_all_is_a_sentence(world: World) -> None:
    world.commit()
    done = world.doit()
    assert (done.status, done.err) == (0, "")
    assert done.out == "There is no workstream yet: workstreams/ holds no YAML file. `doit init` writes a first one.\n"


def test_looking_works_where_the_yaml_is_invalid(world: World) -> None:
    world.write("workstreams/good.yaml", GOOD)
    world.write("workstreams/w.yaml", "id: [\n")
    world.commit()
    for command in ("list", "plan", "history"):
        done = world.doit(command)
        assert done.status == 0, done.err
    assert "good" in world.doit("list").out


def test_commands_find_the_root_from_a_folder_below(world: World) -> None:
    world.write("workstreams/good.yaml", GOOD)
    below = world.root / "src" / "deep"
    below.mkdir(parents=True)
    world.commit()
    assert world.doit("check", cwd=below).out == "1 workstream, no problem\n"
    assert world.doit(cwd=below).status == 0
    assert world.outcomes() == {"good": "unchanged"}


def test_an_unknown_task_is_reported_by_doit(world: World) -> None:
    world.write("workstreams/good.yaml", GOOD)
    world.commit()
    done = world.doit("godo")
    assert done.status == 3
    assert done.err == 'ERROR: there is no task or command "godo"; did you mean "good"?\n'
    assert 'Invalid parameter: "nonsense". Must be a command, task, or a target.' in world.doit("nonsense").err


def test_a_dodo_file_alone_is_enough(world: World) -> None:
    (world.root / "doit.cfg").unlink()
    world.write("workstreams/good.yaml", GOOD)
    world.commit()
    assert "good" in world.doit("list").out
    assert world.doit().status == 0
    assert world.outcomes() == {"good": "unchanged"}


def test_a_users_own_tasks_stand_beside_the_workstreams(world: World) -> None:
    with (world.root / "dodo.py").open("a") as dodo:
        dodo.write(
            "\ndef task_own():\n    return {'actions': ['echo own > own.txt'], 'targets': ['own.txt'], 'uptodate': [True]}\n"
        )
    world.write("workstreams/good.yaml", GOOD)
    world.commit()
    done = world.doit()
    assert done.status == 0
    assert (world.root / "own.txt").exists()
    assert world.outcomes() == {"good": "unchanged"}
    assert sys.version_info >= (3, 11)


def test_an_empty_remote_is_reported_before_anything_runs(world: World, tmp_path: Path) -> None:
    world.write("workstreams/good.yaml", GOOD)
    world.commit()
    world.git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    done = world.doit()
    assert (done.status, done.out) == (3, "")
    assert done.err == (
        'origin has no default branch; "git push origin main" makes it, or name the branch to start from with "base:" '
        "in workstreams/good.yaml, or in the settings\n"
    )


def _with_config(world: World, config: str) -> None:
    with (world.root / "dodo.py").open("a") as dodo:
        dodo.write(f"DOIT_CONFIG = {config}\n")
    world.write("workstreams/good.yaml", GOOD)
    world.commit()


def test_a_users_own_doit_config_leaves_what_it_does_not_set(world: World) -> None:
    _with_config(world, "{'verbosity': 2}")
    done = world.doit()
    assert "   good:accept  unchanged\n" in done.out  # our reporter's
    assert "slack" not in done.out  # what is not configured is no default task
    assert world.doit("good").out == "-- good:prepare\n-- good:s\n-- good:accept\n"


def test_a_doit_config_that_would_lose_what_succeeded_is_refused(world: World) -> None:
    _with_config(world, "{'check_file_uptodate': 'timestamp'}")
    told = (
        "DOIT_CONFIG in dodo.py sets check_file_uptodate, by which splinter knows what succeeded: leave it out, "
        "and it stays as splinter sets it\n"
    )
    done = world.doit()
    assert (done.status, done.out, done.err) == (3, "", told)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("{'minversion': '99'}", "DOIT_CONFIG in dodo.py sets minversion to '99'; write it as \"0.37.0\"\n"),
        ("{'minversion': 3}", 'DOIT_CONFIG in dodo.py sets minversion to 3; write it as "0.37.0"\n'),
        ("{'num_process': 'x'}", "DOIT_CONFIG in dodo.py sets num_process to 'x'; write a number\n"),
        ("{'reporter': 'splintr'}", 'there is no reporter "splintr"; did you mean "splinter"?\n'),
    ],
)
def test_a_value_in_doit_config_that_does_not_fit_is_one_sentence(world: World, config: str, told: str) -> None:
    _with_config(world, config)
    done = world.doit()
    assert (done.status, done.out, done.err.removeprefix("ERROR: ")) == (3, "", told)


def test_an_option_behind_a_task_of_a_command_is_one_sentence(world: World) -> None:
    world.write("workstreams/good.yaml", GOOD)
    world.commit()
    for command in ("list", "forget", "clean", "info"):
        done = world.doit(command, "good", "--bogus")
        assert (done.status, done.out) == (3, "")
        assert done.err == f'ERROR: option --bogus is not known; "doit help {command}" names those that are\n'
    told = "ERROR: option --status stands before the tasks: doit list --status good\n"
    assert world.doit("list", "good", "--status").err == told
    assert world.doit("list", "--status", "good").status == 0


def test_an_option_that_cannot_be_used_is_one_sentence(world: World) -> None:
    world.write("workstreams/good.yaml", GOOD)
    world.commit()
    done = world.doit("list", "--stats")
    assert (done.status, done.out) == (3, "")
    assert done.err == 'ERROR: option --stats is not known; did you mean "--status"?\n'
    done = world.doit("--check_file_uptodate", "timestamp")
    assert (done.status, done.out) == (3, "")
    assert done.err == "--check_file_uptodate cannot be used here: by it splinter knows what succeeded; leave it out\n"


def test_no_cache_where_nothing_is_due_says_so(world: World) -> None:
    world.write("workstreams/good.yaml", GOOD)
    world.commit()
    told = 'nothing due, so --no-cache asked no agent again; "doit -a good" runs what is up to date too\n'
    assert told not in world.doit("run", "--no-cache", "good").out
    assert world.doit("run", "--no-cache", "good").out.endswith(told)
    assert told not in world.doit("good").out


def test_a_run_that_pushed_nothing_says_why_and_what_would_change_it(world: World, tmp_path: Path) -> None:
    world.write("workstreams/good.yaml", GOOD.replace("'true'", "'echo > new.txt'"))
    world.commit()
    for name in ("fork", "upstream"):
        world.git("init", "--quiet", "--bare", str(tmp_path / name))
        world.git("remote", "add", name, str(tmp_path / name))
    told = (
        "   pr:good  written  .splinter/pull-requests/good.md\n     nothing was pushed: none of the remotes fork and "
        'upstream is called origin; remote = "NAME" in the settings chooses one\n'
    )
    world.write("workstreams/also.yaml", GOOD.replace("good", "also").replace("'true'", "'echo > also.txt'"))
    world.commit()
    out = world.doit().out.replace("pr:also", "pr:good").replace("/also.md", "/good.md")
    assert told in out
    assert out.count("nothing was pushed") == 1
