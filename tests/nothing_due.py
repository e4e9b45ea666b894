"""Whether a call is known at once to have nothing to do, asked in this process: for what holds that against a call."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from doit import doit_cmd

from splinter.doit_plugins.nothing_due import look, recall
from tests.world import Done, World

GRAIN_S = 2.5 * look._FINE_NS / 1e9  # what changed just now may change again unseen


def at_once(world: World, *words: str) -> str:
    """What such a call says without a full look; empty where it takes one."""
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(world.root):
        patch.setattr(recall.process_environment, "variables", world.environ)
        return recall.line(words, recall.call(doit_cmd.DoitMain().config, {}))


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
