"""What a name leads to outlives a power cut: the disk is waited for. `World.doit` leaves just that out."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from splinter.git import call_environment, own_directory
from splinter.system import files, sqlite_files


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, named_before = tmp_path / "file", []
    monkeypatch.setattr(os, "fsync", lambda handle: named_before.append(file.exists()))
    files.write_whole(file, "text")
    assert (named_before, file.read_text()) == ([False], "text")


def test_databases_wait_for_the_disk(tmp_path: Path) -> None:
    db, _ = sqlite_files.connect(tmp_path / "some.db", "", shape=[""], may_move=False)
    with closing(db):
        assert db.execute("pragma journal_mode").fetchone() == ("wal",)
        assert db.execute("pragma synchronous").fetchone() == (1,)


def test_git_waits_for_the_disk_with_objects_and_refs(tmp_path: Path) -> None:
    own = own_directory.ensure(tmp_path / "own", tmp_path, own_directory.Format(), excludes="", trusted="")
    asked = ["git", "config", "--file", str(own / "config"), "core.fsync"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "committed\n"
    assert "GIT_TEST_FSYNC" not in call_environment.of_local_call(os.environ), "it would leave that out"
