"""`doit gc` as a user calls it: what is past its limits goes, work never does, and the next run pays for nothing."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from splinter.doit_plugins.commands.gc import Gc
from splinter.maintenance import retention
from splinter.maintenance.retention import DAY_S, Thing
from splinter.system import disk, user_folders
from tests.world import MONDAY, TUESDAY, World, end_group, key, wait_for

DEEP = pytest.mark.lane("gc")  # each is a night or more of its own
NOTHING = "nothing is past its limits\n"
NONE_KEPT = "[gc]\nworktree_days = 0\nlog_days = 0\nresult_days = 0\nresult_mb = 0\nbackup_days = 0\n"


def later(days: int, start: str = MONDAY) -> str:
    return (datetime.fromisoformat(start) + timedelta(days=days)).isoformat()


def gc(world: World, *arguments: str, status: int = 0) -> str:
    """The command in this process, which is ten times as fast; doit's own way to it has tests of its own."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
        patch.chdir(world.root)
        for name, value in world.environ().items():
            patch.setenv(name, value)
        found = Gc().execute(
            {"dry_run": "--dry-run" in arguments, "as_json": "--json" in arguments, "closes": "--close" in arguments},
            [],
        )
    assert found == status, out.getvalue()
    return out.getvalue()


def refs(world: World, prefix: str = "refs") -> dict[str, str]:
    lines = world.git("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
    return {name: oid for name, _, oid in (line.partition(" ") for line in lines)}


def work(world: World) -> set[str]:
    """Every commit that some ref holds which is no kept result, nor the note of an acceptance."""
    tips = [f"{ref}^" if "/accepted/" in ref else ref for ref in refs(world) if "/results/" not in ref]
    return set(world.git("rev-list", *tips).splitlines())


def files(folder: Path) -> dict[str, object]:
    """All that can be told of every file, and of every folder that it is there.

    Of git's objects not the time: git renews it where it meets again what it has.
    """
    found = sorted(path for path in folder.rglob("*") if path.name != "splinter.lock")
    timed = (path for path in found if path.is_file() and "/.git/objects/" not in str(path))
    times = {path: path.lstat().st_mtime_ns for path in timed}
    return {
        str(path): (times.get(path), path.is_file() and path.lstat().st_size, path.lstat().st_ino) for path in found
    }


def write_time(world: World, folder: Path, *, days: int) -> None:
    """Let all of a folder be written that many days ago."""
    at = datetime.fromisoformat(world.now).timestamp() - days * DAY_S
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (at, at), follow_symlinks=False)


def unused(world: World, id: str, *, days: int) -> None:
    """Let a worktree be one that nothing was written in for so long."""
    tree = world.worktree(id)
    write_time(world, tree, days=days)
    for path in tree.parent.parent.glob(f"*/{id}*"):
        if path.is_file():
            write_time(world, path, days=days)


@pytest.fixture
def agent(world: World) -> World:
    """A tool that answers each prompt with a file named by its title, and says in `calls` that it was asked."""
    program = world.home / "agent"
    program.write_text(
        f'#!/bin/sh\n[ "$1" != --version ] || exit 0\nid=$(sed -n "s/^Task: Title of //p")\n'
        f'echo "$id" >> {world.calls_file}\ndate +%N > "$id.txt"\n'
    )
    program.chmod(0o755)
    world.write("splinter.toml", f'[tools.agent]\ncommand = "{program}"\nprompt_args = []\nstdin = "prompt"\n')
    return world


def limits(world: World, text: str) -> None:
    file = world.root / "splinter.toml"
    own = file.read_text().partition("[gc]")[0] if file.exists() else ""
    world.write("splinter.toml", f"{own}{text}")


def prompts(world: World, *ids: str, **fields: object) -> None:
    for id in ids:
        world.workstream(id, steps=[{"id": "ask", "prompt": "Make it.", "tool": "agent"}], **fields)
    world.commit()


def past_runs(world: World, number: int) -> list[Path]:
    """Folders of runs of long ago, each with two logs of four bytes."""
    folders = [world.root / f".splinter/runs/2020010{night}-020000-abcd" for night in range(1, number + 1)]
    for folder in folders:
        for name in ("go.log", "other.log"):
            (folder / "a").mkdir(parents=True, exist_ok=True)
            (folder / "a" / name).write_text("log\n")
    return folders


