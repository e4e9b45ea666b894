"""A call that has nothing to do is known at once, and says nothing that a full look would not say."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splinter.doit_plugins.nothing_due import look, recall
from splinter.errors import LockedError
from splinter.system.locks import RunLock
from tests.nothing_due import CALL, EDITS, Edit, at_once, is_same, make, settle, whole, yaml
from tests.world import World

ADDRESS = re.compile(r"0x[0-9a-f]+")  # of an object
MADE: dict[str, World] = {}


@pytest.fixture
def done(tmp_path_factory: pytest.TempPathFactory, sealed_world: Path) -> World:
    """One world for all: each test finds it settled."""
    if not MADE:
        MADE["one"] = make(World(tmp_path_factory.mktemp("one") / "project", sealed_world))
    settle(MADE["one"], "pr", "report")  # there is nothing left to publish
    settle(MADE["one"], *CALL)
    return MADE["one"]


@pytest.fixture
def own(tmp_path: Path, sealed_world: Path) -> World:
    """A world that no other test has changed."""
    world = make(World(tmp_path / "project", sealed_world))
    settle(world, "pr", "report")
    return world


# after these nothing is left behind: it cannot be run, says more than one line, or somebody else has a say
UNSOUND = {
    "a file that cannot be run",
    "the prompt file goes",
    "tasks of the user's own",
    "doit's configuration",
    "a remote",
    "ignored",
}


def test_whatever_changes_a_full_look_follows_and_then_it_is_known_at_once_again(done: World) -> None:
    """Each row is seen by a full look, whether or not it makes anything due; after that both say the same."""
    assert len(EDITS) >= 40
    for name, change in EDITS.items():
        change(done)
        assert at_once(done, *CALL) == "", name
        if name in UNSOUND:
            done.doit(*CALL)
            assert at_once(done, *CALL) == "", name
        else:
            settle(done, *CALL)


def test_both_say_the_same_and_change_nothing_whichever_plain_call_it_is(own: World) -> None:
    for words, told in (
        ([], "nothing due: 1 workstream up to date, 1 proposal waits; next: lint at "),
        (["lint"], "nothing due: 1 workstream up to date, 1 proposal waits; next: lint at "),
        (["-n", "2", "l*"], "nothing due: 1 workstream up to date, 1 proposal waits; next: lint at "),
        (["pr", "report"], "nothing due: 1 proposal waits; next: lint at "),  # which looks at no workstream
    ):
        assert settle(own, *words).startswith(told)
        assert is_same(own, *words), words
    assert at_once(own, "lint")  # other calls since then saw the same
    assert own.doit("lint", cwd=own.root / "prompts") == whole(own, "lint")
    assert at_once(own, "lint:fix") == ""  # a call that was never made


def test_nothing_slow_is_imported_for_it(done: World) -> None:
    settled = at_once(done, *CALL)
    code = "import sys; from doit.doit_cmd import DoitMain; status = DoitMain().run(['workstreams']);"
    told = "print(status, *sorted(name for name in sys.modules if name.startswith('splinter.')))"
    run = [sys.executable, "-c", code + told]
    called = subprocess.run(run, cwd=done.root, env=done.environ(), capture_output=True, text=True, check=True)
    line, modules = called.stdout.splitlines()
    assert line == settled
    status, *names = modules.split()
    assert status == "0"
    packages = {name.split(".")[1] for name in names}
    assert packages == {"config", "doit_plugins", "errors", "model", "text"}
    slow = {
        "splinter.doit_plugins.tasks",
        "splinter.config.settings_file",
        "splinter.model.workstream",
        "splinter.text.redact",
    }
    assert not slow & {*names}


def test_on_a_terminal_it_is_left_behind_too(done: World) -> None:
    """The table of what runs has cleared its lines by then."""
    (done.root / recall.FILE).unlink()
    master, slave = os.openpty()
    env = {**done.environ(), "TERM": "xterm"}
    subprocess.run(
        [sys.executable, "-m", "doit", *CALL], cwd=done.root, env=env, stdout=slave, stderr=slave, check=True
    )
    os.close(slave)
    os.close(master)
    assert (done.root / recall.FILE).exists()


WATCHED = """
import json, os, sys
seen = set()
def hear(event, given):
    if event in ("open", "os.listdir", "os.scandir", "sqlite3.connect") and not isinstance(given[0], int):
        seen.add(os.fsdecode(given[0] or "."))
