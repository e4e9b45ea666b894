"""Folders go from the disk, whatever lies in them."""

from __future__ import annotations

import os
from pathlib import Path

from splinter.system import disk


def test_folders_deeper_than_python_goes_are_deleted(tmp_path: Path) -> None:
    top, here = tmp_path / "top", os.getcwd()
    top.mkdir()
    try:
        os.chdir(top)
        for _ in range(1_500):
            os.mkdir("d")
            os.chdir("d")
        Path("file").touch()
    finally:
        os.chdir(here)
    assert disk.remove(top) is None
    assert not top.exists()


def test_the_beginning_of_a_file_is_read_and_of_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    os.mkfifo(tmp_path / "pipe")
    assert disk.beginning(tmp_path / "file", 4) == b"0123"
    assert [disk.beginning(tmp_path / name, 4) for name in ("pipe", "missing", ".")] == [b"", b"", b""]