def nights(world: World, number: int) -> None:
    """That many nights, each a day behind the other."""
    for night in range(number):
        world.now = later(night)
        assert world.doit().status == 0


# --- worktrees ---


@pytest.mark.lane("gc")
def test_what_is_within_its_limits_stays(agent: World) -> None:
    prompts(agent, "a", "b", when="daily", again=True)
    nights(agent, 2)
    before, state = refs(agent), Path(os.environ["XDG_STATE_HOME"])
    kept = files(agent.root), files(state)
    assert gc(agent) == NOTHING
    assert refs(agent) == before
    assert (files(agent.root), files(state)) == kept


def state_of(state: Path, id: str) -> list[Path]:
    """What the state folder holds of a workstream; a git directory of ours is named by a hash, which may begin so."""
    return [one for one in state.glob(f"*/{id}*") if one.parent.name != "git"]


@pytest.mark.lane("gc")
def test_a_worktree_that_was_not_used_for_long_goes_and_the_next_run_makes_it_again(agent: World) -> None:
    prompts(agent, "a", "b", when="daily", again=True)
    nights(agent, 1)
    unused(agent, "a", days=31)
    unused(agent, "b", days=29)
    state = agent.worktree("b").parent.parent
    agent.new_calls()
    held = disk.measure(state_of(state, "a")).bytes
    out = gc(agent)
    told = retention.size(held)
    assert out == f"freed 1 worktree: {told}\n  a: not used for 31 days, the limit is 30, {told}\n"
    assert state_of(state, "a") == []
    assert agent.doit().status == 0
    assert agent.new_calls() == []
    agent.now = TUESDAY
    assert agent.doit("a").status == 0
    assert agent.new_calls() == ["a"]
    assert (agent.worktree("a") / "README.md").is_file()


@DEEP
def test_of_too_much_the_worktrees_go_that_were_used_longest_ago(world: World) -> None:
    for id in ("a", "b", "c"):
        world.workstream(id, steps=[world.step("big", f"head -c 400000 /dev/zero > {id}.bin")])
    world.commit()
    assert world.doit().status == 0
    for number, id in enumerate(("b", "c", "a")):
        unused(world, id, days=9 - number)
    limits(world, "[gc]\nworktree_mb = 1\n")
    assert [line.split(":")[0].strip() for line in gc(world).splitlines()[1:]] == ["b"]
    assert [path.name for path in sorted(world.worktree("a").parent.iterdir())] == ["a", "c"]


def test_what_a_person_changed_in_a_worktree_is_kept_as_a_patch(world: World) -> None:
    world.write("notes.txt", "one\n")
    world.workstream("a", steps=[world.step("go", "echo a > a.txt")])
    world.commit()
    assert world.doit().status == 0
    (world.worktree("a") / "notes.txt").write_text("one\nmine\n")
    (world.worktree("a") / "new.txt").write_text("new\n")
    unused(world, "a", days=40)
    foretold = gc(world, "--dry-run")
    assert "what was changed in it is kept as a patch" in foretold
    out = gc(world)
    assert not (world.root / ".git/index.lock").exists()
    patch = next((world.root / ".splinter/runs").glob("*/a/found-in-worktree.patch"))
    assert f"what was changed in it is kept as {patch.relative_to(world.root)}" in out
    world.git("checkout", "--quiet", "splinter/a")
    world.git("apply", str(patch))
    assert (world.root / "notes.txt").read_text() == "one\nmine\n"
    assert (world.root / "new.txt").read_text() == "new\n"
    assert gc(world) == NOTHING


@DEEP
def test_a_worktree_with_a_stash_of_a_persons_is_left_and_reported(world: World) -> None:
    world.workstream("a", steps=[world.step("go", "echo a > a.txt")])
    world.commit()
    assert world.doit().status == 0
    tree = world.worktree("a")
    (tree / "README.md").write_text("mine\n")
    subprocess.run(["git", "stash"], cwd=tree, check=True, capture_output=True)
    unused(world, "a", days=40)
    assert gc(world) == (
        f"left the worktree of a: its own .git holds refs/stash, which no run made; delete {tree} by hand\n"
    )
    assert tree.is_dir()


