"""Every failure keeps what was made, names where, and says no more than can be read."""

from __future__ import annotations

import html
import json
import subprocess
from pathlib import Path

import pytest

from tests import deep
from tests.world import World

REFUSED = {
    "an empty repository": ("mkdir -p app/src; git init -q app; echo code > app/src/main.py", {"app/src/main.py": "code\n"}),
    "a repository in a new folder": (
        "mkdir -p apps/web; git init -q apps/web; echo code > apps/web/a.js; echo x > apps/x", {"apps/web/a.js": "code\n", "apps/x": "x\n"},
    ),
    "a repository with a commit": (
        "mkdir app; cd app; git init -q; echo code > main.py; git add .; git -c user.name=a -c user.email=a@b commit -qm x",
        {"app/main.py": "code\n"},
    ),
    "a folder .GIT": ("mkdir .GIT; echo code > .GIT/x", {".GIT/x": "code\n"}),
    "a file .GIT": ("mkdir d; echo code > d/.GIT", {"d/.GIT": "code\n"}),
}  # fmt: skip


def applied(world: World, patch: Path) -> dict[str, str]:
    """The files that a patch makes, whatever git says of their names."""
    found, name = {}, ""
    for line in patch.read_text().splitlines():
        if line.startswith("+++ b/"):
            name = line.removeprefix("+++ b/")
            found[name] = ""
        elif line.startswith("+") and not line.startswith("+++"):
            found[name] += f"{line[1:]}\n"
    return found


@pytest.mark.parametrize("what", deep.rows(REFUSED, "git", ordinary=("a repository in a new folder",)))
def test_what_git_refuses_is_kept_as_a_patch(world: World, what: str) -> None:
    script, files = REFUSED[what]
    world.workstream("w", steps=[world.step("make", f"echo good > good.txt\n({script})")])
    world.commit()
    assert world.doit("w").status == 1
    step = world.records()["w"]["steps"][-1]
    assert step["reason"] == "out_of_scope"
    assert step["patch"], step["message"]
    kept = applied(world, world.root / step["patch"])
    assert kept.items() >= {"good.txt": "good\n", **files}.items()
    assert world.doit("w").status == 1, "nothing of it is in the way of the next try"
    assert not list((world.root / ".splinter/runs").glob("*/w/found-in-worktree.patch"))


@pytest.mark.parametrize("what", deep.rows(REFUSED, "git", ordinary=("a file .GIT",)))
def test_hand_edits_beside_what_git_refuses_are_kept(world: World, what: str) -> None:
    script, files = REFUSED[what]
    world.workstream("w", when="always", steps=[world.step("make", "echo x > x.txt")])
    world.commit()
    assert world.doit("w").status == 0
    (world.worktree("w") / "x.txt").write_text("by hand\n")
    subprocess.run(["bash", "-c", script], cwd=world.worktree("w"), check=True)
    assert world.doit("w").status == 0
    (patch,) = (world.root / ".splinter/runs").glob("*/w/found-in-worktree.patch")
    assert applied(world, patch).items() >= {"x.txt": "by hand\n", **files}.items()


def test_a_failed_check_keeps_patch_files_ref_and_log(world: World) -> None:
    world.workstream(
        "w", steps=[world.step("one", "echo a > a.txt"), world.step("two", "echo b > b.txt")],
        checks=[{"id": "right", "run": "echo wrong; exit 1"}],
    )  # fmt: skip
    world.commit()
    done = world.doit()
    assert done.status == 1
    record = world.records()["w"]
    folder = f".splinter/runs/{json.loads(world.doit('show', '--json').out)['run']}/w"
    assert record["reason"] == "check_failed"
    assert [one["path"] for one in record["files"]] == ["a.txt", "b.txt"]
    assert (record["ref"], record["patch"]) == ("refs/splinter/checkpoints/w/two", f"{folder}/made.patch")
    assert world.git("show", f"{record['ref']}:b.txt") == "b"
    assert applied(world, world.root / record["patch"]) == {"a.txt": "a\n", "b.txt": "b\n"}
    told = {
        "Log of right": f"{folder}/right.log", "Patch of what was made": f"{folder}/made.patch",
        "Commit of what was made": "refs/splinter/checkpoints/w/two",
    }  # fmt: skip
    for what, where in told.items():
        assert f"     {what}: {where}\n" in done.out
        assert f"- {what}: `{where}`\n" in (world.root / "reports/latest/report.md").read_text()
    assert "     Files: a.txt, b.txt\n" in done.out
    see = f"To see it: git diff {world.git('rev-parse', 'main')[:12]} refs/splinter/checkpoints/w/two"
    assert f"     {see}\n" in done.out
    page = (world.root / "reports/latest/index.html").read_text()
    assert f'href="../../{folder}/made.patch"' in page
    assert "<dt>Commit of what was made</dt><dd><code>refs/splinter/checkpoints/w/two</code></dd>" in page
    assert (
        "Files changed:\n\n- added `a.txt`\n- added `b.txt`\n" in (world.root / "reports/latest/report.md").read_text()
    )


