"""Disks that are full, read-only or damaged, and kills at each place where state is switched: told, and nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import deep, paths
from tests.world import Done, World, children

FULL = "no space is left on its file system; free some, then run doit again"
READ_ONLY = "its file system is read-only; mount it so that it may be written, then run doit again"
KIB = 1024
ANSWERS = {"0": "4200087900 2", "1": "2221768290 17"}  # what cksum says of the files before
KILL_POINTS = paths.DATA / "kill_points"


def project(root: Path, home: Path, count: int = 1) -> World:
    """Workstreams, each on the one before; each has a command, an agent that adds a line to `calls`, and a check."""
    world = World(root, home)
    program = home / "agent"
    program.write_text(
        f'#!/bin/sh\n[ "$1" != --version ] || exit 0\nid=$(sed -n "s/^Task: Number //p")\necho "$id" >> {world.calls_file}\n'
        f'cat *.txt | cksum > answer-$id.txt\n[ ! -x {home}/also ] || {home}/also\n'
    )  # fmt: skip
    program.chmod(0o755)
    world.write(
        "splinter.toml", f'jobs = 1\n[tools.agent]\ncommand = "{program}"\nprompt_args = []\nstdin = "prompt"\n'
    )
    for number in range(count):
        world.workstream(
            f"w{number}", title=f"Number {number}", depends_on=["w0"] if number else [],
            steps=[
                {"id": "before", "run": f"echo {number} > before-{number}.txt"},
                {"id": "ask", "prompt": "Make the answer.", "tool": "agent"},
            ],
            checks=[{"id": "there", "run": f"test -s answer-{number}.txt"}],
        )  # fmt: skip
    world.commit()
    return world


def recorded(world: World) -> set[str]:
    """The workstreams, by number, whose agent's answer is kept."""
    told = world.git("for-each-ref", "--format=%(contents:subject)", "refs/splinter/results").splitlines()
    return {line.split(" of w")[1].split(":")[0] for line in told}


def assert_finishes(world: World, kept: set[str]) -> Done:
    """Once all is fixed, doit comes to its end: the files as ever, no call made again for what was kept, all sound."""
    world.new_calls()
    done = world.doit()
    assert done.status == 0, done.out + done.err
    assert not kept & set(world.new_calls())
    made = []
    for branch in world.branches():
        number = branch.removeprefix("splinter/w")
        made += [f"answer-{number}.txt", f"before-{number}.txt"]
        assert world.git("diff", "--name-only", "main", branch).split() == sorted(made)
        assert world.git("show", f"{branch}:answer-{number}.txt") == ANSWERS[number]
    assert len(world.branches()) == len(list((world.root / "workstreams").iterdir()))
    assert world.git("fsck", "--strict", "--no-dangling") == ""
    for file in (".doit.db", ".splinter/history.db", ".splinter/memory.db"):
        db = sqlite3.connect(world.root / file)
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        db.close()
    left = [path for path in (world.root / ".splinter").rglob(".*") if path.name != ".gitignore"]
    assert [*left, *(world.root / ".git/refs").rglob("*.lock")] == []
    assert children(world) == []
    return done


