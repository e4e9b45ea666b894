"""What is moved aside at once and deleted by a thread."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from splinter.system import removal


def folder(path: Path) -> Path:
    (path / "a/b").mkdir(parents=True)
    (path / "a/file").write_text("x")
    (path / "a/b").chmod(0o555)
    return path


def test_its_place_is_free_at_once_and_in_the_end_nothing_is_left(tmp_path: Path) -> None:
    for number in range(5):
        path = folder(tmp_path / "place")
        assert removal.soon(path, tmp_path / "aside") is None, number
        assert not path.exists()
    removal.finish()
    assert list((tmp_path / "aside").iterdir()) == []


def test_a_link_goes_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    kept = folder(tmp_path / "kept")
    (tmp_path / "link").symlink_to(kept)
    assert removal.soon(tmp_path / "link", tmp_path / "aside") is None
    removal.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (kept / "a/file").read_text() == "x"


def test_what_cannot_be_moved_is_deleted_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(self: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", refuses)
    path = folder(tmp_path / "place")
    assert removal.soon(path, tmp_path / "aside") is None
    assert not path.exists()


def test_a_process_that_was_forked_has_a_thread_of_its_own(tmp_path: Path) -> None:
    removal.soon(folder(tmp_path / "before"), tmp_path / "aside")
    removal.finish()
    pid = os.fork()
    if not pid:
        removal.soon(folder(tmp_path / "after"), tmp_path / "aside")
        removal.finish()
        os._exit(len(list((tmp_path / "aside").iterdir())))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