@pytest.mark.parametrize(
    ("fields", "reason", "files"),
    [
        ({"artifacts": ["gone.txt"]}, "missing_artifact", ["a.txt"]),
        ({"checks": [{"id": "slow", "run": "sleep 60", "timeout": "1s"}]}, "check_failed", ["a.txt"]),
    ],
)
def test_every_end_after_the_steps_keeps_what_they_made(
    world: World, fields: dict[str, object], reason: str, files: list[str]
) -> None:
    world.workstream("w", steps=[world.step("one", "echo a > a.txt")], **fields)
    world.commit()
    world.doit("w")
    record = world.records()["w"]
    assert (record["reason"], [one["path"] for one in record["files"]]) == (reason, files)
    assert (world.root / record["patch"]).is_file()
    assert world.git("rev-parse", record["ref"])


@pytest.mark.lane("stories")
def test_a_check_that_the_budget_ended_is_named_with_its_log(world: World) -> None:
    check = {"id": "slow", "run": "test -e a.txt || exit 0; echo waiting; sleep 60"}
    world.workstream("w", steps=[world.step("one", "echo a > a.txt")], checks=[check], budget={"minutes": 0.05})
    world.commit()
    done = world.doit()
    record = world.records()["w"]
    assert (record["reason"], record["step"]) == ("over_budget", "slow")
    log = record["checks"][0]["log"]
    assert (world.root / log).read_text() == "waiting\n"
    assert f"     Log of slow: {log}\n" in done.out
    assert f"- Log of slow: `{log}`\n" in (world.root / "reports/latest/report.md").read_text()


def test_a_step_that_fails_keeps_its_own_patch_and_the_ref_of_those_before_it(world: World) -> None:
    world.workstream("w", steps=[world.step("one", "echo a > a.txt"), world.step("two", "echo b > b.txt; exit 3")])
    world.commit()
    done = world.doit("w")
    record = world.records()["w"]
    assert record["ref"] == "refs/splinter/checkpoints/w/one"
    assert f"     Patch of two: {record['steps'][-1]['patch']}\n" in done.out
    assert f"     Log of two: {record['steps'][-1]['log']}\n" in done.out


@pytest.mark.parametrize("where", deep.rows(("steps", "checks", "setup", "preflight"), "stories", ordinary=("steps",)))
def test_the_last_lines_have_a_limit_in_characters(world: World, where: str) -> None:
    loud = 'python3 -c \'print("begin " + "x" * 3_000_000 + " end")\'; exit 3'
    fields = {"steps": [world.step("s", "echo a > a.txt")], where: [{"id": "loud", "run": loud}]}
    if where == "setup":
        fields["setup"] = [{"run": loud}]
    world.workstream("w", **fields)
    world.commit()
    done = world.doit()
    assert done.status == 1
    assert len(done.out) < 10_000
    assert "xxx […] xxx" in done.out
    assert "xxx end\n" in done.out
    assert (world.root / ".splinter/history.db").stat().st_size < 200_000
    (log,) = (world.root / ".splinter/runs").glob(f"*/w/{'setup-1' if where == 'setup' else 'loud'}.log")
    assert f": {log.relative_to(world.root)}\n" in done.out, "and the whole is there"


WORDS = ["x" * 270, "\u8a9e" * 90]  # long, and without a space


@pytest.mark.parametrize("word", deep.rows(WORDS, "stories", ordinary=WORDS[1:]))
def test_no_word_of_a_failing_command_hides_its_failure(world: World, word: str) -> None:
    """Words are looked at as names of files, and a disk takes no name of 270 bytes."""
    world.workstream("w", steps=[{"id": "s", "run": f"echo x > a.txt; echo {word}; exit 3"}])
    world.commit()
    assert world.doit().status == 1
    record = world.records()["w"]
    assert (record["reason"], record["step"]) == ("exit_code", "s")
    assert record["steps"][-1]["patch"]


def junit(new: str) -> str:
    cases = f'<testcase classname="t" name="old"><failure message="was so"/></testcase><testcase classname="t" name="new">{new}</testcase>'
    return f'<testsuite name="s" tests="2">{cases}</testsuite>\n'


def test_failing_tests_are_named_with_what_they_say_and_whether_they_are_new(world: World) -> None:
    world.write("splinter.toml", '[tools.unit]\ncommand = "sh"\nargs = ["-c", "cp $1 $0; exit 1", "{junit}"]\n')
    world.write("junit.xml", junit(""))
    world.write("broken.xml", junit('<failure message="broke now"/>'))
    world.workstream(
        "w", steps=[world.step("s", "cp broken.xml junit.xml")],
        checks=[{"id": "unit", "tool": "unit", "args": ["junit.xml"]}],
    )  # fmt: skip
    world.commit()
    done = world.doit()
    lines = ["unit: s > t::new (newly failing): broke now", "unit: s > t::old (still failing): was so"]
    assert "".join(f"     {line}\n" for line in lines) in done.out
    report = html.unescape((world.root / "reports/latest/report.md").read_text()).partition("## Workstreams")[0]
    assert "".join(f"- {line}\n" for line in lines) in report
    assert (
        '<code>s &gt; t::old</code> <span class="soft">still failing</span><pre tabindex="0">was so</pre>'
        in (world.root / "reports/latest/index.html").read_text()
    )