def test_the_worktree_of_a_workstream_that_is_gone_goes_and_its_branch_stays(world: World) -> None:
    for id in ("a", "b"):
        world.workstream(id, steps=[world.step("go", f"echo {id} > {id}.txt")])
    world.commit()
    assert world.doit().status == 0
    before, held = refs(world), work(world)
    (world.root / "workstreams/b.yaml").unlink()
    out = world.doit("gc").out
    assert "  b: its workstream is no longer there, " in out
    assert not (world.worktree("a").parent / "b").exists()
    gone = {"refs/splinter/checkpoints/b/go", "refs/splinter/checkpoints/b/prepare"}
    assert before.keys() - refs(world).keys() == gone
    assert work(world) == held
    assert gc(world).splitlines() == [
        "left the pull request of b (.splinter/pull-requests/b.md) is left over: no workstream is called b any more;"
        " `doit gc --close` closes it"
    ]


@pytest.mark.lane("gc")
def test_broken_yaml_ends_nothing_and_makes_no_workstream_gone(world: World) -> None:
    for id in ("a", "b"):
        world.workstream(id, steps=[world.step("go", f"echo {id} > {id}.txt")])
    world.commit()
    assert world.doit().status == 0
    unused(world, "a", days=40)
    world.write("workstreams/b.yaml", "id: [b\n")
    before = refs(world)
    assert "  a: not used for 40 days" in gc(world)
    assert refs(world) == before
    assert world.worktree("b").is_dir()


# --- logs, reports, mails ---


@pytest.mark.lane("gc")
def test_logs_reports_and_mails_of_old_runs_go_and_the_record_stays(agent: World) -> None:
    agent.workstream(
        "bad", when="daily", steps=[agent.step("go", "echo out; echo half > half.txt; exit 3")]
    )  # fmt: skip
    agent.commit()
    for night in range(2):
        agent.now = later(night)
        assert agent.doit().status == 1
    runs = sorted(path.name for path in (agent.root / ".splinter/runs").iterdir())
    history = agent.doit("history").out
    assert ".splinter/runs" in agent.doit("show", runs[0]).out
    limits(agent, "[gc]\nworktree_days = 999\n")
    agent.now = later(92)
    places = [agent.root / ".splinter/runs", agent.root / "reports", agent.root / ".splinter/outbox"]
    held = disk.measure([path for place in places for path in place.glob(f"{runs[0]}*")]).bytes
    foretold, out = gc(agent, "--dry-run"), gc(agent)
    assert out.splitlines()[0].startswith("freed 1 run's logs, patches, report and mail: ")
    assert f"  {runs[0]}: 92 days old, the limit is 90, {retention.size(held)}" in out.splitlines()
    assert foretold == out.replace("freed", "would free")
    for place in places:
        found = {path.name.removesuffix(".eml") for path in place.iterdir() if path.name[0] == "2"}
        assert found == {runs[1]}
    assert (agent.root / "reports/latest/index.html").is_file()
    assert agent.doit("history").out == history
    told = agent.doit("show", runs[0])
    assert ".splinter/runs" not in told.out
    assert "Some of its logs and patches are no longer there" in told.out
    assert json.loads(agent.doit("show", runs[0], "--json").out)["workstreams"][0]["steps"][-1]["log"] is None
    assert "no longer there" not in agent.doit("show").out


def test_answers_of_a_forge_go_that_were_of_no_use_for_long_and_the_oldest_of_too_many(world: World) -> None:
    world.commit()
    gc(world)
    folder = user_folders.cache() / key(world) / "answers"
    folder.mkdir(parents=True)
    for name, size, day in (("old", 1, 0), ("large", 50_000_000, 50), ("new", 2, 91)):
        file = folder / f"{name}.json"
        file.write_bytes(b"x" * size)
        at = datetime.fromisoformat(later(day)).timestamp()
        os.utime(file, (at, at))
    world.now = later(91)
    told = "  forge: 2 answers not used for more than 90 days, or of more than 50 MB, 50.0 MB"
    assert gc(world).splitlines() == ["freed 1 forge's kept answers: 50.0 MB", told]
    assert [path.name for path in folder.iterdir()] == ["new.json"]