sys.addaudithook(hear)
from doit.doit_cmd import DoitMain
status = DoitMain().run(["workstreams"])
print(status, json.dumps(sorted(seen)))
"""
# what a killed run may have left, which the lock's holder tells; what this very call makes; and where that is kept
ELSEWHERE = (":memory:", ".splinter/outbox", ".splinter/pull-requests", "reports", "__pycache__", ".git/splinter.")


def test_all_that_a_call_with_nothing_to_do_reads_is_looked_at(done: World) -> None:
    """A file that is read and not looked at could change unseen; what git reads by itself is not seen here."""
    run = [sys.executable, "-c", WATCHED]
    env = {**done.environ(), recall.SWITCH: "off"}
    called = subprocess.run(run, cwd=done.root, env=env, capture_output=True, text=True, check=True)
    status, _, told = called.stdout.splitlines()[-1].partition(" ")
    kept = json.loads((done.root / recall.FILE).read_text())
    with contextlib.chdir(done.root):
        names = {str(one[0]) for one in look.stamps(kept)}
    files = {Path(done.root, name) for name in names} | {yaml(done)}
    looked = {str(one) for file in files for one in (file, *file.parents)}
    assert status == "0"
    read = {os.path.normpath(os.path.join(done.root, name)) for name in json.loads(told)}
    ours = {name for name in read if name.startswith((str(done.root), str(done.home / "config"), "/etc"))}
    but = tuple(str(done.root / name) for name in ELSEWHERE)
    assert {f"{done.root}/workstreams", f"{done.root}/.doit.db"} <= ours, "it hears what is read"
    assert {name for name in ours - looked if not name.startswith(but)} == set()


def test_while_a_run_holds_the_lock_it_says_so(done: World) -> None:
    lock = RunLock(done.root / ".git")
    lock.acquire(datetime.now(UTC))
    assert at_once(done, *CALL) == ""
    assert done.doit(*CALL).status == LockedError.exit_status
    lock.release()
    assert is_same(done, *CALL)


def test_it_counts_from_when_it_was_seen_until_a_rule_names_a_time(
    done: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    done.now = ""
    settle(done, *CALL)
    kept = json.loads((done.root / recall.FILE).read_text())
    assert 0 < kept["until"] - kept["at"] <= 24 * 60 * 60
    for at, is_known in ((kept["at"] - 1, False), (kept["until"] - 1, True), (kept["until"], False)):
        monkeypatch.setattr(recall.time, "time", lambda at=at: at)
        assert bool(at_once(done, *CALL)) == is_known, at


def test_what_other_words_said_counts_no_longer_than_it_would_have(own: World) -> None:
    """Else `doit lint`, due again at midnight, would be known by a call after it that only named what is not."""
    own.now = ""
    settle(own, "lint", "pr")
    settle(own, *CALL)
    file, now = own.root / recall.FILE, time.time()
    kept = json.loads(file.read_text())
    for began, ended in ((-9, -1), (9, 99)):
        file.write_text(json.dumps({**kept, "at": now + began, "until": now + ended}))
        assert at_once(own, *CALL) == ""
        settle(own, "lint")
        assert at_once(own, *CALL) == ""
        settle(own, *CALL)
    file.write_text(json.dumps({**kept, "at": now, "until": now + 99}))
    said = settle(own, "lint", "pr")
    assert json.loads(file.read_text())["until"] == now + 99
    assert said
    assert at_once(own, *CALL)
    assert at_once(own, "") == ""  # an empty word names no task, and is none


def test_after_a_power_cut_by_another_python_or_name_it_counts_for_nothing(
    done: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (done.home / "boot").write_text("another")
    elsewhere = os.uname_result(("Linux", "a-name-by-dhcp", *os.uname()[2:]))  # ours is known by it on a slot's claim
    for module, name, other in (
        (look, "_BOOT", str(done.home / "boot")),
        (sys, "prefix", "/opt/another"),
        (os, "uname", lambda: elsewhere),
    ):
        assert at_once(done, *CALL)
        with monkeypatch.context() as patch:
            patch.setattr(module, name, other)
            assert at_once(done, *CALL) == "", name


def test_what_somebody_put_in_its_place_is_not_believed(done: World) -> None:
    file, key = done.root / recall.FILE, recall.key(CALL)
    text = file.read_text()
    kept = json.loads(text)
    forged = {
        "torn": text[:-9],
        "a list": "[1]",
        "deep": "[" * 100_000,
        "a time that is none": json.dumps({**kept, "at": 10**400}),
        "for ever": json.dumps({**kept, "until": kept["until"] + 10**6}),
        "a later version": json.dumps({**kept, "version": recall.VERSION + 1}),
        "a line that steers the terminal": json.dumps({**kept, "calls": {key: "\x1b[2J"}}),
        "files that are none": json.dumps({**kept, "files": 7}),
        "a name that is none": json.dumps({**kept, "files": ["\0"]}),
    }
    for name, said in forged.items():
        file.write_text(said)
        assert at_once(done, *CALL) == "", name
    for name in ("deep", "a time that is none"):
        file.write_text(forged[name])
        assert done.doit(*CALL).status == 0, name
    (done.home / "elsewhere").write_text(text)
    for put in (lambda: os.mkfifo(file), lambda: file.symlink_to(done.home / "elsewhere"), file.mkdir):
        file.unlink()
        put()
        assert at_once(done, *CALL) == ""
    file.rmdir()
    file.write_text(text)
    assert is_same(done, *CALL)


def test_nothing_is_left_behind_where_something_is_due_or_waits(world: World) -> None:
    world.workstream("bad", steps=[world.step("a", "exit 1")])
    world.commit()
    for _ in range(2):
        assert world.doit("workstreams").status == 1
        assert not (world.root / recall.FILE).exists()
    world.workstream("bad", steps=[world.step("a", "echo 1 > a.txt")])
    world.env["SMTP_HOST"] = "127.0.0.1"
    world.env |= {"SMTP_PORT": "1", "REPORT_RECIPIENTS": "a@example.org", "SMTP_SECURITY": "none"}
    for _ in range(2):
        assert world.doit().status == 2  # nobody takes the mail
        assert not (world.root / recall.FILE).exists()
    del world.env["SMTP_HOST"], world.env["REPORT_RECIPIENTS"]
    for _ in range(2):
        world.doit("workstreams")  # it still waits, and is given up some day
        assert not (world.root / recall.FILE).exists()


def test_the_commands_that_look_say_the_same_beside_it(done: World) -> None:
    for words in (["list"], ["plan"], ["info", "lint:fix"], ["--dry-run"], ["-v", "2", "lint"], ["-s", "lint"]):
        called, full = done.doit(*words), whole(done, *words)
        assert (called.status, called.err) == (full.status, full.err)
        assert ADDRESS.sub("", called.out) == ADDRESS.sub("", full.out)


CHANGES: dict[str, Edit] = {
    **{name: EDITS[name] for name in (
        "a file is touched", "a file is written again", "a comment", "an edit of the same size and time", "a tag",
        "a commit of the user's", "refs are packed", "objects are packed", "forgotten", "all forgotten", "no database",
        "no memory", "no history", "no copy of a schema", "a run that was killed", "another week", "the clock put back",
        "dependencies are taken for new",
    )},
    "a branch goes": lambda w: w.git("branch", "-D", "splinter/lint", ok=False),
    "a branch is a commit of the user's": lambda w: w.git("update-ref", "refs/heads/splinter/lint", "HEAD"),
    "a prompt of another text": lambda w: w.write("prompts/write.md", f"Write {w.git('rev-parse', 'HEAD')}, {w.now}.\n"),
    "another title": lambda w: w.workstream("lint", when="once", steps=[w.step("fix", "echo 3 > lint.txt")]),
    "a workstream more": lambda w: w.workstream("more", steps=[w.step("a", "echo 1 > a.txt")]),
    "a workstream less": lambda w: yaml(w, "more").unlink(missing_ok=True),
    "settings of no meaning": lambda w: w.write("splinter.toml", (w.root / "splinter.toml").read_text() + "# a comment\n"),
    "another variable": lambda w: w.env.update(WHATEVER=w.env.get("WHATEVER", "") + "1"),
    "nothing": lambda w: None,
    "a look": lambda w: w.doit("list"),
    "a call": lambda w: w.doit(*CALL),
}  # fmt: skip
FEW = settings(
    max_examples=5 if settings().max_examples < 1000 else 300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.timeout(3600)  # with `--lane fuzz` it takes long
@FEW
@given(st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=4))
def test_whatever_happens_in_whatever_order_both_decide_alike(done: World, names: list[str]) -> None:
    """What was left behind is believed only where a full look says the same; it is made again by the calls between."""
    now, env = done.now, dict(done.env)
    try:
        settle(done, *CALL)
        for name in names:
            CHANGES[name](done)
            is_same(done, *CALL)
    finally:
        done.now, done.env = now, env
