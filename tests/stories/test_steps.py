"""Steps against scope, what agents do with git, checks, artifacts and budgets; seen through real runs."""

from __future__ import annotations

import os
import re
import shutil
from typing import Any

import pytest

from tests import deep
from tests.world import TUESDAY, World

JUNIT = '<testsuite name="s" tests="2" failures="1"><testcase classname="t" name="ok"/><testcase classname="t" name="bad"><failure message="it broke">trace</failure></testcase></testsuite>'

UNDONE = "not kept of what the step did to its own .git"


def ends(world: World, id: str = "w") -> dict[str, Any]:
    """Run one workstream; its record."""
    world.commit()
    world.doit(id)
    return world.records()[id]


def scoped(world: World, command: str, **scope: Any) -> dict[str, Any]:
    world.write("src/a.py", "a = 1\n")
    world.write("src/b.py", "b = 1\n")
    world.workstream("w", scope=scope, steps=[world.step("act", command)])
    return ends(world)


OUTSIDE = {
    "a new untracked file": ("echo x > new.txt", "new.txt is not in scope to create", "+x"),
    "a modified file": ("echo x >> README.md", "README.md is not in scope to modify", "+x"),
    "a deleted file": ("rm README.md", "README.md is not in scope to delete", "-hello"),
    "a renamed file": ("mv src/a.py a.py", "a.py is not in scope to create", "+a = 1"),
    "a mode change": ("chmod +x README.md", "README.md is not in scope to modify", "new mode 100755"),
    "a staged file": ("echo x > new.txt; git add new.txt", "new.txt is not in scope to create", "+x"),
    "a change it committed itself": ("echo x > new.txt; git add -A; git commit -qm mine", "new.txt is not in scope to create", "+x"),
    "a change on a branch of its own": ("git checkout -qb own; echo x > new.txt; git add -A; git commit -qm mine", "new.txt is not in scope to create", "+x"),
    "a symlink leading out": ("ln -s /etc/passwd src/link", "src/link is a symlink that leaves the work tree", "+/etc/passwd"),
    "a symlink leading up": ("ln -s ../../x src/link", "src/link is a symlink that leaves the work tree", "+../../x"),
    "a repository of its own": ("git init -q src/n; git -C src/n commit -q --allow-empty -m x", "src/n is a repository of its own", "+Subproject commit"),
    "a file that is always forbidden": ("mkdir -p .github; echo x > .github/x", ".github/x is forbidden", "+x"),
    "another repository's folder": ("echo ../../x > .git/commondir", ".git/commondir of the work tree leads to another repository", None),
    "another repository's objects": ("echo /x > .git/objects/info/alternates", ".git/objects/info/alternates of the work tree leads to another repository", None),
    "a link for a .git": ("mv .git ../git; ln -s ../git .git", "the step led its work tree's .git to another repository", None),
}  # fmt: skip


EACH_KIND = (
    "a new untracked file", "a change it committed itself", "a symlink leading out", "a file that is always forbidden",
    "a link for a .git",
)  # fmt: skip


@pytest.mark.parametrize("what", deep.rows(OUTSIDE, "attacks", ordinary=EACH_KIND))
def test_a_change_outside_scope_fails_and_is_kept_as_a_patch(world: World, what: str) -> None:
    command, told, kept = OUTSIDE[what]  # None: nothing of the tree changed, so there is nothing to keep
    record = scoped(world, command, modify=["src/**"])
    assert (record["outcome"], record["reason"], record["step"]) == ("failed", "out_of_scope", "act")
    assert told in record["message"].split("; ")
    assert world.branches() == []
    assert world.git("status", "--porcelain") == ""
    assert world.git("stash", "list") == ""
    assert "fsmonitor" not in world.git("config", "--list")
    patch = record["steps"][-1]["patch"]
    assert (patch is None) == (kept is None)
    if kept:
        assert any(line.startswith(kept) for line in (world.root / patch).read_text().splitlines())
    if "new.txt" in command:
        assert "+x" in (world.root / patch).read_text()


