"""What an agent did is kept as git applies it, byte for byte; a secret, and nothing at all, are not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from splinter.engine.steps import recording
from splinter.errors import InputError
from splinter.git import user_repository
from splinter.git.command_line import Repository
from splinter.model.records import FileChange, Outcome, StepRecord, WorkstreamRecord
from splinter.text.redact import Redactor
from tests.world import World

SECRET = "made-up-secret-123456"


def made(world: World, **fields: Any) -> list[recording.Recording]:
    step = StepRecord(workstream="w", step="s", started="", seconds=0, **fields)
    record = WorkstreamRecord(workstream="w", title="W", outcome=Outcome.CHANGED, steps=(step,))
    return list(recording.made(opened(world), Redactor((SECRET,)), record, ["s"]))


def opened(world: World) -> Repository:
    return user_repository.open_repository(world.root, dict(os.environ))


def changed(world: World, name: str, data: bytes) -> dict[str, Any]:
    world.commit()
    (world.root / name).write_bytes(data)
    files = (FileChange(status="A", path=name),)
    return {"outcome": Outcome.CHANGED, "commit": world.commit(), "files": files}


@pytest.mark.parametrize("data", [b"a\r\nb", b"\x00\xff" * 99, "\u00fc\n".encode("latin-1")])
def test_its_patch_makes_the_same_bytes(world: World, data: bytes, tmp_path: Path) -> None:
    (one,) = made(world, **changed(world, "made by it", data))
    recording.keep(tmp_path, one)
    world.git("checkout", "--quiet", "HEAD^")
    world.git("apply", "--whitespace=nowarn", str(tmp_path / "workstreams/recorded/w/s.patch"))
    assert (world.root / "made by it").read_bytes() == data


def test_a_secret_is_not_recorded(world: World) -> None:
    with pytest.raises(InputError, match="what w:s did looks as if it held a secret; it is not recorded"):
        made(world, **changed(world, "key.txt", SECRET.encode()))


def test_of_nothing_there_is_no_patch(world: World) -> None:
    head = world.commit()
    (unchanged,) = made(world, outcome=Outcome.UNCHANGED, commit=head)
    assert (unchanged.patch, unchanged.said) == (None, "s changed nothing, so nothing of it is recorded")
    (failed,) = made(world, outcome=Outcome.FAILED, patch=".splinter/runs/r/w/s.patch")
    assert failed.said == "s failed, so nothing of it is recorded; .splinter/runs/r/w/s.patch shows what it made"
    with pytest.raises(InputError, match="the commit of w:s is not there any more"):
        made(world, outcome=Outcome.CHANGED, commit="1" * 40, files=(FileChange(status="A", path="a"),))