class Disk:
    """A small file system in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, *, but_kib: int) -> None:
        room = os.statvfs(self.path)
        self._ballast.write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - but_kib * KIB)))

    def free(self) -> None:
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return self.path / "ballast"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path, sudo = tmp_path / "disk", [] if os.getuid() == 0 else ["sudo", "-n"]
    path.mkdir()
    options = f"size=24m,mode=755,uid={os.getuid()},gid={os.getgid()}"
    try:
        subprocess.run([*sudo, "mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system may be mounted here: {error}")
    yield Disk(path)
    subprocess.run([*sudo, "umount", "--lazy", path], check=True)


def read_only(world: World, *folders: Path) -> Callable[..., Done]:
    """`doit` where those folders are mounted read-only."""
    if not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not there")
    binds = [word for folder in folders for word in ("--ro-bind", str(folder), str(folder))]
    fence = ["bwrap", "--dev-bind", "/", "/", *binds]

    def doit(*arguments: str) -> Done:
        done = subprocess.run(
            [*fence, sys.executable, "-m", "doit", *arguments], cwd=world.root, env=world.environ(),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return doit


def on_full_disk(disk: Disk, home: Path, kib: int, *, by_agent: bool, count: int = 1) -> None:
    """A run that meets a disk with so much room and not more, either from its start or once an agent has answered."""
    world = project(disk.path / f"p{kib}", home, count)
    also = home / "also"
    if by_agent:
        room = f"room=$(($(stat -f -c '%a * %S' '{disk.path}') - {kib * KIB}))"
        also.write_text(f"#!/bin/sh\n{room}\nhead -c $room /dev/zero > '{disk.path}/ballast'\n")
        also.chmod(0o755)
    else:
        disk.fill(but_kib=kib)
    done = world.doit()
    told = done.out + done.err
    assert done.status in (0, 2), told
    assert (FULL in told) is (done.status == 2), told
    assert "taskid:" not in told
    assert "conflict" not in told
    assert "out_of_scope" not in told
    also.unlink(missing_ok=True)
    disk.free()
    whole = [path for path in (world.root / ".splinter").glob("*/*.eml") if not path.read_bytes().endswith(b"--\r\n")]
    assert whole == []
    assert_finishes(world, recorded(world))
    shutil.rmtree(world.root)


@pytest.mark.lane("disk")
def test_a_disk_that_is_full_at_the_start(disk: Disk, sealed_world: Path) -> None:
    on_full_disk(disk, sealed_world, 40, by_agent=False)


def test_a_disk_that_an_agent_fills(disk: Disk, sealed_world: Path) -> None:
    on_full_disk(disk, sealed_world, 24, by_agent=True)


@pytest.mark.lane("disk")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("by_agent", [False, True])
def test_a_disk_that_gets_full_at_any_place(disk: Disk, sealed_world: Path, by_agent: bool) -> None:
    for kib in range(0, 800, 8) if by_agent else (*range(0, 320, 20), *range(1000, 1600, 20)):
        on_full_disk(disk, sealed_world, kib, by_agent=by_agent, count=2)


def test_nothing_is_paid_for_where_it_could_not_be_kept(disk: Disk, sealed_world: Path) -> None:
    world = project(disk.path / "p", sealed_world)
    disk.fill(but_kib=900)
    done = world.doit()
    assert done.status == 2
    assert f"w0:ask  error  {world.root}/.git/objects cannot be written: {FULL}" in done.out
    assert world.calls() == []
    assert "cost unknown" not in world.doit("history").out


@pytest.mark.lane("disk")
def test_a_step_that_fills_the_work_trees_disk_fails_and_its_files_stay(
    disk: Disk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(disk.path))
    world.workstream("big", steps=[{"id": "s", "run": "echo mine > mine.txt; cat /dev/urandom > big.bin"}])
    world.commit()
    done = world.doit()
    assert done.status == 1
    assert "big:s  failed  exit_code:" in done.out
    tree = world.worktree("big")
    assert f"what it made stays in {tree} and is kept by the next run: git add: " in done.out
    assert world.records()["big"]["reason"] == "exit_code"
    assert (tree / "mine.txt").read_text() == "mine\n"
    (tree / "big.bin").unlink()
    world.workstream("big", steps=[{"id": "s", "run": "echo mine > mine.txt"}])
    last = world.doit()
    assert last.status == 0
    assert "big: changes found in its work tree were kept as" in last.out


@pytest.mark.lane("disk")
def test_commands_that_look_do_so_on_a_read_only_disk(tmp_path: Path, sealed_world: Path) -> None:
    world = project(tmp_path / "p", sealed_world)
    doit = read_only(world, world.root)
    assert world.doit("w0").status == 0
    before = {path: path.read_bytes() for path in world.root.rglob("*") if path.is_file()}
    for command in ("plan", "list", "history", "run --dry-run"):
        done = doit(*command.split())
        assert done.status == 0, command + done.out + done.err
    assert (doit().status, doit().err) == (2, f"{world.root}/.git/splinter.lock cannot be written: {READ_ONLY}\n")
    refused = doit("forget", "w0")
    assert refused.err == f"ERROR: {world.root}/.doit.db cannot be written: {READ_ONLY}\n"
    assert {path: path.read_bytes() for path in world.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("place", deep.rows(("state", ".splinter", "cache and temporary files"), "disk", ordinary=()))
def test_one_folder_on_a_read_only_disk(tmp_path: Path, sealed_world: Path, place: str) -> None:
    world = project(tmp_path / "p", sealed_world)
    world.env["TMPDIR"] = str(tmp_path / "tmp")
    state = sealed_world / "state/splinter"
    for folder in (tmp_path / "tmp", state, world.root / ".splinter", sealed_world / "cache"):
        folder.mkdir(parents=True)
    world.calls_file.touch()
    if place == "state":
        done = read_only(world, state)()
        assert done.status == 2
        assert f"w0:prepare  error  {state}/" in done.out
        assert READ_ONLY in done.out
        assert "1 failed" in done.out
    elif place == ".splinter":
        done = read_only(world, world.root / ".splinter")()
        assert (done.status, done.err) == (2, f"{world.root}/.splinter/.gitignore cannot be written: {READ_ONLY}\n")
    else:
        assert read_only(world, tmp_path / "tmp", sealed_world / "cache")().status == 0
        return
    assert_finishes(world, set())


@pytest.mark.lane("disk")
def test_folders_that_belong_to_somebody_else(tmp_path: Path, sealed_world: Path) -> None:
    world = project(tmp_path / "p", sealed_world)
    weak = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []
    if weak and not shutil.which("setpriv"):
        pytest.skip("setpriv is not there, and root may write everywhere")

    def doit(folder: str) -> Done:
        subprocess.run(["chmod", "-R", "a-w", world.root / folder], check=True)
        done = subprocess.run(
            [*weak, sys.executable, "-m", "doit"], cwd=world.root, env=world.environ(), capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        subprocess.run(["chmod", "-R", "u+w", world.root / folder], check=True)
        return Done(done.returncode, done.stdout, done.stderr)

    lacks = "has no permission; grant it, or run as its owner, then run doit again"
    refs = doit(".git/refs")
    assert refs.status == 2
    assert f"w0:prepare  error  git update-ref: {world.root}/.git/refs/" in refs.out
    assert lacks in refs.out
    for file in (".doit.db", ".splinter/history.db"):
        done = doit(file)
        assert done.status == 2
        assert done.err.startswith(f"{world.root}/{file} cannot be written: user ")
        assert done.err.endswith(f"{lacks}\n")
    assert world.calls() == []


def damage(file: Path, how: str) -> None:
    data = file.read_bytes()
    page = 4096
    file.write_bytes({
        "garbage": b"\x93garbage" * 1000, "zeros": bytes(len(data)), "cut": data[: len(data) // page // 2 * page],
        "torn": data[: 2 * page] + b"\xff" * page + data[3 * page :],
    }[how])  # fmt: skip


@pytest.mark.parametrize(
    "how", ["garbage", *(pytest.param(how, marks=pytest.mark.lane("disk")) for how in ("cut", "zeros", "torn"))]
)
def test_damaged_databases_are_moved_aside_and_nothing_is_paid_again(
    tmp_path: Path, sealed_world: Path, how: str
) -> None:
    world = project(tmp_path / "p", sealed_world)
    assert world.doit().status == 0
    branches = world.git("for-each-ref", "refs/heads")
    for name in (".doit.db", ".splinter/history.db", ".splinter/memory.db"):
        damage(world.root / name, how)
    looked = world.doit("history")
    assert (looked.status, looked.out) == (2, "")
    assert looked.err.startswith(f"{world.root}/.splinter/history.db is damaged (")
    assert looked.err.endswith("; the next doit moves it aside and begins a new one\n")
    listed = world.doit("list", "--status")
    assert (listed.status, listed.err.count("is damaged")) == (2, 1)
    told = assert_finishes(world, {"0"}).out
    for name in (".doit.db", ".splinter/history.db", ".splinter/memory.db"):
        moved = (world.root / name).parent.glob(f"{Path(name).name}.damaged-*")
        aside = [path for path in moved if not path.name.endswith(("-wal", "-shm"))]  # these go with it
        assert len(aside) == 1
        assert f"{world.root}/{name} was damaged (" in told
        assert f"it was moved to {aside[0].name}, and a new one begun." in told
    assert world.git("for-each-ref", "refs/heads") == branches
    assert world.git("status", "--porcelain") == ""


def test_locks_of_our_refs_that_a_killed_git_left_are_removed_and_reported(tmp_path: Path, sealed_world: Path) -> None:
    world = project(tmp_path / "p", sealed_world)
    refs = world.root / ".git/refs"
    locks = [refs / "heads/splinter/w0.lock", refs / "splinter/checkpoints/w0/ask.lock"]
    for lock in locks:
        lock.parent.mkdir(parents=True)
        lock.touch()
        os.utime(lock, (time.time() - 60,) * 2)
    users = refs / "heads/splinter/of-a-person.lock"
    users.touch()
    temporary = world.root / ".splinter/outbox/.20261123-020000-aaaa.eml.17.140471288743616"
    temporary.parent.mkdir(parents=True)
    temporary.touch()
    done = world.doit()
    assert done.status == 0, done.out
    assert users.exists()
    users.unlink()
    for lock in locks:
        told = f"{lock.relative_to(world.root / '.git')} was left by a git call that was killed; it was removed."
        assert told in done.out
        assert told in (world.root / "reports/latest/report.md").read_text().replace("\\", "")
    assert "1 half-written file of a killed run removed." in done.out
    assert_finishes(world, {"0"})


@pytest.mark.lane("disk")
def test_a_lock_that_may_be_anybodys_is_reported_with_the_fixing_command(tmp_path: Path, sealed_world: Path) -> None:
    world = project(tmp_path / "p", sealed_world)
    assert world.doit("w0:prepare").status == 0
    lock = world.root / ".git/refs/heads/splinter/w0.lock"
    (sealed_world / "also").write_text(f"#!/bin/sh\nmkdir -p {lock.parent}\ntouch {lock}\n")
    (sealed_world / "also").chmod(0o755)
    done = world.doit()
    assert done.status == 2
    told = (
        f"git update-ref found {lock}: another git is at work, or one that was killed left it; where none is, remove it"
    )
    assert told in done.out
    assert lock.exists()
    (sealed_world / "also").unlink()
    assert "refs/heads/splinter/w0.lock was left by a git call that was killed" in assert_finishes(world, {"0"}).out


def places(tmp_path: Path, home: Path) -> list[str]:
    """The places where an undisturbed run switches state."""
    world = project(tmp_path / "counted", home, 2)
    count = tmp_path / "places"
    world.env = {"PYTHONPATH": str(KILL_POINTS), "KILL_COUNT": str(count)}
    assert world.doit().status == 0
    world.new_calls()
    return count.read_text().splitlines()


def killed_at(world: World, place: int) -> None:
    """A run that is killed at one place, and those after it: what was kept is never asked for again."""
    world.env = {"PYTHONPATH": str(KILL_POINTS), "KILL_AT": str(place)}
    assert world.doit().status == -9
    world.env = {}
    assert len(world.calls()) <= 2
    world.git("fsck", "--full", "--strict", "--no-dangling")
    assert_finishes(world, recorded(world))


@pytest.mark.lane("disk")
def test_a_kill_where_state_is_switched(tmp_path: Path, sealed_world: Path) -> None:
    found = places(tmp_path, sealed_world)
    assert len(found) > 100
    assert {"before update-ref", "during git", "after git"} <= set(found)
    killed_at(project(tmp_path / "p", sealed_world, 2), round(0.7 * len(found)))


@pytest.mark.lane("disk")
def test_a_kill_while_objects_move_into_the_users_store(tmp_path: Path, sealed_world: Path) -> None:
    """Those that were made first go first, so that none is there before what it names."""
    found = places(tmp_path, sealed_world)
    moves = [number for number, what in enumerate(found, 1) if what == "before an object moves"]
    assert len(moves) > 10
    for place in (moves[1], moves[len(moves) // 2], moves[-1]):
        killed_at(project(tmp_path / f"p{place}", sealed_world, 2), place)


@pytest.mark.lane("kills")
@pytest.mark.timeout(7200)
def test_a_kill_at_every_place_where_state_is_switched(tmp_path: Path, sealed_world: Path) -> None:
    for place in range(1, len(places(tmp_path, sealed_world)) + 1):
        killed_at(project(tmp_path / f"p{place}", sealed_world, 2), place)
        shutil.rmtree(tmp_path / f"p{place}")