@DEEP
def test_of_too_many_logs_the_oldest_go_and_never_the_latest(world: World) -> None:
    world.workstream(
        "a", when="daily", steps=[world.step("go", "head -c 600000 /dev/zero | tr '\\0' x; date +%s%N > a.txt")]
    )
    world.commit()
    nights(world, 3)
    runs = sorted(path.name for path in (world.root / ".splinter/runs").iterdir())
    limits(world, "[gc]\nlog_mb = 1\n")
    assert [line.split(":")[0].strip() for line in gc(world).splitlines()[1:]] == runs[:2]
    limits(world, "[gc]\nlog_mb = 0\nlog_days = 0\nworktree_days = 999\nbackup_days = 999\n")
    world.now = later(400)
    assert gc(world) == NOTHING
    assert (world.root / ".splinter/runs" / runs[2] / "a/go.log").is_file()


@DEEP
def test_what_else_lies_beside_reports_and_mails_is_not_ours(world: World) -> None:
    world.workstream("a", when="daily", steps=[world.step("go", "date +%s%N > a.txt")])
    own = world.write("reports/20200101-010101-abcd/mine.txt", "mine\n")
    world.commit()
    nights(world, 2)
    mail = world.write(".splinter/outbox/letter.eml", "mine\n")
    world.now = later(400)
    assert "freed 1 run's logs, patches, report and mail" in gc(world)
    assert own.is_file()
    assert mail.is_file()


def test_links_are_never_followed(world: World) -> None:
    world.commit()
    users = world.home / "users"
    (users / "folder").mkdir(parents=True)
    (users / "folder/file.txt").write_text("the user's own\n")
    runs = past_runs(world, 3)
    (runs[0] / "a/link-to-folder").symlink_to(users / "folder")
    (runs[0] / "a/link-to-file").symlink_to(users / "folder/file.txt")
    shutil.rmtree(runs[1])
    runs[1].symlink_to(users / "folder")
    key = hashlib.sha256(os.fsencode(world.root / ".git")).hexdigest()[:12]
    state = Path(os.environ["XDG_STATE_HOME"]) / f"splinter/{world.root.name}-{key}"
    (state / "worktrees").mkdir(parents=True)
    (state / "worktrees/a").symlink_to(users / "folder")
    out = gc(world)
    assert "  a: its workstream is no longer there, " in out
    assert [path.name for path in (world.root / ".splinter/runs").iterdir()] == [runs[2].name]
    assert not (state / "worktrees/a").is_symlink()
    assert (users / "folder/file.txt").read_text() == "the user's own\n"


@DEEP
def test_a_folder_of_ours_that_is_a_link_is_reported_and_nothing_goes_there(world: World) -> None:
    world.workstream("a", when="daily", steps=[world.step("go", "date +%s%N > a.txt")])
    world.commit()
    nights(world, 2)
    runs, elsewhere = world.root / ".splinter/runs", world.home / "elsewhere"
    shutil.move(runs, elsewhere)
    runs.symlink_to(elsewhere)
    before = files(elsewhere)
    world.now = later(400)
    out = gc(world, status=2)
    assert f"{runs} is a link, which is not followed; nothing was deleted there" in out.splitlines()
    assert files(elsewhere) == before
    assert len(list((world.root / "reports").glob("2*"))) == 1


# --- refs ---


@pytest.mark.lane("gc")
def test_old_results_go_but_not_the_newest_of_a_step(agent: World) -> None:
    prompts(agent, "a", "b", when="daily", again=True)
    nights(agent, 2)
    limits(agent, "[gc]\nunreachable_days = 999\n")
    held = work(agent)
    assert len(refs(agent, "refs/splinter/results")) == 4
    agent.now = later(92)
    out = gc(agent)
    assert "freed 2 kept results; git's own gc frees what only they held\n" in out
    assert "refs/splinter/results/" in out
    left = agent.git(
        "for-each-ref", "--format=%(contents:subject) %(committerdate:iso-strict)", "refs/splinter/results"
    )
    assert sorted(left.splitlines()) == sorted(
        [f"splinter result of {id}:ask 2026-11-24T02:00:00+00:00" for id in ("a", "b")]
    )  # fmt: skip
    assert work(agent) == held


