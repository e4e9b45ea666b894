"""A remembered verdict never outlives what it rests on."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import splinter
from splinter.config import check_cache
from tests.world import World

OLD_NS = 1_000_000_000_000_000_000


@pytest.fixture
def known(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A sound project, checked once, long after its files were written."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(world.home / "cache"))
    world.write("prompts/docs.md", "Write the docs.\n")
    world.write("workstreams/recorded/docs/ask.patch", "a patch\n")
    world.workstream("docs", tool="replay", steps=[{"id": "ask", "prompt_file": "prompts/docs.md"}])
    world.workstream("other", steps=[{"id": "s", "run": "true"}])
    for file in (
        *world.root.glob("workstreams/*.yaml"),
        world.root / "prompts/docs.md",
        world.root / "workstreams/recorded/docs/ask.patch",
    ):
        os.utime(file, ns=(OLD_NS, OLD_NS))
    world.commit()
    assert check_cache.recall(world.root) is None
    assert world.doit("check").out == "2 workstreams, no problem\n"
    assert check_cache.recall(world.root) == check_cache.Verdict(workstreams=2)
    return world


def rewrite(path: str, old: str, new: str, *, mtime_ns: int | None = None) -> Callable[[World], None]:
    def change(world: World) -> None:
        file = world.root / path
        file.write_text(file.read_text().replace(old, new))
        if mtime_ns:
            os.utime(file, ns=(mtime_ns, mtime_ns))

    return change


CHANGES: dict[str, Callable[[World], object]] = {
    "an edited file": rewrite("workstreams/other.yaml", "Title", "Another title"),
    "an edit of the same size": rewrite("workstreams/other.yaml", "Title", "Tilte"),
    "a file that is gone": lambda world: (world.root / "workstreams/other.yaml").unlink(),
    "a new file": lambda world: world.write("workstreams/new.json", "{}"),
    "a file under another name": lambda world: (world.root / "workstreams/other.yaml").rename(
        world.root / "workstreams/o.yml"
    ),
    "an edited prompt file": rewrite("prompts/docs.md", "Write", "Do write"),
    "a prompt file that is gone": lambda world: (world.root / "prompts/docs.md").unlink(),
    "a recorded patch that is gone": lambda world: (world.root / "workstreams/recorded/docs/ask.patch").unlink(),
    "settings that came": lambda world: world.write("splinter.toml", "jobs = 0\n"),
    "a dangling link": lambda world: (world.root / "workstreams/link.yaml").symlink_to("nowhere"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(known: World, change: Callable[[World], object]) -> None:
    change(known)
    assert check_cache.recall(known.root) is None


def test_a_touched_file_that_says_the_same_is_no_change(known: World) -> None:
    (known.root / "workstreams/other.yaml").touch()
    assert check_cache.recall(known.root) == check_cache.Verdict(workstreams=2)


def test_an_edit_within_the_clocks_tick_is_seen_by_its_content(known: World) -> None:
    file = known.root / "workstreams/other.yaml"
    file.write_text(file.read_text())
    known.doit("check")
    (place,) = (known.home / "cache/splinter").glob("verdict-*")
    place.unlink()
    assert known.doit("check").status == 0
    mtime = file.stat().st_mtime_ns
    rewrite("workstreams/other.yaml", "Title", "Tilte", mtime_ns=mtime)(known)
    assert check_cache.recall(known.root) is None


def test_a_problem_is_reported_every_time(known: World) -> None:
    known.write("workstreams/other.yaml", "id: other\n")
    for _ in range(2):
        done = known.doit("check")
        assert done.status == 3
        assert 'missing key "title"' in done.out


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"key": 1, "files": {}, "absent": [], "made": 0}']
)
def test_a_torn_or_foreign_cache_is_no_cache(known: World, content: bytes) -> None:
    (place,) = (known.home / "cache/splinter").glob("verdict-*")
    place.write_bytes(content)
    assert check_cache.recall(known.root) is None
    assert known.doit("check").out == "2 workstreams, no problem\n"


def test_other_code_judges_again(known: World, monkeypatch: pytest.MonkeyPatch) -> None:
    judges = tuple(check_cache._judges())
    monkeypatch.setattr(check_cache, "_judges", lambda: judges[:-1])
    assert check_cache.recall(known.root) is None


def test_a_cache_folder_that_cannot_be_written_stops_nothing(known: World) -> None:
    known.env["XDG_CACHE_HOME"] = "/dev/null/nowhere"
    assert known.doit("check").out == "2 workstreams, no problem\n"


def test_two_processes_leave_one_whole_verdict(known: World) -> None:
    before = check_cache.look(known.root)
    threads = [
        threading.Thread(target=check_cache.keep, args=(known.root, before, 2, ["prompts/docs.md"])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    places = list(Path(known.home / "cache/splinter").glob("verdict-*"))
    assert len(places) == 1
    assert json.loads(places[0].read_text())["workstreams"] == 2


def test_every_module_that_judges_is_part_of_the_key() -> None:
    import ast

    top = Path(splinter.__file__).parent
    reached: set[Path] = set()
    todo = [top / "config/workstream_files.py"]
    while todo:
        file = todo.pop()
        if file in reached or not file.is_file():
            continue
        reached.add(file)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "splinter":
                module = top.joinpath(*str(node.module).split(".")[1:])
                todo += [module.with_suffix(".py"), *(module / f"{alias.name}.py" for alias in node.names)]
    names_a_folder = {top / "system/user_folders.py"}  # where the verdict is kept, which judges nothing
    assert len(reached) > 15
    assert reached - names_a_folder <= set(check_cache._judges())


def test_a_file_that_changes_while_it_is_judged_is_not_remembered(known: World) -> None:
    before = check_cache.look(known.root)
    rewrite("workstreams/other.yaml", "Title", "Tilte")(known)
    check_cache.keep(known.root, before, 2, ["prompts/docs.md"])
    assert check_cache.recall(known.root) is None


def test_a_prompt_file_that_changes_while_it_is_judged_is_not_remembered(known: World) -> None:
    (place,) = (known.home / "cache/splinter").glob("verdict-*")
    place.unlink()
    before = check_cache.look(known.root)
    known.write("prompts/docs.md", "Other.\n")
    check_cache.keep(known.root, before, 2, ["prompts/docs.md"])
    assert not place.exists()
