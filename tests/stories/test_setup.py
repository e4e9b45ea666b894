"""`setup` makes each place ready: once, again where its inputs or what it made differ, and nothing of it is committed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.world import IS_FENCED, TUESDAY, World

CHECK = {"id": "c", "run": "test -e node_modules/dep"}
CACHE = 'sandbox_caches = ["pip"]\n'  # a place outside the work tree that commands in the sandbox write in too
outside = pytest.mark.skipif(IS_FENCED, reason="it writes into the checkout, which the sandbox keeps as it is")


@pytest.fixture
def ready(world: World) -> World:
    """A repository whose work needs an ignored folder, which an install command makes from a lock file."""
    counted_in_a_cache(world)
    world.write("splinter.toml", CACHE)
    world.write(".gitignore", "node_modules/\n.venv/\n")
    world.write("lock", "1\n")
    return world


def counted_in_a_cache(world: World) -> None:
    world.calls_file = world.home / ".cache/pip/calls"
    world.calls_file.parent.mkdir(parents=True)


def install(world: World, more: str = "", **fields: Any) -> dict[str, Any]:
    command = f"echo install >> {world.calls_file}; mkdir -p node_modules; cp lock node_modules/dep"
    return {"run": f"{command}{more}", "inputs": ["lock"], **fields}


def uses(world: World, *, step: str = "cat node_modules/dep > out.txt", **fields: Any) -> None:
    given = {"setup": [install(world)], "steps": [{"id": "s", "run": step}], "checks": [CHECK], **fields}
    world.workstream("w", **given)
    world.commit()


def message(world: World) -> str:
    world.doit("w")
    return str(world.records()["w"]["message"])


@pytest.mark.lane("stories")
def test_all_that_runs_learns_of_the_place_and_of_what_the_settings_name(world: World) -> None:
    counted_in_a_cache(world)
    world.write(".gitignore", "seen-*\n")
    show = '[tools.show]\ncommand = "sh"\nargs = ["-c"]\nversion = ["-c", ":"]\n'
    world.write("splinter.toml", f'{CACHE}env = ["MY_INDEX"]\n{show}')
    show = f'echo "$CI $https_proxy $SSL_CERT_FILE $MY_INDEX" | tee -a {world.calls_file}'
    world.workstream(
        "w", setup=[{"run": show}], preflight=[{"run": show}], checks=[{"id": "c", "run": show, "compare": False}],
        steps=[{"id": "s", "run": show}, {"id": "t", "tool": "show", "args": [show]}],
    )  # fmt: skip
    world.commit()
    place = {"CI": "true", "https_proxy": "http://me:made-up-word@proxy", "SSL_CERT_FILE": "/c.pem", "MY_INDEX": "here"}
    world.env |= place
    assert world.doit("w").status == 0
    seen = world.calls_file.read_text().splitlines()
    assert set(seen) == {" ".join(place.values())}
    assert len(seen) >= 5
    logs = "".join(log.read_text() for log in world.root.glob(".splinter/runs/*/w/*.log"))
    assert "http://***@proxy" in logs
    assert "made-up-word" not in logs


@pytest.mark.plain_user
def test_it_runs_once_in_each_place_and_steps_and_checks_find_what_it_made(ready: World) -> None:
    uses(ready)
    assert ready.doit("w").status == 0, ready.records()["w"]["message"]
    assert ready.git("show", "splinter/w:out.txt") == "1"
    assert ready.new_calls() == ["install", "install"], "where steps work, and where checks judge"
    ready.now = TUESDAY
    assert ready.doit("w").status == 0
    assert ready.new_calls() == []


def test_it_runs_again_where_its_inputs_differ(ready: World) -> None:
    uses(ready)
    ready.doit("w")
    ready.new_calls()
    ready.write("lock", "2\n")
    ready.commit()
    ready.now = TUESDAY
    assert ready.doit("w").status == 0
    assert ready.new_calls() == ["install", "install"]
    assert ready.git("show", "splinter/w:out.txt") == "2"


def test_a_change_of_its_inputs_is_judged_with_what_it_makes_of_them(ready: World) -> None:
    uses(ready, step="echo 2 > lock", checks=[{"id": "c", "run": "cmp lock node_modules/dep"}])
    assert ready.doit("w").status == 0, ready.records()["w"]["message"]
    assert ready.new_calls() == ["install", "install", "install"], "for the step, for the base, for the change"


@pytest.mark.plain_user
def test_what_a_check_does_to_it_is_made_again_before_the_next(ready: World) -> None:
    breaks = {"id": "breaks", "run": "echo broken > node_modules/dep; echo x > node_modules/planted"}
    looks = {"id": "looks", "run": "test $(cat node_modules/dep) = 1 && test ! -e node_modules/planted"}
    uses(ready, checks=[breaks, looks])
    assert ready.doit("w").status == 0, ready.records()["w"]["message"]


def test_what_a_check_adds_to_it_is_gone_and_it_need_not_run_again(ready: World) -> None:
    uses(ready, checks=[{"id": "adds", "run": "test ! -e node_modules/.cache && mkdir node_modules/.cache"}])
    assert ready.doit("w").status == 0, ready.records()["w"]["message"]
    assert ready.new_calls() == ["install", "install"]


def test_a_step_cannot_give_the_judge_another_one(ready: World) -> None:
    uses(ready, step="rm node_modules/dep; echo forged > node_modules/dep; echo x > out.txt",
         checks=[{"id": "c", "run": "test $(cat node_modules/dep) = 1"}])  # fmt: skip
    assert ready.doit("w").status == 0, ready.records()["w"]["message"]


@pytest.mark.lane("stories")
def test_programs_that_it_made_come_first_on_path_also_for_tools(ready: World) -> None:
    program = "printf '#!/bin/sh\\necho mine $1 > out.txt\\n' > node_modules/.bin/ruff; chmod +x node_modules/.bin/ruff"
    setup = [{"run": f"mkdir -p node_modules/.bin; {program}"}]
    ready.workstream("w", setup=setup, steps=[{"id": "s", "tool": "ruff", "args": ["check"]}])
    ready.commit()
    assert ready.doit("w").status == 0, ready.records()["w"]["message"]
    assert ready.git("show", "splinter/w:out.txt") == "mine check"


def test_a_program_that_a_step_puts_there_is_no_program_of_the_judge(ready: World) -> None:
    forge = "mkdir -p node_modules/.bin; printf '#!/bin/sh\\nexit 0\\n' > node_modules/.bin/judge; chmod +x node_modules/.bin/judge"
    uses(ready, step=f"{forge}; echo x > out.txt", checks=[{"id": "c", "run": "judge"}])
    assert message(ready).startswith("c: judge ended with exit status 127")


def test_the_settings_have_one_for_all_that_runs_first(ready: World) -> None:
    ready.write("splinter.toml", '[[setup]]\nrun = "mkdir node_modules; echo first > node_modules/order"\n')
    uses(
        ready, setup=[{"run": "echo second >> node_modules/order"}], step="cat node_modules/order > out.txt", checks=[]
    )
    assert ready.doit("w").status == 0, ready.records()["w"]["message"]
    assert ready.git("show", "splinter/w:out.txt") == "first\nsecond"


@pytest.mark.lane("stories")
def test_what_a_long_one_costs_is_told_once_for_each_place(ready: World) -> None:
    uses(ready, setup=[{"run": "sleep 1.1"}], checks=[{"id": "c", "run": "true"}], step="echo x > out.txt")
    done = ready.doit()
    report = (ready.root / "reports/latest/report.md").read_text()
    for where in ("where steps work", "where checks judge"):
        assert re.search(rf"^   w: its setup took \d+\.\d s {where}\.$", done.out, re.MULTILINE), done.out
        assert re.search(rf"^- w: its setup took \d+\.\d s {where}\.$", report, re.MULTILINE), report


def test_what_it_leaves_and_git_does_not_ignore_is_named_before_anything_is_paid(ready: World) -> None:
    uses(ready, setup=[install(ready, "; echo a > left-1; echo b > left-2")], step=f"echo s >> {ready.calls_file}")
    assert (
        message(ready)
        == "setup left files that git does not ignore: left-1, left-2; list them in .gitignore, and commit that"
    )
    assert ready.records()["w"]["reason"] == "preflight"
    assert "s" not in ready.calls()


def test_what_it_changes_of_what_git_tracks_is_put_back_and_noted(ready: World) -> None:
    uses(ready, setup=[install(ready, "; echo rewritten > lock")], step="cat lock > out.txt", checks=[])
    done = ready.doit()
    assert done.status == 0, done.out
    assert ready.git("show", "splinter/w:out.txt") == "1"
    assert ready.git("diff", "--name-only", "main", "splinter/w") == "out.txt"
    assert "w: its setup changed lock, which was put back." in (ready.root / "reports/latest/report.md").read_text()


def test_one_that_fails_ends_the_workstream_before_anything_is_paid(ready: World) -> None:
    uses(ready, setup=[{"run": "echo no such package; exit 7"}], step=f"echo s >> {ready.calls_file}")
    assert message(ready) == ("setup-1: echo no such package; exit 7 ended with exit status 7\nno such package")
    assert ready.records()["w"]["reason"] == "preflight"
    assert ready.calls() == []


def test_why_it_failed_is_shown_though_an_installer_says_much_behind_that(ready: World) -> None:
    behind = "".join(f"{number}. an option\n\n" for number in range(18))
    ready.write("says", f"error: two packages found\n{behind}note: not a problem of mine\n")
    uses(ready, setup=[{"run": "cat says; exit 1"}])
    first, why, *_, last = message(ready).splitlines()
    assert first == "setup-1: cat says; exit 1 ended with exit status 1"
    assert (why, last) == ("error: two packages found", "note: not a problem of mine")


@pytest.mark.lane("stories")
def test_a_change_that_breaks_it_does_not_pass(ready: World) -> None:
    uses(
        ready,
        setup=[install(ready, " && grep -q 1 lock")],
        step="echo broken > lock",
        checks=[{"id": "c", "run": "true"}],
    )
    assert message(ready).startswith("c: the place for it could not be made ready: setup-1: ")
    assert ready.records()["w"]["reason"] == "check_failed"
    assert ready.branches() == []


@pytest.mark.lane("stories")
def test_included_files_are_in_both_places_and_follow_the_checkout(ready: World) -> None:
    ready.write(".worktreeinclude", ".env\n")
    ready.write(".gitignore", ".env\nnode_modules/\n")
    ready.write(".env", "A=1\n")
    check = {"id": "c", "run": "grep A= .env"}
    uses(ready, setup=[], step="cat .env > out.txt", checks=[check])
    assert ready.doit("w").status == 0, ready.records()["w"]["message"]
    ready.write(".env", "A=2\n")
    ready.now = TUESDAY
    assert ready.doit("w").status == 0, ready.records()["w"]["message"]
    assert ready.git("show", "splinter/w:out.txt") == "A=2"


@outside
def test_what_a_step_has_included_during_the_run_is_brought_nowhere(ready: World) -> None:
    ready.write(".gitignore", ".env\nhelper.py\n")
    ready.write(".worktreeinclude", ".env\n")
    ready.write(".env", "A=1\n")
    writes = f"echo helper.py >> {ready.root}/.worktreeinclude; touch {ready.root}/helper.py; echo x > x.txt"
    check = {"id": "c", "run": "grep A=1 .env; test ! -e helper.py"}
    uses(ready, setup=[], step=writes, checks=[check])
    assert ready.doit("w").status == 0, ready.records()["w"]["message"]


@outside
@pytest.mark.lane("stories")
def test_an_included_file_that_changes_during_the_run_is_copied_no_more(ready: World) -> None:
    ready.write(".gitignore", ".env\n")
    ready.write(".worktreeinclude", ".env\n")
    ready.write(".env", "A=1\n")
    uses(
        ready,
        setup=[],
        step=f"echo A=2 > {ready.root}/.env; echo x > x.txt",
        checks=[{"id": "c", "run": "true", "compare": False}],
    )
    assert ".env, which .worktreeinclude brings, changed during the run; call again" in message(ready)
    assert message(ready) == "", "the next run takes it as it is now"


@pytest.mark.lane("stories")
def test_a_link_that_an_installer_makes_to_its_cache_does_not_make_it_run_again(ready: World) -> None:
    cache = ready.calls_file.with_name("cache-of-installer")
    # as installers do where the cache lies on another file system, which it does in the sandbox
    links = f"; cp lock {cache}; ln {cache} node_modules/linked || cp {cache} node_modules/linked"
    uses(ready, setup=[install(ready, links.replace("cp lock", f"test -e {cache} || cp lock"))])
    assert ready.doit("w").status == 0, ready.records()["w"]["message"]
    ready.new_calls()
    ready.now = TUESDAY
    assert ready.doit("w").status == 0
    assert ready.new_calls() == [], "the second place's link changed the first one's file, to the system"


@pytest.mark.lane("stories")
def test_clean_removes_both_places(ready: World) -> None:
    uses(ready)
    ready.doit("w")
    place = ready.worktree("w.judge")
    ready.doit("clean", "w")
    assert not place.exists()
    assert [list((place.parent.parent / part).glob("w*")) for part in ("worktrees", "index", "excludes")] == [
        [],
        [],
        [],
    ]


def test_a_worktreeinclude_that_nobody_wrote_by_hand_is_refused(ready: World) -> None:
    ready.write(".worktreeinclude", "x" * 1_000_001)
    uses(ready, setup=[], step="echo x > x.txt", checks=[])
    assert message(ready) == ".worktreeinclude is larger than 1 MB"