@DEEP
def test_of_too_many_results_the_oldest_go_by_the_bytes_that_only_they_hold(agent: World) -> None:
    program = agent.home / "agent"
    program.write_text(program.read_text() + "head -c 400000 /dev/urandom > big.bin\n")
    prompts(agent, "a", when="daily", again=True)
    nights(agent, 4)
    assert gc(agent) == NOTHING
    for ref in refs(agent, "refs/splinter/backups"):  # so that results alone hold what nights before the last made
        agent.git("update-ref", "-d", ref)
    limits(agent, "[gc]\nresult_mb = 1\n")
    before = refs(agent, "refs/splinter/results")
    out = gc(agent)
    assert "freed 1 kept result; git's own gc frees what only they held\n" in out
    assert ": the oldest of more than 1.0 MB" in out
    gone = before.keys() - refs(agent, "refs/splinter/results").keys()
    oldest = agent.git("log", "--format=%H", "--no-walk=sorted", *before.values()).splitlines()[-1]
    assert [before[ref] for ref in gone] == [oldest]


@DEEP
def test_a_result_that_was_applied_last_stays_though_a_newer_one_is_there(agent: World) -> None:
    agent.write("in.txt", "one\n")
    prompts(agent, "a", when="on-change", inputs=["in.txt"], scope={"modify": ["a.txt"]})
    nights(agent, 1)
    for number, text in enumerate(("two\n", "one\n"), 1):
        agent.write("in.txt", text)
        agent.commit()
        agent.now = later(number * 10)
        assert agent.doit().status == 0
    assert len(agent.new_calls()) == 2
    before = refs(agent, "refs/splinter/results")
    limits(agent, NONE_KEPT)
    agent.now = later(400)
    gc(agent)
    assert len(before) == 2
    assert refs(agent, "refs/splinter/results") == before


@pytest.mark.lane("gc")
def test_unmerged_work_of_a_workstream_that_is_gone_is_moved_to_a_backup(world: World) -> None:
    steps = [world.step("one", "echo 1 > one.txt"), world.step("two", "echo 2 > two.txt"), world.step("bad", "exit 1")]
    world.workstream("a", steps=steps)
    world.commit()
    assert world.doit().status == 1
    held, two = work(world), refs(world)["refs/splinter/checkpoints/a/two"]
    (world.root / "workstreams/a.yaml").unlink()
    world.commit()
    foretold, out = gc(world, "--dry-run"), gc(world)
    assert "freed 3 refs of what is no longer there\n" in out
    assert "would move the commit of refs/splinter/checkpoints/a/two to refs/splinter/backups/gc/" in foretold
    assert list(refs(world, "refs/splinter/backups").values()) == [two]
    assert refs(world, "refs/splinter/checkpoints") == {}
    assert held <= work(world)
    limits(world, "[gc]\nbackup_days = 1\nunreachable_days = 500\n")
    world.now = later(400)
    assert gc(world).splitlines()[-1] == (
        "left 1 backup under refs/splinter/backups/ past the limit, for an unmerged commit is in no other ref"
    )
    assert list(refs(world, "refs/splinter/backups").values()) == [two]
    fsck = world.git("fsck", "--strict", "--no-dangling")
    assert fsck == ""


@DEEP
def test_the_checkpoint_of_a_step_that_is_gone_goes_alone(world: World) -> None:
    world.workstream("a", steps=[world.step("one", "echo 1 > one.txt"), world.step("two", "echo 2 > two.txt")])
    world.commit()
    assert world.doit().status == 0
    world.workstream("a", steps=[world.step("one", "echo 1 > one.txt")])
    world.commit()
    assert world.doit().status == 0
    world.new_calls()
    before, held = refs(world), work(world)
    assert "  refs/splinter/checkpoints/a/two: its step is no longer there" in gc(world)
    assert before.keys() - refs(world).keys() == {"refs/splinter/checkpoints/a/two"}
    assert held == work(world)  # the branch that was replaced is a backup, and holds it
    assert world.doit().status == 0
    assert world.new_calls() == []


@DEEP
def test_old_backups_go_once_their_change_is_merged_and_not_before(world: World) -> None:
    for night, text in enumerate(("1", "2", "3")):
        world.workstream("a", steps=[world.step("go", f"echo {text} > night-{text}.txt")])
        world.commit()
        world.now = later(night)
        assert world.doit().status == 0
    backups = list(refs(world, "refs/splinter/backups/a"))
    assert len(backups) == 2
    limits(world, "[gc]\nworktree_days = 999\nlog_days = 999\nunreachable_days = 999\n")
    world.now = later(93)
    held = work(world)
    assert "left 2 backups under refs/splinter/backups/ past the limit" in gc(world)
    assert work(world) == held
    world.git("merge", "--quiet", "--squash", backups[0])
    world.commit("squashed")
    world.git("branch", "mine", backups[1])
    out = gc(world)
    assert out.splitlines()[0] == "freed 2 backups"
    assert f"  {backups[0]}: 92 days old, the limit is 90, and all of it is held elsewhere" in out.splitlines()
    assert refs(world, "refs/splinter/backups") == {}


