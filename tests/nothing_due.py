"""Whether a call is known at once to have nothing to do, asked in this process: for what holds that against a call."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doit import doit_cmd

from splinter.doit_plugins.nothing_due import look, recall
from splinter.git import remote_head
from tests.world import TUESDAY, Done, World

CALL = ("workstreams",)  # what publishes nothing is judged faster
GRAIN_S = 2.5 * look._FINE_NS / 1e9  # what changed just now may change again unseen


def at_once(world: World, *words: str) -> str:
    """What such a call says without a full look; empty where it takes one."""
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(world.root):
        patch.setattr(recall.process_environment, "variables", world.environ)
        patch.setattr(remote_head, "HEARD", {})
        return recall.line(words, recall.call(doit_cmd.DoitMain().config, {}))


def listed_at_once(world: World) -> str:
    """What `doit list` says without a full look; empty where it takes one."""
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(world.root):
        patch.setattr(recall.process_environment, "variables", world.environ)
        return recall.listed((), recall.call(doit_cmd.DoitMain().config, {}))


def whole(world: World, *words: str) -> Done:
    """The same call with a full look, which leaves nothing behind."""
    before = world.env
    world.env = {**before, recall.SWITCH: "off"}
    try:
        return world.doit(*words)
    finally:
        world.env = before


def settle(world: World, *words: str) -> str:
    """Call until nothing is due and that is left behind; returns what such a call says from now on."""
    if said := at_once(world, *words):
        return said
    for _ in range(4):
        time.sleep(GRAIN_S)
        done = world.doit(*words)
        if said := at_once(world, *words):
            expected = Done(0, f"{said}\n", "")  # else that call put something right, and all is as it was before
            assert expected in (done, whole(world, *words)), "it says what a full look does not"
            return said
    raise AssertionError(f"nothing is left behind: {done}")


def is_same(world: World, *words: str) -> bool:
    """Whether such a call is known at once; then a full look says the same, and neither changes anything."""
    before = effects(world)
    said = at_once(world, *words)
    if said:
        assert effects(world) == before
        assert whole(world, *words) == Done(0, f"{said}\n", ""), "it says what a full look does not"
        assert effects(world) == before
    return bool(said)


def effects(world: World) -> object:
    """What calls have an effect on: refs, rows, records, reports, messages, and the user's files."""
    return world.git("for-each-ref"), dict(_files(world.root)), world.calls()


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in ("objects", "__pycache__")]
        for name in names:
            file = Path(folder, name)
            if name not in ("index", "splinter.lock"):
                yield str(file), file.read_bytes()


