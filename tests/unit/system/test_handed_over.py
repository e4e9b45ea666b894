"""Files that somebody else left: plain ones by name, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from splinter.errors import SplinterError
from splinter.system import handed_over


def test_a_plain_file_is_copied_and_a_missing_one_is_none(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "a").mkdir(parents=True)
    (source / "a/b").write_text("12345")
    assert handed_over.copy(source, "a/b", tmp_path / "to/b", most=5) == 5
    assert (tmp_path / "to/b").read_text() == "12345"
    assert handed_over.copy(source, "a/none", tmp_path / "to/c", most=5) == 0
    assert handed_over.copy(source, "none/none", tmp_path / "to/c", most=5) == 0
    assert not (tmp_path / "to/c").exists()


@pytest.mark.parametrize("name", ["link", "linked/b", "pipe", "folder", "large", "../secret", "/etc/hostname", "a/b/c"])
def test_nothing_else_is(tmp_path: Path, name: str) -> None:
    source = tmp_path / "source"
    (source / "a").mkdir(parents=True)
    (source / "a/b").write_text("1")
    (source / "folder").mkdir()
    (source / "large").write_text("123456")
    (source / "link").symlink_to(tmp_path / "secret")
    (source / "linked").symlink_to(source / "a")
    (tmp_path / "secret").write_text("1")
    os.mkfifo(source / "pipe")
    with pytest.raises(SplinterError):
        handed_over.copy(source, name, tmp_path / "to", most=5)
    assert not (tmp_path / "to").exists()


def test_names_are_of_plain_files_below_no_link(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "logs/deep").mkdir(parents=True)
    (source / "logs/one.log").write_text("1")
    (source / "logs/deep/two.log").write_text("2")
    (source / "logs/deep/link.log").symlink_to(source / "logs/one.log")
    (source / "other").symlink_to(source / "logs")
    os.mkfifo(source / "logs/pipe")
    assert sorted(handed_over.names(source, "logs", most=100)) == ["logs/deep/two.log", "logs/one.log"]
    assert list(handed_over.names(source, "other", most=100)) == []
    assert len(list(handed_over.names(source, "logs", most=1))) <= 1