INSTALLS = {
    "husky": ("git config core.hooksPath .husky/_", "config"),
    "pre-commit": ("mkdir -p .git/hooks; echo exit 1 > .git/hooks/pre-commit", "hooks/pre-commit"),
    "a program of git's": ("git config core.fsmonitor 'touch /tmp/pwned'", "config"),
    "git maintenance": ("git config maintenance.auto false; git config maintenance.strategy incremental", "config"),
    "a sparse checkout": ("git sparse-checkout init; git sparse-checkout disable",
                          "config, config.worktree, info/sparse-checkout"),
    "a new repository": ("rm -rf .git; git init -q -b main --template=; git commit -q --allow-empty -m mine",
                         "config, objects/info/alternates, refs/heads/main"),
    "none at all": ("rm -rf .git", "it was deleted"),
    "all shut": ("git config user.email me@example.com; chmod 000 .git", "config"),
}  # fmt: skip


@pytest.mark.parametrize("what", deep.rows(INSTALLS, "git", ordinary=("husky",)))
def test_what_an_installer_does_to_the_git_of_its_work_tree_costs_no_result_and_does_not_stay(
    world: World, what: str
) -> None:
    command, told = INSTALLS[what]
    looks = f"git config --list --local > {world.home}/config; ls .git/hooks > {world.home}/hooks || true"
    world.write("src/a.py", "a = 1\n")
    first, then = world.step("act", f"echo x > src/a.py; {command}"), world.step("then", looks)
    world.workstream("w", scope={"modify": ["src/**"]}, steps=[first, then])
    record = ends(world)
    assert (record["outcome"], record["message"]) == ("changed", "")
    assert [step["notes"] for step in record["steps"] if step["step"] in ("act", "then")] == [[f"{UNDONE}: {told}"], []]
    assert "gc.auto=0" in (world.home / "config").read_text()
    assert not {"hookspath", "fsmonitor", "maintenance"} & set(re.split(r"[.=\n]", (world.home / "config").read_text()))
    assert (world.home / "hooks").read_text() == ""