@DEEP
def test_a_replaced_branch_of_ours_alone_has_an_age_and_a_persons_commit_never(world: World) -> None:
    for night in range(4):
        world.workstream("a", steps=[{"id": "go", "run": f"echo {night} > night-{night}.txt"}])
        world.commit()
        world.now = later(night)
        assert world.doit("workstreams").status == 0
    first, second, third = refs(world, "refs/splinter/backups/a")
    persons = world.git("commit-tree", "-m", "mine", "-p", first, f"{second}^{{tree}}")
    world.git("update-ref", "refs/splinter/backups/a/20261124-030000-abcd", persons)
    made = "refs/splinter/backups/a.work-tree/20261126-030000-abcd/heads/mine"  # a branch at a commit of ours
    world.git("update-ref", made, second)
    limits(world, "[gc]\nworktree_days = 999\nlog_days = 999\n")
    world.now = later(95)
    before = refs(world)
    foretold = gc(world, "--dry-run")
    assert refs(world) == before
    out = gc(world)
    assert out == foretold.replace("would free", "freed").replace("would leave", "left")
    assert f"  {third}: 92 days old, the limit is 90, and all of it is splinter's own" in out.splitlines()
    assert f"  {second}: 93 days old, the limit is 90, and all of it is held elsewhere" in out.splitlines()
    assert out.splitlines()[-1].startswith("left 2 backups under refs/splinter/backups/ past the limit")
    assert refs(world, "refs/splinter/backups").keys() == {"refs/splinter/backups/a/20261124-030000-abcd", made}


@DEEP
def test_the_acceptance_of_a_workstream_that_is_gone_outlives_a_change_of_branches(world: World) -> None:
    world.workstream("a", steps=[world.step("go", "echo a > a.txt")])
    world.commit()
    assert world.doit().status == 0
    text = (world.root / "workstreams/a.yaml").read_text()
    (world.root / "workstreams/a.yaml").unlink()
    gc(world)
    world.write("workstreams/a.yaml", text)
    world.new_calls()
    assert world.doit().status == 0
    assert world.new_calls() == []
    tip = world.git("rev-parse", "splinter/a")
    world.git("branch", "-D", "splinter/a")
    (world.root / "workstreams/a.yaml").unlink()
    world.now = later(92)
    gc(world)
    assert refs(world, "refs/splinter/accepted") == {}
    assert list(refs(world, "refs/splinter/backups").values()) == [tip]


# --- the next run ---


@pytest.mark.lane("gc")
def test_after_gc_nothing_is_due_and_nothing_is_paid(agent: World) -> None:
    prompts(agent, "a", "b", when="daily", again=True)
    nights(agent, 2)
    for id in ("a", "b"):
        unused(agent, id, days=5)
    limits(agent, NONE_KEPT)
    before = work(agent)
    out = gc(agent)
    assert "freed 2 worktrees" in out
    assert "freed 2 kept results" in out
    assert before == work(agent)
    agent.new_calls()
    runs = agent.doit("history").out
    assert agent.doit().status == 0
    assert agent.new_calls() == []
    assert agent.doit("history").out == runs
    agent.git("branch", "-D", "splinter/a", "splinter/b")  # both come back from what was kept
    (agent.root / ".doit.db").unlink()
    assert agent.doit().status == 0
    assert agent.new_calls() == []
    assert agent.branches() == ["splinter/a", "splinter/b"]


@pytest.mark.lane("gc")
def test_after_a_kill_and_gc_no_kept_result_is_made_again(agent: World) -> None:
    slow = {"id": "slow", "run": f"touch {agent.home}/is-slow; test -e {agent.home}/go-on || sleep 60"}
    agent.workstream("a", when="daily", steps=[{"id": "ask", "prompt": "Make it.", "tool": "agent"}, slow])
    agent.commit()
    process = agent.start()
    wait_for((agent.home / "is-slow").exists, "the second step")
    end_group(process, signal.SIGKILL)
    (agent.home / "go-on").touch()
    for file in agent.root.glob(".doit.db*"):  # the row of the first step is lost too
        file.unlink()
    write_time(agent, agent.worktree("a").parent.parent, days=5)
    limits(agent, NONE_KEPT)
    assert agent.new_calls() == ["a"]
    assert "freed 1 worktree" in gc(agent)
    assert agent.doit().status == 0
    assert agent.new_calls() == []
    assert (agent.git("show", "splinter/a:a.txt")) != ""