def make(world: World) -> World:
    """A workstream with an agent that is asked by a file; its calls have the same variables in each test."""
    names = ("HOME", "USERPROFILE", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
    world.env |= {name: os.environ[name] for name in names} | {"PYTEST_CURRENT_TEST": "any"}
    agent = world.home / "agent"
    agent.write_text('#!/bin/sh\n[ "$1" = --version ] && echo 1.0 && exit\necho x > out.txt\n')
    agent.chmod(0o755)
    world.write("splinter.toml", f'[tools.agent]\ncommand = "{agent}"\nprompt_args = ["{{prompt}}"]\n')
    world.write("prompts/write.md", "Write the docs.\n")
    steps = [{"id": "write", "prompt_file": "prompts/write.md"}, world.step("fix", "echo 1 > lint.txt")]
    world.workstream("lint", when="weekly", tool="agent", steps=steps)
    world.commit()
    return world


def yaml(world: World, id: str = "lint") -> Path:
    return world.root / f"workstreams/{id}.yaml"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def rewritten(file: Path) -> None:
    file.write_bytes(file.read_bytes())


def corrupt(file: Path) -> None:
    with open(file, "r+b") as writer:
        writer.seek(0)
        writer.write(b"\xff" * 8)


def sql(file: Path, statement: str) -> None:
    db = sqlite3.connect(file)
    db.execute(statement)
    db.commit()
    db.close()


def same_size_and_time(file: Path) -> None:
    """An edit that hides itself as far as a user can: only the time of change of what is known of a file tells."""
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b"echo 1", b"echo 2"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def config_elsewhere(world: World) -> object:
    file = world.home / "config/git/config"
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.write_text("[core]\n\tpager = cat\n")


Edit = Callable[[World], object]
EDITS: dict[str, Edit] = {
    "a file is touched": lambda w: yaml(w).touch(),
    "a file is written again": lambda w: rewritten(yaml(w)),
    "a comment": lambda w: yaml(w).write_text(yaml(w).read_text() + "# a comment\n"),
    "a step is another": lambda w: edit(yaml(w), "echo 1", "echo 2"),
    "an edit of the same size and time": lambda w: same_size_and_time(yaml(w)),
    "a workstream more": lambda w: w.workstream("more", steps=[w.step("a", "echo 1 > a.txt")]),
    "a workstream less": lambda w: yaml(w, "more").unlink(missing_ok=True),
    "a file that cannot be run": lambda w: w.write("workstreams/odd.yaml", "id: [\n"),
    "and it goes": lambda w: yaml(w, "odd").unlink(missing_ok=True),
    "a prompt file": lambda w: w.write("prompts/write.md", "Write better docs.\n"),
    "the prompt file goes": lambda w: (w.root / "prompts/write.md").rename(w.root / "write.md"),
    "and comes back": lambda w: (w.root / "write.md").rename(w.root / "prompts/write.md"),
    "settings": lambda w: edit(w.root / "splinter.toml", "[tools", 'branch_prefix = "made/"\n[tools'),
    "settings of another place": lambda w: w.write("pyproject.toml", "[project]\nname = 'x'\n"),
    "what work trees get": lambda w: w.write(".worktreeinclude", ".env\n"),
    "tasks of the user's own": lambda w: w.write("dodo.py", (w.root / "dodo.py").read_text() + "\nx = 1\n"),
    "none again": lambda w: edit(w.root / "dodo.py", "\nx = 1\n", "# ours alone\n"),
    "doit's configuration": lambda w: edit(w.root / "doit.cfg", "[GLOBAL]", "[GLOBAL]\nverbosity = 2"),
    "as it was": lambda w: edit(w.root / "doit.cfg", "[GLOBAL]\nverbosity = 2", "[GLOBAL]"),
    "a branch is deleted": lambda w: w.git("branch", "-D", "made/lint"),
    "a branch moved": lambda w: w.git("update-ref", "refs/heads/made/lint", "HEAD"),
    "a commit of the user's": lambda w: w.commit(),
    "a tag": lambda w: w.git("tag", "--force", "v1"),
    "a remote": lambda w: w.git("remote", "add", "upstream", str(w.home / "nowhere")),
    "no remote": lambda w: w.git("remote", "remove", "upstream"),
    "refs are packed": lambda w: w.git("pack-refs", "--all"),
    "objects are packed": lambda w: w.git("repack", "-dq"),
    "a ref of ours goes": lambda w: w.git("update-ref", "-d", "refs/splinter/accepted/lint"),
    "HEAD elsewhere": lambda w: w.git("checkout", "--quiet", "-b", "topic"),
    "and back": lambda w: w.git("checkout", "--quiet", "main"),
    "the user's config": lambda w: (w.home / ".gitconfig").write_text(f"{(w.home / '.gitconfig').read_text()}\n"),
    "config where there was none": config_elsewhere,
    "another variable": lambda w: w.env.update(WHATEVER="1"),
    "a token": lambda w: w.env.update(GITHUB_TOKEN="x" * 20),
    "none of both": lambda w: [w.env.pop(name) for name in ("WHATEVER", "GITHUB_TOKEN")],
    "ignored": lambda w: w.doit("ignore", "lint"),
    "forgotten": lambda w: w.doit("forget", "lint"),
    "one step forgotten": lambda w: w.doit("forget", "lint:fix"),
    "all forgotten": lambda w: w.doit("forget"),
    "dependencies are taken for new": lambda w: w.doit("reset-dep"),
    "no database": lambda w: (w.root / ".doit.db").unlink(missing_ok=True),
    "a database that is none": lambda w: corrupt(w.root / ".doit.db"),
    "a history of an error": lambda w: sql(w.root / ".splinter/history.db", "update runs set notes = '[\"it was noted\"]'"),
    "no history": lambda w: (w.root / ".splinter/history.db").unlink(missing_ok=True),
    "no memory": lambda w: (w.root / ".splinter/memory.db").unlink(missing_ok=True),
    "no copy of a schema": lambda w: (w.root / ".splinter/workstream.schema.json").unlink(missing_ok=True),
    "a run that was killed": lambda w: w.write(".git/splinter.holder.json", '{"pid": 1, "since": "x", "started": 0}'),
    "a git that was killed": lambda w: os.utime(w.write(".git/refs/splinter/accepted/lint.lock", ""), (1, 1)),
    "another day": lambda w: setattr(w, "now", TUESDAY),
    "another week": lambda w: setattr(w, "now", "2026-12-02T02:00:00+00:00"),
    "the clock put back": lambda w: setattr(w, "now", "2026-12-01T02:00:00+00:00"),
}  # fmt: skip