def test_what_a_step_did_to_the_git_of_its_work_tree_is_gone_when_the_run_is_over(world: World) -> None:
    scoped(
        world, "echo x > src/a.py; git config a.b c; git branch own; git update-ref -d refs/heads/main", modify=["**"]
    )
    inside = ("-C", str(world.worktree("w")))
    assert world.git(*inside, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert world.git(*inside, "config", "a.b", ok=False) == ""
    assert world.git(*inside, "status", "--porcelain") == ""
    world.now = "2027-11-24T02:00:00+00:00"
    assert "no run made" not in world.doit("gc").out


def test_a_change_inside_scope_is_committed_whatever_git_calls_made_it(world: World) -> None:
    record = scoped(
        world,
        "git checkout -qb own; git mv src/a.py src/c.py; git commit -qm mine; chmod +x src/b.py; git stash list; git tag v1",
        modify=["src/**"],
    )
    assert record["outcome"] == "changed"
    assert {(one["status"], one["path"]) for one in record["files"]} == {
        ("D", "src/a.py"),
        ("A", "src/c.py"),
        ("M", "src/b.py"),
    }
    assert record["steps"][0]["notes"] == [f"{UNDONE}: refs/heads/own, refs/tags/v1"]
    assert world.git("tag") == ""
    assert world.branches() == ["splinter/w"]
    assert world.git("log", "-1", "--format=%an", "splinter/w") == "Test User"


@pytest.mark.parametrize(
    ("end", "outcome"),
    deep.rows([("", "changed"), ("; exit 3", "failed")], "attacks", ordinary=[("; exit 3", "failed")]),
)
def test_refs_of_an_agent_are_named_where_they_are_packed_and_where_the_step_fails(
    world: World, end: str, outcome: str
) -> None:
    command = f"git tag v1; git pack-refs --all; git branch loose; echo x > src/a.py{end}"
    record = scoped(world, command, modify=["src/**"])
    assert record["outcome"] == outcome
    assert record["steps"][-1]["notes"] == [f"{UNDONE}: refs/heads/loose, refs/tags/v1"]


def test_create_and_modify_are_told_apart(world: World) -> None:
    record = scoped(world, "echo x > src/new.py", modify=["src/**"], create=["docs/**"])
    assert record["message"] == "src/new.py is not in scope to create"


def test_a_guarded_file_may_change_where_scope_names_it(world: World) -> None:
    record = scoped(world, "mkdir -p .github; echo x > .github/x", modify=[".github/**"])
    assert record["outcome"] == "changed"


def test_names_with_blanks_newlines_quotes_and_dashes_are_committed(world: World) -> None:
    names = ["a b", "a\nb", "-rf", "ü", '"q"', ":(top)x", "*"]
    world.workstream("w", steps=[{"id": "s", "run": ["python3", "-c", f"for n in {names!r}: open(n, 'w').write(n)"]}])
    assert ends(world)["outcome"] == "changed"
    listed = world.git("ls-tree", "-z", "--name-only", "splinter/w").split("\0")
    assert set(names) <= set(listed)


def test_bytes_that_are_no_text_stay_as_they_are(world: World) -> None:
    world.workstream("w", steps=[{"id": "s", "run": "printf '\\377\\000\\r\\n' | tee bin.dat"}])
    record = ends(world)
    assert (world.root / record["steps"][0]["log"]).read_bytes() == b"\xff\0\r\n"
    assert world.git("cat-file", "-s", "splinter/w:bin.dat") == "4"


def test_a_step_that_was_to_change_something_and_did_not_fails(world: World) -> None:
    world.workstream("w", steps=[{"id": "s", "run": "true", "expect": "change"}])
    assert ends(world)["reason"] == "no_change"


def test_nothing_changed_makes_no_branch_and_no_pull_request(world: World) -> None:
    world.workstream("w", steps=[{"id": "s", "run": "true"}])
    world.commit()
    done = world.doit()
    assert done.status == 0
    assert world.outcomes() == {"w": "unchanged"}
    assert world.branches() == []
    assert list((world.root / ".splinter").glob("pull-requests/*")) == []


def test_a_failed_check_keeps_its_junit_results_and_moves_no_branch(world: World) -> None:
    world.write("splinter.toml", '[tools.unit]\ncommand = "sh"\nargs = ["-c", "cp $1 $0; exit 1", "{junit}"]\n')
    world.write("result.xml", JUNIT)
    world.workstream(
        "w", steps=[world.step("s", "echo x > x.txt")], checks=[{"id": "unit", "tool": "unit", "args": ["result.xml"]}]
    )
    record = ends(world)
    assert (record["outcome"], record["reason"], record["step"]) == ("failed", "check_failed", "unit")
    assert record["message"] == "unit: 1 of 2 tests failed, none of them newly"
    assert record["notes"][0] == (
        "What fails here failed before the change too, and is still to be fixed: by this workstream, on main, or in "
        'what is installed here. checks = "baseline" in the settings lets it stand.'
    )
    assert record["checks"][0]["cases"] == [
        {"id": "s > t::ok", "outcome": "passed", "seconds": None, "message": "", "attempts": []},
        {"id": "s > t::bad", "outcome": "failed", "seconds": None, "message": "it broke", "attempts": []},
    ]
    assert world.branches() == []
    kept = {file.suffix for file in (world.root / ".splinter/runs").rglob("unit*.junit*")}
    assert kept == {".txt"}, "a browser runs the scripts in XML"


NO_RESULTS = [
    ('echo \'<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>\' > "$0"', "it declares a document type"),
    ('mkfifo "$0"', "it is no regular file"),
    ('ln -s /etc/passwd "$0"', "it cannot be opened"),
    ('echo nonsense > "$0"', "it is no JUnit file"),
]


@pytest.mark.parametrize(("content", "told"), deep.rows(NO_RESULTS, "attacks", ordinary=NO_RESULTS[:1]))
def test_results_that_are_no_results_are_reported_and_not_read(world: World, content: str, told: str) -> None:
    world.write("make.sh", content + "\n")
    world.write("splinter.toml", '[tools.unit]\ncommand = "sh"\nargs = ["-c", ". ./make.sh", "{junit}"]\n')
    world.workstream(
        "w", steps=[world.step("s", "echo x > x.txt")], checks=[{"id": "unit", "tool": "unit", "args": []}]
    )
    record = ends(world)
    assert record["outcome"] == "changed"
    assert told in record["checks"][0]["notes"][0]


def test_what_a_check_changes_is_thrown_away_and_reported(world: World) -> None:
    world.workstream(
        "w", steps=[world.step("s", "echo x > x.txt")], checks=[{"id": "c", "run": "echo y > x.txt; echo z > z.txt"}]
    )
    record = ends(world)
    assert record["outcome"] == "changed"
    assert record["checks"][0]["notes"] == ["it changed 2 files (x.txt first); thrown away"]
    assert world.git("show", "splinter/w:x.txt") == "x"
    assert (world.worktree("w") / "x.txt").read_text() == "x\n"


def test_a_missing_artifact_fails(world: World) -> None:
    world.workstream("w", steps=[world.step("s", "echo x > x.txt")], artifacts=["x.txt", "docs/api.md"])
    record = ends(world)
    assert (record["reason"], record["message"]) == (
        "missing_artifact",
        "docs/api.md should exist at the end and does not",
    )


@pytest.mark.plain_user
def test_an_artifact_in_a_closed_folder_is_missing(world: World) -> None:
    world.write(".gitignore", "shut/\n")
    step = world.step("s", "mkdir shut; touch shut/api.md; echo x > x.txt; chmod 000 shut")
    world.workstream("w", steps=[step], artifacts=["shut/api.md"])
    told = "shut/api.md should exist at the end and does not" if os.geteuid() else ""  # nothing is closed to root
    assert ends(world)["message"] == told


def test_a_failed_preflight_runs_no_step(world: World) -> None:
    world.workstream("w", preflight=[{"run": "echo no >&2; seq 19; exit 4"}], steps=[world.step("s", "true")])
    record = ends(world)
    assert (record["reason"], world.calls()) == ("preflight", [])
    _, first, *_, last = record["message"].splitlines()
    assert "ended with exit status 4" in record["message"]
    assert (first, last) == ("no", "19")


def test_a_tool_that_is_not_installed_is_reported_before_anything_runs(world: World) -> None:
    world.write("splinter.toml", '[tools.absent]\ncommand = "no-such-program"\n')
    world.workstream("w", steps=[world.step("s", "true"), {"id": "t", "tool": "absent", "args": ["x"]}])
    record = ends(world)
    assert (record["reason"], world.calls()) == ("tool_missing", [])
    assert record["message"] == 'tool "absent": no-such-program is not on PATH; install it and run again'


@pytest.mark.lane("stories")
def test_a_budget_of_minutes_ends_a_step(world: World) -> None:
    world.workstream("w", budget={"minutes": 0.02}, steps=[world.step("s", "sleep 600")])
    record = ends(world)
    assert record["reason"] == "over_budget"


@pytest.mark.lane("stories")
def test_an_always_workstream_runs_each_time(world: World) -> None:
    world.workstream("w", when="always", steps=[world.step("s", "echo x >> x.txt")])
    world.commit()
    world.doit()
    world.doit()
    assert world.calls() == ["s", "s"]


@pytest.mark.lane("stories")
def test_an_on_change_workstream_runs_when_its_inputs_changed_on_the_base(world: World) -> None:
    world.workstream(
        "w",
        when="on-change",
        inputs=["src/**"],
        scope={"modify": ["out.txt"]},
        steps=[world.step("s", "ls src > out.txt")],
    )
    world.write("src/a.txt", "a")
    world.commit()
    world.doit()
    world.write("other.txt", "x")
    world.commit()
    world.now = TUESDAY
    world.doit()
    assert world.calls() == ["s"]
    world.write("src/b.txt", "b")
    world.commit()
    world.doit()
    assert world.calls() == ["s", "s"]
    assert world.git("show", "splinter/w:out.txt").split() == ["a.txt", "b.txt"]


def test_what_a_tool_does_to_guarded_files_is_taken_back_and_told(world: World) -> None:
    world.write("splinter.toml", '[tools.linter]\ncommand = "sh"\nargs = ["-c"]\n')
    script = "echo '# tidied' >> dodo.py; echo x > x.txt; mkdir -p .github/workflows; echo on: push > .github/workflows/x.yml"
    world.workstream("w", steps=[{"id": "s", "tool": "linter", "args": [script]}])
    world.commit()
    assert ends(world)["outcome"] == "changed"
    assert world.git("diff", "--name-only", "main", "splinter/w").split() == ["x.txt"]
    [note] = world.records()["w"]["steps"][0]["notes"]
    assert note.startswith("taken back: what linter did to .github/workflows/x.yml, dodo.py; scope has to name")


@pytest.mark.lane("stories")
def test_a_failed_check_goes_back_to_the_tool_until_it_passes(world: World) -> None:
    fake_agent(world, 'case "$PROMPT" in *"1 of 2"*|*failed*) echo good > x.txt;; *) echo bad > x.txt;; esac')
    world.workstream(
        "w", tool="agent", steps=[{"id": "ask", "prompt": "write x"}], fix={"attempts": 3},
        checks=[{"id": "good", "run": "grep good x.txt"}],
    )  # fmt: skip
    record = ends(world)
    assert record["outcome"] == "changed"
    assert [step["step"] for step in record["steps"]] == ["ask", "fix-1"]
    assert world.git("log", "--format=%(trailers:key=Step,valueonly,separator=)", "main..splinter/w").split() == [
        "fix-1",
        "ask",
    ]


@pytest.mark.lane("stories")
def test_a_fix_loop_that_goes_in_circles_is_ended_and_not_paid_for_again(world: World) -> None:
    fake_agent(
        world, "if grep -q one x.txt 2>/dev/null; then echo two > x.txt; else echo one > x.txt; fi; echo ask >> $CALLS"
    )
    world.workstream(
        "w", tool="agent", when="daily", env=["CALLS"], steps=[{"id": "ask", "prompt": "write x"}],
        fix={"attempts": 2}, checks=[{"id": "good", "run": "grep good x.txt"}],
    )  # fmt: skip
    world.env["CALLS"] = str(world.calls_file)
    assert ends(world)["reason"] == "oscillating"
    assert world.new_calls() == ["ask", "ask", "ask"]
    world.doit("w")
    record = world.records()["w"]
    assert record["reason"] == "oscillating"
    assert record["message"].startswith(
        "fix attempt 2 came back to a result that had failed before; "
        "no more are made until the next occurrence, an edit, or doit -a"
    )
    assert world.new_calls() == []
    world.now = TUESDAY
    world.doit("w")
    assert world.new_calls() == ["ask", "ask", "ask"]


def test_a_recorded_patch_stands_in_for_an_agent(world: World) -> None:
    world.write("x.txt", "old\n")
    world.write("workstreams/recorded/w/ask.patch", "--- a/x.txt\n+++ b/x.txt\n@@ -1 +1 @@\n-old\n+new\n")
    world.workstream("w", steps=[{"id": "ask", "prompt": "make it new", "tool": "replay", "expect": "change"}])
    record = ends(world)
    assert record["outcome"] == "changed"
    assert world.git("show", "splinter/w:x.txt") == "new"


def test_children_see_no_secret_and_no_git_variable(world: World) -> None:
    world.env |= {"GITHUB_TOKEN": "made-up-token-123", "GIT_AUTHOR_NAME": "Mallory", "NAMED": "yes", "UNNAMED": "no"}
    world.workstream("w", env=["NAMED"], steps=[{"id": "s", "run": "env | sort > env.txt"}])
    world.commit()
    assert world.doit("w").status == 0
    found = world.git("show", "splinter/w:env.txt")
    assert "NAMED=yes" in found.splitlines()
    assert "TERM=dumb" in found.splitlines()
    for word in ("made-up-token", "Mallory", "UNNAMED"):
        assert word not in found


@pytest.mark.lane("stories")
def test_a_dirty_checkout_and_a_detached_head_are_left_alone(world: World) -> None:
    world.workstream("w", base="main", steps=[world.step("s", "echo x > x.txt")])
    world.commit()
    world.git("checkout", "--quiet", "--detach")
    world.write("README.md", "edited\n")
    world.git("add", "README.md")
    world.write("README.md", "edited twice\n")
    world.write("untracked.txt", "u\n")
    index = (world.root / ".git/index").read_bytes()
    before = world.git("status", "--porcelain=v2", "--branch"), world.git("stash", "list")
    index = (world.root / ".git/index").read_bytes()
    assert world.doit().status == 0
    assert (world.root / ".git/index").read_bytes() == index
    assert (world.git("status", "--porcelain=v2", "--branch"), world.git("stash", "list")) == before
    assert world.branches() == ["splinter/w"]


def test_a_branch_that_is_checked_out_is_not_moved(world: World) -> None:
    world.workstream("w", steps=[world.step("s", "date +%N > x.txt")])
    world.commit()
    world.doit()
    tip = world.git("rev-parse", "splinter/w")
    world.git("worktree", "add", "--quiet", "../elsewhere", "splinter/w")
    world.now = TUESDAY
    assert world.doit().status == 1
    assert world.git("rev-parse", "splinter/w") == tip
    assert 'switch --detach" frees it' in world.records()["w"]["message"]


def test_files_listed_in_worktreeinclude_are_copied_in_and_never_committed(world: World) -> None:
    world.write(".gitignore", ".env\n")
    world.write(".env", "A=1\n")
    world.write(".worktreeinclude", ".env\n")
    world.workstream("w", steps=[{"id": "s", "run": "cat .env > seen.txt"}])
    assert ends(world)["outcome"] == "changed"
    assert world.git("show", "splinter/w:seen.txt") == "A=1"
    assert ".env" not in world.git("ls-tree", "--name-only", "splinter/w").split()


@pytest.mark.lane("stories")
def test_a_file_of_worktreeinclude_that_went_from_the_checkout_goes_from_the_work_tree(world: World) -> None:
    world.write(".gitignore", ".env\n")
    world.write(".env", "A=1\n")
    world.write(".worktreeinclude", ".env\n")
    world.workstream("w", steps=[{"id": "s", "run": f"cat .env >> {world.calls_file} || true; false"}])
    world.commit()
    world.doit("w")
    assert world.new_calls() == ["A=1"]
    world.write(".env", "A=2\n")
    assert "-- w:prepare\n" in world.doit("w").out  # taken up at the step, in the same work tree
    assert world.new_calls() == ["A=2"]
    (world.root / ".env").unlink()
    assert "-- w:prepare\n" in world.doit("w").out
    assert world.new_calls() == []
    assert not (world.worktree("w") / ".env").exists()


def test_a_pattern_of_worktreeinclude_that_brings_nothing_is_told(world: World) -> None:
    world.write(".gitignore", "*.key\n")
    world.write("folder/a.key", "x\n")
    world.write("folder/tracked", "x\n")
    world.write(".worktreeinclude", "gone.key\n**/gone.key\nnew.cfg\nREADME.md\nfolder\n")
    world.workstream("w", steps=[{"id": "s", "run": "true"}])
    world.commit()
    world.write("new.cfg", "x\n")
    why = "since git does not ignore it: a work tree has it as it is committed, and .gitignore names what is to be copied."
    assert [line.strip() for line in world.doit("w").out.splitlines() if ".worktreeinclude" in line] == [
        '.worktreeinclude: "gone.key" matches nothing in the checkout; for any folder it is "**/gone.key".',
        '.worktreeinclude: "**/gone.key" matches nothing in the checkout.',
        f'.worktreeinclude: "new.cfg" brings nothing, {why}',
        f'.worktreeinclude: "README.md" brings nothing, {why}',
    ]


def fake_agent(world: World, script: str) -> None:
    """A program that takes a prompt and edits files: the shape of an agent."""
    agent = world.home / "agent"
    agent.write_text(f'#!/bin/sh\nPROMPT="$1"\n{script}\n')
    agent.chmod(0o755)
    world.write("splinter.toml", f'[tools.agent]\ncommand = "{agent}"\nprompt_args = ["{{prompt}}"]\n')


def test_a_work_tree_swapped_for_a_link_is_never_cleaned_through_it(world: World) -> None:
    victim = world.home / "victim"
    victim.mkdir()
    (victim / "precious.txt").write_text("precious")
    world.workstream("w", steps=[world.step("s", f'here=$(pwd); cd ..; rm -rf "$here"; ln -s "{victim}" "$here"')])
    record = ends(world)
    assert (record["reason"], record["message"]) == ("out_of_scope", "the step deleted or replaced its work tree")
    world.workstream("w", steps=[world.step("s", "echo x > x.txt")])
    assert ends(world)["outcome"] == "changed"
    assert [path.name for path in victim.iterdir()] == ["precious.txt"]
    assert not world.worktree("w").is_symlink()


def test_an_ignored_link_leads_no_included_file_out(world: World) -> None:
    world.write(".gitignore", "cache\n")
    world.write("cache/a.txt", "A")
    world.write(".worktreeinclude", "cache\n")
    outside = world.home / "outside"
    outside.mkdir()
    world.workstream("w", steps=[world.step("s", f'rm -rf cache; ln -s "{outside}" cache')])
    assert ends(world)["outcome"] == "unchanged"
    world.workstream("w", title="edited", steps=[world.step("s", f'rm -rf cache; ln -s "{outside}" cache')])
    world.doit("w")
    assert list(outside.iterdir()) == []


def test_a_reports_folder_of_the_users_own_keeps_its_files(world: World) -> None:
    world.write("reports/mine.md", "mine\n")
    world.workstream("w", steps=[world.step("s", "echo x > x.txt")])
    world.commit()
    assert world.doit().status == 0
    assert (world.root / "reports/latest/report.md").exists()
    assert world.git("status", "--porcelain") == ""
    world.write("reports/new.md", "new\n")
    assert world.git("status", "--porcelain") == "?? reports/new.md"


@pytest.mark.lane("stories")
def test_a_reports_latest_of_the_users_own_is_not_replaced(world: World) -> None:
    world.write("reports/latest/mine.md", "mine\n")
    world.workstream("w", steps=[world.step("s", "echo x > x.txt")])
    world.commit()
    done = world.doit()
    assert done.status == 2
    assert "reports/latest is a folder that is not ours; move it away" in done.out
    assert (world.root / "reports/latest/mine.md").read_text() == "mine\n"


def test_a_failure_of_git_itself_is_reported_in_the_report(world: World) -> None:
    world.workstream("w", steps=[world.step("s", "echo x > x.txt")])
    world.commit()
    world.doit()
    world.now = TUESDAY
    state = world.worktree("w").parent.parent
    for file in (state / "index").iterdir():
        file.unlink()
    (state / "index").rmdir()
    (state / "index").write_text("in the way")
    done = world.doit()
    assert done.status == 2
    assert f"w:prepare  error  Not a directory: {state}/index" in done.out
    assert world.outcomes() == {"w": "failed"}
    assert "Not a directory" in (world.root / "reports/latest/report.md").read_text()


ORDERS = (".claude/settings.json", ".gemini/settings.json", ".aider.conf.yml", ".env", "opencode.json")


@pytest.mark.parametrize("path", deep.rows(ORDERS, "attacks", ordinary=(".claude/settings.json",)))
def test_what_agents_take_orders_from_is_out_of_scope_unless_it_is_named(world: World, path: str) -> None:
    command = f"mkdir -p \"$(dirname {path})\"; echo '{{}}' > {path}"
    record = scoped(world, command, modify=["**"])
    assert (record["reason"], record["message"]) == ("out_of_scope", f"{path} is forbidden")
    world.workstream("w", scope={"modify": [path]}, steps=[world.step("act", command)])
    assert ends(world)["outcome"] == "changed"


def test_orders_that_an_earlier_command_left_ignored_by_git_reach_no_agent(world: World) -> None:
    world.write(".gitignore", ".env\n.claude/\n.aider.conf.yml\n")
    world.write(".env", "MINE=1\n")
    world.write(".worktreeinclude", ".env\n")
    fake_agent(world, "ls -a > seen.txt; cat .env >> seen.txt")
    plants = "mkdir -p .claude; echo '{}' > .claude/settings.json; echo x > .aider.conf.yml"
    world.workstream("w", steps=[world.step("plants", plants), {"id": "ask", "prompt": "x", "tool": "agent"}])
    assert ends(world)["outcome"] == "changed"
    seen = world.git("show", "splinter/w:seen.txt").split()
    assert {".env", "MINE=1"} <= set(seen)
    assert {".claude", ".aider.conf.yml"} & set(seen) == set()


@pytest.mark.plain_user
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes everywhere")
def test_what_a_step_left_in_a_read_only_folder_is_in_nobody_s_way(world: World) -> None:
    world.workstream("w", steps=[world.step("s", "mkdir -p a/b && echo x > a/b/f && chmod -R a-w a && exit 1")])
    assert ends(world)["reason"] == "exit_code"
    world.workstream("w", steps=[world.step("s", "test ! -e a && echo made > made.txt")])
    assert ends(world)["outcome"] == "changed"
    assert world.git("show", "splinter/w:made.txt") == "made"
    assert world.git("ls-tree", "splinter/w", "a") == ""


UNSAID = {
    "case": ("**", "mkdir .GitHub; echo x > .GitHub/x.yml", ".GitHub/x.yml is forbidden"),
    "instructions": ("**", "echo x > AGENTS.md", "AGENTS.md is forbidden"),
    "our table": ("**", "printf '[tool.splinter]\\nsandbox = \"none\"\\n' > pyproject.toml",
         "[tool.splinter] of pyproject.toml is forbidden"),
    "doit's table": ("pyproject.toml", "printf '[tool.doit]\\nx = 1\\n' > pyproject.toml", "[tool.doit] of pyproject.toml is forbidden"),
    "no TOML": ("pyproject.toml", "echo '[' > pyproject.toml", "[tool.doit] of pyproject.toml is forbidden"),
    "a file that became a folder": ("README.md", "rm README.md; mkdir README.md; echo x > README.md/x", "README.md/x is not in scope to create"),
}  # fmt: skip


@pytest.mark.parametrize("what", deep.rows(UNSAID, "attacks", ordinary=("case",)))
def test_what_scope_does_not_say_is_not_in_it(world: World, what: str) -> None:
    scope, command, told = UNSAID[what]
    record = scoped(world, command, modify=[scope], create=[scope])
    assert record["reason"] == "out_of_scope"
    assert told in record["message"].split("; ")


def test_other_tables_of_pyproject_are_the_scopes_to_say(world: World) -> None:
    world.write("pyproject.toml", "[tool.doit]\nx = 1\n[tool.ruff]\nline-length = 80\n")
    record = scoped(world, "sed -i s/80/100/ pyproject.toml", modify=["pyproject.toml"])
    assert record["outcome"] == "changed", record["message"]


DEEP = "for i in $(seq 1500); do mkdir d; cd d; done"


MUCH = {
    "a file of 300 GB": "truncate -s 300G .git/info/x",
    "folders in folders": f"cd .git/info; {DEEP}",
    "files": "mkdir .git/hooks; cd .git/hooks; seq 2500 | xargs touch",
}


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(MUCH[row], id=row, marks=pytest.mark.lane("attacks") if row != "a file of 300 GB" else ())
        for row in MUCH
    ],
)
def test_what_a_step_leaves_is_looked_at_within_bounds(world: World, command: str) -> None:
    """And the next run begins on a clean tree."""
    world.write("src/a.py", "a = 1\n")
    world.workstream(
        "w", scope={"modify": ["src/**"]}, steps=[{"id": "act", "run": f"echo x >> src/a.py; ({command})"}]
    )
    world.commit()
    done = world.doit()
    assert done.status in (0, 1), done
    assert "defect" not in done.out + done.err
    world.workstream("w", scope={"modify": ["src/**"]}, steps=[{"id": "act", "run": "echo y >> src/a.py"}])
    assert world.doit().status == 0
    assert world.git("diff", "--name-only", "main", "splinter/w") == "src/a.py"