# --- how it is called ---


@pytest.mark.lane("gc")
def test_a_dry_run_says_the_same_and_changes_no_byte_and_no_ref(agent: World) -> None:
    prompts(agent, "a", "b", when="daily", again=True)
    nights(agent, 2)
    (agent.worktree("a") / "README.md").write_text("mine\n")
    unused(agent, "a", days=5)
    (agent.root / "workstreams/b.yaml").unlink()
    limits(agent, NONE_KEPT)
    agent.now = later(92)
    state = Path(os.environ["XDG_STATE_HOME"])
    before, bytes, kept = refs(agent), files(agent.root), files(state)
    whole = json.loads(gc(agent, "--dry-run", "--json"))
    assert refs(agent) == before
    assert sorted(set(files(agent.root).items()) ^ set(bytes.items())) == []
    assert sorted(set(files(state).items()) ^ set(kept.items())) == []
    done = json.loads(gc(agent, "--json"))
    assert (whole.pop("dry_run"), done.pop("dry_run")) == (True, False)
    for report in (whole, done):
        for item in report["freed"]["worktrees"]["items"]:
            item["note"] = item["note"].partition(" as ")[0]
        report["moved"] = sorted(report["moved"])
    assert whole == done
    assert {kind: told["count"] for kind, told in done["freed"].items()} == {
        "worktrees": 2, "logs": 1, "answers": 0, "results": 3, "refs": 3, "backups": 2,
    }  # fmt: skip


@pytest.mark.lane("gc")
def test_while_a_run_holds_the_lock_nothing_goes(world: World) -> None:
    world.workstream("a", steps=[{"id": "slow", "run": f"touch {world.home}/is-slow; sleep 60"}])
    world.commit()
    process = world.start()
    wait_for((world.home / "is-slow").exists, "the step")
    done = world.doit("gc")
    assert (done.status, done.out) == (4, "")
    assert done.err.startswith("another run works on this repository (pid ")
    assert world.doit("gc", "--dry-run").status == 0
    end_group(process, signal.SIGTERM)


def test_a_mistake_in_its_settings_is_reported_with_its_place(world: World) -> None:
    world.write("splinter.toml", "[gc]\nlogs_days = 3\nworktree_days = -1\n")
    done = world.doit("gc")
    assert done.status == 3
    assert 'splinter.toml:2:1: unknown key "logs_days"; did you mean "log_days"?' in done.err, done.err
    assert "splinter.toml:3:" in done.err


def test_a_repository_without_any_state_has_nothing_to_free(world: World) -> None:
    world.commit()
    assert gc(world) == NOTHING
    assert not (world.root / ".splinter").exists()


def test_what_cannot_be_deleted_is_reported_and_the_rest_goes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.commit()
    runs, rmtree = past_runs(world, 3), shutil.rmtree

    def refusing(path: Path, **more: Callable[[object, str, OSError], None]) -> None:
        """As `rmtree` is where one file may not be deleted, which root may everywhere."""
        if path != runs[0]:
            rmtree(path, **more)  # type: ignore[arg-type]
            return
        (path / "a/other.log").unlink(missing_ok=True)
        handler = more.get("onexc") or more["onerror"]
        handler(os.unlink, str(path / "a/go.log"), PermissionError(1, "Operation not permitted"))
        handler(os.rmdir, str(path / "a"), OSError(39, "Directory not empty"))

    monkeypatch.setattr(shutil, "rmtree", refusing)
    out = gc(world, status=2).splitlines()
    assert out[0] == "freed 2 runs' logs, patches, reports and mails: 12 bytes"
    assert out[-1] == f"{runs[0]}/a/go.log cannot be deleted: Operation not permitted"
    assert [path.exists() for path in runs] == [True, False, True]


# --- what it rests on ---


