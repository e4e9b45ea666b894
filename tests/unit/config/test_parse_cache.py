"""Remembered files read the same as files that are read, and tell of problems at the same places."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from splinter.config import parse_cache, settings_file, workstream_files, yaml_documents
from splinter.model.settings import Settings

GOOD = "id: {id}\ntitle: T\n{more}steps:\n  - id: s\n    run: 'true'\n"
OLD_NS = 1_000_000_000_000_000_000


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    (root / "workstreams").mkdir(parents=True)
    for id in "abc":
        write(root, id)
    return root


def write(root: Path, id: str, more: str = "", *, name: str | None = None) -> None:
    file = root / f"workstreams/{name or id}.yaml"
    file.write_text(GOOD.format(id=id, more=more))
    os.utime(file, ns=(OLD_NS, OLD_NS))


def read_count(
    monkeypatch: pytest.MonkeyPatch, root: Path, chosen: Settings | None = None
) -> tuple[int, workstream_files.Collection]:
    """How many files were parsed for a collection, and the collection."""
    asked: list[str] = []
    real = yaml_documents.read

    def counted(raw: bytes, *, path: str) -> yaml_documents.Document:
        asked.append(path)
        return real(raw, path=path)

    with monkeypatch.context() as patch:
        patch.setattr(yaml_documents, "read", counted)
        found = workstream_files.read(root, chosen or settings_file.read(root))
    return len(asked), found


def test_what_did_not_change_is_not_parsed_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_count(monkeypatch, root)
    assert (first[0], len(first[1].workstreams)) == (3, 3)
    assert read_count(monkeypatch, root) == (0, first[1])
    write(root, "b", "when: once\n")
    count, found = read_count(monkeypatch, root)
    assert count == 1
    assert [one.when for one in found.workstreams] == ["daily", "once", "daily"]
    assert read_count(monkeypatch, root) == (0, found)


def test_problems_between_remembered_files_have_their_places(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_count(monkeypatch, root)
    write(root, "a", name="d")
    told = [problem.text() for problem in workstream_files.read(root, settings_file.defaults()).problems]
    assert told == ['workstreams/d.yaml:1:5: id "a" is taken by workstreams/a.yaml:1:5\n    id: a\n        ^']
    (root / "workstreams/d.yaml").unlink()
    write(root, "b", "depends_on: [c]\n")
    write(root, "c", "depends_on: [b]\n")
    read_count(monkeypatch, root)
    (root / "workstreams/a.yaml").unlink()
    told = [problem.text() for problem in workstream_files.read(root, settings_file.defaults()).problems]
    assert told == ["workstreams/b.yaml:3:14: dependency cycle: b -> c -> b\n    depends_on: [c]\n                 ^"]


def test_other_tools_judge_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_count(monkeypatch, root)
    (root / "splinter.toml").write_text('[tools.new]\ncommand = "new"\n')
    assert read_count(monkeypatch, root)[0] == 3


def test_a_file_with_a_problem_is_read_every_time(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "b", "wehn: once\n")
    for _ in range(2):
        count, found = read_count(monkeypatch, root)
        assert 'unknown key "wehn"; did you mean "when"?' in found.problems[0].text()
    assert count >= 1


@pytest.mark.parametrize("content", [b"", b"[", b"[1]", b'{"key": "x", "files": []}', b"\xff"])
def test_a_torn_or_foreign_memory_is_none(root: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    read_count(monkeypatch, root)
    place = parse_cache._place(root)
    place.write_bytes(content)
    assert read_count(monkeypatch, root)[0] == 3
    assert read_count(monkeypatch, root)[0] == 0