def test_a_branch_that_could_not_be_made_is_told_before_anything_runs(world: World) -> None:
    world.workstream("w", steps=[world.step("s", "echo x > x.txt")])
    world.commit()
    world.git("branch", "splinter")
    assert world.doit("w").status == 1
    record = world.records()["w"]
    assert (record["step"], record["reason"]) == ("prepare", "conflict")
    assert '"git branch -m splinter NEW-NAME" frees the name' in record["message"]
    assert world.calls() == []
    world.git("branch", "-m", "splinter", "another")
    assert world.doit("w").status == 0


def test_no_agent_is_paid_for_a_branch_that_somebody_holds(world: World) -> None:
    fake_agent(world, f'[ "$1" = --version ] && exit; echo asked >> {world.calls_file}; date +%N > x.txt')
    world.workstream("w", tool="agent", when="daily", again=True, steps=[{"id": "s", "prompt": "do it"}])
    world.commit()
    world.doit("w")
    world.git("worktree", "add", "--quiet", "../elsewhere", "splinter/w")
    world.now = TUESDAY
    assert world.doit("w").status == 1
    record = world.records()["w"]
    assert (record["step"], record["reason"]) == ("s", "conflict")
    assert "is checked out in" in record["message"]
    assert world.calls() == ["asked"]
    shutil.rmtree(world.root.parent / "elsewhere")
    assert world.doit("w").status == 1
    assert '"git worktree prune" frees it' in world.records()["w"]["message"]
    world.git("worktree", "prune")
    assert world.doit("w").status == 0
    assert world.calls() == ["asked", "asked"]