@pytest.mark.plain_user
def test_read_only_folders_go_and_files_with_a_name_elsewhere_count_nothing(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    (folder / "inner").mkdir(parents=True)
    elsewhere.write_bytes(b"x" * 1000)
    os.link(elsewhere, folder / "linked")
    (folder / "inner/own").write_bytes(b"x" * 10)
    os.link(folder / "inner/own", folder / "inner/twice")
    (folder / "inner").chmod(0o500)
    assert disk.measure([folder]).bytes == 10
    assert not disk.measure([folder], most=2).is_whole
    assert disk.remove(folder) is None
    assert not folder.exists()
    assert elsewhere.read_bytes() == b"x" * 1000
    assert disk.remove(folder) is None


def thing(name: str, days: int, bytes: int = 0, **more: object) -> Thing:
    return Thing(name=name, used_s=-days * DAY_S, bytes=bytes, **more)  # type: ignore[arg-type]


def test_age_and_size_together() -> None:
    things = [thing("old", 11, 10**6), thing("b", 9, 10**6), thing("c", 8, 10**6), thing("kept", 99, 10**6, stays=True)]
    assert retention.expired(things, days=10, mb=2, now_s=0) == {
        "old": "11 days old, the limit is 10",
        "b": "the oldest of more than 2.0 MB",
    }
    assert retention.expired(things, days=99, mb=0, now_s=0).keys() == {"old", "b", "c"}
    assert retention.expired([thing("future", -5)], days=0, mb=0, now_s=0) == {}


@pytest.mark.parametrize("limit", range(7))
def test_the_newest_that_fit_are_found_by_halves(limit: int) -> None:
    things = [thing(str(age), age) for age in range(1, 6)] + [thing("kept", 9, stays=True)]
    calls = []

    def size_of(names: tuple[str, ...]) -> int:
        calls.append(names)
        return len(names) * 10**6

    fits = retention.newest_within(things, size_of, mb=limit)
    assert fits == ("kept", "1", "2", "3", "4", "5")[: max(1, limit)]
    assert len(calls) <= 4


# --- given back at once ---


def trees(world: World) -> list[str]:
    """What belongs to work trees, by name."""
    state = Path(os.environ["XDG_STATE_HOME"])
    return sorted(
        path.name for part in ("worktrees", "index", "excludes") for path in state.glob(f"splinter/*/{part}/*")
    )


CHECKED = {"checks": [{"id": "c", "run": "true"}], "pull_request": False}


def test_what_is_done_once_gives_its_work_trees_back_and_nobody_else_does(world: World) -> None:
    world.write(".gitignore", "*.tmp\n")
    world.workstream("a", when="once", steps=[world.step("s", "echo a > a.txt; echo > step.tmp")], **CHECKED)
    world.workstream("b", when="once", steps=[world.step("s", "echo b > b.txt; exit 1")], **CHECKED)
    world.commit()
    assert world.doit("workstreams").status == 1
    assert [name for name in trees(world) if name.startswith("a")] == []
    assert world.worktree("b").is_dir()  # a failure may be looked into there
    assert world.git("show", "splinter/a:a.txt") == "a"
    world.new_calls()
    world.workstream("a", when="once", steps=[world.step("s", "echo 2 > a.txt")], **CHECKED)
    assert world.doit("a").status == 0
    assert world.git("show", "splinter/a:a.txt") == "2"


@DEEP
@pytest.mark.parametrize("left", ["ignored", "setup", "setting", "nothing"])
def test_a_work_tree_that_somebody_left_something_in_is_not_given_back(world: World, left: str) -> None:
    world.write(".gitignore", "*.tmp\n")
    makes = {"setup": [{"run": "echo > made.tmp", "inputs": ["README.md"]}]} if left == "setup" else {}
    steps = [world.step("s", "echo a > a.txt; echo > step.tmp"), world.step("wait", f"test -e {world.home}/go")]
    world.workstream("a", when="once", steps=steps, **makes, **CHECKED)
    world.commit()
    if left == "setting":
        limits(world, "[gc]\nkeep_finished = true\n")
    assert world.doit("workstreams").status == 1
    tree = world.worktree("a")
    (tree / "step.tmp").unlink()
    if left == "ignored":
        (tree / "mine.tmp").write_text("mine\n")
    (world.home / "go").touch()
    assert world.doit("workstreams").status == 0
    assert tree.exists() == (left != "nothing")
    assert left != "ignored" or (tree / "mine.tmp").read_text() == "mine\n"
    assert (tree.parent / "a.judge").exists() == (left in ("setup", "setting"))
